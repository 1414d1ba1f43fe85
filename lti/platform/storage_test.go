package platform_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti/platform"
)

func TestPagesKeepValuesForToolsOnlyWhereTheStorageIsOffered(t *testing.T) {
	c := startCampus(t, platform.Options{})
	sam := signIn(t, c.Platform, "5")
	const course = "/course/view.php?id=2"
	for name, w := range map[string]struct {
		quirks  platform.Quirks
		has     []string
		hasNot  []string
		storage int
	}{
		"not offered":       {platform.Quirks{}, nil, []string{"lti-storage", "storage.php"}, http.StatusNotFound},
		"in the page":       {platform.Quirks{StorageTarget: "_parent"}, []string{`id="lti-storage"`, "/static/storage.js"}, []string{"storage.php"}, http.StatusOK},
		"in a frame":        {platform.Quirks{StorageTarget: "post_message_forwarding"}, []string{`name="post_message_forwarding"`, "/mod/lti/storage.php"}, []string{`id="lti-storage"`}, http.StatusOK},
		"by somebody else":  {platform.Quirks{StorageTarget: "_parent", Storage: platform.StorageElsewhere}, []string{`data-manner="elsewhere"`, "/mod/lti/elsewhere.php"}, nil, http.StatusOK},
		"with wrong values": {platform.Quirks{StorageTarget: "_parent", Storage: platform.StorageWrongValue}, []string{`data-manner="wrong-value"`}, nil, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			c.SetQuirks(w.quirks)
			_, page := fetch(t, sam, c.URL()+course)
			for _, text := range w.has {
				if !strings.Contains(page, text) {
					t.Errorf("the course page lacks %s", text)
				}
			}
			for _, text := range w.hasNot {
				if strings.Contains(page, text) {
					t.Errorf("the course page has %s", text)
				}
			}
			if res, _ := fetch(t, sam, c.URL()+"/mod/lti/storage.php"); res.StatusCode != w.storage {
				t.Errorf("the storage's frame answers %d, want %d", res.StatusCode, w.storage)
			}
		})
	}
}
