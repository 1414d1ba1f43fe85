package websqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/web"
)

const auditSchema = `
CREATE TABLE IF NOT EXISTS web_audit (
	id     TEXT PRIMARY KEY,
	tenant TEXT NOT NULL,
	at     INTEGER NOT NULL,
	doc    TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS web_audit_at ON web_audit (at);
CREATE INDEX IF NOT EXISTS web_audit_tenant ON web_audit (tenant, at);`

// AddAudit implements web.Store.
func (s *Store) AddAudit(ctx context.Context, e web.AuditEntry) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("websqlite: add audit: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, `INSERT INTO web_audit (id, tenant, at, doc) VALUES (?, ?, ?, ?)`,
		e.ID, e.Tenant, e.At.UnixNano(), string(doc)); err != nil {
		return fmt.Errorf("websqlite: add audit: %w", err)
	}
	return nil
}

// Audit implements web.Store.
func (s *Store) Audit(ctx context.Context, tenant string, everything bool, limit int) ([]web.AuditEntry, error) {
	query, args := `SELECT doc FROM web_audit WHERE tenant = ? ORDER BY at DESC, id LIMIT ?`, []any{tenant, limit}
	if everything {
		query, args = `SELECT doc FROM web_audit ORDER BY at DESC, id LIMIT ?`, []any{limit}
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("websqlite: audit: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var entries []web.AuditEntry
	for rows.Next() {
		var doc string
		var e web.AuditEntry
		if err := rows.Scan(&doc); err != nil {
			return nil, fmt.Errorf("websqlite: audit: %w", err)
		}
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			return nil, fmt.Errorf("websqlite: audit: %w", err)
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("websqlite: audit: %w", err)
	}
	return entries, nil
}

// PurgeAudit implements web.Store.
func (s *Store) PurgeAudit(ctx context.Context, t time.Time) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM web_audit WHERE at < ?`, t.UnixNano()); err != nil {
		return fmt.Errorf("websqlite: purge audit: %w", err)
	}
	return nil
}
