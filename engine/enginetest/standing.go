package enginetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func standingsAreListed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	course := engine.Course{Issuer: "https://lms.example", ID: "2"}
	stands := func(id engine.EnrolmentID, learner engine.PersonID, created int, st *engine.StepState) *engine.Enrolment {
		return &engine.Enrolment{ID: id, Workflow: "w", Version: 1, Learner: learner, Course: course, State: engine.Active, CreatedAt: at(created),
			Steps: map[engine.StepID]*engine.StepState{"s": st}}
	}
	a := stands("e1", "l1", 2, &engine.StepState{State: engine.Open, DueAt: at(5)})
	b := stands("e2", "l2", 1, &engine.StepState{State: engine.Returned})
	preview := stands("e3", "l3", 0, &engine.StepState{State: engine.Open})
	preview.Preview = true
	elsewhere := stands("e4", "l4", 0, &engine.StepState{State: engine.Open})
	elsewhere.Course.ID = "3"
	for _, e := range []*engine.Enrolment{a, b, preview, elsewhere} {
		must(t, s.CreateEnrolment(ctx, e))
	}
	list := func(limit int) string {
		var out []string
		for _, one := range got[[]engine.Standing](t)(s.StandingsIn(ctx, course, limit)) {
			line := string(one.Enrolment) + " " + string(one.Learner)
			for name, is := range map[string]bool{" late": one.Late(at(6)), " returned": one.Returned, " through": one.Through, " nobody": one.Nobody} {
				if is {
					line += name
				}
			}
			out = append(out, line)
		}
		return strings.Join(out, ", ")
	}
	same(t, "at first", list(10), "e2 l2 returned, e1 l1 late")
	same(t, "the first", list(2)[:5], "e2 l2")

	a.Steps["s"].State = engine.Done
	a.CompletedAt = at(7)
	must(t, s.SaveEnrolment(ctx, a))
	b.Nobody = []engine.Role{engine.Manager}
	b.Steps["s"].State = engine.Submitted
	must(t, s.SaveEnrolment(ctx, b))
	same(t, "when they went on", list(10), "e2 l2 nobody, e1 l1 through")
	must(t, s.DeleteEnrolment(ctx, "e2"))
	same(t, "when one is gone", list(10), "e1 l1 through")

	ids := func(all []*engine.Enrolment) string {
		var out []string
		for _, e := range all {
			out = append(out, string(e.ID))
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	same(t, "by id", ids(got[[]*engine.Enrolment](t)(s.EnrolmentsBy(ctx, []engine.EnrolmentID{"e4", "e1", "none"}))), "e1 e4")
	same(t, "none by id", len(got[[]*engine.Enrolment](t)(s.EnrolmentsBy(ctx, nil))), 0)
	for _, id := range []engine.PersonID{"l1", "l2"} {
		must(t, s.CreatePerson(ctx, engine.Person{ID: id, Name: "Name of " + string(id)}))
	}
	people := got[[]engine.Person](t)(s.PeopleBy(ctx, []engine.PersonID{"l2", "none"}))
	if len(people) != 1 || people[0].Name != "Name of l2" {
		t.Errorf("people by id are %+v", people)
	}
}
