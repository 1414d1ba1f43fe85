// Package enginesqlite keeps the engine's documents in SQLite.
//
// Every document is one row: its JSON (doc), its revision, and the few columns
// that queries need. A save is a compare-and-swap on the revision. The columns are
// always derived from the document in the same statement, so they cannot
// disagree with it.
//
//	engine_workflows      (id, version)  doc
//	engine_people         id             rev, key (unique: account, e-mail or id)
//	engine_staff          (course, person, role)  seen
//	engine_roster         (course, subject)
//	engine_aliases        (name, account)  seen
//	engine_signals        id             account, at, and an index on expires_at of the document
//	engine_enrolments     id             rev, key (unique: workflow, learner, course), learner, course, wake_at, unrelayed, grade_at,
//	                                     waits_for (JSON: people), preview_at, standing and glance (null: a preview)
//	engine_waiting        (person, enrolment)  kept by triggers from waits_for
//	engine_standings      (course, created_at, enrolment)  kept by triggers from standing
//	engine_glances        enrolment      course, created_at; kept by triggers from glance
//	engine_course_links   (course, workflow)
//	engine_tombstones     id             a salted hash, and the salt
//	engine_portfolio_links id            owner, created_at
//	engine_contributions  id             enrolment, at
//	engine_blobs          sha256         data
//	engine_messages       id             rev, person, ready_at (when it needs a worker; null: never again)
//	engine_cohorts        id             rev, tells (null: nobody)
//	engine_members        enrolment      rev (of the enrolment), cohort, joined_at
//	engine_gates          (cohort, step, ready, enrolment)  kept by triggers from the members
//	engine_groups         cohort         rev, tells
//	engine_posts          id             rev, thread, author, at, uncounted (null: no more)
//	engine_events         id             rev, received_at, pending_at (null: applied)
//	engine_event_people   (person, received_at, event)
//	engine_metrics        id             metric, person, at
//	engine_event_sources  id             created_at
//	engine_receipts       id             expires_at
//	engine_cursors        name           seq
//	engine_dead_letters   id             at
//	engine_leases         name           holder, until
//	engine_barrier_actions id            rev, course, at
//	engine_endpoints      name
//
// Times are integers, nanoseconds since 1970 in UTC.
package enginesqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

const (
	maxDocument = 8 << 20 // bytes of JSON of one document
	maxRows     = 10_000  // rows of one answer, whatever was asked
	maxStaff    = 100     // people of one course
	maxSignals  = 1_000   // signals of one person
	maxAliases  = 10      // accounts that go by one name
	maxLinks    = 100     // links of one course

	signalExpires = `json_extract(doc, '$.expires_at')` // RFC 3339 in UTC; as text it sorts, to the second
)

var schema = []string{
	`CREATE TABLE IF NOT EXISTS engine_workflows (
		id TEXT NOT NULL, version INTEGER NOT NULL, doc TEXT NOT NULL,
		PRIMARY KEY (id, version)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS engine_people (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, doc TEXT NOT NULL) STRICT`,
	`CREATE TABLE IF NOT EXISTS engine_staff (
		course TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL, seen INTEGER NOT NULL, doc TEXT NOT NULL,
		PRIMARY KEY (course, person, role)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX IF NOT EXISTS engine_staff_seen ON engine_staff (course, seen)`,
	`CREATE TABLE IF NOT EXISTS engine_roster (
		course TEXT NOT NULL, subject TEXT NOT NULL, doc TEXT NOT NULL,
		PRIMARY KEY (course, subject)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS engine_signals (
		id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_signals_account ON engine_signals (account, at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_signals_expires ON engine_signals (` + signalExpires + `) WHERE ` + signalExpires + ` IS NOT NULL`,
	`CREATE TABLE IF NOT EXISTS engine_aliases (
		name TEXT NOT NULL, account TEXT NOT NULL, seen INTEGER NOT NULL, doc TEXT NOT NULL,
		PRIMARY KEY (name, account)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS engine_enrolments (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, key TEXT NOT NULL UNIQUE,
		learner TEXT NOT NULL, course TEXT NOT NULL, created_at INTEGER NOT NULL,
		wake_at INTEGER, unrelayed INTEGER, grade_at INTEGER, doc TEXT NOT NULL, waits_for TEXT, preview_at INTEGER, standing TEXT, glance TEXT) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_enrolments_learner ON engine_enrolments (learner, created_at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_enrolments_course ON engine_enrolments (course, created_at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_enrolments_wake ON engine_enrolments (wake_at, id) WHERE wake_at IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS engine_enrolments_unrelayed ON engine_enrolments (unrelayed, id) WHERE unrelayed IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS engine_enrolments_grade ON engine_enrolments (grade_at, id) WHERE grade_at IS NOT NULL`,
	`CREATE TABLE IF NOT EXISTS engine_contributions (
		id TEXT PRIMARY KEY NOT NULL, enrolment TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_contributions_enrolment ON engine_contributions (enrolment, at, id)`,
	`CREATE TABLE IF NOT EXISTS engine_blobs (
		sha256 TEXT PRIMARY KEY NOT NULL, data BLOB NOT NULL) STRICT`,
	`CREATE TABLE IF NOT EXISTS engine_messages (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, person TEXT NOT NULL,
		due_at INTEGER NOT NULL, ready_at INTEGER, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_messages_person ON engine_messages (person, due_at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_messages_ready ON engine_messages (ready_at, id) WHERE ready_at IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS engine_messages_ready_to ON engine_messages (person, ready_at, id) WHERE ready_at IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS engine_messages_sent_to ON engine_messages (person, json_extract(doc, '$.sent_at'), id)
		WHERE json_extract(doc, '$.sent_at') IS NOT NULL`,
	`CREATE TABLE IF NOT EXISTS engine_cursors (
		name TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL) STRICT`,
	`CREATE TABLE IF NOT EXISTS engine_endpoints (
		name TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE TABLE IF NOT EXISTS engine_leases (
		name TEXT PRIMARY KEY NOT NULL, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT`,
}

