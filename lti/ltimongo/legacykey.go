package ltimongo

import (
	"context"
	"encoding/json"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/lti"
)

// PutLegacyKey implements lti.Store.
func (s *Store) PutLegacyKey(ctx context.Context, k lti.LegacyKey) error {
	doc, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("ltimongo: put legacy key: %w", err)
	}
	rec := record{ID: pairOf(k.Tenant, k.ConsumerKey), Created: k.CreatedAt.UnixNano(), Doc: string(doc)}
	if _, err := s.legacyKeys.ReplaceOne(ctx, bson.M{"_id": rec.ID}, rec, options.Replace().SetUpsert(true)); err != nil {
		return fmt.Errorf("ltimongo: put legacy key: %w", err)
	}
	return nil
}

// LegacyKey implements lti.Store.
func (s *Store) LegacyKey(ctx context.Context, tenant, consumerKey string) (lti.LegacyKey, error) {
	return one(find[lti.LegacyKey](ctx, s.legacyKeys, "legacy key", bson.M{"_id": pairOf(tenant, consumerKey)}, 1, nil))
}

// LegacyKeys implements lti.Store.
func (s *Store) LegacyKeys(ctx context.Context) ([]lti.LegacyKey, error) {
	return find[lti.LegacyKey](ctx, s.legacyKeys, "legacy keys", bson.M{}, 1, nil)
}

// RemoveLegacyKey implements lti.Store.
func (s *Store) RemoveLegacyKey(ctx context.Context, tenant, consumerKey string) error {
	if _, err := s.legacyKeys.DeleteOne(ctx, bson.M{"_id": pairOf(tenant, consumerKey)}); err != nil {
		return fmt.Errorf("ltimongo: remove legacy key: %w", err)
	}
	return nil
}
