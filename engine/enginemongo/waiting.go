package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// waitsFor is the list of people an enrolment waits for.
func waitsFor(e *engine.Enrolment) bson.A {
	list := bson.A{}
	for _, p := range e.WaitsFor() {
		list = append(list, string(p))
	}
	return list
}

// EnrolmentsWaitingFor gives those that wait for an answer of a person, by id.
func (s *Store) EnrolmentsWaitingFor(ctx context.Context, p engine.PersonID, after engine.EnrolmentID, limit int) ([]*engine.Enrolment, error) {
	filter := append(is("waits_for", string(p)), bson.E{Key: "_id", Value: bson.D{{Key: "$gt", Value: string(after)}}})
	return documents[*engine.Enrolment](ctx, "enrolments that wait for a person", s.enrolments, filter, ascending("_id"), limit)
}

// PutCourseLink keeps how a course leads to a workflow.
func (s *Store) PutCourseLink(ctx context.Context, l engine.CourseLink) error {
	const op = "put course link"
	doc, err := encode(op, l)
	if err != nil {
		return err
	}
	id := engine.Key(l.Course.Issuer, l.Course.ID, string(l.Workflow))
	return upsert(ctx, op, s.courseLinks, id, bson.D{{Key: "_id", Value: id},
		{Key: "course", Value: l.Course.Key()}, {Key: "workflow", Value: string(l.Workflow)}, {Key: "doc", Value: doc}})
}

// CourseLinks lists a course's links by workflow.
func (s *Store) CourseLinks(ctx context.Context, c engine.Course) ([]engine.CourseLink, error) {
	return documents[engine.CourseLink](ctx, "links of a course", s.courseLinks, is("course", c.Key()), ascending("workflow"), maxLinks)
}
