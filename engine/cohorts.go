package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	tellPage   = 100    // members woken between two notes of how far that is
	tellAtOnce = 20     // members woken within the request of who changed the cohort; the sweep wakes the others
	maxMembers = 10_000 // of one cohort
	maxMates   = 20     // of one group that a decision looks at
)

// cohortFacts is what a decision on an enrolment needs of its cohort: one small document, its first member, and where a
// step may open that needs peers, those of the group.
func (s *Service) cohortFacts(ctx context.Context, w *Workflow, e *Enrolment, learner Person) (*CohortFacts, error) {
	if e.Preview || !w.together() {
		return nil, nil //nolint:nilnil // it has none
	}
	c, err := s.cohort(ctx, e.CohortKey())
	if err != nil {
		return nil, err
	}
	f := &CohortFacts{Cohort: c, First: e.Anchors[AnchorEnrolled], Zone: learner.Zone}
	first, err := s.o.Store.MembersOf(ctx, c.ID, MemberRef{}, 1)
	if err != nil {
		return nil, fmt.Errorf("load the first of cohort %s: %w", c.ID, err)
	}
	if len(first) > 0 && first[0].Enrolment != e.ID {
		f.First, f.Zone = first[0].JoinedAt, first[0].Zone
	} else if e.Cohort != nil && e.Cohort.Zone != "" {
		f.Zone = e.Cohort.Zone
	}
	if f.Zone == "" {
		f.Zone = "UTC"
	}
	if e.Cohort == nil || !slices.ContainsFunc(w.order, func(s *Step) bool {
		st := e.Steps[s.ID]
		return s.peered() && (st == nil || !st.State.Settled())
	}) {
		return f, nil
	}
	for _, m := range e.Cohort.Mates[:min(len(e.Cohort.Mates), maxMates)] {
		mate, err := s.o.Store.MemberOf(ctx, m.Enrolment)
		if errors.Is(err, ErrNotFound) {
			mate = CohortMember{Enrolment: m.Enrolment, State: MemberOver} // erased
		} else if err != nil {
			return nil, fmt.Errorf("load a peer of enrolment %s: %w", e.ID, err)
		}
		f.Mates = append(f.Mates, mate)
	}
	return f, nil
}

// cohort is a cohort as it is kept, empty if it is not.
func (s *Service) cohort(ctx context.Context, k CohortKey) (Cohort, error) {
	c, err := s.o.Store.Cohort(ctx, k.ID())
	if errors.Is(err, ErrNotFound) {
		return Cohort{ID: k.ID(), Workflow: k.Workflow, Course: Course{Issuer: k.Course.Issuer, ID: k.Course.ID}, Label: k.Label}, nil
	}
	if err != nil {
		return Cohort{}, fmt.Errorf("load cohort %s: %w", k.ID(), err)
	}
	return c, nil
}

// changeCohort changes a cohort by compare-and-swap and lets every member learn of it: the first few here, the others by
// the sweep. change tells whether it changed anything; it may run more than once.
func (s *Service) changeCohort(ctx context.Context, k CohortKey, change func(*Cohort) (bool, error)) (Cohort, error) {
	for range maxTries {
		kept, err := s.cohort(ctx, k)
		if err != nil {
			return Cohort{}, err
		}
		c := kept.clone()
		changed, err := change(&c)
		if err != nil {
			return Cohort{}, err
		}
		if !changed {
			s.tellSome(ctx, c.ID)
			return kept, nil
		}
		c.Tell, c.TellAfter, c.TellAgain = true, MemberRef{}, nil
		if c.Rev == 0 {
			err = s.o.Store.CreateCohort(ctx, c)
		} else {
			err = s.o.Store.SaveCohort(ctx, c)
		}
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Cohort{}, fmt.Errorf("save cohort %s: %w", c.ID, err)
		}
		s.tellSome(ctx, c.ID)
		return c, nil
	}
	return Cohort{}, fmt.Errorf("save cohort %s: too many others at once: %w", k.ID(), ErrConflict)
}

