package enginemongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// AddMessage adds a planned message, at revision 1. One that is there stays as it is.
func (s *Store) AddMessage(ctx context.Context, m engine.Message) error {
	const op = "add message"
	m.Rev = 1
	fields, err := messageFields(op, m)
	if err != nil {
		return err
	}
	return insertOnce(ctx, op, s.messages, append(is("_id", string(m.ID)), fields...))
}

// Message finds one by id.
func (s *Store) Message(ctx context.Context, id engine.MessageID) (engine.Message, error) {
	return document[engine.Message](ctx, "message", s.messages, is("_id", string(id)), nil)
}

// SaveMessage replaces the document at revision m.Rev.
func (s *Store) SaveMessage(ctx context.Context, m engine.Message) error {
	const op = "save message"
	was := m.Rev
	m.Rev++
	fields, err := messageFields(op, m)
	if err != nil {
		return err
	}
	return swap(ctx, op, s.messages, string(m.ID), was, fields)
}

// DueMessages gives those that need a worker: waiting and due, or claimed by a
// worker that did not come back in time; earliest first.
func (s *Store) DueMessages(ctx context.Context, until time.Time, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, "due messages", s.messages,
		is("ready_at", bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: engine.Nanos(until)}}), ascending("ready_at", "_id"), limit)
}

// DueMessagesTo gives those of one person, earliest first.
func (s *Store) DueMessagesTo(ctx context.Context, p engine.PersonID, until time.Time, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, "due messages to a person", s.messages,
		append(is("person", string(p)), is("ready_at", bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: engine.Nanos(until)}})...), ascending("ready_at", "_id"), limit)
}

// SentMessagesTo gives what was sent to a person since, latest first.
func (s *Store) SentMessagesTo(ctx context.Context, p engine.PersonID, since time.Time, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, "messages sent to a person", s.messages,
		append(is("person", string(p)), is("sent_at", bson.D{{Key: "$gte", Value: max(1, engine.Nanos(since.Truncate(time.Second)))}})...), descending("sent_at", "_id"), limit)
}

// MessagesTo gives the messages to a person, newest first.
func (s *Store) MessagesTo(ctx context.Context, p engine.PersonID, limit int) ([]engine.Message, error) {
	return documents[engine.Message](ctx, "messages to a person", s.messages,
		is("person", string(p)), descending("due_at", "_id"), limit)
}

func messageFields(op string, m engine.Message) (bson.D, error) {
	doc, err := encode(op, m)
	if err != nil {
		return nil, err
	}
	return bson.D{
		{Key: "rev", Value: m.Rev},
		{Key: "person", Value: string(m.To)},
		{Key: "due_at", Value: engine.Nanos(m.DueAt)},
		{Key: "ready_at", Value: m.ReadyAt()},
		{Key: "sent_at", Value: engine.Nanos(m.SentAt)},
		{Key: "doc", Value: doc},
	}, nil
}
