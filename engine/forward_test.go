package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// reviewed is Sam with one report that Max is asked about, and Tessa as a coach.
func reviewed(t *testing.T, roles string, steps ...string) *house {
	t.Helper()
	h := newHouse(t, monday)
	whole(t, h, "loop", roles, steps...)
	h.staff()
	h.arrive("loop", map[string]string{"manager_email": "max@example.org", "peer_email": "pia@example.org,paul@example.org"})
	h.sweep()
	return h
}

const (
	askedRoles = `roles:
  manager: {from: [launch.custom.manager_email], else: coach}
  peer: {from: [launch.custom.peer_email]}
  coach: {from: [launch.role.instructor]}`
	tryReviewed = `{id: try, kind: experiment, title: Try, by: learner, done: response, review: {by: manager, outcomes: [approve, return]}}`
	trySigned   = `{id: sign, kind: signoff, title: Sign, by: manager, needs: [try], covers: [try], done: approved}`
)

func (h *house) refusedTo(request engine.RequestID, name, email, key string) {
	h.t.Helper()
	var bad engine.FieldErrors
	if err := h.Forward(h.t.Context(), h.id, request, name, email); !errors.As(err, &bad) || bad[0].Key != key {
		h.t.Errorf("passed on to %q %q: %v, want %s", name, email, err, key)
	}
}

func TestWhoIsAskedPassesItOnToTheRightPerson(t *testing.T) {
	h := reviewed(t, askedRoles, tryReviewed, trySigned)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	link := h.request("max@example.org")
	if v, err := h.OpenRequest(ctx, h.id, link); err != nil || !v.Forwards || !v.Declines {
		t.Fatalf("the page offers neither: %+v (%v)", v, err)
	}
	h.refusedTo(link, "Mia", "no address", "error.not_an_email")
	h.refusedTo(link, "Sam", "SAM+boss@example.org", "error.forward_learner")
	h.refusedTo(link, "Max", "max@example.org", "error.forward_self")
	h.refusedTo(link, "http://evil.example", "mia@example.org", "error.not_a_name")
	must(t, h.Forward(ctx, h.id, link, "Mia  Mentor", "mia@example.org"))
	must(t, h.Forward(ctx, h.id, link, "Mia", "MIA@example.org")) // the same once more
	if err := h.Forward(ctx, h.id, link, "Ina", "ina@example.org"); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("the old link passes it on once more: %v", err)
	}
	h.sweep()
	for _, want := range []string{"mia review_request try", "sam forwarded try", "tessa forwarded try"} {
		if !slices.Contains(h.post.told(), want) {
			t.Errorf("nobody was told %q: %v", want, h.post.told())
		}
	}
	v, err := h.OpenRequest(ctx, h.id, link)
	must(t, err)
	if v.Answered || !v.Closed || v.Request.Outcome != engine.OutcomeForwarded || v.Forwards {
		t.Errorf("the old link shows %+v", v.Request)
	}
	if err := h.Answer(ctx, h.id, link, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256}); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("the old link still answers: %v", err)
	}
	requests := h.book.count("request")
	h.answers("mia@example.org", engine.OutcomeApprove)
	if h.state("try").State != engine.Done || requests != 2 {
		t.Fatalf("Mia's answer: %s, %d requests recorded", h.state("try").State, requests)
	}
	// She signs off too, and a coach has to confirm it, as nobody but Max says that it is for her to do.
	h.answers("mia@example.org", engine.OutcomeApprove)
	if st := h.state("sign"); st.State != engine.Submitted {
		t.Fatalf("signed off without the coach: %s", st.State)
	}
	h.answers("tessa@example.org", engine.OutcomeApprove)
	if st := h.state("sign"); st.State != engine.Done {
		t.Fatalf("signed off with the coach: %s", st.State)
	}
	e, err := h.store.Enrolment(ctx, h.id)
	must(t, err)
	if i := slices.IndexFunc(e.Acts, func(a engine.Act) bool { return a.What == engine.ActForward }); i < 0 || e.Acts[i].Role != engine.Manager || e.Acts[i].By.Person == "" {
		t.Errorf("the history says %+v", e.Acts)
	}
}

