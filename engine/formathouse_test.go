package engine_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestWhoNotifiesSaysTheArmOfTheLearner(t *testing.T) {
	h, _ := withWorkflow(t, monday, oneStep("nudges: {default: s, policies: {s: [{at: open, to: doer, text: step_open}]}, test: {holdout: 100, arms: [s]}}"))
	h.pass("2026-11-23 12:00")
	h.sweep()
	armed := map[string]bool{}
	for _, st := range h.book.order {
		raw, err := json.Marshal(st)
		must(t, err)
		if strings.Contains(string(raw), `nudge-arm":"holdout"`) {
			armed[st.Verb.ID[strings.LastIndexByte(st.Verb.ID, '/')+1:]] = true
		}
	}
	if !armed["registered"] || !armed["notified"] {
		t.Errorf("the arm stands in %v of %v", armed, h.book.verbs())
	}
}

// counter counts what becomes of messages.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) CountMessage(outcome, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[outcome+" "+why]++
}

func TestWhatBecomesOfMessagesIsCounted(t *testing.T) {
	h := newHouse(t, monday)
	c := &counter{n: map[string]int{}}
	h.options.Counter = c
	h.Service = engine.New(h.options)
	_, problems, err := h.ImportWorkflow(t.Context(), "test.yaml", []byte(oneStep("")), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	h.arrive("one", maxed)
	h.pass("2026-11-23 12:00")
	if c.n["sent email"] != len(h.post.sent()) || len(h.post.sent()) == 0 {
		t.Errorf("counted %v, sent %v", c.n, h.post.told())
	}
}
