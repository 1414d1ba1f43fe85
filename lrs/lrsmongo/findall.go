package lrsmongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// findAll reads whole what the filter finds, which the caller bounds.
func findAll[T any](ctx context.Context, in *mongo.Collection, filter any, o ...options.Lister[options.FindOptions]) ([]T, error) {
	cursor, err := in.Find(ctx, filter, o...)
	if err != nil {
		return nil, err
	}
	var out []T
	if err := cursor.All(ctx, &out); err != nil {
		return nil, err
	}
	return out, nil
}
