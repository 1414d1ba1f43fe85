package engine_test

import (
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

const halfAYear = `
workflow: half-a-year
version: 1
title: Half a year later
goal: {outcome: It lasts}
behaviours: [{id: trade, text: Asks for something back, scale: [no, yes], target: 2, observers: [learner]}]
calendar: {days: [mon, tue, wed, thu, fri], hours: "09:00-17:00", timezone: doer}
phases:
  - phase: before
    steps:
      - {id: sellers, kind: plan, title: For sellers, by: learner, if: "learner.role == 'seller'"}
      - {id: others, kind: plan, title: For the others, by: learner, if: "learner.role != 'seller'"}
      - {id: follow-up, kind: checkin, title: Still in use?, by: learner, rate: [trade], opens: enrolled + 26w}
`

func TestAStepForARoleIsSkippedForTheOthers(t *testing.T) {
	for role, want := range map[string][2]engine.State{"seller": {engine.Open, engine.Skipped}, "clerk": {engine.Skipped, engine.Open}, "": {engine.Skipped, engine.Skipped}} {
		h := newHouse(t, monday)
		_, _, err := h.ImportWorkflow(t.Context(), "half-a-year.yaml", []byte(halfAYear), nil)
		must(t, err)
		custom := map[string]string{}
		if role != "" {
			custom["learner_role"] = role
		}
		h.arrive("half-a-year", custom)
		if got := [2]engine.State{h.step("sellers").State.State, h.step("others").State.State}; got != want {
			t.Errorf("%q: %v, want %v (a comparison without a value is false)", role, got, want)
		}
	}
}
