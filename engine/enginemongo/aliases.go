package enginemongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// PutAlias notes that an account goes by a name.
func (s *Store) PutAlias(ctx context.Context, a engine.Alias) error {
	const op = "put alias"
	doc, err := encode(op, a)
	if err != nil {
		return err
	}
	id := engine.Key(a.Of.Key(), engine.AccountKey(a.Issuer, a.Subject))
	return upsert(ctx, op, s.aliases, id, bson.D{{Key: "_id", Value: id},
		{Key: "name", Value: a.Of.Key()}, {Key: "seen", Value: engine.Nanos(a.Seen)}, {Key: "doc", Value: doc}})
}

// AliasesOf lists the accounts of a name, last seen first.
func (s *Store) AliasesOf(ctx context.Context, name engine.Identity) ([]engine.Alias, error) {
	return documents[engine.Alias](ctx, "aliases", s.aliases, is("name", name.Key()), descending("seen", "_id"), maxAliases)
}

// ForgetSignals removes what expired.
func (s *Store) ForgetSignals(ctx context.Context, before time.Time) (int, error) {
	result, err := s.signals.DeleteMany(ctx, bson.D{{Key: "expires_at", Value: bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lt", Value: engine.Nanos(before)}}}})
	if err != nil {
		return 0, fail("forget signals", err)
	}
	return int(result.DeletedCount), nil
}
