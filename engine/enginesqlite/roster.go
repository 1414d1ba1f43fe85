package enginesqlite

import (
	"context"

	"github.com/cairn-lms/cairn/engine"
)

// PutRosterEntry keeps what the LMS's roster says of a learner.
func (s *Store) PutRosterEntry(ctx context.Context, e engine.RosterEntry) error {
	const op = "put roster entry"
	doc, err := encode(op, e)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_roster (course, subject, doc) VALUES (?, ?, ?)
		ON CONFLICT (course, subject) DO UPDATE SET doc = excluded.doc`, engine.Key(e.Issuer, e.Course), e.Subject, doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// RosterOf lists a course's roster by subject.
func (s *Store) RosterOf(ctx context.Context, c engine.Course, after string, limit int) ([]engine.RosterEntry, error) {
	const op = "roster of a course"
	return documents[engine.RosterEntry](ctx, s, op, `SELECT doc FROM engine_roster WHERE course = ? AND subject > ? ORDER BY subject LIMIT ?`,
		c.Key(), after, min(limit, maxRows))
}
