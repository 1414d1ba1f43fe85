package ltimongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/lti"
)

// failureRecord is a failure with what it is searched by.
type failureRecord struct {
	ID      string `bson:"_id"`
	Tenant  string `bson:"tenant"`
	Last    int64  `bson:"last"`
	Expires int64  `bson:"expires"`
	Rev     int64  `bson:"rev"`
	Doc     string `bson:"doc"`
}

func newFailureRecord(f lti.Failure, rev int64) (failureRecord, error) {
	doc, err := json.Marshal(f)
	return failureRecord{
		ID: f.ID, Tenant: f.Tenant, Last: f.Last.UnixNano(), Expires: f.Last.Add(lti.FailureLife).UnixNano(), Rev: rev, Doc: string(doc),
	}, err
}

// AddFailure implements lti.Store: read, compare and swap until it holds.
func (s *Store) AddFailure(ctx context.Context, f lti.Failure) error {
	for ctx.Err() == nil {
		done, err := s.addFailure(ctx, f)
		if err != nil {
			return fmt.Errorf("ltimongo: add failure: %w", err)
		}
		if done {
			return nil
		}
	}
	return fmt.Errorf("ltimongo: add failure: %w", ctx.Err())
}

func (s *Store) addFailure(ctx context.Context, f lti.Failure) (done bool, err error) {
	var kept failureRecord
	err = s.failures.FindOne(ctx, bson.M{"_id": f.ID}).Decode(&kept)
	if errors.Is(err, mongo.ErrNoDocuments) {
		rec, err := newFailureRecord(f, 1)
		if err != nil {
			return false, err
		}
		_, err = s.failures.InsertOne(ctx, rec)
		if mongo.IsDuplicateKeyError(err) {
			return false, nil
		}
		return err == nil, err
	}
	if err != nil {
		return false, err
	}
	var old lti.Failure
	if err := json.Unmarshal([]byte(kept.Doc), &old); err != nil {
		return false, err
	}
	rec, err := newFailureRecord(old.Join(f), kept.Rev+1)
	if err != nil {
		return false, err
	}
	res, err := s.failures.ReplaceOne(ctx, bson.M{"_id": f.ID, "rev": kept.Rev}, rec)
	if err != nil {
		return false, err
	}
	return res.MatchedCount == 1, nil
}

// Failures implements lti.Store.
func (s *Store) Failures(ctx context.Context, tenant string, limit int) ([]lti.Failure, error) {
	o := options.Find().SetSort(bson.D{{Key: "last", Value: -1}, {Key: "_id", Value: 1}})
	if limit > 0 {
		o.SetLimit(int64(limit))
	}
	cur, err := s.failures.Find(ctx, bson.M{"tenant": tenant}, o)
	if err != nil {
		return nil, fmt.Errorf("ltimongo: failures: %w", err)
	}
	var recs []failureRecord
	if err := cur.All(ctx, &recs); err != nil {
		return nil, fmt.Errorf("ltimongo: failures: %w", err)
	}
	all := make([]lti.Failure, len(recs))
	for i, rec := range recs {
		if err := json.Unmarshal([]byte(rec.Doc), &all[i]); err != nil {
			return nil, fmt.Errorf("ltimongo: failures: %w", err)
		}
	}
	return all, nil
}

// RemoveFailures implements lti.Store.
func (s *Store) RemoveFailures(ctx context.Context, tenant string, ids []string) error {
	for _, id := range ids {
		if _, err := s.failures.DeleteOne(ctx, bson.M{"_id": id, "tenant": tenant}); err != nil {
			return fmt.Errorf("ltimongo: remove failures: %w", err)
		}
	}
	return nil
}