func TestACoachConfirmsOrReplacesToWhomItWasPassedOn(t *testing.T) {
	h := reviewed(t, askedRoles, tryOnce, trySigned)
	ctx, cli := t.Context(), engine.Actor{System: "cli"}
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	must(t, h.Forward(ctx, h.id, h.request("max@example.org"), "Mia", "mia@example.org"))
	h.sweep()
	must(t, h.Assign(ctx, cli, h.id, engine.Manager, engine.Appointment{Email: "max@example.org"}))
	h.sweep()
	v, err := h.OpenRequest(ctx, h.id, h.request("max@example.org"))
	must(t, err)
	if v.Closed {
		t.Fatal("the coach's word is not the last")
	}
	must(t, h.Forward(ctx, h.id, v.Request.ID, "Mia", "mia@example.org"))
	must(t, h.ConfirmNamed(ctx, cli, h.id, engine.Manager))
	h.sweep()
	h.answers("mia@example.org", engine.OutcomeApprove)
	if st := h.state("sign"); st.State != engine.Done {
		t.Errorf("signed by whom the coach confirmed: %s", st.State)
	}
}

func TestPassingOnEndsAfterAFewAndNeverInACircle(t *testing.T) {
	h := reviewed(t, askedRoles, tryReviewed)
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", report("One")))
	h.sweep()
	from := "max@example.org"
	for i := range 3 {
		to := fmt.Sprintf("next%d@example.org", i)
		if i > 0 {
			h.refusedTo(h.request(from), "Max", "max@example.org", "error.forward_back")
		}
		must(t, h.Forward(t.Context(), h.id, h.request(from), "", to))
		h.sweep()
		from = to
	}
	h.refusedTo(h.request(from), "", "next9@example.org", "error.forward_enough")
	if _, err := h.store.PersonByEmail(t.Context(), "next9@example.org"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("a refused address became somebody: %v", err)
	}
}

