package ltimongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// TakeLease implements lti.Leases: {_id: name, holder, until}.
func (s *Store) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	res, err := s.leases.UpdateOne(ctx,
		bson.M{"_id": name, "$or": bson.A{bson.M{"holder": holder}, bson.M{"until": bson.M{"$lte": now.UnixNano()}}}},
		bson.M{"$set": bson.M{"holder": holder, "until": until.UnixNano()}})
	if err != nil {
		return false, fmt.Errorf("ltimongo: take lease: %w", err)
	}
	if res.MatchedCount == 1 {
		return true, nil
	}
	_, err = s.leases.InsertOne(ctx, bson.M{"_id": name, "holder": holder, "until": until.UnixNano()})
	switch {
	case mongo.IsDuplicateKeyError(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ltimongo: take lease: %w", err)
	}
	return true, nil
}

// ReleaseLease implements lti.Leases.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	if _, err := s.leases.DeleteOne(ctx, bson.M{"_id": name, "holder": holder}); err != nil {
		return fmt.Errorf("ltimongo: release lease: %w", err)
	}
	return nil
}
