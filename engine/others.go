package engine

import (
	"context"
	"fmt"
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

// Others counts how many others have done each step, without names. Looking changes nothing; at most MaxBoard stored
// enrolments are read. ErrNotFound: no such enrolment.
func (s *Service) Others(ctx context.Context, id EnrolmentID) (*Others, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return nil, err
	}
	all, err := s.o.Store.EnrolmentsIn(ctx, e.Course, MaxBoard)
	if err != nil {
		return nil, fmt.Errorf("load enrolments of the course: %w", err)
	}
	o := &Others{Enrolment: id, Done: map[StepID]int{}}
	for _, other := range all {
		if other.ID == id || other.Preview || other.Workflow != e.Workflow {
			continue
		}
		o.People++
		if !other.CompletedAt.IsZero() {
			o.Finished++
		}
		for _, of := range w.order {
			if st := other.Steps[of.ID]; st != nil && of.By == Learner && !of.Private && st.State == Done {
				o.Done[of.ID]++
			}
		}
	}
	if o.People < MinOthers {
		return &Others{Enrolment: id, Hidden: true}, nil
	}
	return o, nil
}
