package ltisqlite

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/lti"
)

const legacyKeyTable = `CREATE TABLE IF NOT EXISTS lti_legacy_keys (
	tenant TEXT NOT NULL, consumer_key TEXT NOT NULL, created INTEGER NOT NULL, doc TEXT NOT NULL,
	PRIMARY KEY (tenant, consumer_key)) STRICT, WITHOUT ROWID`

// PutLegacyKey implements lti.Store.
func (s *Store) PutLegacyKey(ctx context.Context, k lti.LegacyKey) error {
	return s.put(ctx, "put legacy key", k,
		`INSERT INTO lti_legacy_keys (tenant, consumer_key, created, doc) VALUES (?, ?, ?, ?)
		 ON CONFLICT (tenant, consumer_key) DO UPDATE SET created = excluded.created, doc = excluded.doc`,
		k.Tenant, k.ConsumerKey, k.CreatedAt.UnixNano())
}

// LegacyKey implements lti.Store.
func (s *Store) LegacyKey(ctx context.Context, tenant, consumerKey string) (lti.LegacyKey, error) {
	return one(list[lti.LegacyKey](ctx, s.db, "legacy key",
		`SELECT doc, 0 FROM lti_legacy_keys WHERE tenant = ? AND consumer_key = ?`, []any{tenant, consumerKey}, nil))
}

// LegacyKeys implements lti.Store.
func (s *Store) LegacyKeys(ctx context.Context) ([]lti.LegacyKey, error) {
	return list[lti.LegacyKey](ctx, s.db, "legacy keys", `SELECT doc, 0 FROM lti_legacy_keys ORDER BY created, tenant, consumer_key`, nil, nil)
}

// RemoveLegacyKey implements lti.Store.
func (s *Store) RemoveLegacyKey(ctx context.Context, tenant, consumerKey string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM lti_legacy_keys WHERE tenant = ? AND consumer_key = ?`, tenant, consumerKey); err != nil {
		return fmt.Errorf("ltisqlite: remove legacy key: %w", err)
	}
	return nil
}
