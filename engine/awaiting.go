package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxAwaiting bounds how many enrolments of a course are looked at for a poll.
const maxAwaiting = 10_000

// Awaited is a learner of whose completion of a course nothing is known yet.
type Awaited struct {
	Issuer, Subject string
	Custom          map[string]string // launch parameters
	Enrolled        time.Time
	id              EnrolmentID
}

// Awaiting lists a course's learners whose workflow waits for them to complete it: for polls of the LMS.
func (s *Service) Awaiting(ctx context.Context, c Course) ([]Awaited, error) {
	waiting, _, err := s.awaiting(ctx, c)
	return waiting, err
}

// awaiting also tells whether the LMS has told of completions of this course.
func (s *Service) awaiting(ctx context.Context, c Course) (waiting []Awaited, told bool, err error) {
	all, err := s.o.Store.EnrolmentsIn(ctx, c, maxAwaiting)
	if err != nil {
		return nil, false, fmt.Errorf("list who has not completed a course: %w", err)
	}
	for _, e := range all {
		if e.AnchorSource[AnchorCourseCompleted] == "lms" {
			told = true
		}
		if e.Preview || e.State != Active || !e.Anchors[AnchorCourseCompleted].IsZero() {
			continue
		}
		p, err := s.Person(ctx, e.Learner)
		if err != nil {
			return nil, false, err
		}
		waiting = append(waiting, Awaited{Issuer: p.Issuer, Subject: p.Subject, Custom: e.Custom, Enrolled: e.CreatedAt, id: e.ID})
	}
	return waiting, told, nil
}

// paramAtEnd is the launch parameter that says whether a course counts as completed at its end: "yes", "no", and
// otherwise only in a course whose LMS tells of no completions.
const paramAtEnd = "completion_at_end"

// CompleteAtEnd takes the end of a course as its completion by everybody who had enrolled before, as far as the launch
// parameter completion_at_end lets it, and says by how many. A workflow's learners would otherwise wait for good where
// the LMS tells of no completions; where it does, the end means that the others did not complete.
func (s *Service) CompleteAtEnd(ctx context.Context, c Course, end time.Time) (int, error) {
	if end.IsZero() || end.After(s.now()) {
		return 0, nil
	}
	waiting, told, err := s.awaiting(ctx, c)
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, a := range waiting {
		switch strings.ToLower(strings.TrimSpace(a.Custom[paramAtEnd])) {
		case "yes", "true", "1":
		case "no", "false", "0":
			continue
		default:
			if told || a.Enrolled.After(end) {
				continue
			}
		}
		_, err := s.change(ctx, a.id, func(*Workflow, *Enrolment) (event, error) {
			return completedCourse{notes: []CompletionNote{{Source: SourceCourseEnd, At: end}}}, nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("complete at the course's end: enrolment %s: %w", a.id, err))
			continue
		}
		n++
	}
	return n, errors.Join(errs...)
}
