package enginetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func isConflict(err error) bool { return errors.Is(err, engine.ErrConflict) }

// message waits for Sam until some minutes after start.
func message(id string, minutes int) engine.Message {
	return engine.Message{ID: engine.MessageID(id), To: "sam", Enrolment: "e1", Step: "read", Attempt: 1, Purpose: engine.PurposeStepDue,
		Policy: "standard", Text: engine.Text{"": "Only ten minutes", "de": "Nur zehn Minuten"},
		DueAt: at(minutes), PlannedAt: at(minutes), State: engine.MessageWaiting}
}

func messageIsAddedOnce(t *testing.T, s engine.Store) {
	ctx := t.Context()
	m := message("m1", 0)
	same(t, "additions", together(t, 10, nil, func(int) error { return s.AddMessage(ctx, m) }), 10)
	m.Rev = 1
	same(t, "the message", got[engine.Message](t)(s.Message(ctx, "m1")), m)

	m.State, m.SentAt = engine.MessageSent, at(1)
	must(t, s.SaveMessage(ctx, m))
	must(t, s.AddMessage(ctx, message("m1", 7)))
	m.Rev = 2
	same(t, "the message after it was planned again", got[engine.Message](t)(s.Message(ctx, "m1")), m)
	same(t, "what is due", len(got[[]engine.Message](t)(s.DueMessages(ctx, at(100), 10))), 0)

	_, err := s.Message(ctx, "m2")
	wantErr(t, err, engine.ErrNotFound)
	wantErr(t, s.SaveMessage(ctx, message("m2", 0)), engine.ErrNotFound)
}

func messagesFallDue(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for _, m := range []engine.Message{message("late", 30), message("early", 10), message("middle", 20)} {
		must(t, s.AddMessage(ctx, m))
	}
	due := func(minutes int) (joined string) {
		t.Helper()
		for _, m := range got[[]engine.Message](t)(s.DueMessages(ctx, at(minutes), 10)) {
			joined += string(m.ID) + " "
		}
		return joined
	}
	same(t, "at 9", due(9), "")
	same(t, "at 20", due(20), "early middle ")

	m := got[engine.Message](t)(s.Message(ctx, "early"))
	m.State, m.ClaimedUntil = engine.MessageSending, at(25)
	must(t, s.SaveMessage(ctx, m))
	same(t, "at 24, one claimed", due(24), "middle ")
	same(t, "at 25, the claim has run out", due(25), "middle early ")

	m = got[engine.Message](t)(s.Message(ctx, "early"))
	m.State, m.SentAt, m.ClaimedUntil = engine.MessageSent, at(25), time.Time{}
	must(t, s.SaveMessage(ctx, m))
	m = got[engine.Message](t)(s.Message(ctx, "middle"))
	m.DueAt, m.Attempts, m.LastError = at(40), 1, "451"
	must(t, s.SaveMessage(ctx, m))
	same(t, "at 39", due(39), "late ")
	same(t, "at 40", due(40), "late middle ")
	for _, state := range []string{engine.MessageDropped, engine.MessageFailed} {
		m = got[engine.Message](t)(s.Message(ctx, "late"))
		m.State = state
		must(t, s.SaveMessage(ctx, m))
		same(t, "once "+state, due(40), "middle ")
	}
}

func oneClaimWins(t *testing.T, s engine.Store) {
	ctx := t.Context()
	must(t, s.AddMessage(ctx, message("m1", 0)))
	for round := range 3 {
		m := got[engine.Message](t)(s.Message(ctx, "m1"))
		same(t, fmt.Sprint("claims in round ", round), together(t, 20, engine.ErrConflict, func(i int) error {
			mine := m
			mine.State, mine.ClaimedUntil, mine.Attempts = engine.MessageSending, at(i), i
			return s.SaveMessage(ctx, mine)
		}), 1)
	}
}

