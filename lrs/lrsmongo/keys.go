package lrsmongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Keys is the lrs.KeyStore over the control database.
type Keys struct{ docs *mongo.Collection }

// NewKeys makes the index it needs.
func NewKeys(ctx context.Context, db *mongo.Database) (*Keys, error) {
	docs := majority(db).Collection("lrs_keys")
	err := ensureIndexes(ctx, docs, map[string]bson.D{"lrs_keys_tenant": {{Key: "tenant", Value: 1}, {Key: "created", Value: 1}}})
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: prepare keys: %w", err)
	}
	return &Keys{docs: docs}, nil
}

// keyDocument is a key. What changes later has fields of its own, so that no
// change undoes another.
type keyDocument struct {
	ID      string   `bson:"_id"`
	Tenant  string   `bson:"tenant"`
	Created int64    `bson:"created"` // nanoseconds
	Origins []string `bson:"origins,omitempty"`
	Revoked int64    `bson:"revoked,omitempty"` // nanoseconds
	Used    int64    `bson:"used,omitempty"`    // seconds
	Doc     string   `bson:"doc"`               // JSON, without the two above
}

func (d keyDocument) key() (lrs.Key, error) {
	var k lrs.Key
	if err := json.Unmarshal([]byte(d.Doc), &k); err != nil {
		return lrs.Key{}, fmt.Errorf("lrsmongo: key %s: %w", d.ID, err)
	}
	if d.Revoked != 0 {
		at := time.Unix(0, d.Revoked).UTC()
		k.RevokedAt = &at
	}
	if d.Used != 0 {
		at := time.Unix(d.Used, 0).UTC()
		k.UsedAt = &at
	}
	return k, nil
}

// PutKey implements lrs.KeyStore.
func (s *Keys) PutKey(ctx context.Context, k lrs.Key) error {
	d := keyDocument{ID: k.ID, Tenant: k.Tenant, Created: k.CreatedAt.UnixNano(), Origins: k.Origins}
	if k.RevokedAt != nil {
		d.Revoked = k.RevokedAt.UnixNano()
	}
	if k.UsedAt != nil {
		d.Used = k.UsedAt.Unix()
	}
	k.RevokedAt, k.UsedAt = nil, nil
	doc, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("lrsmongo: put key: %w", err)
	}
	d.Doc = string(doc)
	if _, err = s.docs.ReplaceOne(ctx, bson.M{"_id": k.ID}, d, options.Replace().SetUpsert(true)); err != nil {
		return fmt.Errorf("lrsmongo: put key: %w", err)
	}
	return nil
}

// Key implements lrs.KeyStore.
func (s *Keys) Key(ctx context.Context, id string) (lrs.Key, error) {
	var d keyDocument
	err := s.docs.FindOne(ctx, bson.M{"_id": id}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Key{}, fmt.Errorf("lrsmongo: key: %w", err)
	}
	return d.key()
}

// Keys implements lrs.KeyStore.
func (s *Keys) Keys(ctx context.Context, tenant string) ([]lrs.Key, error) {
	return s.list(ctx, bson.M{"tenant": tenant})
}

// KeysWithOrigins implements lrs.KeyStore. There are few keys: a scan will do.
func (s *Keys) KeysWithOrigins(ctx context.Context) ([]lrs.Key, error) {
	return s.list(ctx, bson.M{"origins": bson.M{"$exists": true}})
}

func (s *Keys) list(ctx context.Context, filter bson.M) ([]lrs.Key, error) {
	docs, err := findAll[keyDocument](ctx, s.docs, filter, options.Find().SetSort(bson.D{{Key: "created", Value: 1}, {Key: "_id", Value: 1}}))
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: keys: %w", err)
	}
	out := make([]lrs.Key, len(docs))
	for i, d := range docs {
		if out[i], err = d.key(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RevokeKey implements lrs.KeyStore.
func (s *Keys) RevokeKey(ctx context.Context, tenant, id string, at time.Time) error {
	mine := bson.M{"_id": id, "tenant": tenant}
	first := bson.M{"_id": id, "tenant": tenant, "revoked": bson.M{"$exists": false}}
	done, err := s.docs.UpdateOne(ctx, first, bson.M{"$set": bson.M{"revoked": at.UnixNano()}})
	if err == nil && done.MatchedCount == 0 {
		err = s.docs.FindOne(ctx, mine).Err()
	}
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("lrsmongo: revoke key: %w", err)
	}
	return nil
}

// MarkUsed implements lrs.KeyStore.
func (s *Keys) MarkUsed(ctx context.Context, id string, at time.Time) error {
	if _, err := s.docs.UpdateOne(ctx, bson.M{"_id": id}, bson.M{"$max": bson.M{"used": at.Unix()}}); err != nil {
		return fmt.Errorf("lrsmongo: mark key as used: %w", err)
	}
	return nil
}
