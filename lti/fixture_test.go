package lti_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// tokens that Moodle 4.5 really signed, with the clock stopped inside their minute.
func TestMoodlesOwnTokensLaunch(t *testing.T) {
	keys, err := os.ReadFile("testdata/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	moodle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(keys) }))
	defer moodle.Close()
	files, err := filepath.Glob("testdata/raw.fixture-*.jwt")
	if err != nil || len(files) != 6 {
		t.Fatalf("got %d captured tokens: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "raw.fixture-"), ".jwt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			token := strings.TrimSpace(string(raw))
			var c struct {
				Nonce    string `json:"nonce"`
				IssuedAt int64  `json:"iat"`
				Subject  string `json:"sub"`
				Target   string `json:"https://purl.imsglobal.org/spec/lti/claim/target_link_uri"`
			}
			payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
			if err := json.Unmarshal(payload, &c); err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, sqliteStore(t), func(o *lti.Options) { o.PublicURL = "http://localhost:8090" })
			w.clock.Advance(time.Unix(c.IssuedAt, 0).Add(30 * time.Second).Sub(w.clock.Now()))
			reg, err := w.tool.Register(t.Context(), lti.Registration{
				Issuer: "http://localhost:8000", ClientID: "T461rmCaAeOhnFL", AuthURL: "http://localhost:8000/mod/lti/auth.php",
				TokenURL: "http://localhost:8000/mod/lti/token.php", JWKSURL: moodle.URL, Tenant: "main",
			}, "1")
			if err != nil {
				t.Fatal(err)
			}
			sum := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
			state, browser := "state of "+file, "browser"
			if err := w.store.PutLogin(t.Context(), lti.Login{
				State: sum(state), Nonce: sum(c.Nonce), Browser: sum(browser), Registration: reg.ID, DeploymentID: "1", TargetLinkURI: c.Target,
				CreatedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Minute),
			}); err != nil {
				t.Fatal(err)
			}
			post := func() shown {
				form := url.Values{"state": {state}, "id_token": {token}}
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+"/lti/launch", strings.NewReader(form.Encode()))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.AddCookie(&http.Cookie{Name: "cairn-lti-" + sum(state)[:12], Value: browser})
				res, err := w.server.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				return w.read(res)
			}
			w.clock.Advance(2 * time.Minute)
			w.wantCode(post(), "state_expired")
			w.clock.Advance(-2 * time.Minute)
			got := post()
			if got.Page != "launched" || got.Launch.Subject != c.Subject || got.Launch.Course.ID != "2" || got.Launch.ProductFamily != "moodle" {
				t.Fatalf("got %+v", got)
			}
			l := got.Launch
			wantMoodle(t, l, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "raw.fixture-"), ".jwt"), c.IssuedAt)
			switch name := filepath.Base(file); {
			case strings.Contains(name, "student"):
				if !l.IsLearner() || l.RelaunchURL() != "http://localhost:8000/mod/lti/view.php?l=10" || l.Custom["unknown"] != "$Canvas.user.id" {
					t.Fatalf("got %+v", l)
				}
			case strings.Contains(name, "admin"):
				if !l.IsAdministrator() || !l.IsInstructor() {
					t.Fatalf("got roles %v", l.Roles)
				}
			case strings.Contains(name, "teacher"):
				if !l.IsInstructor() || l.IsLearner() {
					t.Fatalf("got roles %v", l.Roles)
				}
			case strings.Contains(name, "deeplink"):
				if l.DeepLink == nil || !l.DeepLink.AcceptMultiple || l.DeepLink.Data != nil || l.DeepLink.Handle == "" {
					t.Fatalf("got %+v", l.DeepLink)
				}
			case strings.Contains(name, "review"):
				if l.ForUser != "5" {
					t.Fatalf("got for_user %q", l.ForUser)
				}
			}
			w.wantCode(post(), "nonce_reused")
		})
	}
}

// wantMoodle compares a launch with what Moodle's page showed when it was captured.
func wantMoodle(t *testing.T, l *lti.Launch, label string, issued int64) {
	t.Helper()
	const services = "http://localhost:8000/mod/lti/services.php"
	person := map[string][3]string{
		"admin": {"2", "Admin User", "admin@example.com"}, "teacher": {"3", "Tessa Teacher", "teacher1@example.com"},
		"nonediting-teacher": {"4", "Max Manager", "manager1@example.com"}, "student": {"5", "Sam Student1", "student1@example.com"},
		"deeplink": {"3", "Tessa Teacher", "teacher1@example.com"}, "submission-review": {"3", "Tessa Teacher", "teacher1@example.com"},
	}[label]
	message, target, link, title, item := lti.MessageResourceLink, "http://localhost:8090/launch", "10", "Workflow (complete on grade)", services+"/2/lineitems/11/lineitem?type_id=1"
	workflow, shownIn := "wf-grade", "iframe"
	switch label {
	case "deeplink":
		message, link, title, item, workflow, shownIn = lti.MessageDeepLinking, "", "", "", "", ""
	case "submission-review":
		message, target, link, title, item = lti.MessageSubmissionReview, target+"?review=1", "4", "Plan your first negotiation", services+"/2/lineitems/4/lineitem?type_id=1"
		workflow = "wf-plan"
	}
	for what, pair := range map[string][2]string{
		"subject": {l.Subject, person[0]}, "name": {l.Name, person[1]}, "email": {l.Email, person[2]}, "locale": {l.Locale, "en"},
		"issuer": {l.Issuer, "http://localhost:8000"}, "client": {l.ClientID, "T461rmCaAeOhnFL"}, "deployment": {l.DeploymentID, "1"},
		"message": {l.MessageType, message}, "target": {l.TargetLinkURI, target}, "tenant": {l.Tenant, "main"},
		"course": {l.Course.ID + " " + l.Course.Label + " " + l.Course.Title, "2 NEG101 Negotiation skills"},
		"link":   {l.ResourceLink.ID + l.ResourceLink.Title, link + title}, "shown in": {l.DocumentTarget, shownIn},
		"line items": {l.LineItemsURL, services + "/2/lineitems?type_id=1"}, "line item": {l.LineItemURL, item},
		"roster": {l.MembershipsURL, services + "/CourseSection/2/bindings/1/memberships"}, "workflow": {l.Custom["workflow_id"], workflow},
		"unresolved variable": {l.Custom["unknown"], "$Canvas.user.id"}, "literal": {l.Custom["lit"], "literal value"}, "family": {l.ProductFamily, "moodle"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if l.IssuedAt.Unix() != issued || len(l.AGSScopes) != 4 || l.Migrated != nil || len(l.MentorOf) != 0 {
		t.Errorf("got %+v", l)
	}
	if _, ok := l.Custom["rlid"]; ok == (label == "deeplink") {
		t.Errorf("rlid in custom: %v; Moodle sends null in a deep linking request", ok)
	}
	if d := l.DeepLink; label == "deeplink" && (d.ReturnURL != "http://localhost:8000/mod/lti/contentitem_return.php?course=2&id=1&sesskey=6H6X8yvqhh" ||
		len(d.AcceptTypes) != 1 || len(d.AcceptTargets) != 3 || d.AutoCreate || d.Title != "Probe tool") {
		t.Errorf("got deep link %+v", d)
	}
}
