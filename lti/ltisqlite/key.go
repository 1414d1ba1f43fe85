package ltisqlite

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/lti"
)

// Keys implements lti.Store.
func (s *Store) Keys(ctx context.Context) ([]lti.Key, error) {
	return list[lti.Key](ctx, s.db, "keys", `SELECT doc, 0 FROM lti_keys ORDER BY created, id`, nil, nil)
}

// KeysOf implements lti.Store.
func (s *Store) KeysOf(ctx context.Context, r lti.RegistrationID) ([]lti.Key, error) {
	return list[lti.Key](ctx, s.db, "keys", `SELECT doc, 0 FROM lti_keys WHERE registration = ? ORDER BY created, id`, []any{r}, nil)
}

// PutKey implements lti.Store.
func (s *Store) PutKey(ctx context.Context, k lti.Key) error {
	return s.put(ctx, "put key", k,
		`INSERT INTO lti_keys (id, registration, created, doc) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`,
		k.ID, k.Registration, k.CreatedAt.UnixNano())
}

// RemoveKey implements lti.Store.
func (s *Store) RemoveKey(ctx context.Context, id string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM lti_keys WHERE id = ?`, id); err != nil {
		return fmt.Errorf("ltisqlite: remove key: %w", err)
	}
	return nil
}
