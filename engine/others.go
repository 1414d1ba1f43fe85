package engine

import (
	"context"
	"fmt"
	"slices"
)

// MinOthers is how many people a count must be about before a learner sees it (cap 8): fewer could be told apart.
const MinOthers = 5

// Others is how far the others of a learner's course are with the same workflow. Hidden is true, and there are no
// counts, when they are fewer than MinOthers.
type Others struct {
	Enrolment EnrolmentID    `json:"enrolment"`
	Hidden    bool           `json:"hidden"`
	People    int            `json:"people,omitempty"`
	Finished  int            `json:"finished,omitempty"`
	Done      map[StepID]int `json:"done,omitempty"` // by step of the learner; those that nobody has done are left out
}

// Others counts how many others have done each step, without names, as they were saved last. Looking changes nothing; at
// most MaxStandings glances are read. ErrNotFound: no such enrolment.
func (s *Service) Others(ctx context.Context, id EnrolmentID) (*Others, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return nil, err
	}
	all, err := s.o.Store.GlancesIn(ctx, e.Course, MaxStandings)
	if err != nil {
		return nil, fmt.Errorf("count the others of the course: %w", err)
	}
	o := &Others{Enrolment: id, Done: map[StepID]int{}}
	for _, other := range all {
		if other.Of.ID == id || other.Of.Workflow != e.Workflow {
			continue
		}
		o.People++
		if !other.Of.CompletedAt.IsZero() {
			o.Finished++
		}
		other.each(func(step StepID, state State, _, _ string) {
			if state != Done {
				return
			}
			if of := w.Step(step); of != nil && of.By == Learner && !of.Private {
				o.Done[step]++
			}
		})
	}
	if o.People < MinOthers {
		return &Others{Enrolment: id, Hidden: true}, nil
	}
	return o, nil
}

// OthersCount is Others without the steps, from an index alone: how many there are and how many have finished. Looking
// changes nothing.
func (s *Service) OthersCount(ctx context.Context, e *Enrolment) (*Others, error) {
	all, through, err := s.o.Store.CountIn(ctx, e.Course, e.Workflow)
	if err != nil {
		return nil, fmt.Errorf("count the others of the course: %w", err)
	}
	o := &Others{Enrolment: e.ID, People: all, Finished: through}
	if !e.Preview {
		o.People--
		if !e.CompletedAt.IsZero() {
			o.Finished = max(0, o.Finished-1)
		}
	}
	if o.People < MinOthers {
		return &Others{Enrolment: e.ID, Hidden: true}, nil
	}
	return o, nil
}

// Tip is a post of the cohort that others found helpful.
type Tip struct {
	Step *Step
	Post PostView
}

// maxTips bounds the tips that are shown, tipSteps the threads that are looked through for them.
const (
	maxTips  = 3
	tipSteps = 3
)

// Tips are the posts that others found most helpful in the threads of the whole cohort that are open to the learner, most
// helpful first, and none while the cohort is smaller than MinOthers. Looking changes nothing.
func (s *Service) Tips(ctx context.Context, acting PersonID, h *Home) ([]Tip, error) {
	if err := mine(acting, h.Enrolment); err != nil {
		return nil, err
	}
	var out []Tip
	looked := 0
	for i := len(h.Steps) - 1; i >= 0 && looked < tipSteps; i-- {
		of := h.Steps[i].Step
		if of.With != withCohort || !of.threaded() || of.Private || h.Steps[i].State.State == Locked {
			continue
		}
		looked++
		t, err := s.thread(ctx, By(acting), threadOf(h.Enrolment, of), PostRef{}, 0)
		if err != nil {
			return nil, err
		}
		for _, p := range t.Posts {
			if len(p.Helpful) > 0 && !p.Hidden && !p.Mine {
				out = append(out, Tip{of, p})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Tip) int { return len(b.Post.Helpful) - len(a.Post.Helpful) })
	return out[:min(len(out), maxTips)], nil
}
