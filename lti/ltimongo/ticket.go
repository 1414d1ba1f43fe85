package ltimongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/cairn-lms/cairn/lti"
)

// PutTicket implements lti.Store.
func (s *Store) PutTicket(ctx context.Context, t lti.Ticket) error {
	if err := insert(ctx, s.tickets, t, record{ID: t.Hash, Purpose: t.Purpose, Expires: t.ExpiresAt.UnixNano()}); err != nil {
		return fmt.Errorf("ltimongo: put ticket: %w", err)
	}
	return nil
}

// Ticket implements lti.Store.
func (s *Store) Ticket(ctx context.Context, purpose, hash string, now time.Time) (lti.Ticket, error) {
	return readTicket("ticket", s.tickets.FindOne(ctx, goodTicket(purpose, hash, now)))
}

// TakeTicket implements lti.Store.
func (s *Store) TakeTicket(ctx context.Context, purpose, hash string, now time.Time) (lti.Ticket, error) {
	return readTicket("take ticket", s.tickets.FindOneAndDelete(ctx, goodTicket(purpose, hash, now)))
}

// goodTicket finds a ticket of this purpose that has not expired.
func goodTicket(purpose, hash string, now time.Time) bson.M {
	return bson.M{"_id": hash, "purpose": purpose, "expires": bson.M{"$gt": now.UnixNano()}}
}

func readTicket(op string, found *mongo.SingleResult) (lti.Ticket, error) {
	var rec record
	err := found.Decode(&rec)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = lti.ErrNotFound
	}
	var t lti.Ticket
	if err == nil {
		err = json.Unmarshal([]byte(rec.Doc), &t)
	}
	if err != nil {
		return lti.Ticket{}, fmt.Errorf("ltimongo: %s: %w", op, err)
	}
	return t, nil
}
