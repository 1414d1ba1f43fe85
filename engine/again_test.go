package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

func TestWhoUnsubscribedIsStillAskedForAnAnswer(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	max, err := h.store.PersonByEmail(t.Context(), "max@example.org")
	must(t, err)
	must(t, h.Unsubscribe(t.Context(), max.ID, "email"))
	h.untilHandedInBySam()
	h.sweep()
	if got := h.post.told(); !slices.Contains(got, "max review_request experiment") {
		t.Fatalf("mails: %v", got)
	}
	h.pass("2026-12-04 17:01") // reminders are nudges
	for _, m := range h.post.sent() {
		if m.To.ID == max.ID && m.Message.IsNudge() {
			t.Errorf("a nudge to who unsubscribed: %s", m.Message.Purpose)
		}
	}
}

// News stands in the LMS too: the mail about it stops like any other.
func TestALearnerWhoUnsubscribedGetsNoNewsByMail(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	must(t, h.Unsubscribe(t.Context(), h.sam, "email"))
	h.untilHandedInBySam()
	h.sweep()
	h.approve("max@example.org")
	h.sweep()
	for _, m := range h.post.sent() {
		if m.To.ID == h.sam {
			t.Errorf("a mail to who unsubscribed: %s", m.Message.Purpose)
		}
	}
}

// untilHandedInBySam does what leads to a review.
func (h *house) untilHandedInBySam() {
	h.t.Helper()
	ctx := h.t.Context()
	must(h.t, h.MarkDone(ctx, h.sam, h.id, "read-trades"))
	must(h.t, h.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)}))
	must(h.t, h.Submit(ctx, h.sam, h.id, "experiment", experiment("first")))
}

const notYet = `workflow: notyet
version: 1
title: Not yet
goal: {outcome: x}
behaviours:
  - {id: ask, text: Asks, scale: [never, always], target: 2, observers: [learner, manager]}
roles:
  manager: {from: [launch.custom.manager_email], else: coach}
phases:
  - phase: before
    opens: enrolled
    steps:
      - {id: look, kind: reflect, title: Look back, by: learner, done: response, minutes: 5}
      - {id: so, kind: signoff, title: So, by: manager, needs: [look], covers: [look], due: enrolled + 5wd, done: approved, wording: Yes}
exit: {complete: {all: [so]}}
`

func TestAfterNotYetTheSignOffHasADueOfItsOwn(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	_, problems, err := h.ImportWorkflow(ctx, "notyet.yaml", []byte(notYet), nil)
	if err != nil {
		t.Fatal(problems, err)
	}
	h.arrive("notyet", maxed)
	must(t, h.Submit(ctx, h.sam, h.id, "look", engine.Submission{Answers: wordy(40)}))
	h.sweep()
	r := h.request("max@example.org")
	v, err := h.OpenRequest(ctx, h.id, r)
	must(t, err)
	must(t, h.Answer(ctx, h.id, r, engine.Answer{Outcome: engine.OutcomeNotYet, SHA256: v.SHA256, Comment: "Wait."}))
	h.pass("2026-12-08 12:00") // asked again after ten working days
	st := h.home().Enrolment.Steps["so"]
	last := st.Requests[len(st.Requests)-1]
	if !last.Waiting() || !last.DueAt.After(last.AskedAt) || !st.DueAt.After(st.AskAgainAt) {
		t.Fatalf("asked again on %s, due on %s", last.AskedAt, last.DueAt)
	}
}

func TestLookingMakesNobody(t *testing.T) {
	h := newHouse(t, monday)
	e := h.arrive("first-steps", maxed)
	o := h.options
	o.Store = &mortal{Store: h.store} // every write fails
	looker := engine.New(o)
	e.Custom = map[string]string{"manager_email": "new@example.org"} // as if nobody had met them yet
	must(t, h.store.SaveEnrolment(t.Context(), e))
	if _, err := looker.Home(t.Context(), h.id); err != nil {
		t.Errorf("home: %v", err)
	}
	if _, err := looker.StepView(t.Context(), h.id, "read-trades", true); err != nil {
		t.Errorf("a step: %v", err)
	}
	if _, err := h.store.PersonByEmail(t.Context(), "new@example.org"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("somebody was made: %v", err)
	}
}

