package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
)

// knownKey fails for a message key that pages could not show.
func knownKey(t *testing.T, key string) {
	t.Helper()
	for _, language := range []string{"en", "de"} {
		if !text.Catalogue(language).Has(key) {
			t.Errorf("no text for %q in %s", key, language)
		}
	}
}

func TestNextIsOneStepWithWhyMinutesAndDueInTheLearnersZone(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	n, err := h.Next(t.Context(), h.id)
	must(t, err)
	if n.Step == nil || n.Step.ID != "read-trades" || n.Step.Why != "Three minutes that explain everything that follows." || n.Step.Minutes != 3 ||
		n.Zone != "Europe/Berlin" || !n.Step.Due.Equal(at(t, "2026-11-25 17:00")) || n.Done != 0 || n.Required != 4 {
		t.Fatalf("%+v %+v", n, n.Step)
	}
	if n.Step.Reason != "next.reason.unlocks" || n.Step.Args["n"] != 1 {
		t.Fatalf("why now: %s %v", n.Step.Reason, n.Step.Args)
	}
	knownKey(t, n.Step.Reason)
	h.pass("2026-11-27 10:00")
	if n, err = h.Next(t.Context(), h.id); err != nil || !n.Step.Late || n.Step.Reason != "next.reason.late" {
		t.Fatalf("two days after it was due: %+v (%v)", n.Step, err)
	}
	knownKey(t, n.Step.Reason)
}

func TestWhereNothingIsOpenNextSaysWhatHappensThen(t *testing.T) {
	h := newHouse(t, monday)
	h.untilHandedIn()
	n, err := h.Next(t.Context(), h.id)
	must(t, err)
	if n.Step != nil || n.Then == nil || n.Then.Reason != "next.ahead.answer" || len(n.Waiting) != 1 || n.Waiting[0].Role != engine.Manager ||
		!n.Waiting[0].Until.Equal(at(t, "2026-12-07 17:00")) {
		t.Fatalf("while the manager looks: %+v %+v", n.Then, n.Waiting)
	}
	knownKey(t, n.Then.Reason)
	h.approve("max@example.org")
	if n, err = h.Next(t.Context(), h.id); err != nil || n.Step != nil || n.Then == nil || n.Then.Reason != "page.locked.course_completed" {
		t.Fatalf("while the course is not completed: %+v (%v)", n.Then, err)
	}
	knownKey(t, n.Then.Reason)
	h.completes()
	if n, err = h.Next(t.Context(), h.id); err != nil || n.Then == nil || n.Then.Reason != "next.ahead.opens" || !n.Then.At.Equal(at(t, "2026-11-25 09:00")) || n.Then.Step != "follow-up" {
		t.Fatalf("two working days before it opens: %+v (%v)", n.Then, err)
	}
	knownKey(t, n.Then.Reason)
}

func TestTheJourneyTellsWeeksPhasesAndWhyWhatIsLocked(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("negotiation-skills", map[string]string{"manager_email": "max@example.org", "course_start": "2026-12-07"})
	j, err := h.Journey(t.Context(), h.id)
	must(t, err)
	if len(j.Phases) != 3 || j.Week != 1 || j.Zone != "Europe/Berlin" || len(j.Weeks) < 3 || j.Weeks[len(j.Weeks)-1].Week != 0 {
		t.Fatalf("%+v", j)
	}
	steps := map[engine.StepID]engine.JourneyStep{}
	for _, p := range j.Phases {
		for _, s := range p.Steps {
			steps[s.ID] = s
			if s.Reason != "" {
				knownKey(t, s.Reason)
			}
		}
	}
	if s := steps["baseline"]; s.State != engine.Open || s.Week != 1 || !s.Due.Equal(at(t, "2026-11-26 17:00")) {
		t.Fatalf("baseline: %+v", s)
	}
	if s := steps["goal"]; s.State != engine.Locked || s.Week != 2 || !s.Opens.Equal(at(t, "2026-11-30 09:00")) {
		t.Fatalf("goal: %+v", s)
	}
	if s := steps["quiz"]; s.State != engine.Locked || s.Week != 3 || s.Reason == "" || !slices.Equal(s.After, []engine.StepID{"course"}) {
		t.Fatalf("quiz: %+v", s)
	}
	if _, shown := steps["coach-call"]; shown {
		t.Fatal("a step that only something else opens is shown")
	}
	h.pass("2026-12-09 10:00")
	if j, err = h.Journey(t.Context(), h.id); err != nil || j.Week != 3 {
		t.Fatalf("week %d (%v)", j.Week, err)
	}
}

