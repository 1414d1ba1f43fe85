package enginesqlite

import (
	"context"

	"github.com/cairn-lms/cairn/engine"
)

// AddStaff notes that someone came to a course in a role, or came again.
func (s *Store) AddStaff(ctx context.Context, st engine.Staff) error {
	const op = "add staff"
	doc, err := encode(op, st)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx,
		`INSERT INTO engine_staff (course, person, role, seen, doc) VALUES (?, ?, ?, ?, ?)
		 ON CONFLICT (course, person, role) DO UPDATE SET seen = excluded.seen, doc = excluded.doc`,
		engine.Key(st.Issuer, st.Course), string(st.Person), st.Role, engine.Nanos(st.Seen), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// StaffOf lists the staff of a course by Seen, oldest first.
func (s *Store) StaffOf(ctx context.Context, c engine.Course) ([]engine.Staff, error) {
	const op = "staff of a course"
	return documents[engine.Staff](ctx, s, op, `SELECT doc FROM engine_staff WHERE course = ? ORDER BY seen, person, role LIMIT ?`, c.Key(), maxStaff)
}

// PutSignal keeps a signal once.
func (s *Store) PutSignal(ctx context.Context, sig engine.Signal) error {
	const op = "put signal"
	doc, err := encode(op, sig)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_signals (id, account, at, doc) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		sig.ID, engine.AccountKey(sig.Issuer, sig.Subject), engine.Nanos(sig.At), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// SignalsOf lists a person's signals, oldest first.
func (s *Store) SignalsOf(ctx context.Context, issuer, subject string) ([]engine.Signal, error) {
	const op = "signals of a person"
	return documents[engine.Signal](ctx, s, op, `SELECT doc FROM engine_signals WHERE account = ? ORDER BY at, id LIMIT ?`, engine.AccountKey(issuer, subject), maxSignals)
}
