package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// EnrolmentsFrom gives those of a learner, else of a course, else all, oldest first, from behind a place.
func (s *Store) EnrolmentsFrom(ctx context.Context, c engine.Course, learner engine.PersonID, behind engine.EnrolmentPlace, limit int) ([]*engine.Enrolment, error) {
	filter := bson.D{}
	switch {
	case learner != "":
		filter = is("learner", string(learner))
	case c.ID != "":
		filter = is("course", c.Key())
	}
	if behind != (engine.EnrolmentPlace{}) {
		at := engine.Nanos(behind.At)
		filter = append(filter, bson.E{Key: "$or", Value: bson.A{
			is("created_at", bson.D{{Key: "$gt", Value: at}}),
			bson.D{{Key: "created_at", Value: at}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: string(behind.ID)}}}},
		}})
	}
	return documents[*engine.Enrolment](ctx, "list enrolments", s.enrolments, filter, ascending("created_at", "_id"), limit)
}