// gap is the first behaviour of the example.
func (h *house) gap() engine.BehaviourGap {
	h.t.Helper()
	g, err := h.Gap(h.t.Context(), h.id)
	must(h.t, err)
	return g.Behaviours[0]
}

func TestTheGapTellsBaselineNowAndTargetBySelfAndObserver(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("negotiation-skills", maxed)
	if g := h.gap(); g.Left != nil || g.Target != 4 || len(g.Scale) != 5 || len(g.Series) != 0 {
		t.Fatalf("before any rating: %+v", g)
	}
	must(t, h.Submit(t.Context(), h.sam, h.id, "baseline", engine.Submission{Ratings: map[engine.BehaviourID]int{"trade": 3, "prepare": 2}}))
	if g := h.gap(); !g.BySelf || *g.Left != 1 || g.Baseline[engine.Learner] != 3 {
		t.Fatalf("by self alone: %+v", g)
	}
	h.sweep()
	r := h.request("max@example.org")
	v, err := h.OpenRequest(t.Context(), h.id, r)
	must(t, err)
	must(t, h.Answer(t.Context(), h.id, r, engine.Answer{Outcome: v.Outcomes[0], SHA256: v.SHA256, Ratings: map[engine.BehaviourID]int{"trade": 2, "prepare": 2}}))
	g := h.gap()
	if g.BySelf || *g.Left != 2 || g.Now[engine.Manager] != 2 || *g.Moved != 0 || len(g.Series) != 2 {
		t.Fatalf("by an observer: %+v", g)
	}
}

func TestTheGapTellsTheChangeOverTime(t *testing.T) {
	h := newHouse(t, monday)
	h.untilHandedIn()
	rate := func(outcome string, points int) {
		t.Helper()
		r := h.request("max@example.org")
		v, err := h.OpenRequest(t.Context(), h.id, r)
		must(t, err)
		must(t, h.Answer(t.Context(), h.id, r, engine.Answer{Outcome: outcome, Comment: "why", SHA256: v.SHA256, Ratings: map[engine.BehaviourID]int{"trade": points}}))
	}
	rate("return", 2)
	h.pass("2026-11-26 10:00")
	must(t, h.Submit(t.Context(), h.sam, h.id, "experiment", experiment("second")))
	h.sweep()
	rate("approve", 4)
	g := h.gap()
	if *g.Left != 0 || *g.Moved != 2 || g.Uses != 2 || len(g.Series) != 2 || g.Series[0].Points != 2 || g.Series[1].Points != 4 || !g.Series[0].At.Before(g.Series[1].At) {
		t.Fatalf("%+v", g)
	}
}

// joins lets another learner launch into a workflow.
func (h *house) joins(subject string, w engine.WorkflowID) *engine.Enrolment {
	h.t.Helper()
	a := arrival(w, maxed)
	a.Subject, a.Name, a.Email = subject, "Learner "+subject, "l"+subject+"@example.org"
	e, err := h.Arrive(h.t.Context(), a)
	must(h.t, err)
	return e
}

var ourCourse = engine.Course{Issuer: lms, ID: "2"}

func TestTheFunnelTellsWhoNeverStartedStalledIsActiveOrFinished(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	tessa, err := h.ArriveStaff(ctx, engine.StaffArrival{Issuer: lms, Subject: "9", Email: "tessa@example.org", Course: ourCourse, Roles: []string{"instructor"}})
	must(t, err)
	_, err = h.SyncRoster(ctx, ourCourse, engine.RosterReading{Complete: true, At: h.now, Members: []engine.RosterMember{
		{Subject: "70", Name: "Never Came", Learner: true}, {Subject: "5", Name: "Sam Sailor", Learner: true}, {Subject: "9", Name: "Tessa", Learner: true},
	}})
	must(t, err)
	h.untilHandedIn() // Sam
	stalled, idle := h.joins("71", "first-steps"), h.joins("72", "first-steps")
	must(t, h.MarkDone(ctx, stalled.Learner, stalled.ID, "read-trades"))
	h.pass("2026-12-04 10:00")
	active := h.joins("73", "first-steps")
	must(t, h.MarkDone(ctx, active.Learner, active.ID, "read-trades"))
	h.approve("max@example.org")
	h.pass("2026-12-08 10:00")
	f, err := h.Funnel(ctx, engine.By(tessa.ID), "first-steps", ourCourse, engine.FunnelPage{})
	must(t, err)
	class := map[engine.PersonID]string{}
	for _, r := range f.Rows {
		class[r.Learner] = r.Class
	}
	if f.Counts[engine.FunnelNever] < 1 || class[idle.Learner] != engine.FunnelNever || class[stalled.Learner] != engine.FunnelStalled ||
		class[active.Learner] != engine.FunnelActive || class[h.sam] != engine.FunnelActive || class[tessa.ID] != "" {
		t.Fatalf("%+v %v", f, class)
	}
	never := slices.IndexFunc(f.Rows, func(r engine.FunnelRow) bool { return r.Name == "Never Came" })
	if never < 0 || f.Rows[never].Class != engine.FunnelNever || f.All != 5 {
		t.Fatalf("who is on the roster only: %+v", f.Rows)
	}
	h.completes()
	h.pass("2026-12-11 10:00")
	must(t, h.Submit(ctx, h.sam, h.id, "follow-up", engine.Submission{Answers: engine.Answers{"used": {"yes"}}, Ratings: map[engine.BehaviourID]int{"trade": 4}}))
	h.sweep()
	h.approve("max@example.org")
	f, err = h.Funnel(ctx, engine.Actor{System: "api"}, "first-steps", ourCourse, engine.FunnelPage{Class: engine.FunnelFinished})
	must(t, err)
	if len(f.Rows) != 1 || f.Rows[0].Learner != h.sam || f.Rows[0].Done != f.Rows[0].Required {
		t.Fatalf("finished: %+v", f.Rows)
	}
}

