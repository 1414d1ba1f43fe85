package api_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
)

func TestFilesThatComeByTheAPIAreTakenAsABrowsersAre(t *testing.T) {
	w := newWorld(t)
	w.scenery()
	s := w.scene(1)
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 3000, 3))))
	send := func(name, data string) answer {
		body := `{"files": [{"name": "` + name + `", "content_type": "text/html", "data": "` + base64.StdEncoding.EncodeToString([]byte(data)) + `"}]}`
		return w.as(w.all, "POST", s.fill("recordEvidence", "/api/v1/enrolments/{enrolment}/steps/{step}/evidence"), body)
	}
	send("page.html", "<script>").want(t, http.StatusBadRequest)
	send("photo.heic", "\x00\x00\x00\x18ftypheic....").want(t, http.StatusBadRequest)
	send("wide.bmp", b.String()).want(t, http.StatusOK)
	v, err := w.engine.StepView(t.Context(), s.e.ID, "plan", true)
	must(t, err)
	f := v.Recorded.Files[0]
	if f.ContentType != "image/png" || !strings.HasSuffix(f.Name, ".png") || len(v.Recorded.Files) != 1 {
		t.Errorf("it is kept as %+v", v.Recorded.Files)
	}
}