func messagesAreListed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	other := message("other", 5)
	other.To = "max"
	sent := message("sent", 1)
	for _, m := range []engine.Message{message("a", 2), sent, other, message("b", 9)} {
		must(t, s.AddMessage(ctx, m))
	}
	sent.Rev, sent.State = 1, engine.MessageSent
	must(t, s.SaveMessage(ctx, sent))
	var have string
	for _, m := range got[[]engine.Message](t)(s.MessagesTo(ctx, "sam", 10)) {
		have += string(m.ID) + " "
	}
	same(t, "messages to Sam", have, "b a sent ")
}

func messagesOfOnePersonAreFound(t *testing.T, s engine.Store) {
	ctx := t.Context()
	other := message("other", 1)
	other.To = "max"
	for _, m := range []engine.Message{message("late", 30), message("early", 10), message("claimed", 5), message("sent", 1), message("before", 2), message("dropped", 3), other} {
		must(t, s.AddMessage(ctx, m))
	}
	change := func(id string, to func(m *engine.Message)) {
		m := got[engine.Message](t)(s.Message(ctx, engine.MessageID(id)))
		to(&m)
		must(t, s.SaveMessage(ctx, m))
	}
	change("claimed", func(m *engine.Message) { m.State, m.ClaimedUntil = engine.MessageSending, at(20) })
	change("sent", func(m *engine.Message) { m.State, m.SentAt = engine.MessageSent, at(9).Add(500*time.Millisecond) })
	change("before", func(m *engine.Message) { m.State, m.SentAt = engine.MessageSent, at(3) })
	change("dropped", func(m *engine.Message) { m.State = engine.MessageDropped })
	ids := func(all []engine.Message) (joined string) {
		for _, m := range all {
			joined += string(m.ID) + " "
		}
		return joined
	}
	list := got[[]engine.Message](t)
	same(t, "due to Sam at 9", ids(list(s.DueMessagesTo(ctx, "sam", at(9), 10))), "")
	same(t, "due to Sam at 25", ids(list(s.DueMessagesTo(ctx, "sam", at(25), 10))), "early claimed ")
	same(t, "due to Sam at 30", ids(list(s.DueMessagesTo(ctx, "sam", at(30), 10))), "early claimed late ")
	same(t, "the first two", ids(list(s.DueMessagesTo(ctx, "sam", at(30), 2))), "early claimed ")
	same(t, "due to Max", ids(list(s.DueMessagesTo(ctx, "max", at(30), 10))), "other ")
	same(t, "sent to Sam", ids(list(s.SentMessagesTo(ctx, "sam", at(1), 10))), "sent before ")
	same(t, "sent to Sam since 9", ids(list(s.SentMessagesTo(ctx, "sam", at(9), 10))), "sent ")
	same(t, "sent to Sam since 10", ids(list(s.SentMessagesTo(ctx, "sam", at(10), 10))), "")
	same(t, "the latest sent to Sam", ids(list(s.SentMessagesTo(ctx, "sam", at(1), 1))), "sent ")
	same(t, "sent to Max", ids(list(s.SentMessagesTo(ctx, "max", at(1), 10))), "")
}

func cursorRises(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "a new cursor", got[int64](t)(s.Cursor(ctx, "lrs")), int64(0))
	const big = int64(1_763_700_000_123_456_789)
	must(t, s.SaveCursor(ctx, "lrs", big))
	must(t, s.SaveCursor(ctx, "lrs", big-1))
	must(t, s.SaveCursor(ctx, "lrs", big))
	same(t, "the cursor", got[int64](t)(s.Cursor(ctx, "lrs")), big)
	same(t, "saves", together(t, 20, nil, func(i int) error { return s.SaveCursor(ctx, "lrs", big+int64(i)) }), 20)
	same(t, "the cursor", got[int64](t)(s.Cursor(ctx, "lrs")), big+19)
	same(t, "another cursor", got[int64](t)(s.Cursor(ctx, "other")), int64(0))
}
