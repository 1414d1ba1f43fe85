package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// storedStates are states of steps, by what is peculiar in them.
func storedStates() map[string]StepState {
	at := time.Date(2026, 11, 23, 9, 0, 0, 5, time.UTC)
	later := at.Add(time.Hour)
	hash, other := strings.Repeat("a", 64), strings.Repeat("b", 64)
	return map[string]StepState{
		"nothing yet":     {State: Locked},
		"settled at once": {State: Done, DoneAt: at, SettledAt: at, Approved: at, SubmittedAt: at, HandSHA256: hash},
		"settled before":  {State: Done, DoneAt: later, SettledAt: at, Approved: later, SubmittedAt: at},
		"never settled":   {State: Done, DoneAt: at},
		"two reviews, one of an earlier hand-in, one revised": {State: Done, DoneAt: later, HandSHA256: hash,
			Requests: []Request{
				{ID: "r1", Step: "s", Purpose: ForReview, Person: "max", Role: "manager", AskedAt: at, AnsweredAt: at, Outcome: OutcomeReturn},
				{ID: "r2", Step: "s", Purpose: ForReview, Person: "max", Role: "manager", AskedAt: at, AnsweredAt: later, Outcome: OutcomeApprove},
				{ID: "r3", Step: "s", Purpose: ForReview, Person: "pia", Role: "peer", AskedAt: at, DueAt: later, SHA256: hash},
				{ID: "r4", Step: "s", Purpose: ForReview, Person: "ben", Role: "peer", AskedAt: at, AnsweredAt: at, Outcome: OutcomeWithdrawn},
			},
			Reviews: []Review{
				{Request: "r1", By: "max", Role: "manager", Outcome: OutcomeReturn, At: at, SHA256: other},
				{Request: "r2", By: "max", Role: "manager", Outcome: OutcomeApprove, At: later, SHA256: hash, Attempt: 2},
				{Request: "r4", By: "ben", Role: "peer", Outcome: OutcomeApprove, At: at},
			}},
	}
}

func TestAStoredStepComesBackAsItWas(t *testing.T) {
	for what, st := range storedStates() {
		data, err := json.Marshal(&st)
		if err != nil {
			t.Fatal(err)
		}
		var back StepState
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, st) {
			t.Errorf("%s: came back as\n%+v, was\n%+v, stored as\n%s", what, back, st, data)
		}
	}
}

func TestAStepThatAnEarlierVersionStoredInFullIsReadAsItWas(t *testing.T) {
	for what, st := range storedStates() {
		data, err := json.Marshal(plainStep(st))
		if err != nil {
			t.Fatal(err)
		}
		var back StepState
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, st) {
			t.Errorf("%s: came back as\n%+v, was\n%+v", what, back, st)
		}
	}
}

func TestWhatAReviewSaysOfARequestIsStoredOnce(t *testing.T) {
	st := storedStates()["two reviews, one of an earlier hand-in, one revised"]
	data, err := json.Marshal(&st)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]int{`"max"`: 2, `"ben"`: 2, strings.Repeat("a", 64): 2, strings.Repeat("b", 64): 1} {
		if n := strings.Count(string(data), word); n != want {
			t.Errorf("%s is there %d times, want %d:\n%s", word, n, want, data)
		}
	}
}
