package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

func TestAReviewersWorkIsDoneByTheAPI(t *testing.T) {
	w := newWorld(t)
	w.scenery()
	s := w.scene(1)
	requests := fmt.Sprintf("/api/v1/enrolments/%s/requests/%s", s.e.ID, s.request)
	reads, acts := w.key(lrs.ScopeEnrolmentsRead), w.key(lrs.ScopeEnrolmentsRead, lrs.ScopeEnrolmentsAct)

	// Who needs them: the links that open requests are for keys that may answer.
	list := fmt.Sprintf("/api/v1/people/%s/waitlist", s.manager)
	for _, key := range []lrs.Credential{reads, acts} {
		if a := w.as(key, "GET", list, "").want(t, http.StatusOK); !strings.Contains(a.text, string(s.request)) || strings.Contains(a.text, "example.org/r/") {
			t.Errorf("the list is\n%s", a.text)
		}
	}

	w.as(reads, "POST", requests+"/forward", `{"email": "mia@example.org"}`).want(t, http.StatusForbidden)
	w.as(acts, "POST", requests+"/forward", `{"email": "no address"}`).want(t, http.StatusUnprocessableEntity)
	w.as(acts, "POST", requests+"/forward", `{"name": "Mia", "email": "mia@example.org"}`).want(t, http.StatusOK)
	e, err := w.store.Enrolment(t.Context(), s.e.ID)
	must(t, err)
	var fresh engine.RequestID
	for _, r := range e.Steps["draft"].Requests {
		if r.ID == s.request && r.Outcome != engine.OutcomeForwarded {
			t.Errorf("it ended as %q", r.Outcome)
		}
		if r.Waiting() {
			fresh = r.ID
		}
	}
	w.as(acts, "POST", requests+"/decline", `{}`).want(t, http.StatusConflict)
	next := fmt.Sprintf("/api/v1/enrolments/%s/requests/%s/decline", s.e.ID, fresh)
	w.as(acts, "POST", next, `{"reason": "I was not there"}`).want(t, http.StatusOK)
	w.as(acts, "POST", next, `{"reason": "I was not there"}`).want(t, http.StatusOK) // the same again

	// A portfolio is shown by a link whose address is given once, and taken back.
	people := w.key(lrs.ScopePeopleRead, lrs.ScopePeopleWrite)
	links := fmt.Sprintf("/api/v1/people/%s/portfolio/links", s.e.Learner)
	w.as(acts, "POST", links, `{"days": 30}`).want(t, http.StatusForbidden)
	w.as(people, "POST", links, `{"days": 365}`).want(t, http.StatusUnprocessableEntity)
	var made struct {
		URL  string
		Link struct{ ID string }
	}
	w.as(people, "POST", links, `{"label": "for Mia", "days": 30}`).want(t, http.StatusOK).into(t, &made)
	secret := strings.TrimPrefix(made.URL, "https://cairn.example/p/main")
	if _, l, err := w.engine.SharedPortfolio(t.Context(), secret); err != nil || string(l.ID) != made.Link.ID {
		t.Errorf("the address opens %v, %v", l, err)
	}
	if a := w.as(people, "GET", links, ""); strings.Contains(a.text, secret) {
		t.Error("the address is kept")
	}
	w.as(people, "POST", links+"/"+made.Link.ID+"/revoke", `{}`).want(t, http.StatusNoContent)
	if _, _, err := w.engine.SharedPortfolio(t.Context(), secret); err == nil {
		t.Error("it opens still")
	}
}

func TestAnEnrolmentSaysToWhomMailsComeBack(t *testing.T) {
	w := newWorld(t)
	w.scenery()
	s := w.scene(1)
	at := fmt.Sprintf("/api/v1/enrolments/%s", s.e.ID)
	if a := w.get(at).want(t, http.StatusOK); strings.Contains(a.text, "unreachable") {
		t.Errorf("somebody is unreachable: %s", a.text)
	}
	manager, err := w.store.Person(t.Context(), s.manager)
	must(t, err)
	manager.MailTrouble = engine.MailTrouble{Address: manager.Email, Bounced: w.now}
	must(t, w.store.SavePerson(t.Context(), manager))
	must(t, w.engine.Wake(t.Context(), s.e.ID))
	if a := w.get(at).want(t, http.StatusOK); !strings.Contains(a.text, `"unreachable":["`+string(s.manager)+`"]`) {
		t.Errorf("nobody is unreachable: %s", a.text)
	}
}
