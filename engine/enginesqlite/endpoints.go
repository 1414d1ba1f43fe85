package enginesqlite

import (
	"context"
	"database/sql"

	"github.com/cairn-lms/cairn/engine"
)

// PutEndpoint keeps a channel endpoint in place of one of that name.
func (s *Store) PutEndpoint(ctx context.Context, e engine.Endpoint) error {
	const op = "put endpoint"
	doc, err := encode(op, e)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_endpoints (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc`, e.Name, doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// Endpoints lists them by name.
func (s *Store) Endpoints(ctx context.Context) ([]engine.Endpoint, error) {
	return documents[engine.Endpoint](ctx, s, "endpoints", `SELECT doc FROM engine_endpoints ORDER BY name LIMIT ?`, engine.MaxEndpoints)
}

// DeleteEndpoint forgets one.
func (s *Store) DeleteEndpoint(ctx context.Context, name string) error {
	const op = "delete endpoint"
	result, err := s.db.ExecContext(ctx, `DELETE FROM engine_endpoints WHERE name = ?`, name)
	if err != nil {
		return fail(op, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return fail(op, sql.ErrNoRows)
	}
	return nil
}