func TestTheFunnelIsPagedAndOnlyForWhoCoachesTheCourse(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	h.arrive("first-steps", maxed)
	for i := range 6 {
		h.joins(fmt.Sprint(80+i), "first-steps")
	}
	if _, err := h.Funnel(ctx, engine.By(h.sam), "first-steps", ourCourse, engine.FunnelPage{}); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("a learner reads it: %v", err)
	}
	if _, err := h.Funnel(ctx, engine.Actor{System: "api"}, "first-steps", ourCourse, engine.FunnelPage{Class: "lazy"}); !errors.Is(err, engine.ErrInvalid) {
		t.Fatalf("a class that is none: %v", err)
	}
	seen := map[engine.PersonID]bool{}
	page := engine.FunnelPage{Limit: 3}
	for range 4 {
		f, err := h.Funnel(ctx, engine.Actor{System: "api"}, "first-steps", ourCourse, page)
		must(t, err)
		for _, r := range f.Rows {
			if seen[r.Learner] {
				t.Fatal("somebody is on two pages")
			}
			seen[r.Learner] = true
		}
		if page.After = f.More; f.More == "" {
			break
		}
	}
	if len(seen) != 7 {
		t.Fatalf("%d of 7 on all pages", len(seen))
	}
}

func TestCountsOfOthersAreHiddenBelowFivePeople(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	h.arrive("first-steps", maxed)
	for i := range 5 {
		o, err := h.Others(ctx, h.id)
		must(t, err)
		if !o.Hidden || o.People != 0 || len(o.Done) != 0 {
			t.Fatalf("with %d others: %+v", i, o)
		}
		e := h.joins(fmt.Sprint(80+i), "first-steps")
		if i < 3 {
			must(t, h.MarkDone(ctx, e.Learner, e.ID, "read-trades"))
		}
	}
	h.joins("99", "negotiation-skills") // another workflow: not counted
	o, err := h.Others(ctx, h.id)
	must(t, err)
	if o.Hidden || o.People != 5 || o.Done["read-trades"] != 3 {
		t.Fatalf("with five others: %+v", o)
	}
}

func TestOthersAreCountedFromTheIndexAsFromTheirDocuments(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	e := h.arrive("first-steps", maxed)
	for i := range 5 {
		o, err := h.OthersCount(ctx, e)
		must(t, err)
		if !o.Hidden || o.People != 0 || o.Finished != 0 {
			t.Fatalf("with %d others: %+v", i, o)
		}
		h.joins(fmt.Sprint(80+i), "first-steps")
	}
	h.joins("99", "negotiation-skills") // another workflow: not counted
	preview := arrival("first-steps", maxed)
	preview.Subject, preview.Email, preview.Preview = "98", "preview@example.org", true
	_, err := h.Arrive(ctx, preview)
	must(t, err)
	o, err := h.OthersCount(ctx, e)
	must(t, err)
	whole, err := h.Others(ctx, h.id)
	must(t, err)
	if o.Hidden || o.People != 5 || o.People != whole.People || o.Finished != whole.Finished || o.Done != nil {
		t.Fatalf("with five others: %+v, by their documents %+v", o, whole)
	}
}
