package engine_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestACoachExcusesReopensAndOpensEarly(t *testing.T) {
	h, tessa := standing(t)
	ctx := t.Context()
	if err := h.Excuse(ctx, engine.By(h.sam), h.id, "first", ""); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("the learner excused themselves: %v", err)
	}
	must(t, h.Excuse(ctx, tessa, h.id, "call", "was on a plane")) // still locked
	must(t, h.Excuse(ctx, tessa, h.id, "call", "was on a plane"))
	must(t, h.Excuse(ctx, tessa, h.id, "rate", ""))
	must(t, h.OpenStep(ctx, tessa, h.id, "second", "ready for more"))
	e := h.enrolment()
	if e.Steps["call"].State != engine.Skipped || e.Steps["rate"].State != engine.Skipped || e.Steps["second"].State != engine.Open {
		t.Errorf("call %s, rate %s, second %s", e.Steps["call"].State, e.Steps["rate"].State, e.Steps["second"].State)
	}
	if home := h.home(); home.Required != 2 || h.book.count("skipped") != 2 {
		t.Errorf("%d required, %d said to be skipped", home.Required, h.book.count("skipped"))
	}
	must(t, h.Submit(ctx, h.sam, h.id, "first", engine.Submission{Answers: engine.Answers{"q": {"So."}}}))
	must(t, h.Reopen(ctx, tessa, h.id, "first", "say more"))
	must(t, h.Reopen(ctx, tessa, h.id, "first", "say more"))
	must(t, h.Reopen(ctx, tessa, h.id, "call", ""))
	e = h.enrolment()
	if st := e.Steps["first"]; st.State != engine.Open || st.Attempt != 2 || !st.DueAt.After(h.now) {
		t.Errorf("first: %+v", st)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "first", engine.Submission{Answers: engine.Answers{"q": {"So and so."}}}))
	e = h.enrolment()
	if e.Steps["first"].State != engine.Done || e.Steps["call"].State != engine.Open {
		t.Errorf("first %s, call %s", e.Steps["first"].State, e.Steps["call"].State)
	}
	if len(e.Acts) != 5 || e.Acts[0].By != tessa || e.Acts[0].Reason != "was on a plane" || e.Acts[0].Step != "call" || e.Acts[4].What != engine.ActReopen {
		t.Errorf("acts: %+v", e.Acts)
	}
	if err := h.Excuse(ctx, tessa, h.id, "first", ""); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("excused what is done: %v", err)
	}
	if err := h.Excuse(ctx, tessa, h.id, "nothing", ""); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("excused what there is not: %v", err)
	}
}

func TestACoachMovesADueTimeForGoodAndItIsNudgedAfresh(t *testing.T) {
	h, tessa := standing(t)
	h.pass("2026-06-16 18:00") // first is late for a week, and was told within the caps
	late := func() (n int) {
		for _, told := range h.post.told() {
			if told == "sam step_late first" {
				n++
			}
		}
		return n
	}
	if late() != 1 {
		t.Fatalf("told: %v", h.post.told())
	}
	must(t, h.SetDue(t.Context(), tessa, h.id, "first", at(t, "2026-06-24 17:00"), "ill"))
	must(t, h.SetDue(t.Context(), tessa, h.id, "first", at(t, "2026-06-24 17:00"), "ill"))
	var fields engine.FieldErrors
	if err := h.SetDue(t.Context(), tessa, h.id, "first", at(t, "2026-06-01 17:00"), ""); !errors.As(err, &fields) {
		t.Errorf("a due time that is past: %v", err)
	}
	h.pass("2026-06-17 09:00")
	if v := h.step("first"); v.Late || len(h.enrolment().Acts) != 1 {
		t.Errorf("late %v, acts %v", v.Late, h.enrolment().Acts)
	}
	h.wants("due", h.step("first").Due, "2026-06-24 17:00")
	h.pass("2026-06-30 18:00")
	if late() != 2 {
		t.Errorf("told: %v", h.post.told())
	}
}

