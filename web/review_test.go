package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// reviews is the launch from the gradebook to Sam's work.
func reviews(subject, name string, roles ...string) *lti.Launch {
	l := launchOf(subject, name, "x")
	l.MessageType, l.ForUser, l.Roles = lti.MessageSubmissionReview, "5", nil
	for _, role := range roles {
		l.Roles = append(l.Roles, "http://purl.imsglobal.org/vocab/lis/v2/membership#"+role)
	}
	return l
}

func TestAManagerLandsFromTheGradebookOnTheRequest(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	max, first := w.launch(reviews("4", "Max Manager", "Instructor"))
	first.has(t, http.StatusOK, `id="request-form"`, "24 months.", "rating.trade", `<a href="`+max.base+`/">← What Sam Sailor handed in`)
	first.hasNot(t, "This link is for you alone")
	if !strings.HasPrefix(first.Request.URL.Path, max.base+"/review/") {
		t.Errorf("the review is at %s", first.Request.URL.Path)
	}
	if policy := first.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self' "+issuer) || first.Header.Get("X-Frame-Options") != "" {
		t.Errorf("the gradebook cannot frame it: %s", policy)
	}
	path := first.Request.URL.Path
	file := between(t, first.text, `href="`+path+`/evidence/`, `"`)
	max.get(path+"/evidence/"+file).has(t, http.StatusOK, "%PDF")
	max.post(path, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "comment": {"Clear."}, "sha256": {first.shown(t)}}).has(t, http.StatusOK, `id="answered"`, "Clear.")
	e := w.enrolment("5")
	if have := e.Steps["try"].State; have != engine.Done {
		t.Errorf("the step is %s", have)
	}
	by, err := w.store.Person(t.Context(), e.Steps["try"].Reviews[0].By)
	must(t, err)
	if by.Email != "max@example.org" {
		t.Errorf("answered as %s", by.Email)
	}
	max.get(max.base+"/").has(t, http.StatusOK, "Your answer is awaited", "Confirm that it is in use", "24 months.")
	_, again := w.launch(reviews("4", "Max Manager", "Mentor")) // asked for the sign-off: a mentor by address alone
	again.has(t, http.StatusOK, "I saw this at work more than once.")
}

func TestWhoWasNotAskedReadsAlongWithTheReason(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	tessa, first := w.launch(reviews("9", "Tessa Teacher", "Instructor"))
	first.has(t, http.StatusOK, `id="why-not"`, "Nobody is waiting for an answer from you", "The manager has been asked to look at “Use one trade in a live talk”", "24 months.")
	first.hasNot(t, `id="request-form"`, "<script>alert", "max@example.org")
	file := between(t, first.text, `href="`+tessa.base+`/handed/`, `"`)
	tessa.get(tessa.base+"/handed/"+file).has(t, http.StatusOK, "%PDF")
	request := strings.TrimPrefix(w.requestPath("try"), "/r/")
	tessa.get(tessa.base+"/review/"+request).has(t, http.StatusForbidden)
	for _, r := range w.enrolment("5").Steps["try"].Requests {
		tessa.get(tessa.base+"/review/"+string(r.ID)).has(t, http.StatusForbidden)
		tessa.post(tessa.base+"/review/"+string(r.ID), url.Values{"outcome": {"approve"}, "rating.trade": {"3"}}).has(t, http.StatusForbidden)
		sam.get(sam.base+"/review/"+string(r.ID)).has(t, http.StatusForbidden)
	}
	sam.get(sam.base+"/handed/"+file).has(t, http.StatusForbidden)
	if w.state("5", "try") != engine.Submitted {
		t.Error("somebody answered")
	}
}

func TestTheReviewOfSomebodyElseIsNotForLearners(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	for name, l := range map[string]*lti.Launch{
		"another learner":             reviews("6", "Sofia Silva", "Learner"),
		"a learner with that address": reviews("6", "Max Manager", "Learner"),
		"nobody in particular":        reviews("6", "Sofia Silva", "Member"),
		"no role":                     reviews("6", "Sofia Silva"),
		"a mentor who is not asked":   reviews("6", "Sofia Silva", "Mentor"),
		"a mentor of somebody else": func() *lti.Launch {
			l := reviews("4", "Max Manager", "Mentor")
			l.MentorOf = []string{"6"}
			return l
		}(),
	} {
		_, first := w.launch(l)
		first.has(t, http.StatusForbidden)
		first.hasNot(t, "24 months.", "Sailor")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	_, own := w.launch(reviews("5", "Sam Sailor", "Learner"))
	own.has(t, http.StatusOK, `id="portfolio"`, "24 months.")
	mentor := reviews("6", "Sofia Silva", "Mentor")
	mentor.MentorOf = []string{"5"}
	_, reads := w.launch(mentor)
	reads.has(t, http.StatusOK, "24 months.")
	other := reviews("9", "Tessa Teacher", "Instructor")
	other.Course.ID = "3" // Sam is no learner there
	_, none := w.launch(other)
	none.has(t, http.StatusOK, `id="nothing"`)
	none.hasNot(t, "24 months.")
	unknown := reviews("9", "Tessa Teacher", "Instructor")
	unknown.ForUser = "99"
	_, none = w.launch(unknown)
	none.has(t, http.StatusOK, `id="nothing"`, "has not opened the workflow")
}

func TestARefusedReviewMakesNobodyStaffAndALeaderOfAGroupIsNoMentor(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	staff := func() []engine.Staff {
		t.Helper()
		all, err := w.store.StaffOf(t.Context(), engine.Course{Issuer: issuer, ID: "2"})
		must(t, err)
		return all
	}
	asked := reviews("4", "Max Manager", "Learner", "Manager") // a learner who leads a group in Canvas, at the address that is asked
	for name, l := range map[string]*lti.Launch{
		"a mentor who is not asked":     reviews("6", "Sofia Silva", "Mentor"),
		"a learner who leads a group":   reviews("6", "Sofia Silva", "Learner", "Manager"),
		"a manager of nobody":           reviews("6", "Sofia Silva", "Manager"),
		"a leader at the asked address": asked,
		"a learner and mentor, of none": reviews("6", "Sofia Silva", "Learner", "Mentor"),
	} {
		_, first := w.launch(l)
		first.has(t, http.StatusForbidden)
		if have := staff(); len(have) > 0 {
			t.Fatalf("%s is staff now: %+v", name, have)
		}
	}
	leader := reviews("6", "Sofia Silva", "Manager")
	leader.MentorOf = []string{"5"}
	_, reads := w.launch(leader)
	reads.has(t, http.StatusOK, "24 months.")
	if have := staff(); len(have) != 1 || have[0].Role != "mentor" {
		t.Errorf("who mentors the learner is %+v", have)
	}
}
