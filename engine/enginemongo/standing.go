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

// standsIn is the workflow that an enrolment is counted in; "": a preview is in none.
func standsIn(e *engine.Enrolment) string {
	if e.Preview {
		return ""
	}
	return string(e.Workflow)
}

// StandingsIn lists where everybody of a course stands, by when they were enrolled. The index holds all that it reads.
func (s *Store) StandingsIn(ctx context.Context, c engine.Course, limit int) ([]engine.Standing, error) {
	return beside[engine.Standing](ctx, s, "standings in a course", "standing", is("course", c.Key()), limit)
}

// CountIn counts a course's learners in a workflow.
func (s *Store) CountIn(ctx context.Context, c engine.Course, w engine.WorkflowID) (all, through int, err error) {
	of := append(is("course", c.Key()), bson.E{Key: "stands_in", Value: string(w)})
	done, err := s.enrolments.CountDocuments(ctx, append(slices.Clip(of), bson.E{Key: "through", Value: true}))
	if err != nil {
		return 0, 0, fail("count standings", err)
	}
	n, err := s.enrolments.CountDocuments(ctx, of)
	if err != nil {
		return 0, 0, fail("count standings", err)
	}
	return int(n), int(done), nil
}

// GlancesIn lists what lists need of everybody of a course, by when they were enrolled. The documents do not travel.
func (s *Store) GlancesIn(ctx context.Context, c engine.Course, limit int) ([]engine.Glance, error) {
	return beside[engine.Glance](ctx, s, "glances in a course", "glance", is("course", c.Key()), limit)
}

// GlancesBy lists it of enrolments by id.
func (s *Store) GlancesBy(ctx context.Context, ids []engine.EnrolmentID) ([]engine.Glance, error) {
	var all []engine.Glance
	for batch := range slices.Chunk(ids, 1000) {
		found, err := beside[engine.Glance](ctx, s, "glances by id", "glance", is("_id", among(batch)), len(batch))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// beside reads what is kept as JSON in a field beside the documents of enrolments, by when they were made.
func beside[T any](ctx context.Context, s *Store, op, field string, filter bson.D, limit int) ([]T, error) {
	filter = append(filter, bson.E{Key: field, Value: bson.D{{Key: "$gt", Value: ""}}}) // else a preview
	cursor, err := s.enrolments.Find(ctx, filter, options.Find().
		SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: field, Value: 1}}).
		SetSort(ascending("created_at", "_id")).SetLimit(int64(bounded(limit))))
	if err != nil {
		return nil, fail(op, err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var all []T
	for cursor.Next(ctx) {
		stored, _ := cursor.Current.Lookup(field).StringValueOK()
		var one T
		if err := json.Unmarshal([]byte(stored), &one); err != nil {
			return nil, fmt.Errorf("enginemongo: %s: stored document: %w", op, err)
		}
		all = append(all, one)
	}
	if err := cursor.Err(); err != nil {
		return nil, fail(op, err)
	}
	return all, nil
}

func among[ID ~string](ids []ID) bson.D {
	in := make(bson.A, 0, len(ids))
	for _, id := range ids {
		in = append(in, string(id))
	}
	return bson.D{{Key: "$in", Value: in}}
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
		found, err := documents[T](ctx, op, c, is("_id", among(batch)), nil, len(batch))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}
