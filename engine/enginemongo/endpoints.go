package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/cairn-lms/cairn/engine"
)

// PutEndpoint keeps a channel endpoint in place of one of that name.
func (s *Store) PutEndpoint(ctx context.Context, e engine.Endpoint) error {
	const op = "put endpoint"
	doc, err := encode(op, e)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.endpoints, e.Name, bson.D{{Key: "_id", Value: e.Name}, {Key: "doc", Value: doc}})
}

// Endpoints lists them by name.
func (s *Store) Endpoints(ctx context.Context) ([]engine.Endpoint, error) {
	return documents[engine.Endpoint](ctx, "endpoints", s.endpoints, bson.D{}, ascending("_id"), engine.MaxEndpoints)
}

// DeleteEndpoint forgets one.
func (s *Store) DeleteEndpoint(ctx context.Context, name string) error {
	const op = "delete endpoint"
	result, err := s.endpoints.DeleteOne(ctx, is("_id", name))
	if err != nil {
		return fail(op, err)
	}
	if result.DeletedCount == 0 {
		return fail(op, mongo.ErrNoDocuments)
	}
	return nil
}
