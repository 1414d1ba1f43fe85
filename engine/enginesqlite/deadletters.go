package enginesqlite

import (
	"context"

	"github.com/cairn-lms/cairn/engine"
)

var deadLetterSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_dead_letters (
		id TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_dead_letters_at ON engine_dead_letters (at, id)`,
}

const deadLetters = `SELECT doc FROM engine_dead_letters ORDER BY at, id LIMIT ?`

// PutDeadLetter notes what was given up.
func (s *Store) PutDeadLetter(ctx context.Context, l engine.DeadLetter) error {
	const op = "put dead letter"
	doc, err := encode(op, l)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_dead_letters (id, at, doc) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET at = excluded.at, doc = excluded.doc`, l.ID, engine.Nanos(l.DeadAt), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// DeadLetters lists what was given up, oldest first.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]engine.DeadLetter, error) {
	return documents[engine.DeadLetter](ctx, s, "dead letters", deadLetters, bounded(limit))
}

// RemoveDeadLetter takes one away.
func (s *Store) RemoveDeadLetter(ctx context.Context, id string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM engine_dead_letters WHERE id = ?`, id); err != nil {
		return fail("remove dead letter", err)
	}
	return nil
}
