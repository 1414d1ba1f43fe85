package enginesqlite

import (
	"context"

	"github.com/cairn-lms/cairn/engine"
)

// EnrolmentsFrom gives those of a learner, else of a course, else all, oldest first, from behind a place.
func (s *Store) EnrolmentsFrom(ctx context.Context, c engine.Course, learner engine.PersonID, behind engine.EnrolmentPlace, limit int) ([]*engine.Enrolment, error) {
	where, args := "1 = 1", []any{}
	switch {
	case learner != "":
		where, args = "learner = ?", []any{string(learner)}
	case c.ID != "":
		where, args = "course = ?", []any{c.Key()}
	}
	if behind != (engine.EnrolmentPlace{}) {
		where += " AND (created_at, id) > (?, ?)"
		args = append(args, engine.Nanos(behind.At), string(behind.ID))
	}
	return documents[*engine.Enrolment](ctx, s, "list enrolments",
		`SELECT doc FROM engine_enrolments WHERE `+where+` ORDER BY created_at, id LIMIT ?`, append(args, bounded(limit))...)
}
