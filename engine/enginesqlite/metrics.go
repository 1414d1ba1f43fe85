package enginesqlite

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// PutMetricValue keeps a value over what stood there.
func (s *Store) PutMetricValue(ctx context.Context, v engine.MetricValue) error {
	const op = "put metric value"
	doc, err := encode(op, v)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_metrics (id, metric, person, at, doc) VALUES (?, ?, ?, ?, ?)
		 ON CONFLICT (id) DO UPDATE SET metric = excluded.metric, person = excluded.person, at = excluded.at, doc = excluded.doc`,
		v.ID, engine.Key(string(v.Workflow), v.Metric), string(v.Person), engine.Nanos(v.At), doc)
	return wrapped(op, err)
}

// MetricValues gives those of a metric, latest first.
func (s *Store) MetricValues(ctx context.Context, w engine.WorkflowID, metric string, limit int) ([]engine.MetricValue, error) {
	return documents[engine.MetricValue](ctx, s, "metric values",
		`SELECT doc FROM engine_metrics WHERE metric = ? ORDER BY at DESC, id DESC LIMIT ?`, engine.Key(string(w), metric), bounded(limit))
}

// EraseMetricValuesOf removes a person's.
func (s *Store) EraseMetricValuesOf(ctx context.Context, p engine.PersonID) (int, error) {
	return s.remove(ctx, "erase metric values", `DELETE FROM engine_metrics WHERE person = ?`, string(p))
}

// ForgetMetricValues removes those of before a time.
func (s *Store) ForgetMetricValues(ctx context.Context, before time.Time) (int, error) {
	return s.remove(ctx, "forget metric values", `DELETE FROM engine_metrics WHERE at < ?`, engine.Nanos(before))
}

// remove runs a DELETE and counts.
func (s *Store) remove(ctx context.Context, op, statement string, args ...any) (int, error) {
	result, err := s.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, fail(op, err)
	}
	n, err := result.RowsAffected()
	return int(n), wrapped(op, err)
}

// PutEventSource keeps a source over what stood there.
func (s *Store) PutEventSource(ctx context.Context, src engine.EventSource) error {
	const op = "put event source"
	doc, err := encode(op, src)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_event_sources (id, created_at, doc) VALUES (?, ?, ?)
		 ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, doc = excluded.doc`, src.ID, engine.Nanos(src.CreatedAt), doc)
	return wrapped(op, err)
}

// EventSource finds one by id.
func (s *Store) EventSource(ctx context.Context, id string) (engine.EventSource, error) {
	return document[engine.EventSource](ctx, s, "event source", `SELECT doc FROM engine_event_sources WHERE id = ?`, id)
}

// EventSources gives all, oldest first.
func (s *Store) EventSources(ctx context.Context) ([]engine.EventSource, error) {
	return documents[engine.EventSource](ctx, s, "event sources", `SELECT doc FROM engine_event_sources ORDER BY created_at, id LIMIT 1000`)
}

// AddReceipt keeps a receipt unless one stands that has not expired.
func (s *Store) AddReceipt(ctx context.Context, r engine.Receipt, now time.Time) (engine.Receipt, bool, error) {
	const op = "add receipt"
	doc, err := encode(op, r)
	if err != nil {
		return engine.Receipt{}, false, err
	}
	n, err := s.remove(ctx, op, `INSERT INTO engine_receipts (id, expires_at, doc) VALUES (?, ?, ?)
		 ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, doc = excluded.doc WHERE engine_receipts.expires_at <= ?`,
		r.Key, engine.Nanos(r.ExpiresAt), doc, engine.Nanos(now))
	if err != nil || n == 1 {
		return r, n == 1, err
	}
	stands, err := document[engine.Receipt](ctx, s, op, `SELECT doc FROM engine_receipts WHERE id = ?`, r.Key)
	return stands, false, err
}

// SaveReceipt keeps a receipt over what stood there.
func (s *Store) SaveReceipt(ctx context.Context, r engine.Receipt) error {
	const op = "save receipt"
	doc, err := encode(op, r)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_receipts (id, expires_at, doc) VALUES (?, ?, ?)
		 ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, doc = excluded.doc`, r.Key, engine.Nanos(r.ExpiresAt), doc)
	return wrapped(op, err)
}

// DropReceipt removes one.
func (s *Store) DropReceipt(ctx context.Context, key string) error {
	_, err := s.remove(ctx, "drop receipt", `DELETE FROM engine_receipts WHERE id = ?`, key)
	return err
}

// ForgetReceipts removes what expired.
func (s *Store) ForgetReceipts(ctx context.Context, before time.Time) (int, error) {
	return s.remove(ctx, "forget receipts", `DELETE FROM engine_receipts WHERE expires_at < ?`, engine.Nanos(before))
}