// report lets the cohort know what it is to know of an enrolment, and does what follows for others: a gate may open, a
// group of peers changes. It may be interrupted anywhere and done again.
//
// It returns what it told, for clear; nil: nothing.
func (s *Service) report(ctx context.Context, e *Enrolment) (*Membership, error) {
	if e.Cohort == nil || !e.Cohort.Tell && !e.Cohort.Regroup {
		return nil, nil //nolint:nilnil // there was nothing to tell
	}
	told := e.Cohort.clone()
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return nil, err
	}
	if told.Tell {
		m := memberOf(w, e)
		if err := s.o.Store.PutMember(ctx, m); err != nil {
			return nil, fmt.Errorf("tell the cohort of enrolment %s: %w", e.ID, err)
		}
		if err := s.lookAtGates(ctx, w, e); err != nil {
			return nil, err
		}
		for _, label := range told.Left {
			k := e.CohortKey()
			if k.Label = label; label == told.Label {
				continue // it has come back
			}
			if err := s.leftBehind(ctx, w, k, e.ID); err != nil {
				return nil, err
			}
		}
	}
	if told.Regroup {
		if err := s.regroup(ctx, w, e); err != nil {
			return nil, err
		}
	}
	return told, nil
}

// clear takes out of the outbox what was told, and tells whether there was any of it.
func (m *Membership) clear(told *Membership) bool {
	if m == nil || told == nil || !m.Tell && !m.Regroup {
		return false
	}
	changed := false
	if m.Tell && told.Tell && m.Told == told.Told && slices.Equal(m.Left, told.Left) {
		m.Tell, m.Left, changed = false, nil, true
	}
	if m.Regroup && told.Regroup {
		m.Regroup, changed = false, true
	}
	return changed
}

// lookAtGates opens the gates that nobody is waited for any more, and wakes an enrolment that has missed a change: it was
// not a member yet when the others were woken.
func (s *Service) lookAtGates(ctx context.Context, w *Workflow, e *Enrolment) error {
	k := e.CohortKey()
	c, err := s.cohort(ctx, k)
	if err != nil {
		return err
	}
	missed := !c.Start.IsZero() && !c.Start.Equal(e.Cohort.Start)
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if at := c.Events[of.ID].At; !at.IsZero() && st != nil && st.Event != nil && st.Event.Own.IsZero() && !st.Event.At.Equal(at) {
			missed = true
		}
		missed = missed || !c.Gates[of.ID].IsZero() && slices.Contains(e.Cohort.Ready, of.ID)
	}
	open, err := s.waitsForNobody(ctx, w, c)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		_, err = s.changeCohort(ctx, k, func(c *Cohort) (bool, error) { return c.open(open, s.now()), nil })
		return err
	}
	if missed && ctx.Value(telling{}) == nil {
		return s.Wake(context.WithValue(ctx, telling{}, true), e.ID)
	}
	return nil
}

// waitsForNobody are the closed gates of a cohort for which everybody who is waited for is ready.
func (s *Service) waitsForNobody(ctx context.Context, w *Workflow, c Cohort) (open []StepID, err error) {
	for _, of := range w.order {
		if of.WaitFor == "" || of.Opens.IsNever() || !c.Gates[of.ID].IsZero() {
			continue
		}
		waits, ready, err := s.o.Store.GateState(ctx, c.ID, of.ID)
		if err != nil {
			return nil, fmt.Errorf("look at gate %q of cohort %s: %w", of.ID, c.ID, err)
		}
		if ready && !waits {
			open = append(open, of.ID)
		}
	}
	return open, nil
}

// openGates opens the gates of a cohort that somebody was taken out of, who may have been the last it waited for.
func (s *Service) openGates(ctx context.Context, w *Workflow, k CohortKey) error {
	c, err := s.cohort(ctx, k)
	if err != nil {
		return err
	}
	open, err := s.waitsForNobody(ctx, w, c)
	if err != nil || len(open) == 0 {
		return err
	}
	_, err = s.changeCohort(ctx, k, func(c *Cohort) (bool, error) { return c.open(open, s.now()), nil })
	return err
}

// leftBehind looks at a cohort that an enrolment is no member of any more: its gates, and its groups of peers.
func (s *Service) leftBehind(ctx context.Context, w *Workflow, k CohortKey, gone EnrolmentID) error {
	if err := s.openGates(ctx, w, k); err != nil {
		return err
	}
	return s.ungroup(ctx, k.ID(), gone)
}

// open opens gates, each once.
func (c *Cohort) open(steps []StepID, now time.Time) bool {
	changed := false
	for _, id := range steps {
		if !c.Gates[id].IsZero() {
			continue
		}
		if c.Gates == nil {
			c.Gates = map[StepID]time.Time{}
		}
		c.Gates[id], changed = now, true
	}
	return changed
}
