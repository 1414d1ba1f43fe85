package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Observe takes one statement of the LRS: the completion of a course by its learner moves the anchor course_completed,
// and a statement that a step's `done` names settles it. Statements of our own (by authority) and of people unknown
// are passed over; a completion is kept in case its actor enrols later. The same statement again changes nothing, so
// the caller may repeat what it is not sure of. The cursor is the caller's to keep (Store.SaveCursor).
func (s *Service) Observe(ctx context.Context, seq int64, st *xapi.Statement, authority xapi.Agent) error {
	if st == nil || authority.Key() == xapi.AccountAgent(s.o.IRIBase, "cairn").Key() || st.Actor.Account == nil || st.Object.Activity == nil {
		return nil
	}
	issuer, subject, object := st.Actor.Account.HomePage, st.Actor.Account.Name, st.Object.Activity.ID
	completion := st.Verb.ID == xapi.VerbCompleted && isCourse(st.Object.Activity, issuer) && (st.Result == nil || st.Result.Completion == nil || *st.Result.Completion)
	if completion {
		at := st.Timestamp
		if at.IsZero() || at.After(s.now()) {
			at = s.now()
		}
		signal := Signal{ID: derivedID("signal", issuer, subject, object), Issuer: issuer, Subject: subject, Object: object, At: at.UTC().Truncate(time.Millisecond)}
		if err := s.o.Store.PutSignal(ctx, signal); err != nil {
			return fmt.Errorf("observe statement %d: %w", seq, err)
		}
	}
	p, err := s.o.Store.PersonByAccount(ctx, issuer, subject)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("observe statement %d: %w", seq, err)
	}
	all, err := s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("observe statement %d: %w", seq, err)
	}
	var errs []error // one enrolment that cannot be told must not keep it from the others
	for _, e := range all {
		if err := s.tell(ctx, e, p, st, completion); err != nil {
			errs = append(errs, fmt.Errorf("observe statement %d: enrolment %s: %w", seq, e.ID, err))
		}
	}
	return errors.Join(errs...)
}

// tell applies a statement to one enrolment of its actor, if it concerns it.
func (s *Service) tell(ctx context.Context, e *Enrolment, p Person, st *xapi.Statement, completion bool) error {
	if e.Preview {
		return nil
	}
	if completion && e.Anchors[AnchorCourseCompleted].IsZero() && isCourseOf(e, st.Object.Activity.ID) {
		at, err := s.earlierSignal(ctx, e, p)
		if err != nil {
			return err
		}
		if !at.IsZero() {
			if _, err := s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) {
				return completedCourse{at: at, source: "lms"}, nil
			}); err != nil {
				return err
			}
		}
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	for _, of := range w.Steps() {
		if r, ok := of.Done.Find("statement"); ok && r.Verb == st.Verb.ID {
			_, err := s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) {
				return observed{verb: st.Verb.ID, object: st.Object.Activity.ID}, nil
			})
			return err
		}
	}
	return nil
}

// earlierSignal is the first completion of an enrolment's course that was ever seen; zero: none was.
func (s *Service) earlierSignal(ctx context.Context, e *Enrolment, p Person) (time.Time, error) {
	signals, err := s.o.Store.SignalsOf(ctx, p.Issuer, p.Subject)
	if err != nil {
		return time.Time{}, fmt.Errorf("load signals: %w", err)
	}
	for _, g := range signals {
		if isCourseOf(e, g.Object) {
			return g.At, nil
		}
	}
	return time.Time{}, nil
}

// isCourse tells whether an activity can be a course of that LMS.
func isCourse(a *xapi.Activity, issuer string) bool {
	typed := a.Definition != nil && (a.Definition.Type == xapi.TypeCourse || strings.HasSuffix(a.Definition.Type, "/activities/course") || strings.HasSuffix(a.Definition.Type, "/lms/course"))
	return typed || strings.HasPrefix(a.ID, strings.TrimRight(issuer, "/")+"/course/")
}

// isCourseOf tells whether an activity id is the enrolment's course: our own id of it, or one of the addresses by which
// an LMS names its courses. An activity inside the LMS that happens to have the course's number is not.
func isCourseOf(e *Enrolment, object string) bool {
	if object == courseIRI(e) {
		return true
	}
	if e.Course.ID == "" {
		return false
	}
	path, inside := strings.CutPrefix(object, strings.TrimRight(e.Course.Issuer, "/")+"/")
	if !inside {
		return false
	}
	for _, shape := range []string{"course/view.php?id=", "course/", "courses/"} {
		if path == shape+e.Course.ID {
			return true
		}
	}
	return false
}
