package ltisqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cairn-lms/cairn/lti"
)

const failureTables = `
CREATE TABLE IF NOT EXISTS lti_failures (
	id TEXT PRIMARY KEY, tenant TEXT NOT NULL, last INTEGER NOT NULL, expires INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS lti_failures_tenant ON lti_failures (tenant, last);
CREATE INDEX IF NOT EXISTS lti_failures_expires ON lti_failures (expires)`

// AddFailure implements lti.Store.
func (s *Store) AddFailure(ctx context.Context, f lti.Failure) error {
	return s.tx(ctx, "add failure", func(tx *sql.Tx) error {
		var kept string
		switch err := tx.QueryRowContext(ctx, `SELECT doc FROM lti_failures WHERE id = ?`, f.ID).Scan(&kept); {
		case err == nil:
			var old lti.Failure
			if err := json.Unmarshal([]byte(kept), &old); err != nil {
				return err
			}
			f = old.Join(f)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		doc, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			`INSERT INTO lti_failures (id, tenant, last, expires, doc) VALUES (?, ?, ?, ?, ?)
			 ON CONFLICT (id) DO UPDATE SET last = excluded.last, expires = excluded.expires, doc = excluded.doc`,
			f.ID, f.Tenant, f.Last.UnixNano(), f.Last.Add(lti.FailureLife).UnixNano(), string(doc))
		return err
	})
}

// Failures implements lti.Store.
func (s *Store) Failures(ctx context.Context, tenant string, limit int) ([]lti.Failure, error) {
	if limit <= 0 {
		limit = -1
	}
	return list[lti.Failure](ctx, s.db, "failures",
		`SELECT doc, 0 FROM lti_failures WHERE tenant = ? ORDER BY last DESC, id LIMIT ?`, []any{tenant, limit}, nil)
}

// RemoveFailures implements lti.Store.
func (s *Store) RemoveFailures(ctx context.Context, tenant string, ids []string) error {
	for _, id := range ids {
		if _, err := s.db.ExecContext(ctx, `DELETE FROM lti_failures WHERE id = ? AND tenant = ?`, id, tenant); err != nil {
			return fmt.Errorf("ltisqlite: remove failures: %w", err)
		}
	}
	return nil
}
