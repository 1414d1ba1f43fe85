package enginesqlite

import (
	"context"

	"github.com/cairn-lms/cairn/engine"
)

var barrierSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_barrier_actions (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, course TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_barrier_actions_course ON engine_barrier_actions (course, at, id)`,
}

// SaveBarrierAction adds a barrier action, or replaces the document at revision a.Rev.
func (s *Store) SaveBarrierAction(ctx context.Context, a engine.BarrierAction) error {
	const op = "save barrier action"
	was := a.Rev
	a.Rev++
	doc, err := encode(op, a)
	if err != nil {
		return err
	}
	if was == 0 {
		_, err = s.db.ExecContext(ctx, `INSERT INTO engine_barrier_actions (id, rev, course, at, doc) VALUES (?, 1, ?, ?, ?)`,
			a.ID, a.Course.Key(), engine.Nanos(a.At), doc)
		if err != nil {
			return fail(op, err)
		}
		return nil
	}
	result, err := s.db.ExecContext(ctx, `UPDATE engine_barrier_actions SET rev = ?, doc = ? WHERE id = ? AND rev = ?`, a.Rev, doc, a.ID, was)
	if err != nil {
		return fail(op, err)
	}
	return s.swapped(ctx, op, "engine_barrier_actions", a.ID, result)
}

// BarrierAction finds one by id.
func (s *Store) BarrierAction(ctx context.Context, id string) (engine.BarrierAction, error) {
	return document[engine.BarrierAction](ctx, s, "barrier action", `SELECT doc FROM engine_barrier_actions WHERE id = ?`, id)
}

// BarrierActionsIn lists those of a course, latest first.
func (s *Store) BarrierActionsIn(ctx context.Context, c engine.Course, limit int) ([]engine.BarrierAction, error) {
	return documents[engine.BarrierAction](ctx, s, "barrier actions of a course",
		`SELECT doc FROM engine_barrier_actions WHERE course = ? ORDER BY at DESC, id DESC LIMIT ?`, c.Key(), bounded(limit))
}

// BarrierActionsAfter lists those of all courses, by id.
func (s *Store) BarrierActionsAfter(ctx context.Context, after string, limit int) ([]engine.BarrierAction, error) {
	return documents[engine.BarrierAction](ctx, s, "all barrier actions", `SELECT doc FROM engine_barrier_actions WHERE id > ? ORDER BY id LIMIT ?`, after, bounded(limit))
}
