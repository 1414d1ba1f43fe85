package enginemongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/cairn-lms/cairn/engine"
)

// Cursor gives how far a follower has read; 0 for one that never saved.
func (s *Store) Cursor(ctx context.Context, name string) (int64, error) {
	var stored struct {
		Seq int64 `bson:"seq"`
	}
	err := s.cursors.FindOne(ctx, is("_id", name)).Decode(&stored)
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return 0, fail("cursor", err)
	}
	return stored.Seq, nil
}

// SaveCursor moves a cursor on. It never moves back: a follower that lost its
// lease and saves late does no harm.
func (s *Store) SaveCursor(ctx context.Context, name string, seq int64) error {
	const op = "save cursor"
	if err := insertOnce(ctx, op, s.cursors, bson.D{{Key: "_id", Value: name}, {Key: "seq", Value: int64(0)}}); err != nil {
		return err
	}
	_, err := s.cursors.UpdateOne(ctx,
		bson.D{{Key: "_id", Value: name}, {Key: "seq", Value: bson.D{{Key: "$lt", Value: seq}}}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "seq", Value: seq}}}})
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// TakeLease takes or renews a lease.
func (s *Store) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	const op = "take lease"
	result, err := s.leases.UpdateOne(ctx,
		bson.D{{Key: "_id", Value: name}, {Key: "$or", Value: bson.A{
			is("holder", holder),
			is("until", bson.D{{Key: "$lte", Value: engine.Nanos(now)}}),
		}}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "holder", Value: holder}, {Key: "until", Value: engine.Nanos(until)}}}})
	if err != nil {
		return false, fail(op, err)
	}
	if result.MatchedCount == 1 {
		return true, nil
	}
	_, err = s.leases.InsertOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "holder", Value: holder}, {Key: "until", Value: engine.Nanos(until)}})
	switch {
	case err == nil:
		return true, nil
	case mongo.IsDuplicateKeyError(err):
		return false, nil
	default:
		return false, fail(op, err)
	}
}

// ReleaseLease gives a lease back, if it is the holder's.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	if _, err := s.leases.DeleteOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "holder", Value: holder}}); err != nil {
		return fail("release lease", err)
	}
	return nil
}
