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

// Ticket implements lti.Store.
func (s *Store) Ticket(ctx context.Context, purpose, hash string, now time.Time) (lti.Ticket, error) {
	var rec record
	err := s.tickets.FindOne(ctx, bson.M{"_id": hash, "purpose": purpose, "expires": bson.M{"$gt": now.UnixNano()}}).Decode(&rec)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = lti.ErrNotFound
	}
	var t lti.Ticket
	if err == nil {
		err = json.Unmarshal([]byte(rec.Doc), &t)
	}
	if err != nil {
		return lti.Ticket{}, fmt.Errorf("ltimongo: ticket: %w", err)
	}
	return t, nil
}
