package engine_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestTheLearnerNamesAManagerWhoseSignOffTheCoachConfirms(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	tessa, err := h.ArriveStaff(ctx, engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org",
		Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	h.arrive("first-steps", map[string]string{"manager_email": "$Person.manager.email"})
	if ask := h.home().Ask; !slices.Equal(ask, []engine.Role{engine.Manager}) {
		t.Fatalf("Sam is asked for %v", ask)
	}
	var bad engine.FieldErrors
	if err := h.NameReviewer(ctx, h.sam, h.id, engine.Manager, "Me", "SAM@example.org"); !errors.As(err, &bad) || bad[0].Key != "error.own_email" {
		t.Fatalf("naming oneself: %v", err)
	}
	must(t, h.MarkDone(ctx, h.sam, h.id, "read-trades"))
	must(t, h.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)}))
	must(t, h.Submit(ctx, h.sam, h.id, "experiment", experiment("one")))
	if v := h.step("experiment"); !v.NeedsReviewer || v.AskRole != engine.Manager {
		t.Fatalf("nobody is assigned, and the page says %+v", v)
	}
	must(t, h.NameReviewer(ctx, h.sam, h.id, engine.Manager, "Max", "max@example.org"))
	h.sweep()
	h.approve("max@example.org")
	h.completes()
	h.pass("2026-11-26 12:00")
	must(t, h.Submit(ctx, h.sam, h.id, "follow-up", engine.Submission{Answers: engine.Answers{"used": {"no"}}, Ratings: map[engine.BehaviourID]int{"trade": 3}}))
	h.sweep()
	h.approve("max@example.org")
	if e := h.home().Enrolment; e.State != engine.Active || e.Steps["signoff"].State != engine.Submitted {
		t.Fatalf("a sign-off by somebody the learner named: %s, %s", e.State, e.Steps["signoff"].State)
	}
	h.sweep()
	h.approve("tessa@example.org")
	if e := h.home().Enrolment; e.State != engine.Completed {
		t.Fatalf("after the coach's word: %s", e.State)
	}
	if rows := h.board(engine.Course{Issuer: lms, ID: "2"}); len(rows) != 1 || rows[0].Done != 4 || rows[0].Completed.IsZero() {
		t.Fatalf("the board shows %+v", rows)
	}
	_ = tessa
}

// approve answers the newest request to somebody.
func (h *house) approve(email string) {
	h.t.Helper()
	r := h.request(email)
	v, err := h.OpenRequest(h.t.Context(), h.id, r)
	must(h.t, err)
	ratings := map[engine.BehaviourID]int{}
	for _, b := range v.Rate {
		ratings[b.ID] = 4
	}
	must(h.t, h.Answer(h.t.Context(), h.id, r, engine.Answer{Outcome: v.Outcomes[0], SHA256: v.SHA256, Ratings: ratings}))
}

func TestASilentManagerIsJoinedByTheCoachAndThenTheStepExpires(t *testing.T) {
	h := newHouse(t, monday)
	_, err := h.ArriveStaff(t.Context(), engine.StaffArrival{Issuer: lms, Subject: "9", Email: "tessa@example.org",
		Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	h.untilHandedIn()
	h.pass("2026-12-07 16:59") // ten working days
	if slices.Contains(h.post.told(), "tessa review_request experiment") {
		t.Fatal("the coach was asked too early")
	}
	h.pass("2026-12-08 09:01") // when she works again
	if !slices.Contains(h.post.told(), "tessa review_request experiment") {
		t.Fatalf("the coach was not asked: %v", h.post.told())
	}
	h.pass("2026-12-21 17:01")
	if st := h.step("experiment").State; st.State != engine.Expired {
		t.Fatalf("after twenty working days of silence it is %s", st.State)
	}
	if home := h.home(); home.Done != 2 || home.Required != 4 {
		t.Fatalf("%d of %d", home.Done, home.Required)
	}
}

func TestACompletionBeforeTheFirstLaunchIsRemembered(t *testing.T) {
	h := newHouse(t, monday)
	h.completes()
	h.now = at(t, "2026-11-25 10:00")
	e := h.arrive("first-steps", maxed)
	if e.Anchors["course_completed"].IsZero() || e.AnchorSource["course_completed"] != "lms" {
		t.Fatalf("anchors: %v", e.Anchors)
	}
}

func TestACompletionSettlesTheCourseStepWhileItIsLocked(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("negotiation-skills", maxed)
	if st := h.step("course").State; st.State != engine.Locked {
		t.Fatalf("the course step is %s", st.State)
	}
	h.completes()
	if st := h.step("course").State; st.State != engine.Done {
		t.Fatalf("after the signal it is %s", st.State)
	}
}

func TestOnlyStaffCompletesACourseAndOnlyTheLearnerActs(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	if err := h.CompleteCourse(t.Context(), h.sam, h.id); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("Sam completes the course: %v", err)
	}
	if err := h.MarkDone(t.Context(), "somebody", h.id, "read-trades"); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody reads for Sam: %v", err)
	}
	if err := h.MarkDone(t.Context(), h.sam, h.id, "reflect"); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("a locked step: %v", err)
	}
	if _, err := h.OpenRequest(t.Context(), h.id, "nothing"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("a request that is not: %v", err)
	}
}

func TestAnotherLaunchBringsAManagerWhoIsAskedAfresh(t *testing.T) {
	h := newHouse(t, monday)
	h.untilHandedIn()
	old := h.request("max@example.org")
	h.arrive("first-steps", map[string]string{"manager_email": "mia@example.org"})
	h.sweep()
	h.approve("mia@example.org")
	if v, err := h.OpenRequest(t.Context(), h.id, old); err != nil || !v.Closed || v.Answered {
		t.Fatalf("the first manager's link: %+v (%v)", v, err)
	}
}
