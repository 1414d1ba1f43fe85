package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

var errAway = errors.New("the disk is away")

func (c *crowd) courseStart(name string) string {
	c.t.Helper()
	e, err := c.store.Enrolment(c.t.Context(), c.ids[name])
	must(c.t, err)
	return e.Anchors[engine.AnchorCourseStart].Format(time.DateOnly)
}

func TestAMemberWhoCouldNotBeToldOfItsCohortIsToldByTheSweep(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob", "cem")
	store := c.kept()
	store.refuse = func(e *engine.Enrolment) error {
		if e.ID == c.ids["bob"] {
			return errAway
		}
		return nil
	}
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-07 12:00"), ""))
	if _, err := c.Sweep(t.Context(), "test"); !errors.Is(err, errAway) {
		t.Fatalf("the sweep says %v", err)
	}
	store.refuse = nil
	c.sweep()
	for _, name := range []string{"ann", "bob", "cem"} {
		if got := c.courseStart(name); got != "2026-12-07" {
			t.Errorf("%s's course starts on %s", name, got)
		}
	}
	cohort, err := c.store.Cohort(t.Context(), c.k.ID())
	must(t, err)
	if cohort.Tell || len(cohort.TellAgain) != 0 {
		t.Errorf("still to be told: %+v", cohort)
	}
}

func TestAMemberWhoCanNeverBeToldIsGivenUpAndStopsNobody(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob", "cem")
	store := c.kept()
	store.refuse = func(e *engine.Enrolment) error {
		if e.ID == c.ids["bob"] {
			return errAway
		}
		return nil
	}
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-07 12:00"), ""))
	for range 20 {
		_, _ = c.Sweep(t.Context(), "test")
	}
	if c.courseStart("cem") != "2026-12-07" {
		t.Error("cem, who comes behind bob, was not told")
	}
	cohort, err := c.store.Cohort(t.Context(), c.k.ID())
	must(t, err)
	if cohort.Tell {
		t.Errorf("bob is tried for ever: %+v", cohort)
	}
	dead, err := c.DeadLetters(t.Context())
	must(t, err)
	if len(dead) != 1 || dead[0].Kind != engine.DeadCohort || dead[0].Of != string(c.ids["bob"]) {
		t.Fatalf("the dead letters are %+v", dead)
	}
	store.refuse = nil
	must(t, c.RetryDeadLetter(t.Context(), dead[0].ID))
	if got := c.courseStart("bob"); got != "2026-12-07" {
		t.Errorf("bob's course starts on %s", got)
	}
}

func TestAMemberWhoCouldNotBeToldOfItsGroupIsToldByTheSweep(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-07 12:00"), ""))
	store := c.kept()
	store.refuse = func(e *engine.Enrolment) error {
		if e.ID == c.ids["bob"] && e.Cohort != nil && e.Cohort.Group != 0 {
			return errAway
		}
		return nil
	}
	c.now = at(t, "2026-12-07 09:00")
	_, _ = c.Sweep(t.Context(), "test")
	c.grouped(map[string]string{"ann": "bob", "bob": ""})
	store.refuse = nil
	c.sweep()
	c.grouped(map[string]string{"ann": "bob", "bob": "ann"})
	g, err := c.store.Groups(t.Context(), c.k.ID())
	must(t, err)
	if len(g.Tell) != 0 || len(g.Tries) != 0 {
		t.Errorf("still to be told: %+v", g)
	}
}

func TestATimeThatGoesToAndFroIsToldEachTime(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann")
	for i, when := range []string{"2026-12-08 15:00", "2026-12-08 16:00", "2026-12-08 15:00", "2026-12-08 16:00"} {
		c.now = c.now.Add(time.Minute)
		must(t, c.SetEventTime(t.Context(), c.coach(), c.k, "kickoff", at(t, when)))
		c.sweep()
		told := 0
		for _, m := range c.post.told() {
			if strings.HasSuffix(m, "event_time kickoff") {
				told++
			}
		}
		if told != i+1 {
			t.Fatalf("after change %d ann was told %d times", i+1, told)
		}
	}
}

func TestACoachActsOnTheVersionThatTheCohortRuns(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	c.does("prepare", "ann")
	next := strings.NewReplacer("version: 1", "version: 2", "id: gate,", "id: gate2,", "[gate]", "[gate2]", "id: kickoff", "id: kickoff2").Replace(gathering)
	_, problems, err := c.ImportWorkflow(t.Context(), "gathering.yaml", []byte(next), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	must(t, c.OpenGate(t.Context(), c.coach(), c.k, "gate"))
	must(t, c.SetEventTime(t.Context(), c.coach(), c.k, "kickoff", at(t, "2026-12-08 15:00")))
	if _, err := c.EventCode(t.Context(), c.coach(), c.k, "kickoff"); err != nil {
		t.Error(err)
	}
	c.is("ann", "gate", engine.Open)
	must(t, c.SetEventTime(t.Context(), c.coach(), c.k, "kickoff2", at(t, "2026-12-08 15:00"))) // for who comes next
	if err := c.OpenGate(t.Context(), c.coach(), c.k, "gate3"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("a step of no version: %v", err)
	}
}

func TestNobodyAttendsOrMovesAnEventOfAStoppedWorkflow(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann")
	c.pass("2026-12-09 17:00")
	c.is("ann", "kickoff", engine.Expired)
	e, err := c.store.Enrolment(t.Context(), c.ids["ann"])
	must(t, err)
	e.State = engine.Stopped
	must(t, c.store.SaveEnrolment(t.Context(), e))
	if err := c.MarkAttended(t.Context(), c.coach(), "kickoff", c.ids["ann"]); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("marked: %v", err)
	}
	if err := c.AgreeTime(t.Context(), engine.By(c.who["ann"]), c.ids["ann"], "lunch", c.now.Add(time.Hour)); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("agreed: %v", err)
	}
	c.is("ann", "kickoff", engine.Expired)
}

func TestAGateOpensWhenTheOnlyOneItWaitedForIsErasedOrSplitOff(t *testing.T) {
	ready := func(t *testing.T) *crowd {
		c := newCrowd(t, monday)
		c.joins("ann", "bob")
		c.does("prepare", "ann")
		c.is("ann", "gate", engine.Locked)
		return c
	}
	t.Run("erased", func(t *testing.T) {
		c := ready(t)
		_, err := c.ErasePerson(t.Context(), engine.Actor{System: "test"}, engine.ByAccount(lms, "bob"), false)
		must(t, err)
		c.is("ann", "gate", engine.Open)
	})
	t.Run("split off", func(t *testing.T) {
		c := ready(t)
		must(t, c.SplitCohort(t.Context(), c.coach(), "B", c.ids["bob"]))
		c.is("ann", "gate", engine.Open)
		c.is("bob", "gate", engine.Locked)
	})
}
