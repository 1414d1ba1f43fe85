// Package websqlite keeps sessions, tickets and tenants in SQLite.
package websqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/web"
)

// Store implements web.Store on the control database, which several processes
// may share.
type Store struct{ db *sql.DB }

var _ web.Store = (*Store)(nil)

const schema = `
CREATE TABLE IF NOT EXISTS web_sessions (
	id_hash TEXT PRIMARY KEY,
	expires INTEGER NOT NULL,
	doc     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS web_sessions_expires ON web_sessions (expires);
CREATE TABLE IF NOT EXISTS web_tickets (
	hash    TEXT PRIMARY KEY,
	expires INTEGER NOT NULL,
	doc     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS web_tickets_expires ON web_tickets (expires);
CREATE TABLE IF NOT EXISTS web_tenants (
	name TEXT PRIMARY KEY,
	doc  TEXT NOT NULL
) WITHOUT ROWID;` + auditSchema + installationSchema

// New creates the tables if they are missing. The handle stays the caller's.
func New(ctx context.Context, db *sql.DB) (*Store, error) {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("websqlite: create tables: %w", err)
	}
	return &Store{db: db}, nil
}

// PutSession implements web.Store.
func (s *Store) PutSession(ctx context.Context, session web.Session) error {
	doc, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("websqlite: put session: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO web_sessions (id_hash, expires, doc) VALUES (?, ?, ?)
		ON CONFLICT (id_hash) DO UPDATE SET expires = excluded.expires, doc = excluded.doc`,
		session.IDHash, session.ExpiresAt.UnixNano(), string(doc))
	if err != nil {
		return fmt.Errorf("websqlite: put session: %w", err)
	}
	return nil
}

// Session implements web.Store.
func (s *Store) Session(ctx context.Context, idHash string) (web.Session, error) {
	var session web.Session
	err := s.one(ctx, &session, `SELECT doc FROM web_sessions WHERE id_hash = ?`, idHash)
	if err != nil {
		return web.Session{}, fmt.Errorf("websqlite: session: %w", err)
	}
	return session, nil
}

// DeleteSession implements web.Store.
func (s *Store) DeleteSession(ctx context.Context, idHash string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM web_sessions WHERE id_hash = ?`, idHash); err != nil {
		return fmt.Errorf("websqlite: delete session: %w", err)
	}
	return nil
}

// Purge implements web.Store.
func (s *Store) Purge(ctx context.Context, t time.Time) (int, error) {
	total := 0
	for _, statement := range []string{`DELETE FROM web_sessions WHERE expires < ?`, `DELETE FROM web_tickets WHERE expires < ?`} {
		result, err := s.db.ExecContext(ctx, statement, t.UnixNano())
		if err != nil {
			return total, fmt.Errorf("websqlite: purge: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return total, fmt.Errorf("websqlite: purge: %w", err)
		}
		total += int(n)
	}
	return total, nil
}

// PutTicket implements web.Store.
func (s *Store) PutTicket(ctx context.Context, ticket web.Ticket) error {
	doc, err := json.Marshal(ticket)
	if err != nil {
		return fmt.Errorf("websqlite: put ticket: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO web_tickets (hash, expires, doc) VALUES (?, ?, ?)`,
		ticket.Hash, ticket.ExpiresAt.UnixNano(), string(doc))
	if err != nil {
		return fmt.Errorf("websqlite: put ticket: %w", err)
	}
	return nil
}

// Ticket implements web.Store.
func (s *Store) Ticket(ctx context.Context, hash string) (web.Ticket, error) {
	var ticket web.Ticket
	if err := s.one(ctx, &ticket, `SELECT doc FROM web_tickets WHERE hash = ?`, hash); err != nil {
		return web.Ticket{}, fmt.Errorf("websqlite: ticket: %w", err)
	}
	return ticket, nil
}

// TakeTicket implements web.Store.
func (s *Store) TakeTicket(ctx context.Context, hash string) (web.Ticket, error) {
	var ticket web.Ticket
	err := s.one(ctx, &ticket, `DELETE FROM web_tickets WHERE hash = ? RETURNING doc`, hash)
	if err != nil {
		return web.Ticket{}, fmt.Errorf("websqlite: take ticket: %w", err)
	}
	return ticket, nil
}

// EnsureTenant implements web.Store.
func (s *Store) EnsureTenant(ctx context.Context, tenant web.Tenant) (web.Tenant, error) {
	doc, err := json.Marshal(tenant)
	if err != nil {
		return web.Tenant{}, fmt.Errorf("websqlite: ensure tenant: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO web_tenants (name, doc) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`,
		tenant.Name, string(doc))
	if err != nil {
		return web.Tenant{}, fmt.Errorf("websqlite: ensure tenant: %w", err)
	}
	return s.Tenant(ctx, tenant.Name)
}

// Tenant implements web.Store.
func (s *Store) Tenant(ctx context.Context, name string) (web.Tenant, error) {
	var tenant web.Tenant
	if err := s.one(ctx, &tenant, `SELECT doc FROM web_tenants WHERE name = ?`, name); err != nil {
		return web.Tenant{}, fmt.Errorf("websqlite: tenant: %w", err)
	}
	return tenant, nil
}

// Tenants implements web.Store.
func (s *Store) Tenants(ctx context.Context) ([]web.Tenant, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT doc FROM web_tenants ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("websqlite: tenants: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var tenants []web.Tenant
	for rows.Next() {
		var doc string
		var tenant web.Tenant
		if err := rows.Scan(&doc); err != nil {
			return nil, fmt.Errorf("websqlite: tenants: %w", err)
		}
		if err := json.Unmarshal([]byte(doc), &tenant); err != nil {
			return nil, fmt.Errorf("websqlite: tenants: %w", err)
		}
		tenants = append(tenants, tenant)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("websqlite: tenants: %w", err)
	}
	return tenants, nil
}

// one decodes the single document a query yields; web.ErrNotFound if there is none.
func (s *Store) one(ctx context.Context, into any, query string, args ...any) error {
	var doc string
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return web.ErrNotFound
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(doc), into)
}
