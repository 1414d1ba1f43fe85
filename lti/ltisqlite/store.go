// Package ltisqlite keeps what the LTI tool remembers in SQLite.
//
// Every record is a JSON document beside the few columns that are searched, the
// same shape as in ltimongo. The handle must begin its transactions IMMEDIATE
// (cmd/sqlitedb does): serve, workers and the command line share the file.
package ltisqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// Store is an lti.Store in a SQLite file that several processes may share.
type Store struct{ db *sql.DB }

var _ lti.Store = (*Store)(nil)

// New makes the tables if need be.
func New(ctx context.Context, db *sql.DB) (*Store, error) {
	for _, stmt := range slices.Concat(courseTables(), leaseTables(), []string{
		`CREATE TABLE IF NOT EXISTS lti_registrations (
			id TEXT PRIMARY KEY, issuer TEXT NOT NULL, client_id TEXT NOT NULL, rev INTEGER NOT NULL,
			created INTEGER NOT NULL, doc TEXT NOT NULL, UNIQUE (issuer, client_id)) STRICT`,
		`CREATE TABLE IF NOT EXISTS lti_deployments (
			registration TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, doc TEXT NOT NULL,
			PRIMARY KEY (registration, id)) STRICT, WITHOUT ROWID`,
		`CREATE TABLE IF NOT EXISTS lti_keys (
			id TEXT PRIMARY KEY, registration TEXT NOT NULL, created INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
		`CREATE INDEX IF NOT EXISTS lti_keys_registration ON lti_keys (registration, created)`,
		`CREATE TABLE IF NOT EXISTS lti_logins (
			state TEXT PRIMARY KEY, nonce TEXT NOT NULL UNIQUE, used INTEGER NOT NULL, expires INTEGER NOT NULL,
			doc TEXT NOT NULL) STRICT`,
		`CREATE INDEX IF NOT EXISTS lti_logins_expires ON lti_logins (expires)`,
		`CREATE TABLE IF NOT EXISTS lti_tickets (
			hash TEXT PRIMARY KEY, purpose TEXT NOT NULL, expires INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
		`CREATE INDEX IF NOT EXISTS lti_tickets_expires ON lti_tickets (expires)`,
		`CREATE TABLE IF NOT EXISTS lti_scores (
			registration TEXT NOT NULL, line_item TEXT NOT NULL, person TEXT NOT NULL, at INTEGER NOT NULL,
			PRIMARY KEY (registration, line_item, person)) STRICT, WITHOUT ROWID`,
		failureTables,
		legacyKeyTable,
	}) {
		if _, err := db.ExecContext(ctx, stmt); err != nil {
			return nil, fmt.Errorf("ltisqlite: make tables: %w", err)
		}
	}
	return &Store{db: db}, nil
}

// tx runs fn in a transaction that holds the write lock from its start.
func (s *Store) tx(ctx context.Context, op string, fn func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := fn(tx); err != nil {
		return fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	return nil
}

// CreateRegistration implements lti.Store.
func (s *Store) CreateRegistration(ctx context.Context, r lti.Registration, k lti.Key) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("ltisqlite: create registration: %w", err)
	}
	key, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("ltisqlite: create registration: %w", err)
	}
	return s.tx(ctx, "create registration", func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx,
			`INSERT INTO lti_registrations (id, issuer, client_id, rev, created, doc) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			r.ID, r.Issuer, r.ClientID, r.Rev, r.CreatedAt.UnixNano(), string(doc)))
		if err != nil {
			return err
		}
		if n == 0 {
			return lti.ErrConflict
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO lti_keys (id, registration, created, doc) VALUES (?, ?, ?, ?)`,
			k.ID, k.Registration, k.CreatedAt.UnixNano(), string(key))
		return err
	})
}

// SaveRegistration implements lti.Store.
func (s *Store) SaveRegistration(ctx context.Context, r lti.Registration) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("ltisqlite: save registration: %w", err)
	}
	n, err := affected(s.db.ExecContext(ctx,
		`UPDATE lti_registrations SET rev = rev + 1, doc = ? WHERE id = ? AND rev = ? AND issuer = ? AND client_id = ?`,
		string(doc), r.ID, r.Rev, r.Issuer, r.ClientID))
	if err == nil && n == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltisqlite: save registration: %w", err)
	}
	return nil
}

// Registration implements lti.Store.
func (s *Store) Registration(ctx context.Context, id lti.RegistrationID) (lti.Registration, error) {
	return one(s.registrations(ctx, "registration", `WHERE id = ?`, id))
}

