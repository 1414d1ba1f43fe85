package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// tellSome wakes the first members of a cohort that has changed, so that a small one knows at once; somebody's request
// does not wait for a large one. The sweep does the rest.
func (s *Service) tellSome(ctx context.Context, id CohortID) {
	if ctx.Value(telling{}) != nil {
		return
	}
	if err := s.tellPages(ctx, id, 1, tellAtOnce); err != nil {
		s.o.Log.Warn("tell a cohort", "cohort", id, "error", err)
	}
}

// telling marks a context in which a cohort is being told: what that changes is told by the same loop.
type telling struct{}

// tellMembers wakes the members of a cohort that has changed. Interrupted anywhere, it is taken up again by the sweep; members
// that were told twice notice nothing. A member who cannot be told now holds up nobody: the next sweep tries again.
func (s *Service) tellMembers(ctx context.Context, id CohortID) error {
	if ctx.Value(telling{}) != nil {
		return nil
	}
	return s.tellPages(ctx, id, maxMembers/tellPage, tellPage)
}

// tellPages wakes some pages of a cohort's members, each of so many. Only the sweep, which asks for more than one page,
// tries again who failed before.
func (s *Service) tellPages(ctx context.Context, id CohortID, pages, size int) error {
	ctx = context.WithValue(ctx, telling{}, true)
	var failed error
	tries := map[EnrolmentID]int{} // of those who failed now
	wake := func(e EnrolmentID, before int) error {
		err := s.Wake(ctx, e)
		if err == nil || errors.Is(err, ErrNotFound) {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		failed = errors.Join(failed, fmt.Errorf("tell enrolment %s of its cohort: %w", e, err))
		tries[e] = before + 1
		return nil
	}
	for n := range pages {
		c, err := s.o.Store.Cohort(ctx, id)
		if errors.Is(err, ErrNotFound) || err == nil && !c.Tell && len(tries) == 0 {
			return failed
		}
		if err != nil {
			return errors.Join(failed, fmt.Errorf("load cohort %s: %w", id, err))
		}
		c = c.clone()
		if n == 0 && pages > 1 {
			for _, e := range slices.Sorted(maps.Keys(c.TellAgain)) {
				if err := wake(e, c.TellAgain[e]); err != nil {
					return errors.Join(failed, err)
				}
				delete(c.TellAgain, e)
			}
		}
		members, err := s.o.Store.MembersOf(ctx, id, c.TellAfter, size)
		if err != nil {
			return errors.Join(failed, fmt.Errorf("load members of cohort %s: %w", id, err))
		}
		for _, m := range members {
			if tries[m.Enrolment] == 0 {
				if err := wake(m.Enrolment, 0); err != nil {
					return errors.Join(failed, err)
				}
			}
			c.TellAfter = m.Ref()
		}
		all := len(members) < size
		s.untold(ctx, &c, tries)
		if c.Tell = !all || len(c.TellAgain) > 0; !c.Tell {
			c.TellAfter = MemberRef{}
		}
		err = s.o.Store.SaveCohort(ctx, c)
		if errors.Is(err, ErrConflict) { // it has changed again
			continue
		}
		if err != nil {
			return errors.Join(failed, fmt.Errorf("save cohort %s: %w", id, err))
		}
		clear(tries)
		if all {
			return failed
		}
	}
	return failed
}

// maxTellTries is how often telling somebody of a cohort or group may fail.
const maxTellTries = 10

// untold keeps those who could not be told for the next sweep, and gives up who never can.
func (s *Service) untold(ctx context.Context, c *Cohort, tries map[EnrolmentID]int) {
	for e, n := range tries {
		if n >= maxTellTries {
			s.giveUp(ctx, e, string(c.ID), n)
			continue
		}
		if c.TellAgain == nil {
			c.TellAgain = map[EnrolmentID]int{}
		}
		c.TellAgain[e] = n
	}
}

// giveUp leaves an enrolment that cannot be told to a person, who may let it be tried again.
func (s *Service) giveUp(ctx context.Context, e EnrolmentID, about string, tries int) {
	s.o.Log.Error("give up telling an enrolment of its cohort", "enrolment", e, "cohort", about, "tries", tries)
	s.Bury(ctx, DeadCohort, string(e), about, tries, errUntold)
}

var errUntold = errors.New("could not be told of a change of its cohort")
