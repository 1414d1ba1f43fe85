package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestAPersonsDueMailIsSentHoweverManyCameAfterIt(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("negotiation-skills", maxed)
	ctx := t.Context()
	max := h.maxID()
	all, err := h.store.MessagesTo(ctx, max, 10)
	must(t, err)
	if len(all) != 1 || all[0].State != engine.MessageWaiting {
		t.Fatalf("Max is to get %+v", all)
	}
	for i := range 600 { // sent, and held back
		m := engine.Message{ID: engine.MessageID(fmt.Sprint("m", i)), To: max, Enrolment: h.id, Step: all[0].Step, Purpose: engine.PurposeStepDue,
			State: engine.MessageWaiting, DueAt: h.now.Add(time.Hour), PlannedAt: h.now.Add(time.Hour)}
		if i%2 == 0 {
			m.State, m.SentAt, m.DueAt = engine.MessageSent, h.now.Add(-time.Minute), h.now
		}
		must(t, h.store.AddMessage(ctx, m))
	}
	must(t, h.Deliver(ctx, max))
	if m, err := h.store.Message(ctx, all[0].ID); err != nil || m.State != engine.MessageSent {
		t.Fatalf("behind 600 others the request to Max is %s (%v)", m.State, err)
	}
}
