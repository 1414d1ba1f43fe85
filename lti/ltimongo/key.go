package ltimongo

import (
	"context"
	"encoding/json"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/lti"
)

// Keys implements lti.Store.
func (s *Store) Keys(ctx context.Context) ([]lti.Key, error) {
	return find[lti.Key](ctx, s.keys, "keys", bson.M{}, 1, nil)
}

// KeysOf implements lti.Store.
func (s *Store) KeysOf(ctx context.Context, r lti.RegistrationID) ([]lti.Key, error) {
	return find[lti.Key](ctx, s.keys, "keys", bson.M{"registration": string(r)}, 1, nil)
}

// PutKey implements lti.Store.
func (s *Store) PutKey(ctx context.Context, k lti.Key) error {
	doc, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("ltimongo: put key: %w", err)
	}
	rec := record{ID: k.ID, Registration: string(k.Registration), Created: k.CreatedAt.UnixNano(), Doc: string(doc)}
	if _, err := s.keys.ReplaceOne(ctx, bson.M{"_id": rec.ID}, rec, options.Replace().SetUpsert(true)); err != nil {
		return fmt.Errorf("ltimongo: put key: %w", err)
	}
	return nil
}

// RemoveKey implements lti.Store.
func (s *Store) RemoveKey(ctx context.Context, id string) error {
	if _, err := s.keys.DeleteOne(ctx, bson.M{"_id": id}); err != nil {
		return fmt.Errorf("ltimongo: remove key: %w", err)
	}
	return nil
}