// Store is an engine.Store over one SQLite file. It is safe for concurrent use,
// also by other processes on the same file.
type Store struct {
	db *sql.DB
}

var _ engine.Store = (*Store)(nil)

// New makes the tables that are missing, and brings what an earlier version wrote up to date. The handle stays the caller's to close.
func New(ctx context.Context, db *sql.DB) (*Store, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("enginesqlite: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := upgrade(ctx, tx); err != nil {
		return nil, fmt.Errorf("enginesqlite: upgrade tables: %w", err)
	}
	for _, statement := range slices.Concat(schema, waitingSchema, portfolioLinkSchema, standingSchema, glanceSchema, barrierSchema, cohortSchema, postSchema, eventSchema, deadLetterSchema) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("enginesqlite: make tables: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("enginesqlite: make tables: %w", err)
	}
	s := &Store{db: db}
	if err := engine.Upgrade(ctx, s); err != nil {
		return nil, fmt.Errorf("enginesqlite: %w", err)
	}
	return s, nil
}

// alarm is an instant as stored where 0, never, is null and so outside the index.
func alarm(at int64) sql.NullInt64 {
	return sql.NullInt64{Int64: at, Valid: at != 0}
}

// encode makes the JSON of a document.
func encode(op string, document any) (string, error) {
	doc, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("enginesqlite: %s: %w: %w", op, engine.ErrInvalid, err)
	}
	if len(doc) > maxDocument {
		return "", fmt.Errorf("enginesqlite: %s: %w: the document has %d bytes, %d at most", op, engine.ErrInvalid, len(doc), maxDocument)
	}
	return string(doc), nil
}

// fail wraps an error of the database with the operation, and says which of the
// engine's errors it is.
func fail(op string, err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("enginesqlite: %s: %w", op, engine.ErrNotFound)
	case strings.Contains(err.Error(), "UNIQUE constraint failed"):
		return fmt.Errorf("enginesqlite: %s: %w", op, engine.ErrConflict)
	default:
		return fmt.Errorf("enginesqlite: %s: %w", op, err)
	}
}

// swapped turns the result of a compare-and-swap into an error: no row changed
// means that the document has another revision, or is not there at all.
func (s *Store) swapped(ctx context.Context, op, table, id string, result sql.Result) error {
	changed, err := result.RowsAffected()
	if err != nil {
		return fail(op, err)
	}
	if changed == 1 {
		return nil
	}
	var one int
	if err := s.db.QueryRowContext(ctx, `SELECT 1 FROM `+table+` WHERE id = ?`, id).Scan(&one); err != nil {
		return fail(op, err)
	}
	return fmt.Errorf("enginesqlite: %s: %w: it has changed meanwhile", op, engine.ErrConflict)
}

// documents decodes the one column of each row, doc.
func documents[T any](ctx context.Context, s *Store, op, query string, args ...any) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fail(op, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var doc sql.RawBytes
		if err := rows.Scan(&doc); err != nil {
			return nil, fail(op, err)
		}
		var one T
		if err := json.Unmarshal(doc, &one); err != nil {
			return nil, fmt.Errorf("enginesqlite: %s: stored document: %w", op, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fail(op, err)
	}
	return all, nil
}

// document is the first of them, or ErrNotFound.
func document[T any](ctx context.Context, s *Store, op, query string, args ...any) (T, error) {
	all, err := documents[T](ctx, s, op, query, args...)
	if err != nil || len(all) == 0 {
		var none T
		if err == nil {
			err = fail(op, sql.ErrNoRows)
		}
		return none, err
	}
	return all[0], nil
}

func bounded(limit int) int {
	if limit <= 0 || limit > maxRows {
		return maxRows
	}
	return limit
}
