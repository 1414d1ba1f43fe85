package enginesqlite

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// What the sweep asks, see plan_test.go.
const (
	dueEnrolments       = `SELECT id, wake_at FROM engine_enrolments WHERE wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at, id LIMIT ?`
	unrelayedEnrolments = `SELECT id FROM engine_enrolments WHERE unrelayed IS NOT NULL ORDER BY unrelayed, id LIMIT ?`
	dueGrades           = `SELECT id FROM engine_enrolments WHERE grade_at IS NOT NULL AND grade_at <= ? ORDER BY grade_at, id LIMIT ?`
	dueMessagesTo       = `SELECT doc FROM engine_messages WHERE person = ? AND ready_at IS NOT NULL AND ready_at <= ? ORDER BY ready_at, id LIMIT ?`
	sentMessagesTo      = `SELECT doc FROM engine_messages WHERE person = ? AND json_extract(doc, '$.sent_at') IS NOT NULL AND json_extract(doc, '$.sent_at') >= ?
		ORDER BY json_extract(doc, '$.sent_at') DESC, id DESC LIMIT ?`
	dueMessages = `SELECT doc FROM engine_messages WHERE ready_at IS NOT NULL AND ready_at <= ? ORDER BY ready_at, id LIMIT ?`
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
	_, err = s.db.ExecContext(ctx,
		`INSERT INTO engine_enrolments (id, rev, key, learner, course, created_at, wake_at, unrelayed, grade_at, waits_for, preview_at, standing, glance, doc)
		 VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(e.ID), e.Key(), string(e.Learner), e.Course.Key(),
		engine.Nanos(e.CreatedAt), alarm(engine.Nanos(e.WakeAt)), alarm(e.OutboxSince()), alarm(e.GradeAt()), waitsFor(e), alarm(e.PreviewAt()), standing(e), glance(e), doc)
	if err != nil {
		return fail(op, err)
	}
	e.Rev = 1
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
	result, err := s.db.ExecContext(ctx,
		`UPDATE engine_enrolments SET rev = ?, wake_at = ?, unrelayed = ?, grade_at = ?, waits_for = ?, preview_at = ?, standing = ?, glance = ?, doc = ? WHERE id = ? AND rev = ?`,
		next.Rev, alarm(engine.Nanos(e.WakeAt)), alarm(e.OutboxSince()), alarm(e.GradeAt()), waitsFor(e), alarm(e.PreviewAt()), standing(e), glance(e), doc, string(e.ID), e.Rev)
	if err != nil {
		return fail(op, err)
	}
	if err := s.swapped(ctx, op, "engine_enrolments", string(e.ID), result); err != nil {
		return err
	}
	e.Rev = next.Rev
	return nil
}

// Enrolment finds one by id.
func (s *Store) Enrolment(ctx context.Context, id engine.EnrolmentID) (*engine.Enrolment, error) {
	return document[*engine.Enrolment](ctx, s, "enrolment", `SELECT doc FROM engine_enrolments WHERE id = ?`, string(id))
}

// FindEnrolment finds the one of a learner in a workflow and course.
func (s *Store) FindEnrolment(ctx context.Context, w engine.WorkflowID, learner engine.PersonID, c engine.Course) (*engine.Enrolment, error) {
	return document[*engine.Enrolment](ctx, s, "find enrolment", `SELECT doc FROM engine_enrolments WHERE key = ?`, engine.EnrolmentKey(w, learner, c))
}

// EnrolmentsOf gives a learner's enrolments, oldest first.
func (s *Store) EnrolmentsOf(ctx context.Context, learner engine.PersonID) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, s, "enrolments of a learner",
		`SELECT doc FROM engine_enrolments WHERE learner = ? ORDER BY created_at, id LIMIT ?`, string(learner), maxRows)
}

// EnrolmentsIn gives the enrolments in a course, oldest first.
func (s *Store) EnrolmentsIn(ctx context.Context, c engine.Course, limit int) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, s, "enrolments in a course",
		`SELECT doc FROM engine_enrolments WHERE course = ? ORDER BY created_at, id LIMIT ?`, c.Key(), bounded(limit))
}

// DueEnrolments gives those to wake up to and including a time, oldest first.
func (s *Store) DueEnrolments(ctx context.Context, until time.Time, limit int) ([]engine.Due, error) {
	const op = "due enrolments"
	rows, err := s.db.QueryContext(ctx,
		dueEnrolments,
		engine.Nanos(until), bounded(limit))
	if err != nil {
		return nil, fail(op, err)
	}
	defer rows.Close()
	var due []engine.Due
	for rows.Next() {
		var id string
		var at int64
		if err := rows.Scan(&id, &at); err != nil {
			return nil, fail(op, err)
		}
		due = append(due, engine.Due{ID: engine.EnrolmentID(id), At: time.Unix(0, at).UTC()})
	}
	if err := rows.Err(); err != nil {
		return nil, fail(op, err)
	}
	return due, nil
}

// UnrelayedEnrolments gives those whose outbox holds statements or messages, longest unsaved first.
func (s *Store) UnrelayedEnrolments(ctx context.Context, limit int) ([]engine.EnrolmentID, error) {
	return s.ids(ctx, "unrelayed enrolments",
		unrelayedEnrolments, bounded(limit))
}

// DueGrades gives those whose grade is to be passed back by a time, oldest first.
func (s *Store) DueGrades(ctx context.Context, until time.Time, limit int) ([]engine.EnrolmentID, error) {
	return s.ids(ctx, "due grades",
		dueGrades, engine.Nanos(until), bounded(limit))
}

func (s *Store) ids(ctx context.Context, op, query string, args ...any) ([]engine.EnrolmentID, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fail(op, err)
	}
	defer rows.Close()
	var ids []engine.EnrolmentID
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fail(op, err)
		}
		ids = append(ids, engine.EnrolmentID(id))
	}
	if err := rows.Err(); err != nil {
		return nil, fail(op, err)
	}
	return ids, nil
}
