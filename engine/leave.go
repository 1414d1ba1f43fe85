package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// A learner who is unenrolled sets the anchor `unenrolled`, which most workflows name among their `stop` times: what is
// open expires, links and messages end. Enrolled again, the enrolment resumes where it stood: what was open is open, and
// the time between counts as a pause.

// unenrolled takes the learner out of the workflow.
type unenrolled struct {
	by     Actor
	reason string
}

func (ev unenrolled) apply(d *decision) error {
	if !d.e.Anchors[AnchorUnenrolled].IsZero() {
		return nil
	}
	if d.e.State == Stopped {
		return fmt.Errorf("unenrol from enrolment %s: the workflow is over: %w", d.e.ID, ErrConflict)
	}
	d.endPause()
	if p := d.e.Pause(); p != nil { // a pause ends with it; what follows is another
		d.goOn()
	}
	d.setAnchor(AnchorUnenrolled, d.now, ev.by.source())
	if ev.by.Person == d.e.Learner {
		d.e.AnchorSource[AnchorUnenrolled] = "learner"
	}
	d.acted(ev.by, ActUnenrol, "", ev.reason)
	d.sayUnregistered(ev.by)
	d.stop() // before anything opens that a pause held back
	return nil
}

// halt ends an open step in a way that resuming can take back.
func (d *decision) halt(st *StepState) {
	st.HaltedIn, st.State, st.DoneAt = st.State, Expired, d.now
	if st.SettledAt.IsZero() {
		st.SettledAt = d.now
	}
}

// enrolled is somebody's word that the learner takes part, without a launch; after an unenrolment it resumes. The
// learner may take back only their own.
type enrolled struct {
	by     Actor
	source string // of the anchor, if this is the first word: coach, api, roster
	link   *CourseLink

	completed []CompletionNote // what is known of the course already
}

func (ev enrolled) apply(d *decision) error {
	if ev.link != nil {
		ev.link.lead(d.e)
	}
	if d.e.Anchors[AnchorEnrolled].IsZero() {
		d.setAnchor(AnchorEnrolled, d.now, ev.source)
		if start, ok := courseStart(d.e.Custom["course_start"]); ok && d.e.Anchors[AnchorCourseStart].IsZero() {
			d.setAnchor(AnchorCourseStart, start, "launch")
		}
		d.acted(ev.by, ActEnrol, "", "")
		d.sayRegistered()
		return completedCourse{notes: ev.completed}.apply(d)
	}
	if d.e.Anchors[AnchorUnenrolled].IsZero() {
		return nil
	}
	p := d.e.Pause()
	halted := p != nil && p.Left
	switch {
	case ev.by.Person == d.e.Learner && d.e.AnchorSource[AnchorUnenrolled] != "learner":
		return fmt.Errorf("enrol in enrolment %s again, which a coach has ended: %w", d.e.ID, ErrForbidden)
	case d.e.State == Stopped && !halted:
		return fmt.Errorf("enrol in enrolment %s again: the workflow is over: %w", d.e.ID, ErrConflict)
	}
	delete(d.e.Anchors, AnchorUnenrolled)
	delete(d.e.AnchorSource, AnchorUnenrolled)
	if halted {
		d.revive()
	}
	d.acted(ev.by, ActEnrol, "", "")
	d.sayRegistered()
	return nil
}

// revive resumes an enrolment where it stood when its learner was unenrolled.
func (d *decision) revive() {
	since := d.e.Pause().From
	d.e.State = Active
	if !d.e.CompletedAt.IsZero() {
		d.e.State = Completed
	}
	for _, s := range d.w.order {
		st := d.state(s.ID)
		if st.HaltedIn == "" {
			continue
		}
		st.State, st.HaltedIn, st.DoneAt = st.HaltedIn, "", time.Time{}
		if st.SettledAt.Equal(since) {
			st.SettledAt = time.Time{}
		}
		st.AskedAt, st.ElseAt = time.Time{}, time.Time{} // asked afresh
		for i := range st.Requests {
			if r := &st.Requests[i]; r.Outcome == OutcomeExpired && r.AnsweredAt.Equal(since) {
				r.AnsweredAt, r.Outcome = time.Time{}, "" // to be moved like all that is open
			}
		}
	}
	d.goOn()
	for _, s := range d.w.order {
		st := d.state(s.ID)
		for i := range st.Requests {
			if r := &st.Requests[i]; r.Waiting() {
				r.AnsweredAt, r.Outcome = d.now, OutcomeWithdrawn // whoever still is to answer is asked again by the same link
			}
		}
	}
}

// backSince is when the learner was last enrolled again; zero: never.
func (e *Enrolment) backSince() time.Time {
	for i := len(e.Pauses) - 1; i >= 0; i-- {
		if e.Pauses[i].Left {
			return e.Pauses[i].End
		}
	}
	return time.Time{}
}

// setAnchor sets an anchor and says who said so.
func (d *decision) setAnchor(name string, at time.Time, source string) {
	if d.e.Anchors == nil {
		d.e.Anchors = map[string]time.Time{}
	}
	if d.e.AnchorSource == nil {
		d.e.AnchorSource = map[string]string{}
	}
	d.e.Anchors[name], d.e.AnchorSource[name] = at, source
}

func (d *decision) sayUnregistered(by Actor) {
	c := d.about()
	if by.Person != d.e.Learner {
		instructor(d.actor(by))(c)
	}
	d.say(d.learner(), xapi.VerbUnregistered, xapi.ActivityObject(d.workflowActivity()), nil, c)
}

// Unenrol takes a learner out of a workflow: the learner, a coach or the API. Most workflows stop then, until Enrol. The
// same again changes nothing.
func (s *Service) Unenrol(ctx context.Context, by Actor, id EnrolmentID, reason string) error {
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
		if by.Person != e.Learner || by.Person == "" {
			if err := s.mayCoach(ctx, by, e); err != nil {
				return nil, err
			}
		}
		return unenrolled{by: by, reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
	if err != nil {
		return fmt.Errorf("unenrol: %w", err)
	}
	return nil
}

// Reenrol resumes an enrolment whose learner was unenrolled: by a coach or the API, or by the learner who had left
// themselves. Who is enrolled stays so.
func (s *Service) Reenrol(ctx context.Context, by Actor, id EnrolmentID) error {
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
		if by.Person != e.Learner || by.Person == "" {
			if err := s.mayCoach(ctx, by, e); err != nil {
				return nil, err
			}
		}
		return enrolled{by: by, source: by.source()}, nil
	})
	if err != nil {
		return fmt.Errorf("enrol again: %w", err)
	}
	return nil
}
