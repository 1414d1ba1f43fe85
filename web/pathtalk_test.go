package web_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The thread of a group is open to all from the first opening. Who is not as far yet must find the way there.
func TestAStepInWhichTheOthersTalkAlreadyIsOneStepAway(t *testing.T) {
	w := newWorld(t)
	_, problems, err := w.service.ImportWorkflow(t.Context(), "pairs.yaml", []byte(`workflow: pairs
version: 1
title: Pairs
goal: {outcome: Notes are compared}
behaviours: [{id: trade, text: Asks first, scale: [never, always], target: 2, observers: [learner]}]
phases:
  - phase: during
    steps:
      - {id: plan, kind: plan, title: When it gets hard, by: learner, minutes: 5}
      - {id: pair, kind: discuss, title: Compare notes, by: learner, with: peer, needs: [plan], minutes: 5}
`), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	comes := func(subject, name string) *person {
		l := launchOf(subject, name, "Learner")
		l.Custom["workflow"], l.Custom["course_start"] = "pairs", "2026-11-24"
		p, _ := w.launch(l)
		return p
	}
	sweeps := func() {
		for range 3 {
			_, err := w.service.Sweep(t.Context(), "test")
			must(t, err)
		}
	}
	comes("5", "Sam Sailor")
	comes("6", "Kim Keen")
	must(t, w.clock.Advance(48*time.Hour))
	sweeps()
	sam, kim := comes("5", "Sam Sailor"), comes("6", "Kim Keen")
	way := `href="` + kim.base + `/steps/pair"`
	kim.get(kim.base+"/journey").hasNot(t, way)
	sam.post(sam.base+"/steps/plan", submits("answer.when", "they ask", "answer.then", "I ask first")).has(t, http.StatusOK)
	sam.post(sam.base+"/steps/pair/posts", url.Values{"text": {"How did yours go?"}}).has(t, http.StatusOK)
	sweeps()
	kim.get(kim.base+"/steps/pair").has(t, http.StatusOK, "How did yours go?", `id="post"`)
	kim.get(kim.base+"/journey").has(t, http.StatusOK, way)
	kim.get(kim.base+"/").has(t, http.StatusOK, way)
}
