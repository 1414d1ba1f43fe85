package lrssqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// Keys is the lrs.KeyStore over the control database.
type Keys struct {
	db   *sql.DB
	byID *sql.Stmt // every request asks
}

// NewKeys makes the table it needs.
func NewKeys(ctx context.Context, db *sql.DB) (*Keys, error) {
	_, err := db.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS lrs_keys (
			id      TEXT PRIMARY KEY,
			tenant  TEXT NOT NULL,
			created INTEGER NOT NULL,
			doc     TEXT NOT NULL
		) STRICT;
		CREATE INDEX IF NOT EXISTS lrs_keys_tenant ON lrs_keys (tenant, created);`)
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: make key table: %w", err)
	}
	byID, err := db.PrepareContext(ctx, `SELECT doc FROM lrs_keys WHERE id = ?`) //nolint:sqlclosecheck // kept ready until the handle is closed
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: prepare: %w", err)
	}
	return &Keys{db: db, byID: byID}, nil
}

// PutKey implements lrs.KeyStore.
func (s *Keys) PutKey(ctx context.Context, k lrs.Key) error {
	doc, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("lrssqlite: put key: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO lrs_keys (id, tenant, created, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, created = excluded.created, doc = excluded.doc`,
		k.ID, k.Tenant, k.CreatedAt.UnixNano(), string(doc))
	if err != nil {
		return fmt.Errorf("lrssqlite: put key: %w", err)
	}
	return nil
}

// Key implements lrs.KeyStore.
func (s *Keys) Key(ctx context.Context, id string) (lrs.Key, error) {
	var doc string
	err := s.byID.QueryRowContext(ctx, id).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Key{}, fmt.Errorf("lrssqlite: key: %w", err)
	}
	var k lrs.Key
	if err := json.Unmarshal([]byte(doc), &k); err != nil {
		return lrs.Key{}, fmt.Errorf("lrssqlite: key %s: %w", id, err)
	}
	return k, nil
}

// Keys implements lrs.KeyStore.
func (s *Keys) Keys(ctx context.Context, tenant string) ([]lrs.Key, error) {
	return s.list(ctx, `SELECT doc FROM lrs_keys WHERE tenant = ? ORDER BY created, id`, tenant)
}

// KeysWithOrigins implements lrs.KeyStore.
func (s *Keys) KeysWithOrigins(ctx context.Context) ([]lrs.Key, error) {
	return s.list(ctx, `SELECT doc FROM lrs_keys WHERE json_array_length(doc, '$.origins') > 0`)
}

func (s *Keys) list(ctx context.Context, query string, args ...any) ([]lrs.Key, error) {
	var out []lrs.Key
	rows, err := s.db.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // each closes them
	err = each(rows, err, func() error {
		var doc []byte
		var k lrs.Key
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		err := json.Unmarshal(doc, &k)
		out = append(out, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: keys: %w", err)
	}
	return out, nil
}

// RevokeKey implements lrs.KeyStore.
func (s *Keys) RevokeKey(ctx context.Context, tenant, id string, at time.Time) error {
	// json_insert leaves the time of an earlier call alone.
	done, err := s.db.ExecContext(ctx, `UPDATE lrs_keys SET doc = json_insert(doc, '$.revoked_at', ?) WHERE id = ? AND tenant = ?`,
		at.UTC().Format(time.RFC3339Nano), id, tenant)
	if err != nil {
		return fmt.Errorf("lrssqlite: revoke key: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("lrssqlite: revoke key: %w", errors.Join(lrs.ErrNotFound, err))
	}
	return nil
}

// MarkUsed implements lrs.KeyStore. Whole seconds in UTC sort as text.
func (s *Keys) MarkUsed(ctx context.Context, id string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `UPDATE lrs_keys SET doc = json_set(doc, '$.used_at', ?1)
		WHERE id = ?2 AND coalesce(json_extract(doc, '$.used_at'), '') < ?1`, at.UTC().Format(time.RFC3339), id)
	if err != nil {
		return fmt.Errorf("lrssqlite: mark key as used: %w", err)
	}
	return nil
}