func TestAStandInAndACoachPassNothingOn(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", `roles:
  manager: {from: [launch.custom.manager_email], else: coach}
  coach: {from: [launch.role.instructor]}`, tryReviewed)
	h.staff()
	h.arrive("loop", nil) // without a manager
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", report("One")))
	h.sweep()
	if err := h.Forward(t.Context(), h.id, h.request("tessa@example.org"), "Mia", "mia@example.org"); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("the stand-in passed it on: %v", err)
	}
}

func TestWhoCannotJudgeLetsTheStandInJudge(t *testing.T) {
	h := reviewed(t, askedRoles, tryReviewed)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	link := h.request("max@example.org")
	must(t, h.Decline(ctx, h.id, link, "I was not there."))
	must(t, h.Decline(ctx, h.id, link, "I was not there."))
	h.sweep()
	for _, want := range []string{"tessa declined try", "tessa review_request try"} {
		if !slices.Contains(h.post.told(), want) {
			t.Errorf("nobody was told %q: %v", want, h.post.told())
		}
	}
	v, err := h.OpenRequest(ctx, h.id, link)
	must(t, err)
	if err := h.Answer(ctx, h.id, link, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256}); v.Answered || !v.Closed || !errors.Is(err, engine.ErrConflict) {
		t.Errorf("who cannot judge judged: %+v (%v)", v.Request, err)
	}
	h.answers("tessa@example.org", engine.OutcomeApprove)
	if h.state("try").State != engine.Done {
		t.Errorf("the stand-in approved: %s", h.state("try").State)
	}
	e, err := h.store.Enrolment(ctx, h.id)
	must(t, err)
	if a := e.Acts[len(e.Acts)-1]; len(e.Acts) != 1 || a.What != engine.ActDecline || a.Reason != "I was not there." {
		t.Errorf("the history says %+v", e.Acts)
	}
}

func TestARaterWhoCannotJudgeHoldsNobodyUp(t *testing.T) {
	h := reviewed(t, askedRoles, `{id: view, kind: feedback, title: View, by: peer, done: response}`)
	ctx := t.Context()
	must(t, h.Answer(ctx, h.id, h.request("pia@example.org"), engine.Answer{Outcome: engine.OutcomeResponse, Answers: engine.Answers{"text": {"Good."}}}))
	if h.state("view").State == engine.Done {
		t.Fatal("one answer was enough")
	}
	must(t, h.Decline(ctx, h.id, h.request("paul@example.org"), ""))
	if h.state("view").State != engine.Done {
		t.Errorf("with one answer and one who cannot judge: %s", h.state("view").State)
	}
}

func TestNudgesToWhomItWasTakenFromAreDropped(t *testing.T) {
	h := reviewed(t, askedRoles, tryReviewed)
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", report("One")))
	h.sweep()
	must(t, h.Forward(t.Context(), h.id, h.request("max@example.org"), "Mia", "mia@example.org"))
	before := len(h.post.sent())
	h.pass("2026-12-18 18:00")
	for _, m := range h.post.sent()[before:] {
		if m.To.Email == "max@example.org" {
			t.Errorf("Max still gets %s", m.Message.Purpose)
		}
	}
}

func TestAWaitlistTellsWhoNeedsAPersonAndAFreshLinkComesByMail(t *testing.T) {
	h := reviewed(t, askedRoles, tryReviewed, `{id: view, kind: survey, title: View, by: manager, rate: [ask], done: response}`)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	max, err := h.store.PersonByEmail(ctx, "max@example.org")
	must(t, err)
	l, err := h.Waitlist(ctx, max.ID)
	must(t, err)
	if len(l.Asked) != 2 || l.Asked[0].Link == "" || l.Asked[0].Learner.Name != "Sam Sailor" {
		t.Fatalf("the waitlist: %+v", l.Asked)
	}
	for _, m := range h.post.sent() {
		if m.Message.Request != "" && !strings.HasPrefix(m.WaitlistURL, "https://cairn.example/w/"+string(max.ID)+".0") {
			t.Errorf("a request says nothing of the list: %+v", m.WaitlistURL)
		}
	}
	must(t, h.Unsubscribe(ctx, max.ID, engine.ChannelEmail))
	lists := func() (n int) {
		h.sweep()
		for _, m := range h.post.sent() {
			if m.Message.Purpose == engine.PurposeList && m.To.ID == max.ID && strings.Contains(m.Link, "/w/") {
				n++
			}
		}
		return n
	}
	for range 3 {
		must(t, h.SendWaitlist(ctx, max.ID))
	}
	if n := lists(); n != 1 {
		t.Fatalf("%d fresh links in an hour", n)
	}
	must(t, h.EndWaitlists(ctx, max.ID, 0))
	must(t, h.EndWaitlists(ctx, max.ID, 0)) // the same once more
	must(t, h.SendWaitlist(ctx, max.ID))
	if n, link := lists(), h.post.sent()[len(h.post.sent())-1].Link; n != 2 || !strings.HasSuffix(link, ".1") {
		t.Errorf("%d fresh links, the last is %s", n, link)
	}
}

func TestAConversationThatHasNotHappenedYetGoesBack(t *testing.T) {
	h := reviewed(t, askedRoles, `{id: talk, kind: discuss, title: Talk, by: learner, with: manager, done: {all: [response, confirmed]}}`)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "talk", engine.Submission{Answers: engine.Answers{"text": {"We agreed."}}}))
	h.sweep()
	h.answers("max@example.org", engine.OutcomeReturn)
	if h.state("talk").State != engine.Returned || h.book.count("reject") != 1 || !slices.Contains(h.post.told(), "sam returned talk") {
		t.Fatalf("not yet: %s, %v", h.state("talk").State, h.book.verbs())
	}
	must(t, h.Submit(ctx, h.sam, h.id, "talk", engine.Submission{Answers: engine.Answers{"text": {"Now we did."}}}))
	h.sweep()
	h.answers("max@example.org", engine.OutcomeAcknowledged)
	if h.state("talk").State != engine.Done {
		t.Errorf("confirmed: %s", h.state("talk").State)
	}
}
