package enginesqlite

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// AddMessage adds a planned message, at revision 1. One that is there stays as it is.
func (s *Store) AddMessage(ctx context.Context, m engine.Message) error {
	const op = "add message"
	m.Rev = 1
	doc, err := encode(op, m)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx,
		`INSERT INTO engine_messages (id, rev, person, due_at, ready_at, doc) VALUES (?, 1, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		string(m.ID), string(m.To), engine.Nanos(m.DueAt), alarm(m.ReadyAt()), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// Message finds one by id.
func (s *Store) Message(ctx context.Context, id engine.MessageID) (engine.Message, error) {
	return document[engine.Message](ctx, s, "message", `SELECT doc FROM engine_messages WHERE id = ?`, string(id))
}

// SaveMessage replaces the document at revision m.Rev.
func (s *Store) SaveMessage(ctx context.Context, m engine.Message) error {
	const op = "save message"
	was := m.Rev
	m.Rev++
	doc, err := encode(op, m)
	if err != nil {
		return err
	}
	result, err := s.db.ExecContext(ctx,
		`UPDATE engine_messages SET rev = ?, person = ?, due_at = ?, ready_at = ?, doc = ? WHERE id = ? AND rev = ?`,
		m.Rev, string(m.To), engine.Nanos(m.DueAt), alarm(m.ReadyAt()), doc, string(m.ID), was)
	if err != nil {
		return fail(op, err)
	}
	return s.swapped(ctx, op, "engine_messages", string(m.ID), result)
}

// DueMessages gives those that need a worker: waiting and due, or claimed by a
// worker that did not come back in time; earliest first.
func (s *Store) DueMessages(ctx context.Context, until time.Time, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, s, "due messages",
		dueMessages,
		engine.Nanos(until), bounded(limit))
}

// DueMessagesTo gives those of one person, earliest first.
func (s *Store) DueMessagesTo(ctx context.Context, p engine.PersonID, until time.Time, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, s, "due messages to a person",
		dueMessagesTo, string(p), engine.Nanos(until), bounded(limit))
}

// SentMessagesTo gives what was sent to a person since, latest first. A second without its fraction comes before all
// that is written of it.
func (s *Store) SentMessagesTo(ctx context.Context, p engine.PersonID, since time.Time, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, s, "messages sent to a person",
		sentMessagesTo, string(p), since.UTC().Format("2006-01-02T15:04:05"), bounded(limit))
}

// MessagesTo gives the messages to a person, newest first.
func (s *Store) MessagesTo(ctx context.Context, p engine.PersonID, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, s, "messages to a person",
		`SELECT doc FROM engine_messages WHERE person = ? ORDER BY due_at DESC, id DESC LIMIT ?`, string(p), bounded(limit))
}
