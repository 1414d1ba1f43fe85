package enginetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func courseTextsAreFound(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "barrier actions of nobody", len(got[[]engine.BarrierAction](t)(s.BarrierActionsAfter(ctx, "", 10))), 0)
	same(t, "cohorts of nobody", len(got[[]engine.Cohort](t)(s.CohortsAfter(ctx, "", 10))), 0)
	for i := range 5 {
		course := engine.Course{Issuer: "https://lms.example", ID: fmt.Sprint(i % 2)}
		must(t, s.SaveBarrierAction(ctx, engine.BarrierAction{ID: fmt.Sprint("a", i), Course: course, Tag: "no time", Action: "Ask", Owner: "Max", Due: at(9), At: at(5 - i)}))
		must(t, s.CreateCohort(ctx, engine.Cohort{ID: engine.CohortID(fmt.Sprint("c", i)), Course: course, NudgesHeld: &engine.NudgeHold{Reason: "Max is away", Since: at(i)}}))
	}
	var actions []string
	var cohorts []engine.CohortID
	for after := ""; ; {
		page := got[[]engine.BarrierAction](t)(s.BarrierActionsAfter(ctx, after, 2))
		for _, a := range page {
			after, actions = a.ID, append(actions, a.ID)
			same(t, "who does it", a.Owner, "Max")
			same(t, "its revision", a.Rev, int64(1))
		}
		if len(page) < 2 {
			break
		}
	}
	for after := engine.CohortID(""); ; {
		page := got[[]engine.Cohort](t)(s.CohortsAfter(ctx, after, 2))
		for _, c := range page {
			after, cohorts = c.ID, append(cohorts, c.ID)
			same(t, "why", c.NudgesHeld.Reason, "Max is away")
		}
		if len(page) < 2 {
			break
		}
	}
	if !slices.Equal(actions, []string{"a0", "a1", "a2", "a3", "a4"}) || !slices.Equal(cohorts, []engine.CohortID{"c0", "c1", "c2", "c3", "c4"}) {
		t.Errorf("found %v and %v", actions, cohorts)
	}
}