func TestACoachPutsSomebodyElseInTheManagersPlace(t *testing.T) {
	h, tessa := standing(t)
	ctx := t.Context()
	old := h.request("max@example.org")
	h.pass("2026-06-03 09:00")
	var fields engine.FieldErrors
	for _, own := range []string{"sam@example.org", "SAM@Example.org", "sam+boss@example.org"} {
		if err := h.Assign(ctx, tessa, h.id, engine.Manager, engine.Appointment{Email: own}); !errors.As(err, &fields) {
			t.Errorf("%s is somebody else: %v", own, err)
		}
	}
	if err := h.Assign(ctx, tessa, h.id, engine.Manager, engine.Appointment{Person: h.sam}); !errors.As(err, &fields) {
		t.Errorf("the learner is their manager: %v", err)
	}
	must(t, h.Assign(ctx, tessa, h.id, engine.Manager, engine.Appointment{Email: "mia@example.org", Name: "Mia", Reason: "Max is away"}))
	must(t, h.Assign(ctx, tessa, h.id, engine.Manager, engine.Appointment{Email: "mia@example.org", Name: "Mia", Reason: "Max is away"}))
	h.pass("2026-06-03 10:00")
	if v, err := h.OpenRequest(ctx, h.id, old); err != nil || !v.Closed {
		t.Errorf("Max is still asked: %v", err)
	}
	e := h.enrolment()
	if a := e.Roles[engine.Manager]; len(a) != 1 || a[0].NamedByLearner || a[0].Source != "coach" || len(e.Acts) != 1 {
		t.Errorf("%+v %+v", a, e.Acts)
	}
	fresh := h.request("mia@example.org")
	v, err := h.OpenRequest(ctx, h.id, fresh)
	must(t, err)
	h.wants("asked by their full time", v.Request.ExpiresAt, "2026-06-17 17:00")
	must(t, h.Answer(ctx, h.id, fresh, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"b": 2}}))
	must(t, h.Assign(ctx, tessa, h.id, engine.Manager, engine.Appointment{})) // back to whom the workflow finds
	if a := h.enrolment().Roles[engine.Manager]; len(a) != 1 || a[0].Source != "launch.custom.manager_email" {
		t.Errorf("%+v", a)
	}
}

func TestACoachSetsAndTakesBackAnchors(t *testing.T) {
	h := newHouse(t, "2026-11-23 09:00")
	tessa := engine.By(h.coach())
	h.arrive("negotiation-skills", map[string]string{"manager_email": "max@example.org", "course_start": "2026-12-14"})
	ctx := t.Context()
	h.wants("by the launch", h.step("goal").Opens, "2026-12-07 09:00")
	must(t, h.SetAnchor(ctx, tessa, h.id, engine.AnchorCourseStart, at(t, "2026-12-21 12:00"), "postponed"))
	h.wants("postponed", h.step("goal").Opens, "2026-12-14 09:00")
	h.arrive("negotiation-skills", map[string]string{"manager_email": "max@example.org", "course_start": "2026-12-14"})
	h.wants("a launch says the old date", h.step("goal").Opens, "2026-12-14 09:00")
	must(t, h.SetAnchor(ctx, tessa, h.id, engine.AnchorCourseStart, at(t, "2026-11-30 12:00"), "advanced"))
	if st := h.enrolment().Steps["goal"]; st.State != engine.Open {
		t.Errorf("goal is %s", st.State)
	}
	must(t, h.SetAnchor(ctx, tessa, h.id, engine.AnchorCourseStart, at(t, "2027-01-11 12:00"), "postponed again"))
	if st := h.enrolment().Steps["goal"]; st.State != engine.Open {
		t.Errorf("what has opened is %s again", st.State)
	}
	h.wants("what is open falls due by the new date", h.step("goal").Due, "2027-01-08 17:00")
	must(t, h.SetAnchor(ctx, tessa, h.id, engine.AnchorCourseStart, time.Time{}, ""))
	if e := h.enrolment(); e.AnchorSource[engine.AnchorCourseStart] != "launch" {
		t.Errorf("not as the launch said: %v", e.AnchorSource)
	}

	must(t, h.SetAnchor(ctx, engine.Actor{System: "api"}, h.id, engine.AnchorCourseCompleted, h.now, ""))
	h.completes()
	e := h.enrolment()
	if by := e.CompletedBy(); !slices.Equal(by, []engine.Source{engine.SourceAPI, engine.SourceStatement}) {
		t.Errorf("by %v", by)
	}
	must(t, h.SetAnchor(ctx, tessa, h.id, engine.AnchorCourseCompleted, time.Time{}, "the wrong person"))
	h.arrive("negotiation-skills", nil) // a launch looks for what is known of the course
	if e := h.enrolment(); !completed(e).IsZero() || len(e.Completions) != 0 {
		t.Errorf("completed at %s", completed(e))
	}
	h.now = h.now.Add(24 * time.Hour)
	h.completes()
	if e := h.enrolment(); !completed(e).Equal(h.now) {
		t.Errorf("a later word does not count: %s", completed(e))
	}
	if err := h.SetAnchor(ctx, tessa, h.id, "enrolled", h.now, ""); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("enrolled was set: %v", err)
	}
}

