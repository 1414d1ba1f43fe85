package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
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

// EnrolLearner enrols somebody without a launch, or again after an unenrolment; who is enrolled already stays so. Workflow,
// Issuer, Subject and Course.ID of the arrival are required; what it says of the person is taken as a launch's word.
func (s *Service) EnrolLearner(ctx context.Context, by Actor, a Arrival) (e *Enrolment, created bool, err error) {
	if a.Issuer == "" || a.Subject == "" || a.Course.ID == "" || len(a.Issuer)+len(a.Subject)+len(a.Course.ID) > 2000 {
		return nil, false, fmt.Errorf("enrol a learner: workflow, issuer, subject or course missing: %w", ErrInvalid)
	}
	if a.Course.Issuer == "" {
		a.Course.Issuer = a.Issuer
	}
	a.Custom = boundCustom(a.Custom)
	if err := s.mayCoachIn(ctx, by, a.Course); err != nil {
		return nil, false, err
	}
	w, err := s.Workflow(ctx, a.Workflow, 0)
	if err != nil {
		return nil, false, err
	}
	p, err := s.account(ctx, a.Issuer, a.Subject, a.Name, a.Email, a.Locale, a.Zone)
	if err != nil {
		return nil, false, fmt.Errorf("enrol a learner: %w", err)
	}
	if p, err = s.learnNames(ctx, p, ByEmail(a.Email)); err != nil {
		return nil, false, fmt.Errorf("enrol a learner: %w", err)
	}
	ev := enrolled{by: by, source: by.source()}
	for range maxTries {
		found, err := s.o.Store.FindEnrolment(ctx, a.Workflow, p.ID, a.Course)
		if err == nil {
			e, err := s.change(ctx, found.ID, func(*Workflow, *Enrolment) (event, error) { return ev, nil })
			return e, false, err
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, false, fmt.Errorf("enrol a learner: %w", err)
		}
		if err := s.meet(ctx, w, p, a.Custom); err != nil {
			return nil, false, err
		}
		fresh := &Enrolment{ID: EnrolmentID(s.o.NewID()), Workflow: w.ID, Version: w.Version, RegistrationID: uuid.NewString(), Learner: p.ID,
			Course: a.Course, State: Active, CreatedAt: s.now(), Custom: a.Custom}
		facts, err := s.facts(ctx, w, fresh)
		if err != nil {
			return nil, false, err
		}
		made, err := decide(w, fresh, facts, ev, s.now())
		if err != nil {
			return nil, false, err
		}
		err = s.o.Store.CreateEnrolment(ctx, made)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("enrol a learner: %w", err)
		}
		s.after(ctx, made)
		return made, true, nil
	}
	return nil, false, fmt.Errorf("enrol a learner: %w", ErrConflict)
}
