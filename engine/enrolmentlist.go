package engine

import (
	"context"
	"fmt"
	"time"
)

// EnrolmentFilter chooses enrolments; what is zero does not count.
type EnrolmentFilter struct {
	Course   Course // Issuer and ID
	Learner  PersonID
	Workflow WorkflowID
	State    EnrolmentState
}

// EnrolmentPlace is a place in a list of enrolments.
type EnrolmentPlace struct {
	At time.Time // CreatedAt
	ID EnrolmentID
}

// EnrolmentLister lists enrolments from an index.
type EnrolmentLister interface {
	// EnrolmentsFrom lists those of a learner, else of a course, else all, by CreatedAt and ID, from behind a place.
	EnrolmentsFrom(ctx context.Context, c Course, learner PersonID, behind EnrolmentPlace, limit int) ([]*Enrolment, error)
}

// listBatches bounds how many batches one page of a filtered list may take.
const listBatches = 20

// Enrolments lists enrolments, oldest first, from behind a place. next is where the following page begins; the zero place
// says that there is none. A page may be shorter than limit though more follow.
func (s *Service) Enrolments(ctx context.Context, f EnrolmentFilter, behind EnrolmentPlace, limit int) (page []*Enrolment, next EnrolmentPlace, err error) {
	for range listBatches {
		batch, err := s.o.Store.EnrolmentsFrom(ctx, f.Course, f.Learner, behind, limit)
		if err != nil {
			return nil, EnrolmentPlace{}, fmt.Errorf("list enrolments: %w", err)
		}
		for _, e := range batch {
			behind = EnrolmentPlace{At: e.CreatedAt, ID: e.ID}
			if f.Workflow != "" && e.Workflow != f.Workflow || f.State != "" && e.State != f.State ||
				f.Learner != "" && f.Course.ID != "" && e.Course.Key() != f.Course.Key() {
				continue
			}
			if page = append(page, e); len(page) == limit {
				return page, behind, nil
			}
		}
		if len(batch) < limit {
			return page, EnrolmentPlace{}, nil
		}
	}
	return page, behind, nil
}

// Enrolment is one enrolment as it is now.
func (s *Service) Enrolment(ctx context.Context, id EnrolmentID) (*Enrolment, error) {
	_, e, _, err := s.current(ctx, id)
	return e, err
}