func TestACoachConfirmsWhomTheLearnerNamed(t *testing.T) {
	h := newHouse(t, "2026-06-01 09:00")
	tessa := engine.By(h.coach())
	h.arrive("negotiation-skills", nil)
	ctx := t.Context()
	if err := h.ConfirmNamed(ctx, tessa, h.id, engine.Manager); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("nobody was named: %v", err)
	}
	must(t, h.NameReviewer(ctx, h.sam, h.id, engine.Manager, "Mia", "mia@example.org"))
	page, err := h.LateList(ctx, tessa, engine.Course{Issuer: lms, ID: "2"}, "", 10)
	must(t, err)
	if whys := whysOf(page); !slices.Contains(whys, engine.LateUnproved) {
		t.Errorf("the coach is not asked: %v", whys)
	}
	must(t, h.ConfirmNamed(ctx, tessa, h.id, engine.Manager))
	must(t, h.ConfirmNamed(ctx, tessa, h.id, engine.Manager))
	if a := h.enrolment(); !a.Roles[engine.Manager][0].Confirmed || len(a.Acts) != 1 {
		t.Errorf("%+v", a.Roles)
	}
}

func whysOf(p engine.LatePage) (whys []string) {
	for _, row := range p.Rows {
		for _, r := range row.Reasons {
			whys = append(whys, r.Why)
		}
	}
	return whys
}

func TestTheLateListSaysWhatHoldsWhomUp(t *testing.T) {
	h, tessa := standing(t)
	ctx := t.Context()
	course := engine.Course{Issuer: lms, ID: "2"}
	if _, err := h.LateList(ctx, engine.By(h.sam), course, "", 10); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("a learner saw it: %v", err)
	}
	h.pass("2026-06-09 18:00")
	paused, err := h.Enrol(ctx, tessa, engine.Enrolling{Workflow: "pausing", Course: course, Subject: "6", Name: "Pia", Email: "pia@example.org"})
	must(t, err)
	must(t, h.Pause(ctx, tessa, paused.ID, time.Time{}, ""))
	page, err := h.LateList(ctx, tessa, course, "", 1)
	must(t, err)
	if len(page.Rows) != 1 || page.Rows[0].Learner.Name != "Sam Sailor" || page.Next == "" {
		t.Fatalf("%+v", page)
	}
	if whys := whysOf(page); !slices.Equal(whys, []string{engine.LateWaiting, engine.LateStep}) || page.Rows[0].Reasons[0].Who[0].Email != "max@example.org" {
		t.Errorf("%+v", page.Rows[0].Reasons)
	}
	page, err = h.LateList(ctx, tessa, course, page.Next, 1)
	must(t, err)
	if whys := whysOf(page); !slices.Equal(whys, []string{engine.LatePaused, engine.LateUnopened}) && !slices.Equal(whys, []string{engine.LateUnopened, engine.LatePaused}) {
		t.Errorf("%v", whys)
	}
}

func TestTheQueueSaysWhoNeedsSomebodyAndWhatToAsk(t *testing.T) {
	h, tessa := standing(t)
	ctx := t.Context()
	course := engine.Course{Issuer: lms, ID: "2"}
	pia, err := h.Enrol(ctx, tessa, engine.Enrolling{Workflow: "pausing", Course: course, Subject: "6", Name: "Pia"})
	must(t, err)
	must(t, h.Assign(ctx, tessa, pia.ID, engine.Manager, engine.Appointment{Email: "max@example.org"}))
	h.pass("2026-06-02 10:00")
	max := h.enrolment().Roles[engine.Manager][0].Person
	if _, err := h.Queue(ctx, tessa, max); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else's queue: %v", err)
	}
	queue, err := h.Queue(ctx, engine.By(max), max)
	must(t, err)
	if len(queue) != 2 || queue[0].Learner.Name != "Sam Sailor" || queue[0].Step.ID != "rate" || len(queue[0].Rate) != 1 || queue[0].Link == "" {
		t.Fatalf("%+v", queue)
	}
	must(t, h.Answer(ctx, h.id, queue[0].Request.ID, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"b": 2}}))
	must(t, h.Pause(ctx, tessa, pia.ID, time.Time{}, ""))
	queue, err = h.Queue(ctx, engine.Actor{System: "api"}, max)
	must(t, err)
	if len(queue) != 1 || queue[0].Enrolment != pia.ID || !queue[0].Paused {
		t.Errorf("%+v", queue)
	}
}
