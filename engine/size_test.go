package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The numbers to design for: 300 steps, an enrolment of at most 256 KB. Fifteen per cent are kept free.
func TestThreeHundredStepsStaySmallAndQuick(t *testing.T) {
	var b strings.Builder
	b.WriteString("workflow: big\nversion: 1\ntitle: Big\ngoal: {outcome: Much}\nbehaviours:\n  - {id: b, text: Does, scale: [no, yes], target: 2, observers: [learner, manager]}\nphases:\n  - phase: before\n    steps:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "      - {id: s%d, kind: experiment, title: Step %d, by: learner, due: open + %dwd, done: response, review: {by: manager, rate: [b]}}\n", i, i, i%40)
	}
	w, problems := ParseWorkflow("big.yaml", []byte(b.String()))
	if problems.Refused() {
		t.Fatal(problems)
	}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	f := people("Europe/Berlin")
	e, err := decide(w, enrolment(w, now), f, arrived{a: Arrival{}}, now)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, s := range w.Steps() {
		e.Statements, e.Messages = nil, nil
		e.Rev++
		if e, err = decide(w, e, f, handedIn{c: Contribution{ID: ContributionID(strings.Repeat("c", 36)), Step: s.ID, Attempt: 1, SHA256: strings.Repeat("a", 64)}}, now); err != nil {
			t.Fatal(err)
		}
		r := e.Steps[s.ID].Requests[0]
		if e, err = decide(w, e, f, answered{request: r.ID, answer: Answer{Outcome: OutcomeApprove, SHA256: r.SHA256}}, now); err != nil {
			t.Fatal(err)
		}
	}
	each := time.Since(began) / 600
	for i, s := range w.Steps() { // of twenty steps one was repeated, one is asked again, one is a video half watched
		st := e.Steps[s.ID]
		switch i % 20 {
		case 0:
			for range maxPast {
				st.keep(Past{Hand: ContributionID(strings.Repeat("p", 36)), Score: ptr(0.5)})
			}
			st.EvidenceBefore = 9
		case 1:
			st.Again = &Again{N: 1, OpenedAt: now, DueAt: now}
		case 2:
			st.Watched = &Watched{Length: 600, Since: now, At: now, Segments: slices.Repeat([]int{100, 200}, maxSegments/10)}
		}
	}
	e.UseLog = &UseLog{Weeks: map[BehaviourID][]int{"b": slices.Repeat([]int{2970, 9}, maxUseWeeks)}, Barriers: map[string]int{}, Keys: slices.Repeat([]string{strings.Repeat("k", 13)}, maxUseKeys)}
	for i := range maxBarriers {
		e.UseLog.Barriers[strings.Repeat("b", maxBarrier-3)+fmt.Sprint(i)] = 9
	}
	e.Statements, e.Messages = nil, nil
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	size := len(data) + strings.Count(string(data), `"max"`)*(36-len("max")) // ids of persons have 36 characters
	t.Logf("%d KB, %s a decision", size>>10, each)
	if size > 85*256<<10/100 { // with room for what is to come
		t.Errorf("the enrolment has %d bytes", size)
	}
	if each > 200*time.Millisecond {
		t.Errorf("a decision takes %s", each)
	}
}
