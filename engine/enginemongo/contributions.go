package enginemongo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
)

// PutContribution writes what someone handed in or drafted, over what stood there.
func (s *Store) PutContribution(ctx context.Context, c engine.Contribution) error {
	const op = "put contribution"
	doc, err := encode(op, c)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.contributions, string(c.ID), bson.D{{Key: "_id", Value: string(c.ID)},
		{Key: "enrolment", Value: string(c.Enrolment)}, {Key: "at", Value: engine.Nanos(c.At)}, {Key: "doc", Value: doc}})
}

// Contribution finds one by id.
func (s *Store) Contribution(ctx context.Context, id engine.ContributionID) (engine.Contribution, error) {
	return document[engine.Contribution](ctx, "contribution", s.contributions, is("_id", string(id)), nil)
}

// Contributions gives all of an enrolment, oldest first.
func (s *Store) Contributions(ctx context.Context, e engine.EnrolmentID) ([]engine.Contribution, error) {
	return documents[engine.Contribution](ctx, "contributions", s.contributions,
		is("enrolment", string(e)), ascending("at", "_id"), maxRows)
}

// PutBlob keeps a file under the hash of its bytes (lower-case hex).
func (s *Store) PutBlob(ctx context.Context, sum string, data []byte) error {
	const op = "put blob"
	if len(data) > engine.MaxBlob {
		return fmt.Errorf("enginemongo: %s: %w: %d bytes, %d at most", op, engine.ErrInvalid, len(data), engine.MaxBlob)
	}
	if have := sha256.Sum256(data); hex.EncodeToString(have[:]) != sum {
		return fmt.Errorf("enginemongo: %s: %w: the bytes have another SHA-256", op, engine.ErrInvalid)
	}
	return insertOnce(ctx, op, s.blobs, bson.D{{Key: "_id", Value: sum}, {Key: "data", Value: bson.Binary{Data: data}}})
}

// Blob gives a file by its hash.
func (s *Store) Blob(ctx context.Context, sum string) ([]byte, error) {
	var stored struct {
		Data bson.Binary `bson:"data"`
	}
	if err := s.blobs.FindOne(ctx, is("_id", sum)).Decode(&stored); err != nil {
		return nil, fail("blob", err)
	}
	return stored.Data.Data, nil
}

// HasBlob tells whether a file is there.
func (s *Store) HasBlob(ctx context.Context, sum string) (bool, error) {
	err := s.blobs.FindOne(ctx, is("_id", sum), options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, fail("has blob", err)
	}
	return true, nil
}
