package lrsmongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// statementIndexes are all the indexes of lrs_statements, besides _id. Each
// question and what of them answers it, newest or oldest first alike, as an index
// is walked both ways:
//
//	statementId, voidedStatementId      _id
//	no filter, since, until, Follow     stored
//	verb                                keys = v         then stored
//	agent                               keys = a         then stored
//	activity                            keys = o         then stored
//	registration                        keys = r         then stored
//	agent + verb                        keys = av        then stored
//	agent + activity                    keys = ao        then stored
//	activity + verb                     keys = ov        then stored
//	agent, related_agents               keys = a, A      two ranges, merged by stored
//	activity, related_activities        keys = o, O      two ranges, merged by stored
//	statements of this key only         keys = u         then stored
//	attachments, by digest              keys = f         then stored
//	references to a statement, voidings keys = t, x      then stored
//	a batch given up                    stored, of its numbers
//
// since and until bound the range of stored in each. With several terms the first
// is the range and documents are fetched to look at the others: the pairs above
// spare that where both are common, and what is left (a registration with a verb,
// anything related) starts from the term that lrs.Query puts first because it is
// found least often. An array can be in an index once, which is why all of this is one
// array of keys.
//
// Whatever has terms names its index: a plan that the server cached for a common key
// would walk all of lrs_stored for a rare one.
func statementIndexes() map[string]bson.D {
	return map[string]bson.D{
		byKeys:       {{Key: "keys", Value: 1}, {Key: "stored", Value: 1}},
		"lrs_stored": {{Key: "stored", Value: 1}},
	}
}

// byKeys is the index of whatever has terms.
const byKeys = "lrs_keys_stored"

// ensureIndexes makes the named indexes that are not there yet, one at a time.
func ensureIndexes(ctx context.Context, c *mongo.Collection, want map[string]bson.D) error {
	have := map[string]bool{}
	specs, err := c.Indexes().ListSpecifications(ctx)
	if err != nil {
		var command mongo.CommandError
		if !errors.As(err, &command) || command.Code != 26 { // the collection is not there yet
			return fmt.Errorf("list indexes: %w", err)
		}
	}
	for _, spec := range specs {
		have[spec.Name] = true
	}
	for name, keys := range want {
		if have[name] {
			continue
		}
		if _, err := c.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys, Options: options.Index().SetName(name)}); err != nil {
			return fmt.Errorf("create index %s: %w", name, err)
		}
	}
	return nil
}
