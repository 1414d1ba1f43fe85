package lrsmongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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

type keyDocument struct {
	ID      string `bson:"_id"`
	Tenant  string `bson:"tenant"`
	Created int64  `bson:"created"` // nanoseconds
	Doc     string `bson:"doc"`     // JSON
}

func (d keyDocument) key() (lrs.Key, error) {
	var k lrs.Key
	if err := json.Unmarshal([]byte(d.Doc), &k); err != nil {
		return lrs.Key{}, fmt.Errorf("lrsmongo: key %s: %w", d.ID, err)
	}
	return k, nil
}

// PutKey implements lrs.KeyStore.
func (s *Keys) PutKey(ctx context.Context, k lrs.Key) error {
	doc, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("lrsmongo: put key: %w", err)
	}
	_, err = s.docs.ReplaceOne(ctx, bson.M{"_id": k.ID},
		keyDocument{ID: k.ID, Tenant: k.Tenant, Created: k.CreatedAt.UnixNano(), Doc: string(doc)}, options.Replace().SetUpsert(true))
	if err != nil {
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
	cursor, err := s.docs.Find(ctx, bson.M{"tenant": tenant}, options.Find().SetSort(bson.D{{Key: "created", Value: 1}, {Key: "_id", Value: 1}}))
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: keys: %w", err)
	}
	var docs []keyDocument
	if err := cursor.All(ctx, &docs); err != nil {
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

// DeleteKey implements lrs.KeyStore.
func (s *Keys) DeleteKey(ctx context.Context, id string) error {
	if _, err := s.docs.DeleteOne(ctx, bson.M{"_id": id}); err != nil {
		return fmt.Errorf("lrsmongo: delete key: %w", err)
	}
	return nil
}
