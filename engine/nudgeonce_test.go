package engine

import (
	"testing"
	"time"
)

// Two managers are asked and neither answers: the coach hears of it once, and it is recorded once.
func TestOfSeveralWhoWereAskedOthersHearOnce(t *testing.T) {
	w := parsed(t, "library/negotiation-skills.yaml")
	f := people("Europe/Berlin")
	f.People["mia"] = Person{ID: "mia", Email: "mia@example.org"}
	f.Candidates[Manager] = append(f.Candidates[Manager], Assignment{Person: "mia", Source: "launch.custom.manager_email"})
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	e, err := decide(w, enrolment(w, now), f, arrived{}, now)
	if err != nil {
		t.Fatal(err)
	}
	told := map[MessageID]int{}
	for i := 0; i < 40 && !e.WakeAt.IsZero(); i++ { // past `due + 4wd` of the manager's survey
		e.Messages, e.Statements = nil, nil
		e.Rev++
		if e, err = decide(w, e, f, woke{}, e.WakeAt); err != nil {
			t.Fatal(err)
		}
		for _, m := range e.Messages {
			if told[m.ID]++; told[m.ID] > 1 {
				t.Fatalf("told twice: %+v", m)
			}
		}
	}
	if len(told) == 0 {
		t.Fatal("nobody was told anything")
	}
}
