package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/cairn-lms/cairn/xapi"
)

// Actor is who acts for somebody else: a person, or with System set a key of the API or an operator's command that acts
// for the tenant. Exactly one of the two is set.
type Actor struct {
	Person PersonID `json:"person,omitempty"`
	System string   `json:"system,omitempty"` // how it shows in a history: "api:" and the key's id, "cli", "roster"; never a person's name
}

// By is a person as an actor.
func By(p PersonID) Actor { return Actor{Person: p} }

// usable is an actor that is somebody.
func (a Actor) usable() bool { return (a.Person == "") != (a.System == "") && len(a.System) <= 100 }

// source is what an anchor that this actor sets says of where it comes from.
func (a Actor) source() string {
	if a.System != "" {
		return "api"
	}
	return "coach"
}

// mayCoach refuses who may not act as a coach on an enrolment: anybody but the tenant's own keys and commands, teachers
// and administrators of the course, and who is in the role of its coach and not by the learner's choice.
func (s *Service) mayCoach(ctx context.Context, by Actor, e *Enrolment) error {
	if !by.usable() {
		return fmt.Errorf("act on enrolment %s: nobody acts: %w", e.ID, ErrForbidden)
	}
	if by.System != "" || slices.ContainsFunc(e.Roles[Coach], func(a Assignment) bool { return a.Person == by.Person && !a.NamedByLearner && !a.Forwarded }) {
		return nil
	}
	return s.mayCoachIn(ctx, by, e.Course)
}

// mayCoachIn refuses who may not act as a coach on all enrolments of a course.
func (s *Service) mayCoachIn(ctx context.Context, by Actor, c Course) error {
	if !by.usable() {
		return fmt.Errorf("act in a course: nobody acts: %w", ErrForbidden)
	}
	if by.System != "" {
		return nil
	}
	staff, err := s.o.Store.StaffOf(ctx, c)
	if err != nil {
		return fmt.Errorf("load staff: %w", err)
	}
	if !slices.ContainsFunc(staff, func(m Staff) bool {
		return m.Person == by.Person && (m.Role == "instructor" || m.Role == "administrator")
	}) {
		return fmt.Errorf("act as a coach of the course: %w", ErrForbidden)
	}
	return nil
}

// actor is how who acted appears in statements.
func (d *decision) actor(by Actor) xapi.Agent {
	if by.Person == "" {
		return d.cairn()
	}
	return d.agent(by.Person)
}
