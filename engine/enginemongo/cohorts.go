package enginemongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
)

// Cohort finds one by id.
func (s *Store) Cohort(ctx context.Context, id engine.CohortID) (engine.Cohort, error) {
	return document[engine.Cohort](ctx, "cohort", s.cohorts, is("_id", string(id)), nil)
}

// CohortsAfter lists all cohorts, by id.
func (s *Store) CohortsAfter(ctx context.Context, after engine.CohortID, limit int) ([]engine.Cohort, error) {
	return documents[engine.Cohort](ctx, "all cohorts", s.cohorts, is("_id", bson.D{{Key: "$gt", Value: string(after)}}), ascending("_id"), limit)
}

// CreateCohort adds a cohort, at revision 1.
func (s *Store) CreateCohort(ctx context.Context, c engine.Cohort) error {
	const op = "create cohort"
	c.Rev = 1
	doc, err := encode(op, c)
	if err != nil {
		return err
	}
	_, err = s.cohorts.InsertOne(ctx, bson.D{{Key: "_id", Value: string(c.ID)}, {Key: "rev", Value: c.Rev}, {Key: "tells", Value: c.Tell}, {Key: "doc", Value: doc}})
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// SaveCohort replaces the document at revision c.Rev.
func (s *Store) SaveCohort(ctx context.Context, c engine.Cohort) error {
	const op = "save cohort"
	was := c.Rev
	c.Rev++
	doc, err := encode(op, c)
	if err != nil {
		return err
	}
	return swap(ctx, op, s.cohorts, string(c.ID), was, bson.D{{Key: "rev", Value: c.Rev}, {Key: "tells", Value: c.Tell}, {Key: "doc", Value: doc}})
}

// TellingCohorts gives those whose members are to learn of a change.
func (s *Store) TellingCohorts(ctx context.Context, limit int) ([]engine.CohortID, error) {
	return idsOf[engine.CohortID](ctx, "telling cohorts", s.cohorts, is("tells", true), limit)
}

// PutMember writes a member, unless a later one is there. What it waits for and is ready for are one list, of which an
// index holds each.
func (s *Store) PutMember(ctx context.Context, m engine.CohortMember) error {
	const op = "put member"
	doc, err := encode(op, m)
	if err != nil {
		return err
	}
	gates := bson.A{}
	for _, step := range m.Waits {
		gates = append(gates, gateKey(m.Cohort, step, false))
	}
	for _, step := range m.Ready {
		gates = append(gates, gateKey(m.Cohort, step, true))
	}
	fields := bson.D{{Key: "rev", Value: m.Rev}, {Key: "cohort", Value: string(m.Cohort)}, {Key: "joined_at", Value: engine.Nanos(m.JoinedAt)},
		{Key: "gates", Value: gates}, {Key: "doc", Value: doc}}
	id := string(m.Enrolment)
	for range 3 {
		result, err := s.members.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "rev", Value: bson.D{{Key: "$lte", Value: m.Rev}}}},
			bson.D{{Key: "$set", Value: fields}})
		if err != nil {
			return fail(op, err)
		}
		if result.MatchedCount == 1 {
			return nil
		}
		_, err = s.members.InsertOne(ctx, append(is("_id", id), fields...))
		if err == nil {
			return nil
		}
		if !mongo.IsDuplicateKeyError(err) {
			return fail(op, err)
		}
		kept, err := s.MemberOf(ctx, m.Enrolment) // there is one: later, or just made
		if err != nil {
			return err
		}
		if kept.Rev > m.Rev {
			return nil
		}
	}
	return fmt.Errorf("enginemongo: %s: %w: too many others at once", op, engine.ErrConflict)
}

func gateKey(id engine.CohortID, step engine.StepID, ready bool) string {
	state := "waits"
	if ready {
		state = "ready"
	}
	return engine.Key(string(id), string(step), state)
}

// MembersOf gives the members of a cohort in the order they joined.
func (s *Store) MembersOf(ctx context.Context, id engine.CohortID, after engine.MemberRef, limit int) ([]engine.CohortMember, error) {
	at := engine.Nanos(after.JoinedAt)
	filter := append(is("cohort", string(id)), bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: "joined_at", Value: bson.D{{Key: "$gt", Value: at}}}},
		bson.D{{Key: "joined_at", Value: at}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: string(after.Enrolment)}}}},
	}})
	if after == (engine.MemberRef{}) {
		filter = is("cohort", string(id))
	}
	return documents[engine.CohortMember](ctx, "members of a cohort", s.members, filter, ascending("joined_at", "_id"), limit)
}

// MemberOf finds the member of an enrolment.
func (s *Store) MemberOf(ctx context.Context, e engine.EnrolmentID) (engine.CohortMember, error) {
	return document[engine.CohortMember](ctx, "member", s.members, is("_id", string(e)), nil)
}

// GateState tells whether any member waits for more before a step, and whether any is ready for it.
func (s *Store) GateState(ctx context.Context, id engine.CohortID, step engine.StepID) (waits, ready bool, err error) {
	has := func(ready bool) (bool, error) {
		err := s.members.FindOne(ctx, is("gates", gateKey(id, step, ready)), options.FindOne().SetProjection(bson.D{{Key: "rev", Value: 1}})).Err()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return false, nil
		}
		if err != nil {
			return false, fail("state of a gate", err)
		}
		return true, nil
	}
	if waits, err = has(false); err != nil {
		return false, false, err
	}
	ready, err = has(true)
	return waits, ready, err
}

// Groups gives the groups of a cohort.
func (s *Store) Groups(ctx context.Context, id engine.CohortID) (engine.Groups, error) {
	g, err := document[engine.Groups](ctx, "groups", s.groups, is("_id", string(id)), nil)
	if errors.Is(err, engine.ErrNotFound) {
		return engine.Groups{Cohort: id}, nil
	}
	return g, err
}

// SaveGroups replaces the document at revision g.Rev, or makes it.
func (s *Store) SaveGroups(ctx context.Context, g engine.Groups) error {
	const op = "save groups"
	was := g.Rev
	g.Rev++
	doc, err := encode(op, g)
	if err != nil {
		return err
	}
	fields := bson.D{{Key: "rev", Value: g.Rev}, {Key: "tells", Value: len(g.Tell) > 0}, {Key: "doc", Value: doc}}
	if was > 0 {
		return swap(ctx, op, s.groups, string(g.Cohort), was, fields)
	}
	if _, err := s.groups.InsertOne(ctx, append(is("_id", string(g.Cohort)), fields...)); err != nil {
		return fail(op, err)
	}
	return nil
}

// TellingGroups gives the cohorts whose groups have somebody to tell.
func (s *Store) TellingGroups(ctx context.Context, limit int) ([]engine.CohortID, error) {
	return idsOf[engine.CohortID](ctx, "telling groups", s.groups, is("tells", true), limit)
}

// idsOf reads the ids of what a query finds, in their order.
func idsOf[T ~string](ctx context.Context, op string, c *mongo.Collection, filter bson.D, limit int) ([]T, error) {
	cursor, err := c.Find(ctx, filter, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetSort(ascending("_id")).SetLimit(int64(bounded(limit))))
	if err != nil {
		return nil, fail(op, err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var all []T
	for cursor.Next(ctx) {
		var stored struct {
			ID string `bson:"_id"`
		}
		if err := cursor.Decode(&stored); err != nil {
			return nil, fail(op, err)
		}
		all = append(all, T(stored.ID))
	}
	if err := cursor.Err(); err != nil {
		return nil, fail(op, err)
	}
	return all, nil
}
