package enginesqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// eventSchema makes the tables of business events, metrics, event sources and receipts.
var eventSchema = []string{
	`CREATE INDEX IF NOT EXISTS engine_enrolments_created ON engine_enrolments (created_at, id)`,
	`CREATE TABLE IF NOT EXISTS engine_events (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, received_at INTEGER NOT NULL, pending_at INTEGER, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_events_received ON engine_events (received_at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_events_pending ON engine_events (pending_at, id) WHERE pending_at IS NOT NULL`,
	`CREATE TABLE IF NOT EXISTS engine_event_people (
		person TEXT NOT NULL, received_at INTEGER NOT NULL, event TEXT NOT NULL,
		PRIMARY KEY (person, received_at, event)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX IF NOT EXISTS engine_event_people_event ON engine_event_people (event)`,
	`CREATE TABLE IF NOT EXISTS engine_metrics (
		id TEXT PRIMARY KEY NOT NULL, metric TEXT NOT NULL, person TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_metrics_metric ON engine_metrics (metric, at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_metrics_person ON engine_metrics (person)`,
	`CREATE INDEX IF NOT EXISTS engine_metrics_at ON engine_metrics (at)`,
	`CREATE TABLE IF NOT EXISTS engine_event_sources (
		id TEXT PRIMARY KEY NOT NULL, created_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE TABLE IF NOT EXISTS engine_receipts (
		id TEXT PRIMARY KEY NOT NULL, expires_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_receipts_expires ON engine_receipts (expires_at)`,
}

// AddEvent keeps an event, at revision 1, unless it is there.
func (s *Store) AddEvent(ctx context.Context, ev engine.BusinessEvent) (bool, error) {
	const op = "add event"
	ev.Rev = 1
	doc, err := encode(op, ev)
	if err != nil {
		return false, err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fail(op, err)
	}
	defer func() { _ = tx.Rollback() }()
	result, err := tx.ExecContext(ctx, `INSERT INTO engine_events (id, rev, received_at, pending_at, doc) VALUES (?, 1, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		ev.Key, engine.Nanos(ev.ReceivedAt), alarm(ev.PendingAt()), doc)
	if err != nil {
		return false, fail(op, err)
	}
	n, err := result.RowsAffected()
	if err != nil || n == 0 {
		return false, wrapped(op, err)
	}
	if err := eventPeople(ctx, tx, ev); err != nil {
		return false, fail(op, err)
	}
	return true, wrapped(op, tx.Commit())
}

func wrapped(op string, err error) error {
	if err == nil {
		return nil
	}
	return fail(op, err)
}

// eventPeople writes whom an event is about.
func eventPeople(ctx context.Context, tx *sql.Tx, ev engine.BusinessEvent) error {
	if _, err := tx.ExecContext(ctx, forgetEventPeople, ev.Key); err != nil {
		return err
	}
	for _, p := range ev.People {
		if _, err := tx.ExecContext(ctx, `INSERT INTO engine_event_people (person, received_at, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			string(p), engine.Nanos(ev.ReceivedAt), ev.Key); err != nil {
			return err
		}
	}
	return nil
}

// SaveEvent replaces the event at revision ev.Rev.
func (s *Store) SaveEvent(ctx context.Context, ev engine.BusinessEvent) error {
	const op = "save event"
	was := ev.Rev
	ev.Rev++
	doc, err := encode(op, ev)
	if err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fail(op, err)
	}
	defer func() { _ = tx.Rollback() }()
	result, err := tx.ExecContext(ctx, `UPDATE engine_events SET rev = ?, received_at = ?, pending_at = ?, doc = ? WHERE id = ? AND rev = ?`,
		ev.Rev, engine.Nanos(ev.ReceivedAt), alarm(ev.PendingAt()), doc, ev.Key, was)
	if err != nil {
		return fail(op, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fail(op, err)
	}
	if n == 0 {
		var one int
		if err := tx.QueryRowContext(ctx, `SELECT 1 FROM engine_events WHERE id = ?`, ev.Key).Scan(&one); err != nil {
			return fail(op, err)
		}
		return fmt.Errorf("enginesqlite: %s: %w: it has changed meanwhile", op, engine.ErrConflict)
	}
	if err := eventPeople(ctx, tx, ev); err != nil {
		return fail(op, err)
	}
	return wrapped(op, tx.Commit())
}

// Event finds one by its key.
func (s *Store) Event(ctx context.Context, key string) (engine.BusinessEvent, error) {
	return document[engine.BusinessEvent](ctx, s, "event", `SELECT doc FROM engine_events WHERE id = ?`, key)
}

// Events gives the log, latest first, from behind a place.
func (s *Store) Events(ctx context.Context, behind engine.EventPlace, limit int) ([]engine.BusinessEvent, error) {
	if behind == (engine.EventPlace{}) {
		return documents[engine.BusinessEvent](ctx, s, "events", `SELECT doc FROM engine_events ORDER BY received_at DESC, id DESC LIMIT ?`, bounded(limit))
	}
	return documents[engine.BusinessEvent](ctx, s, "events",
		`SELECT doc FROM engine_events WHERE (received_at, id) < (?, ?) ORDER BY received_at DESC, id DESC LIMIT ?`,
		engine.Nanos(behind.At), behind.Key, bounded(limit))
}

// EventsOf gives those about a person, latest first.
func (s *Store) EventsOf(ctx context.Context, p engine.PersonID, limit int) ([]engine.BusinessEvent, error) {
	return documents[engine.BusinessEvent](ctx, s, "events of a person",
		`SELECT e.doc FROM engine_event_people p JOIN engine_events e ON e.id = p.event
		 WHERE p.person = ? ORDER BY p.received_at DESC, p.event DESC LIMIT ?`, string(p), bounded(limit))
}

const pendingEvents = `SELECT doc FROM engine_events WHERE pending_at IS NOT NULL AND pending_at <= ? ORDER BY pending_at, id LIMIT ?`

// PendingEvents gives those that need a worker, earliest first.
func (s *Store) PendingEvents(ctx context.Context, until time.Time, limit int) ([]engine.BusinessEvent, error) {
	return documents[engine.BusinessEvent](ctx, s, "pending events",
		pendingEvents, engine.Nanos(until), bounded(limit))
}

// ForgetEvents removes those received before a time.
func (s *Store) ForgetEvents(ctx context.Context, before time.Time) (int, error) {
	return s.removeEvents(ctx, "forget events", `SELECT id FROM engine_events WHERE received_at < ?`, engine.Nanos(before))
}

// EraseEventsOf removes those about a person.
func (s *Store) EraseEventsOf(ctx context.Context, p engine.PersonID) (int, error) {
	return s.removeEvents(ctx, "erase events", `SELECT event FROM engine_event_people WHERE person = ?`, string(p))
}

// removeEvents removes the events that a query names, and who they are about.
func (s *Store) removeEvents(ctx context.Context, op, which string, arg any) (int, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fail(op, err)
	}
	defer func() { _ = tx.Rollback() }()
	gone, err := removed(ctx, tx, `DELETE FROM engine_events WHERE id IN (`+which+`) RETURNING id`, arg)
	if err != nil {
		return 0, fail(op, err)
	}
	for _, id := range gone {
		if _, err := tx.ExecContext(ctx, forgetEventPeople, id); err != nil {
			return 0, fail(op, err)
		}
	}
	return len(gone), wrapped(op, tx.Commit())
}

const forgetEventPeople = `DELETE FROM engine_event_people WHERE event = ?`

// removed are the ids that a statement returns.
func removed(ctx context.Context, tx *sql.Tx, query string, arg any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
