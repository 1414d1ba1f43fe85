package enginetest

import (
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func waitingIsIndexed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	waits := func(id engine.EnrolmentID, learner string, people ...engine.PersonID) *engine.Enrolment {
		st := &engine.StepState{State: engine.Open}
		for _, p := range people {
			st.Requests = append(st.Requests, engine.Request{ID: engine.RequestID("r-" + string(p)), Person: p})
		}
		return &engine.Enrolment{ID: id, Workflow: "w", Version: 1, Learner: engine.PersonID(learner), Course: engine.Course{Issuer: "i", ID: "c"},
			State: engine.Active, CreatedAt: at(0), Steps: map[engine.StepID]*engine.StepState{"s": st}}
	}
	a, b, c := waits("e1", "l1", "max", "tessa"), waits("e2", "l2", "tessa"), waits("e3", "l3")
	for _, e := range []*engine.Enrolment{a, b, c} {
		must(t, s.CreateEnrolment(ctx, e))
	}
	waiting := func(p engine.PersonID, after engine.EnrolmentID, limit int) []engine.EnrolmentID {
		t.Helper()
		ids := []engine.EnrolmentID{}
		for _, e := range got[[]*engine.Enrolment](t)(s.EnrolmentsWaitingFor(ctx, p, after, limit)) {
			ids = append(ids, e.ID)
		}
		return ids
	}
	same(t, "waiting for tessa", waiting("tessa", "", 10), []engine.EnrolmentID{"e1", "e2"})
	same(t, "the first page", waiting("tessa", "", 1), []engine.EnrolmentID{"e1"})
	same(t, "the next page", waiting("tessa", "e1", 10), []engine.EnrolmentID{"e2"})
	a.Steps["s"].Requests[1].AnsweredAt = at(1)
	must(t, s.SaveEnrolment(ctx, a))
	c.Steps["s"].Requests = append(c.Steps["s"].Requests, engine.Request{ID: "r", Person: "tessa"})
	must(t, s.SaveEnrolment(ctx, c))
	same(t, "after an answer and a question", waiting("tessa", "", 10), []engine.EnrolmentID{"e2", "e3"})
	same(t, "waiting for max", waiting("max", "", 10), []engine.EnrolmentID{"e1"})
	b.State = engine.Stopped
	must(t, s.SaveEnrolment(ctx, b))
	must(t, s.DeleteEnrolment(ctx, "e3"))
	same(t, "when they are over and gone", waiting("tessa", "", 10), []engine.EnrolmentID{})
}

func courseLinksAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	course := engine.Course{Issuer: "https://lms.example", ID: "2"}
	link := engine.CourseLink{Course: course, Workflow: "b", RelaunchURL: "https://lms.example/1", Custom: map[string]string{"a.b": "$x"}, Seen: at(0)}
	other := link
	other.Workflow, other.Roster = "a", true
	must(t, s.PutCourseLink(ctx, link))
	must(t, s.PutCourseLink(ctx, other))
	link.RelaunchURL = "https://lms.example/2"
	must(t, s.PutCourseLink(ctx, link))
	same(t, "the links", got[[]engine.CourseLink](t)(s.CourseLinks(ctx, course)), []engine.CourseLink{other, link})
	same(t, "of another course", len(got[[]engine.CourseLink](t)(s.CourseLinks(ctx, engine.Course{Issuer: course.Issuer, ID: "3"}))), 0)
}
