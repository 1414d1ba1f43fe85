package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// CoachView is one learner's way as their coach sees it: every step with how it stands, what holds it up, who was asked,
// what was sent. What is private is not in it.
type CoachView struct {
	Enrolment *Enrolment
	Workflow  *Workflow
	Learner   Person
	Steps     []CoachStep // file order; what only something else opens is left out until it does
	Done      int
	Required  int
	Reasons   []LateReason        // what holds the learner up, oldest first
	Roles     []CoachRole         // of those the workflow needs
	Messages  []Message           // to the learner about this enrolment, latest first
	People    map[PersonID]Person // whoever is named above and in Enrolment.Acts
	Course    bool                // steps hang on the start or the completion of the course
}

// CoachStep is a step with what the coach may do about it now: ActExcuse, ActReopen, ActAdmit, ActExtend.
type CoachStep struct {
	StepView
	Acts []string
}

// May tells whether an act is possible now.
func (s CoachStep) May(act string) bool { return slices.Contains(s.Acts, act) }

// CoachRole is who fills a role for a learner.
type CoachRole struct {
	Role      Role
	People    []Assignment
	Appointed bool // by a coach, in the place of whom the workflow finds
	Unproved  bool // named by the learner, and not confirmed by a coach
	Needed    bool // an answer of them is awaited, and nobody is there to give it
}

// maxCoachMessages bounds the messages of a CoachView.
const maxCoachMessages = 30

// CoachView shows one learner to who may act as their coach. Looking changes nothing.
func (s *Service) CoachView(ctx context.Context, by Actor, id EnrolmentID) (*CoachView, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.mayCoach(ctx, by, e); err != nil {
		return nil, err
	}
	names, err := s.names(ctx, e)
	if err != nil {
		return nil, err
	}
	v := &viewer{decision: &decision{w: w, e: e, f: f, now: s.now()}, names: names}
	out := &CoachView{Enrolment: e, Workflow: w, Learner: f.Learner, People: names}
	out.Done, out.Required = tally(w, e)
	for _, of := range w.order {
		st := v.state(of.ID)
		out.Course = out.Course || of.Opens.Anchor == AnchorCourseStart || of.Opens.Anchor == AnchorCourseCompleted
		if st.untouched() && of.Opens.IsNever() {
			continue
		}
		out.Steps = append(out.Steps, CoachStep{StepView: v.view(of, st), Acts: coachActs(e, of, st)})
	}
	if out.Reasons, err = s.heldUp(ctx, v); err != nil {
		return nil, err
	}
	for _, role := range []Role{Manager, Peer, Coach} {
		named, isNamed := e.Named[role]
		if !v.uses(role) && !isNamed {
			continue
		}
		out.Roles = append(out.Roles, CoachRole{Role: role, People: e.Roles[role], Appointed: len(e.Appointed[role]) > 0,
			Unproved: isNamed && !named.Confirmed, Needed: slices.Contains(e.Nobody, role)})
	}
	all, err := s.o.Store.MessagesTo(ctx, e.Learner, 200)
	if err != nil {
		return nil, fmt.Errorf("load messages: %w", err)
	}
	for _, m := range all {
		if m.Enrolment == id && len(out.Messages) < maxCoachMessages {
			out.Messages = append(out.Messages, m)
		}
	}
	return out, s.meetAll(ctx, out)
}

// meetAll loads whoever a view names.
func (s *Service) meetAll(ctx context.Context, v *CoachView) error {
	var ids []PersonID
	for _, a := range v.Enrolment.Acts {
		ids = append(ids, a.By.Person, a.Person)
	}
	for _, role := range v.Roles {
		for _, a := range role.People {
			ids = append(ids, a.Person)
		}
	}
	for _, a := range v.Enrolment.Named {
		ids = append(ids, a.Person)
	}
	for _, id := range ids {
		if _, known := v.People[id]; known || id == "" {
			continue
		}
		p, err := s.Person(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) { // who was erased has no name any more
			return err
		}
		v.People[id] = p
	}
	return nil
}

// coachActs are what a coach may do about a step now, as excused, reopened, admitted and extended judge it.
func coachActs(e *Enrolment, s *Step, st *StepState) []string {
	if e.State == Stopped {
		return nil
	}
	var acts []string
	if st.State == Locked && st.Admitted.IsZero() && !s.Opens.IsNever() {
		acts = append(acts, ActAdmit)
	}
	if st.State == Open || st.State == Returned || st.State == Submitted {
		acts = append(acts, ActExtend)
	}
	if st.State.Settled() {
		acts = append(acts, ActReopen)
	}
	if st.State != Done && !(st.State == Skipped && st.SkippedReason == excusedReason) && !(st.State == Locked && s.Opens.IsNever()) {
		acts = append(acts, ActExcuse)
	}
	return acts
}