// RegistrationFor implements lti.Store.
func (s *Store) RegistrationFor(ctx context.Context, issuer, clientID string) (lti.Registration, error) {
	return one(s.registrations(ctx, "registration", `WHERE issuer = ? AND client_id = ?`, issuer, clientID))
}

// RegistrationsOf implements lti.Store.
func (s *Store) RegistrationsOf(ctx context.Context, issuer string) ([]lti.Registration, error) {
	return s.registrations(ctx, "registrations", `WHERE issuer = ? ORDER BY created, id`, issuer)
}

// Registrations implements lti.Store.
func (s *Store) Registrations(ctx context.Context) ([]lti.Registration, error) {
	return s.registrations(ctx, "registrations", `ORDER BY created, id`)
}

func (s *Store) registrations(ctx context.Context, op, where string, args ...any) ([]lti.Registration, error) {
	return list(ctx, s.db, op, `SELECT doc, rev FROM lti_registrations `+where, args, func(r *lti.Registration, rev int64) { r.Rev = rev })
}

// RemoveRegistration implements lti.Store.
func (s *Store) RemoveRegistration(ctx context.Context, id lti.RegistrationID) error {
	return s.tx(ctx, "remove registration", func(tx *sql.Tx) error {
		for _, stmt := range []string{
			`DELETE FROM lti_registrations WHERE id = ?`,
			`DELETE FROM lti_keys WHERE registration = ?`,
			`DELETE FROM lti_deployments WHERE registration = ?`,
			`DELETE FROM lti_logins WHERE json_extract(doc, '$.registration') = ?`,
			`DELETE FROM lti_scores WHERE registration = ?`,
			`DELETE FROM lti_courses WHERE json_extract(doc, '$.registration') = ?`,
		} {
			if _, err := tx.ExecContext(ctx, stmt, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// SaveDeployment implements lti.Store. The revision stands in the document.
func (s *Store) SaveDeployment(ctx context.Context, d lti.Deployment) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("ltisqlite: save deployment: %w", err)
	}
	n, err := affected(s.db.ExecContext(ctx,
		`UPDATE lti_deployments SET doc = json_set(?, '$.rev', ?)
		 WHERE registration = ? AND id = ? AND coalesce(json_extract(doc, '$.rev'), 0) = ?`,
		string(doc), d.Rev+1, d.Registration, d.ID, d.Rev))
	if err == nil && n == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltisqlite: save deployment: %w", err)
	}
	return nil
}

// AddDeployment implements lti.Store.
func (s *Store) AddDeployment(ctx context.Context, d lti.Deployment) (lti.Deployment, error) {
	if err := s.put(ctx, "add deployment", d,
		`INSERT INTO lti_deployments (registration, id, created, doc) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		d.Registration, d.ID, d.CreatedAt.UnixNano()); err != nil {
		return lti.Deployment{}, err
	}
	return s.Deployment(ctx, d.Registration, d.ID)
}

// Deployment implements lti.Store.
func (s *Store) Deployment(ctx context.Context, r lti.RegistrationID, id string) (lti.Deployment, error) {
	return one(s.deploymentsWhere(ctx, "deployment", `registration = ? AND id = ?`, r, id))
}

// Deployments implements lti.Store.
func (s *Store) Deployments(ctx context.Context, r lti.RegistrationID) ([]lti.Deployment, error) {
	return s.deploymentsWhere(ctx, "deployments", `registration = ? ORDER BY created, id`, r)
}

func (s *Store) deploymentsWhere(ctx context.Context, op, where string, args ...any) ([]lti.Deployment, error) {
	return list(ctx, s.db, op, `SELECT doc, coalesce(json_extract(doc, '$.rev'), 0) FROM lti_deployments WHERE `+where, args,
		func(d *lti.Deployment, rev int64) { d.Rev = rev })
}

// PutLogin implements lti.Store.
func (s *Store) PutLogin(ctx context.Context, l lti.Login) error {
	return s.put(ctx, "put login", l, `INSERT INTO lti_logins (state, nonce, used, expires, doc) VALUES (?, ?, 0, ?, ?)`,
		l.State, l.Nonce, l.ExpiresAt.UnixNano())
}

// Login implements lti.Store.
func (s *Store) Login(ctx context.Context, state string) (lti.Login, error) {
	return one(list(ctx, s.db, "login", `SELECT doc, used FROM lti_logins WHERE state = ?`, []any{state}, setUsed))
}

// LoginByNonce implements lti.Store.
func (s *Store) LoginByNonce(ctx context.Context, nonce string) (lti.Login, error) {
	return one(list(ctx, s.db, "login", `SELECT doc, used FROM lti_logins WHERE nonce = ?`, []any{nonce}, setUsed))
}

func setUsed(l *lti.Login, used int64) {
	if used != 0 {
		l.UsedAt = time.Unix(0, used).UTC()
	}
}

// UseLogin implements lti.Store.
func (s *Store) UseLogin(ctx context.Context, state string, at time.Time) error {
	n, err := affected(s.db.ExecContext(ctx, `UPDATE lti_logins SET used = ? WHERE state = ? AND used = 0`, at.UnixNano(), state))
	if err == nil && n == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltisqlite: use login: %w", err)
	}
	return nil
}

// PutTicket implements lti.Store.
func (s *Store) PutTicket(ctx context.Context, t lti.Ticket) error {
	return s.put(ctx, "put ticket", t, `INSERT INTO lti_tickets (hash, purpose, expires, doc) VALUES (?, ?, ?, ?)`,
		t.Hash, t.Purpose, t.ExpiresAt.UnixNano())
}

// TakeTicket implements lti.Store.
func (s *Store) TakeTicket(ctx context.Context, purpose, hash string, now time.Time) (lti.Ticket, error) {
	return one(list[lti.Ticket](ctx, s.db, "take ticket",
		`DELETE FROM lti_tickets WHERE hash = ? AND purpose = ? AND expires > ? RETURNING doc, 0`,
		[]any{hash, purpose, now.UnixNano()}, nil))
}

// NextScoreTime implements lti.Store.
func (s *Store) NextScoreTime(ctx context.Context, r lti.RegistrationID, lineItem, user string, at time.Time, step time.Duration) (time.Time, error) {
	var next int64
	err := s.db.QueryRowContext(ctx,
		`INSERT INTO lti_scores (registration, line_item, person, at) VALUES (?, ?, ?, ?)
		 ON CONFLICT (registration, line_item, person) DO UPDATE SET at = max(excluded.at, lti_scores.at + ?) RETURNING at`,
		r, lineItem, user, at.UnixNano(), int64(step)).Scan(&next)
	if err != nil {
		return time.Time{}, fmt.Errorf("ltisqlite: next score time: %w", err)
	}
	return time.Unix(0, next).UTC(), nil
}

// Purge implements lti.Store.
func (s *Store) Purge(ctx context.Context, unused, used time.Time) error {
	for _, one := range []struct {
		stmt   string
		before time.Time
	}{
		{`DELETE FROM lti_logins WHERE expires < ? AND used = 0`, unused},
		{`DELETE FROM lti_logins WHERE expires < ?`, used},
		{`DELETE FROM lti_tickets WHERE expires < ?`, unused},
		{`DELETE FROM lti_failures WHERE expires < ?`, used},
		{`DELETE FROM lti_leases WHERE until < ?`, used},
	} {
		if _, err := s.db.ExecContext(ctx, one.stmt, one.before.UnixNano()); err != nil {
			return fmt.Errorf("ltisqlite: purge: %w", err)
		}
	}
	return nil
}

// put runs an insert whose last argument is the document.
func (s *Store) put(ctx context.Context, op string, doc any, query string, args ...any) error {
	data, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	if _, err := s.db.ExecContext(ctx, query, append(args, string(data))...); err != nil {
		return fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	return nil
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// list reads rows of (document, number); set puts the number where it belongs.
func list[T any](ctx context.Context, db *sql.DB, op, query string, args []any, set func(*T, int64)) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var doc string
		var n int64
		var v T
		if err := rows.Scan(&doc, &n); err != nil {
			return nil, fmt.Errorf("ltisqlite: %s: %w", op, err)
		}
		if err := json.Unmarshal([]byte(doc), &v); err != nil {
			return nil, fmt.Errorf("ltisqlite: %s: %w", op, err)
		}
		if set != nil {
			set(&v, n)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ltisqlite: %s: %w", op, err)
	}
	return all, nil
}

// one answers the first, or ErrNotFound.
func one[T any](all []T, err error) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	if len(all) == 0 {
		return zero, fmt.Errorf("ltisqlite: %w", lti.ErrNotFound)
	}
	return all[0], nil
}
