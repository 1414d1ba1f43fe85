package enginemongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
)

// CreateEnrolment adds an enrolment, at revision 1.
func (s *Store) CreateEnrolment(ctx context.Context, e *engine.Enrolment) error {
	const op = "create enrolment"
	next := *e
	next.Rev = 1
	doc, err := encode(op, &next)
	if err != nil {
		return err
	}
	_, err = s.enrolments.InsertOne(ctx, bson.D{
		{Key: "_id", Value: string(e.ID)},
		{Key: "rev", Value: next.Rev},
		{Key: "key", Value: e.Key()},
		{Key: "learner", Value: string(e.Learner)},
		{Key: "course", Value: e.Course.Key()},
		{Key: "created_at", Value: engine.Nanos(e.CreatedAt)},
		{Key: "wake_at", Value: engine.Nanos(e.WakeAt)},
		{Key: "unrelayed", Value: e.OutboxSince()},
		{Key: "grade_at", Value: e.GradeAt()},
		{Key: "waits_for", Value: waitsFor(e)},
		{Key: "preview_at", Value: e.PreviewAt()},
		{Key: "standing", Value: standing(e)},
		{Key: "glance", Value: engine.StoredGlance(e)},
		{Key: "stands_in", Value: standsIn(e)},
		{Key: "through", Value: !e.CompletedAt.IsZero()},
		{Key: "doc", Value: doc},
	})
	if err != nil {
		return fail(op, err)
	}
	e.Rev = next.Rev
	return nil
}

// SaveEnrolment replaces the document at revision e.Rev and moves e.Rev on.
func (s *Store) SaveEnrolment(ctx context.Context, e *engine.Enrolment) error {
	const op = "save enrolment"
	next := *e
	next.Rev++
	doc, err := encode(op, &next)
	if err != nil {
		return err
	}
	err = swap(ctx, op, s.enrolments, string(e.ID), e.Rev, bson.D{
		{Key: "rev", Value: next.Rev},
		{Key: "wake_at", Value: engine.Nanos(e.WakeAt)},
		{Key: "unrelayed", Value: e.OutboxSince()},
		{Key: "grade_at", Value: e.GradeAt()},
		{Key: "waits_for", Value: waitsFor(e)},
		{Key: "preview_at", Value: e.PreviewAt()},
		{Key: "standing", Value: standing(e)},
		{Key: "glance", Value: engine.StoredGlance(e)},
		{Key: "stands_in", Value: standsIn(e)},
		{Key: "through", Value: !e.CompletedAt.IsZero()},
		{Key: "doc", Value: doc},
	})
	if err != nil {
		return err
	}
	e.Rev = next.Rev
	return nil
}

// Enrolment finds one by id.
func (s *Store) Enrolment(ctx context.Context, id engine.EnrolmentID) (*engine.Enrolment, error) {
	return document[*engine.Enrolment](ctx, "enrolment", s.enrolments, is("_id", string(id)), nil)
}

// FindEnrolment finds the one of a learner in a workflow and course.
func (s *Store) FindEnrolment(ctx context.Context, w engine.WorkflowID, learner engine.PersonID, c engine.Course) (*engine.Enrolment, error) {
	return document[*engine.Enrolment](ctx, "find enrolment", s.enrolments, is("key", engine.EnrolmentKey(w, learner, c)), nil)
}

// EnrolmentsOf gives a learner's enrolments, oldest first.
func (s *Store) EnrolmentsOf(ctx context.Context, learner engine.PersonID) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, "enrolments of a learner", s.enrolments,
		is("learner", string(learner)), ascending("created_at", "_id"), maxRows)
}

// EnrolmentsIn gives the enrolments in a course, oldest first.
func (s *Store) EnrolmentsIn(ctx context.Context, c engine.Course, limit int) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, "enrolments in a course", s.enrolments,
		is("course", c.Key()), ascending("created_at", "_id"), limit)
}

// DueEnrolments gives those to wake up to and including a time, oldest first.
func (s *Store) DueEnrolments(ctx context.Context, until time.Time, limit int) ([]engine.Due, error) {
	found, err := s.clocks(ctx, "due enrolments", "wake_at", bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: engine.Nanos(until)}}, limit)
	var due []engine.Due
	for _, f := range found {
		due = append(due, engine.Due{ID: engine.EnrolmentID(f.ID), At: time.Unix(0, f.WakeAt).UTC()})
	}
	return due, err
}

// UnrelayedEnrolments gives those whose outbox holds statements or messages, longest unsaved first.
func (s *Store) UnrelayedEnrolments(ctx context.Context, limit int) ([]engine.EnrolmentID, error) {
	found, err := s.clocks(ctx, "unrelayed enrolments", "unrelayed", bson.D{{Key: "$gt", Value: int64(0)}}, limit)
	return ids(found), err
}

// DueGrades gives those whose grade is to be passed back by a time, oldest first.
func (s *Store) DueGrades(ctx context.Context, until time.Time, limit int) ([]engine.EnrolmentID, error) {
	found, err := s.clocks(ctx, "due grades", "grade_at", bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: engine.Nanos(until)}}, limit)
	return ids(found), err
}

func ids(found []clock) []engine.EnrolmentID {
	var ids []engine.EnrolmentID
	for _, f := range found {
		ids = append(ids, engine.EnrolmentID(f.ID))
	}
	return ids
}

// clock is what the sweep reads of an enrolment.
type clock struct {
	ID     string `bson:"_id"`
	WakeAt int64  `bson:"wake_at"`
}

func (s *Store) clocks(ctx context.Context, op, field string, condition bson.D, limit int) ([]clock, error) {
	cursor, err := s.enrolments.Find(ctx, is(field, condition), options.Find().
		SetProjection(bson.D{{Key: "wake_at", Value: 1}}).SetSort(ascending(field, "_id")).SetLimit(int64(bounded(limit))))
	if err != nil {
		return nil, fail(op, err)
	}
	var found []clock
	if err := cursor.All(ctx, &found); err != nil {
		return nil, fail(op, err)
	}
	return found, nil
}
