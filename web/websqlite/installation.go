package websqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cairn-lms/cairn/web"
)

const installationSchema = `
CREATE TABLE IF NOT EXISTS web_installation (
	id  INTEGER PRIMARY KEY CHECK (id = 1),
	doc TEXT NOT NULL
);`

// PutInstallation implements web.Store.
func (s *Store) PutInstallation(ctx context.Context, i web.Installation) error {
	doc, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("websqlite: put installation: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, `INSERT INTO web_installation (id, doc) VALUES (1, ?)
		ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, string(doc)); err != nil {
		return fmt.Errorf("websqlite: put installation: %w", err)
	}
	return nil
}

// Installation implements web.Store.
func (s *Store) Installation(ctx context.Context) (web.Installation, error) {
	var i web.Installation
	if err := s.one(ctx, &i, `SELECT doc FROM web_installation WHERE id = 1`); err != nil {
		return web.Installation{}, fmt.Errorf("websqlite: installation: %w", err)
	}
	return i, nil
}
