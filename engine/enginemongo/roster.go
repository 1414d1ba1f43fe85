package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// PutRosterEntry keeps what the LMS's roster says of a learner.
func (s *Store) PutRosterEntry(ctx context.Context, e engine.RosterEntry) error {
	const op = "put roster entry"
	doc, err := encode(op, e)
	if err != nil {
		return err
	}
	id := engine.Key(e.Issuer, e.Course, e.Subject)
	return upsert(ctx, op, s.roster, id, bson.D{{Key: "_id", Value: id},
		{Key: "course", Value: engine.Key(e.Issuer, e.Course)}, {Key: "subject", Value: e.Subject}, {Key: "doc", Value: doc}})
}

// RosterOf lists a course's roster by subject.
func (s *Store) RosterOf(ctx context.Context, c engine.Course, after string, limit int) ([]engine.RosterEntry, error) {
	filter := append(is("course", c.Key()), bson.E{Key: "subject", Value: bson.D{{Key: "$gt", Value: after}}})
	return documents[engine.RosterEntry](ctx, "roster of a course", s.roster, filter, ascending("subject"), min(limit, maxRows))
}
