package lti_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/lti"
	demolms "github.com/cairn-lms/cairn/lti/platform"
)

// The demo LMS was written without any code of this package: each checks the other.
func TestToolAndDemoLMSUnderstandEachOther(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w, lms, tool, reg := withDemoLMS(t, s, demolms.Quirks{})
		link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{CourseID: "2", ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target,
			Custom: map[string]string{"workflow": "first-steps", "manager_email": "$Person.manager.email"}})
		if err != nil {
			t.Fatal(err)
		}

		l := openActivity(t, w, lms, "5", link.ID)
		if l.Subject != "5" || !l.IsLearner() || l.Course.ID != "2" || l.ResourceLink.ID != link.ID || l.ProductFamily != "moodle" ||
			l.Custom["workflow"] != "first-steps" || l.Custom["manager_email"] != "max@example.org" || l.DeploymentID != tool.DeploymentID {
			t.Fatalf("got %+v", l)
		}
		for range 2 {
			if err := w.tool.PostScore(t.Context(), lti.Score{Registration: reg.ID, LineItem: l.LineItemURL, UserID: l.Subject, Given: 40, Maximum: 100, Timestamp: w.clock.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		if grades := lms.Scores(); len(grades) == 0 {
			t.Fatal("the gradebook is empty")
		}
		item, err := w.tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: reg.ID}, l.LineItemsURL, lti.LineItem{ResourceLinkID: link.ID, ResourceID: "signoff", Tag: "signoff", Label: "Sign-off", ScoreMaximum: 100})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: reg.ID}, l.LineItemsURL, lti.LineItem{ResourceLinkID: link.ID, ResourceID: "signoff", Tag: "signoff", Label: "Sign-off", ScoreMaximum: 100}); err != nil || again != item {
			t.Fatalf("got %q, %v, want %q", again, err, item)
		}
		members, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: reg.ID}, l.MembershipsURL)
		if err != nil || !slices.ContainsFunc(members, func(m lti.Member) bool { return m.UserID == "5" && m.Email != "" }) {
			t.Fatalf("got %+v, %v", members, err)
		}
	})
}

// openActivity goes through the pages as a browser would.
func openActivity(t *testing.T, w *world, lms *demolms.Platform, user, link string) *lti.Launch {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	b := &http.Client{Jar: jar}
	page := func(res *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("HTTP %d at %s: %s", res.StatusCode, res.Request.URL.Path, body)
		}
		return string(body)
	}
	page(b.PostForm(lms.URL()+"/login/index.php", url.Values{"user": {user}, "back": {"/"}}))
	login := page(b.Get(lms.URL() + "/mod/lti/launch.php?id=" + link))
	action, fields := readPostForm(t, login)
	if action != w.server.URL+"/lti/login" {
		t.Fatalf("the login goes to %q", action)
	}
	auth := page(b.PostForm(action, fields)) // follows our redirect to the LMS
	action, fields = readPostForm(t, auth)
	if action != w.target {
		t.Fatalf("the launch goes to %q", action)
	}
	got := w.postForm(b, fields)
	if got.Page != "launched" {
		t.Fatalf("refused with %s: %s", got.Code, got.Detail)
	}
	return got.Launch
}

// readPostForm reads a form that posts itself.
func readPostForm(t *testing.T, page string) (string, url.Values) {
	t.Helper()
	action := regexp.MustCompile(`<form[^>]* action="([^"]*)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("no form in %s", page)
	}
	fields := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		fields.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return html.UnescapeString(action[1]), fields
}