func TestTheFirstLaunchKnowsAnEarlierCompletionInOneWrite(t *testing.T) {
	h := newHouse(t, monday)
	h.completes()
	h.now = at(t, "2026-11-25 10:00")
	e := h.arrive("first-steps", maxed)
	fresh, err := h.store.Enrolment(t.Context(), e.ID)
	must(t, err)
	if fresh.Rev > 2 || fresh.Anchors["course_completed"].IsZero() { // made, then its outbox emptied
		t.Fatalf("revision %d, anchors %v", fresh.Rev, fresh.Anchors)
	}
}

// refusing is an LMS that has no such line item, until it has.
type refusing struct {
	*book
	refuses bool
}

func (g *refusing) Post(ctx context.Context, e *engine.Enrolment, p engine.Person, grade engine.OutGrade) error {
	if g.refuses {
		return fmt.Errorf("post: %w", &engine.RefusedError{Cause: "gone", Err: errors.New("404")})
	}
	return g.book.Post(ctx, e, p, grade)
}

func TestAGradeGivenUpIsPassedBackAfterTheNextLaunch(t *testing.T) {
	h := newHouse(t, monday)
	o, lms := h.options, &refusing{h.book, true}
	o.Gradebook = lms
	h.Service = engine.New(o)
	h.arrive("first-steps", maxed)
	must(t, h.MarkDone(t.Context(), h.sam, h.id, "read-trades"))
	h.sweep()
	must(t, h.Opened(t.Context(), h.sam, h.id, "reflect"))
	h.sweep()
	e, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	if e.Grade != nil || e.GradeSent != 0 || e.GradeRefused == nil || e.GradeRefused.Cause != "gone" {
		t.Fatalf("a grade given up: waits %v, sent %v, refused %v", e.Grade, e.GradeSent, e.GradeRefused)
	}
	lms.refuses = false
	h.now = h.now.Add(time.Minute)
	h.arrive("first-steps", maxed)
	h.sweep()
	e, err = h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	if len(h.book.grades) != 1 || e.GradeSent == 0 || e.GradeRefused != nil || e.Grade != nil {
		t.Fatalf("after the launch: %d grades, sent %v", len(h.book.grades), e.GradeSent)
	}
}

func TestAReviewersAddressIsNoName(t *testing.T) {
	h := newHouse(t, monday)
	h.untilHandedIn()
	h.approve("max@example.org")
	v := h.step("experiment")
	if len(v.Reviews) != 1 || v.Reviews[0].Name != "" {
		t.Fatalf("Sam reads the name %q", v.Reviews[0].Name)
	}
}

func TestWhoIsAskedOnceMoreAfterTheirMailWasDroppedGetsAMail(t *testing.T) {
	for _, delivered := range []bool{false, true} {
		h := newHouse(t, monday)
		h.arrive("first-steps", maxed)
		h.untilHandedInBySam() // Max is asked
		if delivered {
			h.sweep()
		}
		mia := map[string]string{"manager_email": "mia@example.org"}
		h.arrive("first-steps", mia)
		h.sweep() // Max's mail is dropped, if it has not left
		h.arrive("first-steps", maxed)
		h.sweep()
		n := 0
		for _, told := range h.post.told() {
			if told == "max review_request experiment" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("delivered before %v: Max got %d mails: %v", delivered, n, h.post.told())
		}
	}
}

func TestOnlyTheCourseItselfCompletesTheCourse(t *testing.T) {
	for object, want := range map[string]bool{
		lms + "/course/view.php?id=2":         true,
		lms + "/course/2":                     true,
		lms + "/courses/2":                    true,
		lms + "/mod/quiz/view.php?id=2":       false,
		lms + "/course/view.php?id=12":        false,
		lms + "/course/section.php?id=2":      false,
		lms + "/course/5/modules/2":           false,
		lms + ".evil.example/course/2":        false,
		"https://other.example/courses/2":     false,
		lms + "/course/view.php?id=2&reset=1": false,
	} {
		h := newHouse(t, monday)
		h.arrive("first-steps", maxed)
		st := h.completion("5")
		st.Object.Activity.ID = object
		must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lms-key")))
		if done := !h.home().Enrolment.Anchors["course_completed"].IsZero(); done != want {
			t.Errorf("%s completes the course: %v, want %v", object, done, want)
		}
	}
}
