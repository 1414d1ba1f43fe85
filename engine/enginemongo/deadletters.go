package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// PutDeadLetter notes what was given up.
func (s *Store) PutDeadLetter(ctx context.Context, l engine.DeadLetter) error {
	const op = "put dead letter"
	doc, err := encode(op, l)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.deadLetters, l.ID, bson.D{{Key: "_id", Value: l.ID}, {Key: "at", Value: engine.Nanos(l.DeadAt)}, {Key: "doc", Value: doc}})
}

// DeadLetters lists what was given up, oldest first.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]engine.DeadLetter, error) {
	return documents[engine.DeadLetter](ctx, "dead letters", s.deadLetters, bson.D{}, ascending("at", "_id"), bounded(limit))
}

// RemoveDeadLetter takes one away.
func (s *Store) RemoveDeadLetter(ctx context.Context, id string) error {
	if _, err := s.deadLetters.DeleteOne(ctx, is("_id", id)); err != nil {
		return fail("remove dead letter", err)
	}
	return nil
}
