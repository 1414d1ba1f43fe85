package enginemongo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
)

// standing is where an enrolment stands, as JSON; "": on no board.
func standing(e *engine.Enrolment) string {
	s, ok := e.Standing()
	if !ok {
		return ""
	}
	doc, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(doc)
}

// StandingsIn lists where everybody of a course stands, by when they were enrolled. The index holds all that it reads.
func (s *Store) StandingsIn(ctx context.Context, c engine.Course, limit int) ([]engine.Standing, error) {
	const op = "standings in a course"
	cursor, err := s.enrolments.Find(ctx, is("course", c.Key()), options.Find().
		SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "standing", Value: 1}}).
		SetSort(ascending("created_at", "_id")).SetLimit(int64(bounded(limit))))
	if err != nil {
		return nil, fail(op, err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var all []engine.Standing
	for cursor.Next(ctx) {
		var stored struct {
			Standing string `bson:"standing"`
		}
		if err := cursor.Decode(&stored); err != nil {
			return nil, fail(op, err)
		}
		if stored.Standing == "" {
			continue
		}
		var one engine.Standing
		if err := json.Unmarshal([]byte(stored.Standing), &one); err != nil {
			return nil, fmt.Errorf("enginemongo: %s: stored document: %w", op, err)
		}
		all = append(all, one)
	}
	if err := cursor.Err(); err != nil {
		return nil, fail(op, err)
	}
	return all, nil
}

// EnrolmentsBy loads enrolments by id.
func (s *Store) EnrolmentsBy(ctx context.Context, ids []engine.EnrolmentID) ([]*engine.Enrolment, error) {
	return byIDs[*engine.Enrolment](ctx, "enrolments by id", s.enrolments, ids)
}

// PeopleBy loads people by id.
func (s *Store) PeopleBy(ctx context.Context, ids []engine.PersonID) ([]engine.Person, error) {
	return byIDs[engine.Person](ctx, "people by id", s.people, ids)
}

func byIDs[T any, ID ~string](ctx context.Context, op string, c *mongo.Collection, ids []ID) ([]T, error) {
	var all []T
	for batch := range slices.Chunk(ids, 1000) {
		in := make(bson.A, 0, len(batch))
		for _, id := range batch {
			in = append(in, string(id))
		}
		found, err := documents[T](ctx, op, c, is("_id", bson.D{{Key: "$in", Value: in}}), nil, len(batch))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}
