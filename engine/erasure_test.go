package engine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

var operator = engine.Actor{System: "cli"}

func TestALearnerIsErasedWithAllTheyWrote(t *testing.T) {
	h := newHouse(t, "2026-06-01 09:00")
	ctx := t.Context()
	h.teaches(strings.ReplaceAll(pauseWorkflow, "kind: reflect, title: First, by: learner, due: open + 5wd, done: response,", "kind: assignment, title: First, by: learner, due: open + 5wd, done: {evidence: 1},"))
	h.coach()
	h.arrive("pausing", map[string]string{"manager_email": "max@example.org"})
	h.reads(engine.RosterMember{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Learner: true},
		engine.RosterMember{Subject: "6", Name: "Pia", Email: "pia@example.org", Learner: true})
	own, shared := []byte("only Sam's"), []byte("everybody's")
	must(t, h.Submit(ctx, h.sam, h.id, "first", engine.Submission{Answers: engine.Answers{"q": {"So."}}, Files: []engine.Upload{{Name: "a", Data: own}, {Name: "b", Data: shared}}}))
	pia, err := h.Enrol(ctx, operator, engine.Enrolling{Workflow: "pausing", Course: course(), Subject: "6"})
	must(t, err)
	must(t, h.Submit(ctx, pia.Learner, pia.ID, "first", engine.Submission{Answers: engine.Answers{"q": {"So."}}, Files: []engine.Upload{{Name: "b", Data: shared}}}))
	h.pass("2026-06-02 10:00")
	files := map[string]string{}
	list, err := h.store.Contributions(ctx, h.id)
	must(t, err)
	for _, f := range list[0].Files {
		files[f.Name] = f.SHA256
	}

	if _, err := h.ErasePerson(ctx, engine.By("x"), engine.ByAccount(lms, "5"), false); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody erased somebody: %v", err)
	}
	dry, err := h.ErasePerson(ctx, operator, engine.ByEmail("Sam@example.org"), true)
	must(t, err)
	if !dry.DryRun || dry.Enrolments != 1 || dry.Written != 1 || dry.Files != 2 || dry.People != 1 {
		t.Errorf("dry: %+v", dry)
	}
	if _, err := h.store.Enrolment(ctx, h.id); err != nil {
		t.Fatal("a dry run erased")
	}
	done, err := h.ErasePerson(ctx, operator, engine.ByEmail("Sam@example.org"), false)
	must(t, err)
	if done.Enrolments != 1 || done.Files != 1 || done.Roster != 1 || done.Names == 0 || done.Messages == 0 {
		t.Errorf("%+v", done)
	}
	if _, err := h.store.Enrolment(ctx, h.id); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("the enrolment is there: %v", err)
	}
	if _, err := h.store.Blob(ctx, files["a"]); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("the file is there: %v", err)
	}
	if _, err := h.store.Blob(ctx, files["b"]); err != nil {
		t.Errorf("Pia's file is gone: %v", err)
	}
	p, err := h.Person(ctx, h.sam)
	must(t, err)
	if doc, _ := json.Marshal(p); strings.Contains(string(doc), "Sam") || strings.Contains(string(doc), "sam@") || p.Name != engine.ErasedName || p.ErasedAt.IsZero() {
		t.Errorf("%s", doc)
	}
	again, err := h.ErasePerson(ctx, operator, engine.ByAccount(lms, "5"), false)
	must(t, err)
	if again.People != 0 {
		t.Errorf("found again: %+v", again)
	}

	// Nobody comes back by what a roster or a statement says; by their own launch they do.
	h.reads(engine.RosterMember{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Learner: true}, engine.RosterMember{Subject: "6", Name: "Pia", Email: "pia@example.org", Learner: true})
	h.completes()
	if _, err := h.store.PersonByAccount(ctx, lms, "5"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("back by the roster: %v", err)
	}
	if signals, err := h.store.SignalsOf(ctx, lms, "5"); err != nil || len(signals) != 0 {
		t.Errorf("back by a completion: %v %v", signals, err)
	}
	h.pass("2026-06-20 10:00") // whatever was under way
	e := h.arrive("pausing", nil)
	if !completed(e).IsZero() {
		t.Errorf("not a new beginning: %+v", e)
	}
	h.reads(engine.RosterMember{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Learner: true}, engine.RosterMember{Subject: "6", Name: "Pia", Email: "pia@example.org", Learner: true})
	if roster, err := h.Roster(ctx, course()); err != nil || len(roster) != 2 {
		t.Errorf("not on the roster again: %v %v", roster, err)
	}
}

func TestAReviewerIsErasedAndTheirReviewsStay(t *testing.T) {
	h, tessa := standing(t)
	ctx := t.Context()
	link := h.request("max@example.org")
	must(t, h.Answer(ctx, h.id, link, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"b": 2}}))
	pia, err := h.Enrol(ctx, tessa, engine.Enrolling{Workflow: "pausing", Course: course(), Subject: "6"})
	must(t, err)
	must(t, h.Assign(ctx, tessa, pia.ID, engine.Manager, engine.Appointment{Email: "max@example.org"}))
	report, err := h.ErasePerson(ctx, operator, engine.ByEmail("max@example.org"), false)
	must(t, err)
	if report.Reviews != 1 || report.Others != 2 || report.Enrolments != 0 {
		t.Errorf("%+v", report)
	}
	if v := h.step("rate"); len(v.Reviews) != 1 || v.Reviews[0].Name != engine.ErasedName || v.Reviews[0].Ratings["b"] != 2 {
		t.Errorf("%+v", v.Reviews)
	}
	for _, id := range []engine.EnrolmentID{h.id, pia.ID} {
		e, err := h.store.Enrolment(ctx, id)
		must(t, err)
		doc, _ := json.Marshal(e)
		if strings.Contains(string(doc), "max@example.org") || len(e.Roles[engine.Manager]) != 0 || len(e.WaitsFor()) != 0 {
			t.Errorf("%v waits for %v: %s", e.Roles, e.WaitsFor(), doc)
		}
	}
	h.arrive("pausing", map[string]string{"manager_email": "max@example.org"}) // the LMS still says so
	if a := h.enrolment().Roles[engine.Manager]; len(a) != 0 {
		t.Errorf("back by a launch parameter: %+v", a)
	}
	must(t, h.Assign(ctx, tessa, h.id, engine.Manager, engine.Appointment{Email: "max@example.org"})) // named anew
	if a := h.enrolment().Roles[engine.Manager]; len(a) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestPreviewsThatNobodyLooksAtAreForgotten(t *testing.T) {
	h := newHouse(t, "2026-06-01 09:00")
	ctx := t.Context()
	a := arrival("first-steps", nil)
	a.Subject, a.Preview = "anonymous-1", true
	old, err := h.Arrive(ctx, a)
	must(t, err)
	h.now = h.now.Add(20 * 24 * time.Hour)
	a.Subject = "anonymous-2"
	young, err := h.Arrive(ctx, a)
	must(t, err)
	h.arrive("first-steps", nil)
	h.now = h.now.Add(11 * 24 * time.Hour)
	h.sweep()
	if n, err := h.ForgetPreviews(ctx); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := h.store.Enrolment(ctx, old.ID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("the old one is there: %v", err)
	}
	for _, id := range []engine.EnrolmentID{young.ID, h.id} {
		if _, err := h.store.Enrolment(ctx, id); err != nil {
			t.Error(err)
		}
	}
}
