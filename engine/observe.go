package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// Observe takes one statement of the LRS: the completion of a course by its learner moves the anchor course_completed,
// and a statement that a step's `done` names settles it. Statements of our own (by authority) and of people unknown
// are passed over; a completion is kept in case its actor enrols later. The same statement again changes nothing, so
// the caller may repeat what it is not sure of. The cursor is the caller's to keep (Store.SaveCursor).
func (s *Service) Observe(ctx context.Context, seq int64, st *xapi.Statement, authority xapi.Agent) error {
	if st == nil || authority.Key() == xapi.AccountAgent(s.o.IRIBase, "cairn").Key() || st.Object.Activity == nil {
		return nil
	}
	who := actorOf(st)
	if !who.usable() {
		return nil
	}
	if err := s.learnNaming(ctx, who); err != nil {
		return fmt.Errorf("observe statement %d: %w", seq, err)
	}
	var errs []error // one enrolment that cannot be told must not keep it from the others
	if c, ok := completionOf(st, who); ok {
		if err := s.Complete(ctx, c); err != nil {
			errs = append(errs, fmt.Errorf("observe statement %d: %w", seq, err))
		}
	}
	p, n, err := s.whoIs(ctx, Completion{Who: who, Course: CourseName{Object: st.Object.Activity.ID}})
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("observe statement %d: %w", seq, err))...)
	}
	if n != 1 {
		return errors.Join(errs...)
	}
	all, err := s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("observe statement %d: %w", seq, err))...)
	}
	for _, e := range all {
		if err := errors.Join(s.tell(ctx, e, st), s.hearStatement(ctx, e, st)); err != nil {
			errs = append(errs, fmt.Errorf("observe statement %d: enrolment %s: %w", seq, e.ID, err))
		}
	}
	return errors.Join(errs...)
}

// actorOf is who a statement is about, in any of the forms that logstore_xapi is set to: account with the user's id or
// name, or the mailbox.
func actorOf(st *xapi.Statement) Identity {
	switch {
	case st.Actor.Account != nil:
		return ByAccount(st.Actor.Account.HomePage, st.Actor.Account.Name)
	case st.Actor.Mbox != "":
		return ByEmail(strings.TrimPrefix(st.Actor.Mbox, "mailto:"))
	}
	return Identity{}
}

// verbUncompleted is what logstore_xapi says when Moodle takes a completion back.
const verbUncompleted = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted"

// completionOf reads the completion of a course, or its withdrawal. Activities are completed by the same verb: the type
// of the object tells. A completion that says of itself that it is none, or that the learner failed, is not one: what
// follows a course builds on having passed it, and the statement of the pass counts when it comes.
func completionOf(st *xapi.Statement, who Identity) (Completion, bool) {
	verb := st.Verb.ID
	if verb != xapi.VerbCompleted && verb != verbUncompleted || !isCourse(st.Object.Activity) {
		return Completion{}, false
	}
	if r := st.Result; r != nil && (r.Completion != nil && !*r.Completion || r.Success != nil && !*r.Success) {
		return Completion{}, false
	}
	return Completion{
		Who: who, Course: CourseName{Object: st.Object.Activity.ID}, Source: SourceStatement, At: st.Timestamp, Ref: st.ID,
		Withdrawn: verb == verbUncompleted,
	}, true
}

// tell applies a statement to one enrolment of its actor, if a step waits for it.
func (s *Service) tell(ctx context.Context, e *Enrolment, st *xapi.Statement) error {
	if e.Preview {
		return nil
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	ev := observedOf(st, s.now())
	if !w.waits(ev) {
		return nil
	}
	_, err = s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return ev, nil })
	return err
}

// isCourse tells whether an activity is a course of an LMS: by its type, or where it has none by the shape of its IRI.
func isCourse(a *xapi.Activity) bool {
	if a.Definition != nil && a.Definition.Type != "" {
		kind := a.Definition.Type
		return kind == xapi.TypeCourse || strings.HasSuffix(kind, "/activities/course") || strings.HasSuffix(kind, "/lms/course")
	}
	return strings.Contains(a.ID, "/course/") || strings.Contains(a.ID, "/courses/")
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
