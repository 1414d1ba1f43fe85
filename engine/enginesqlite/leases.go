package enginesqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// Cursor gives how far a follower has read; 0 for one that never saved.
func (s *Store) Cursor(ctx context.Context, name string) (int64, error) {
	var seq int64
	err := s.db.QueryRowContext(ctx, `SELECT seq FROM engine_cursors WHERE name = ?`, name).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fail("cursor", err)
	}
	return seq, nil
}

// SaveCursor moves a cursor on. It never moves back: a follower that lost its
// lease and saves late does no harm.
func (s *Store) SaveCursor(ctx context.Context, name string, seq int64) error {
	_, err := s.db.ExecContext(ctx,
		`INSERT INTO engine_cursors (name, seq) VALUES (?, ?)
		 ON CONFLICT (name) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq`, name, seq)
	if err != nil {
		return fail("save cursor", err)
	}
	return nil
}

// TakeLease takes or renews a lease.
func (s *Store) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	const op = "take lease"
	result, err := s.db.ExecContext(ctx,
		`INSERT INTO engine_leases (name, holder, until) VALUES (?, ?, ?)
		 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		 WHERE engine_leases.holder = excluded.holder OR engine_leases.until <= ?`,
		name, holder, engine.Nanos(until), engine.Nanos(now))
	if err != nil {
		return false, fail(op, err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return false, fail(op, err)
	}
	return changed == 1, nil
}

// ReleaseLease gives a lease back, if it is the holder's.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM engine_leases WHERE name = ? AND holder = ?`, name, holder); err != nil {
		return fail("release lease", err)
	}
	return nil
}
