package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// SaveBarrierAction adds a barrier action, or replaces the document at revision a.Rev.
func (s *Store) SaveBarrierAction(ctx context.Context, a engine.BarrierAction) error {
	const op = "save barrier action"
	was := a.Rev
	a.Rev++
	doc, err := encode(op, a)
	if err != nil {
		return err
	}
	if was > 0 {
		return swap(ctx, op, s.barriers, a.ID, was, bson.D{{Key: "rev", Value: a.Rev}, {Key: "doc", Value: doc}})
	}
	_, err = s.barriers.InsertOne(ctx, bson.D{{Key: "_id", Value: a.ID}, {Key: "rev", Value: a.Rev}, {Key: "course", Value: a.Course.Key()},
		{Key: "at", Value: engine.Nanos(a.At)}, {Key: "doc", Value: doc}})
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// BarrierAction finds one by id.
func (s *Store) BarrierAction(ctx context.Context, id string) (engine.BarrierAction, error) {
	return document[engine.BarrierAction](ctx, "barrier action", s.barriers, is("_id", id), nil)
}

// BarrierActionsIn lists those of a course, latest first.
func (s *Store) BarrierActionsIn(ctx context.Context, c engine.Course, limit int) ([]engine.BarrierAction, error) {
	return documents[engine.BarrierAction](ctx, "barrier actions of a course", s.barriers, is("course", c.Key()), descending("at", "_id"), limit)
}

// BarrierActionsAfter lists those of all courses, by id.
func (s *Store) BarrierActionsAfter(ctx context.Context, after string, limit int) ([]engine.BarrierAction, error) {
	return documents[engine.BarrierAction](ctx, "all barrier actions", s.barriers, is("_id", bson.D{{Key: "$gt", Value: after}}), ascending("_id"), limit)
}
