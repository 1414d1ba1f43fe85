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

func glancesAreListed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	course := engine.Course{Issuer: "https://lms.example", ID: "2"}
	enrol := func(id engine.EnrolmentID, created int, in engine.WorkflowID) *engine.Enrolment {
		e := &engine.Enrolment{ID: id, Workflow: in, Version: 1, Learner: engine.PersonID("l" + id), Course: course, State: engine.Active, CreatedAt: at(created), WakeAt: at(9),
			Uses:  map[engine.BehaviourID]int{"ask": created},
			Steps: map[engine.StepID]*engine.StepState{"s": {State: engine.Open, DueAt: at(5)}}}
		return e
	}
	a, b, other, preview := enrol("e1", 2, "w"), enrol("e2", 1, "w"), enrol("e3", 3, "v"), enrol("e4", 0, "w")
	preview.Preview = true
	elsewhere := enrol("e5", 0, "w")
	elsewhere.Course.ID = "3"
	for _, e := range []*engine.Enrolment{a, b, other, preview, elsewhere} {
		must(t, s.CreateEnrolment(ctx, e))
	}
	list := func(all []engine.Glance) string {
		var out []string
		for _, g := range all {
			out = append(out, string(g.Of.ID)+" "+g.Steps)
		}
		return strings.Join(out, ", ")
	}
	in := func(limit int) string { return list(got[[]engine.Glance](t)(s.GlancesIn(ctx, course, limit))) }
	line := func(e *engine.Enrolment) string {
		g, _ := e.Glance()
		return string(e.ID) + " " + g.Steps
	}
	same(t, "in the course", in(10), line(b)+", "+line(a)+", "+line(other))
	same(t, "the first", in(1), line(b))
	count := func(w engine.WorkflowID) [2]int {
		all, through, err := s.CountIn(ctx, course, w)
		must(t, err)
		return [2]int{all, through}
	}
	same(t, "counted", count("w"), [2]int{2, 0})

	a.Steps["s"].State, a.Steps["s"].DoneAt, a.CompletedAt = engine.Done, at(6), at(7)
	a.WakeAt, a.Tally = at(0).AddDate(1, 0, 0), engine.Tally{Done: 1, Required: 1}
	must(t, s.SaveEnrolment(ctx, a))
	same(t, "when one went on", in(10), line(b)+", "+line(a)+", "+line(other))
	same(t, "counted then", count("w"), [2]int{2, 1})
	same(t, "counted in the other workflow", count("v"), [2]int{1, 0})
	g := got[[]engine.Glance](t)(s.GlancesBy(ctx, []engine.EnrolmentID{"e1", "none", "e4"}))
	if len(g) != 1 || g[0].Of.Uses["ask"] != 2 || !g[0].Of.WakeAt.Equal(a.WakeAt) || !g[0].Of.CompletedAt.Equal(at(7)) || g[0].Of.Tally != a.Tally || g[0].Of.Learner != a.Learner {
		t.Errorf("by id are %+v", g)
	}
	same(t, "of none", len(got[[]engine.Glance](t)(s.GlancesBy(ctx, nil))), 0)
	must(t, s.DeleteEnrolment(ctx, "e1"))
	same(t, "when one is gone", in(10), line(b)+", "+line(other))
	same(t, "counted when one is gone", count("w"), [2]int{1, 0})
}
