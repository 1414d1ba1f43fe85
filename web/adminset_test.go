package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

func TestFramesLiveEventsAndLTI11KeysAreSetOnThePlatformsPage(t *testing.T) {
	o := newOffice(t)
	p, at := o.admin("main"), "/admin/platforms/"+string(o.ours.ID)
	p.get(at).hasNot(t, `id="event-keys"`) // no Canvas
	p.post(at+"/change", url.Values{"do": {"frames"}, "origins": {"https://school.example.org\nhttps://two.example.org"}}).has(t, http.StatusOK, "https://two.example.org")
	p.post(at+"/change", url.Values{"do": {"frames"}, "origins": {"https://*.example.org"}}).has(t, http.StatusUnprocessableEntity)
	if got := o.platform(o.ours.ID).Frames; len(got) != 2 {
		t.Errorf("the frames are %q", got)
	}
	added := p.post(at+"/change", url.Values{"do": {"legacy_key.add"}, "consumer_key": {"old-key"}, "secret": {"old-secret"}})
	added.has(t, http.StatusOK, "old-key")
	added.hasNot(t, "old-secret")
	p.post(at+"/change", url.Values{"do": {"legacy_key.remove"}, "consumer_key": {"old-key"}}).hasNot(t, "old-key")

	p.post("/admin/install/registration", url.Values{"preset": {"beta"}, "client_id": {"77"}, "deployments": {"1"}}).
		has(t, http.StatusOK, `id="event-keys"`, "/lti/canvas/events/", `data-copy="events"`)
	regs, err := o.tool.Registrations(t.Context())
	must(t, err)
	canvas := "/admin/platforms/" + string(regs[slices.IndexFunc(regs, func(reg lti.Registration) bool { return reg.ClientID == "77" })].ID)
	p.post(canvas+"/change", url.Values{"do": {"live_events"}, "keys": {"https://canvas.example.edu/keys"}}).has(t, http.StatusOK, `value="https://canvas.example.edu/keys"`)
	p.post(canvas+"/change", url.Values{"do": {"live_events"}, "keys": {"ftp://x"}}).has(t, http.StatusUnprocessableEntity)
	acts := o.acts()
	for _, act := range strings.Fields("registration.frames registration.live_events legacy_key.add legacy_key.remove") {
		if !strings.Contains(acts, `"act":"`+act+`"`) {
			t.Errorf("%s is not in the log", act)
		}
	}
	if strings.Contains(acts, "old-secret") {
		t.Error("the secret is in the log")
	}
}

func TestCoursesWhoseRosterFailsAreShownWithTheCauseAndWhatHelps(t *testing.T) {
	o := newOffice(t)
	know := func(reg lti.Registration, course string, failures int) {
		must(t, o.courses.SaveKnownCourse(t.Context(), lti.KnownCourse{
			CourseKey: lti.CourseKey{Registration: reg.ID, Deployment: "1", Course: course}, Tenant: reg.Tenant, Title: "Course " + course,
			Synced: lti.Synced{Failures: failures, Cause: lti.CauseScope},
		}))
	}
	know(o.ours, "broken", 3)
	know(o.ours, "sound", 0)
	know(o.theirs, "foreign", 2)
	page := o.admin("main").get("/admin/platforms/" + string(o.ours.ID))
	page.has(t, http.StatusOK, `data-cause="scope_missing"`, "Course broken", "does not grant us this service")
	page.hasNot(t, "Course sound", "Course foreign")
}
