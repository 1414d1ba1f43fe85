package lti_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// asserted are the deployments that the assertions for tokens named so far, "-" for none.
func (w *world) asserted() []string {
	w.t.Helper()
	var named []string
	for _, r := range w.platform.requests("/token") {
		form, err := url.ParseQuery(r.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(form.Get("client_assertion"), ".")[1])
		if err != nil {
			w.t.Fatal(err)
		}
		var c map[string]any
		if err := json.Unmarshal(payload, &c); err != nil {
			w.t.Fatal(err)
		}
		id, ok := c[claim+"deployment_id"].(string)
		if !ok {
			id = "-"
		}
		named = append(named, id)
	}
	return named
}

func TestATokenIsAskedForInTheNameOfTheDeploymentThatIsCalled(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	members := func(deployment string) {
		t.Helper()
		w.platform.handle("/memberships", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(`{"members":[]}`)) })
		if _, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: w.reg.ID, Deployment: deployment, Course: "2"}, w.platform.URL+"/memberships"); err != nil {
			t.Fatal(err)
		}
	}
	members("")
	if _, err := w.store.AddDeployment(t.Context(), lti.Deployment{Registration: w.reg.ID, ID: "2", Tenant: "main", Status: lti.StatusActive, CreatedAt: w.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * time.Hour) // past the token of the only deployment
	for _, deployment := range []string{"1", "2", "1", "2", ""} {
		members(deployment)
	}
	s := w.score()
	s.Deployment = "2"
	w.platform.handle(scoresPath, func(http.ResponseWriter, *http.Request) {})
	if err := w.tool.PostScore(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got, want := w.asserted(), []string{"1", "1", "2", "-", "2"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
