package ltisqlite

import (
	"context"
	"fmt"
	"time"
)

// leaseTables are the tables of lti.Leases.
func leaseTables() []string {
	return []string{`CREATE TABLE IF NOT EXISTS lti_leases (
		name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID`}
}

// TakeLease implements lti.Leases.
func (s *Store) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	n, err := affected(s.db.ExecContext(ctx,
		`INSERT INTO lti_leases (name, holder, until) VALUES (?, ?, ?)
		 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		 WHERE lti_leases.holder = excluded.holder OR lti_leases.until <= ?`,
		name, holder, until.UnixNano(), now.UnixNano()))
	if err != nil {
		return false, fmt.Errorf("ltisqlite: take lease: %w", err)
	}
	return n == 1, nil
}

// ReleaseLease implements lti.Leases.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM lti_leases WHERE name = ? AND holder = ?`, name, holder); err != nil {
		return fmt.Errorf("ltisqlite: release lease: %w", err)
	}
	return nil
}
