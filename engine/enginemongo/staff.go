package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// AddStaff notes that someone came to a course in a role, or came again.
func (s *Store) AddStaff(ctx context.Context, st engine.Staff) error {
	const op = "add staff"
	doc, err := encode(op, st)
	if err != nil {
		return err
	}
	id := engine.Key(st.Issuer, st.Course, string(st.Person), st.Role)
	return upsert(ctx, op, s.staff, id, bson.D{{Key: "_id", Value: id},
		{Key: "course", Value: engine.Key(st.Issuer, st.Course)}, {Key: "seen", Value: engine.Nanos(st.Seen)}, {Key: "doc", Value: doc}})
}

// StaffOf lists the staff of a course by Seen, oldest first.
func (s *Store) StaffOf(ctx context.Context, c engine.Course) ([]engine.Staff, error) {
	return documents[engine.Staff](ctx, "staff of a course", s.staff, is("course", c.Key()), ascending("seen", "_id"), maxStaff)
}

// PutSignal keeps a signal once.
func (s *Store) PutSignal(ctx context.Context, sig engine.Signal) error {
	const op = "put signal"
	doc, err := encode(op, sig)
	if err != nil {
		return err
	}
	stored := bson.D{{Key: "_id", Value: sig.ID},
		{Key: "account", Value: engine.AccountKey(sig.Issuer, sig.Subject)}, {Key: "at", Value: engine.Nanos(sig.At)}, {Key: "doc", Value: doc}}
	if !sig.ExpiresAt.IsZero() {
		stored = append(stored, bson.E{Key: "expires_at", Value: engine.Nanos(sig.ExpiresAt)})
	}
	return insertOnce(ctx, op, s.signals, stored)
}

// SignalsOf lists a person's signals, oldest first.
func (s *Store) SignalsOf(ctx context.Context, issuer, subject string) ([]engine.Signal, error) {
	return documents[engine.Signal](ctx, "signals of a person", s.signals,
		is("account", engine.AccountKey(issuer, subject)), ascending("at", "_id"), maxSignals)
}
