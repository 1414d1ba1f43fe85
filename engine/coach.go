package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Coach acts: what a teacher of the course, the coach of a learner or the tenant itself may do about one enrolment, so
// that an absence never blocks anybody for ever. Each is noted in Enrolment.Acts, and the same again changes nothing.

// coach is a change by somebody who may act as a coach.
func (s *Service) coach(ctx context.Context, by Actor, id EnrolmentID, op string, make func(*Workflow, *Enrolment) (event, error)) error {
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		if err := s.mayCoach(ctx, by, e); err != nil {
			return nil, err
		}
		return make(w, e)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// Excuse takes a step out of play for one learner, also one that is late, locked or was missed; what waits for it goes on.
func (s *Service) Excuse(ctx context.Context, by Actor, id EnrolmentID, step StepID, reason string) error {
	return s.coach(ctx, by, id, "excuse", func(*Workflow, *Enrolment) (event, error) {
		return excused{by: by, step: step, reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
}

// Reopen gives a learner, or whoever else does the step, a new attempt of one that is settled: done, skipped, excused or
// expired. A sign-off is asked for again.
func (s *Service) Reopen(ctx context.Context, by Actor, id EnrolmentID, step StepID, reason string) error {
	return s.coach(ctx, by, id, "reopen", func(*Workflow, *Enrolment) (event, error) {
		return reopened{by: by, step: step, reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
}

// OpenStep lets one learner into a step before its time, and without their cohort. What the step needs is still waited for.
func (s *Service) OpenStep(ctx context.Context, by Actor, id EnrolmentID, step StepID, reason string) error {
	return s.coach(ctx, by, id, "open", func(*Workflow, *Enrolment) (event, error) {
		return admitted{by: by, step: step, reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
}

// SetDue gives an open step another due time, for good: no anchor moves it any more.
func (s *Service) SetDue(ctx context.Context, by Actor, id EnrolmentID, step StepID, due time.Time, reason string) error {
	return s.coach(ctx, by, id, "set the due time", func(*Workflow, *Enrolment) (event, error) {
		return extended{by: by, step: step, due: due.UTC().Truncate(time.Millisecond), reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
}

type excused struct {
	by     Actor
	step   StepID
	reason string
}

// excusedReason is StepState.SkippedReason of a step that a coach has excused; why stands in Acts.
const excusedReason = "excused"

func (ev excused) apply(d *decision) error {
	s, st, err := d.coached(ev.step)
	if err != nil {
		return err
	}
	if st.State == Skipped && st.SkippedReason == excusedReason {
		return nil
	}
	if st.State == Done || st.State == Locked && s.Opens.IsNever() {
		return fmt.Errorf("excuse step %q, which is %s: %w", s.ID, st.State, ErrConflict)
	}
	d.end(s, st, Skipped, excusedReason)
	st.SkippedBy = ev.by.Person
	d.acted(ev.by, ActExcuse, s.ID, ev.reason)
	d.sayStep(d.learner(), xapi.VerbSkipped, s, nil, instructor(d.actor(ev.by)))
	return nil
}

type reopened struct {
	by     Actor
	step   StepID
	reason string
}

func (ev reopened) apply(d *decision) error {
	s, st, err := d.coached(ev.step)
	if err != nil {
		return err
	}
	if st.State == Open || st.State == Returned {
		return nil
	}
	if !st.State.Settled() {
		return fmt.Errorf("reopen step %q, which is %s: %w", s.ID, st.State, ErrConflict)
	}
	d.begin(s, st)
	if d.met(s, st) || s.wants("lms") && d.excusedByAssumption() {
		return fmt.Errorf("reopen step %q, which would be settled again at once: take back the completion of the course first: %w", s.ID, ErrConflict)
	}
	st.DueSet++
	if at := d.fresh(d.now, s.By); s.Due != nil && st.DueAt.Before(at) { // its own due time may be long past
		st.DueAt = at
	}
	d.acted(ev.by, ActReopen, s.ID, ev.reason)
	return nil
}

type admitted struct {
	by     Actor
	step   StepID
	reason string
}

func (ev admitted) apply(d *decision) error {
	s, st, err := d.coached(ev.step)
	if err != nil {
		return err
	}
	if !st.Admitted.IsZero() || st.State == Open || st.State == Returned || st.State == Submitted {
		return nil
	}
	if st.State != Locked || s.Opens.IsNever() {
		return fmt.Errorf("open step %q, which is %s: %w", s.ID, st.State, ErrConflict)
	}
	st.Admitted = d.now
	d.acted(ev.by, ActAdmit, s.ID, ev.reason)
	return nil
}

type extended struct {
	by     Actor
	step   StepID
	due    time.Time
	reason string
}

func (ev extended) apply(d *decision) error {
	s, st, err := d.coached(ev.step)
	if err != nil {
		return err
	}
	if st.DueSet > 0 && st.DueAt.Equal(ev.due) {
		return nil
	}
	if st.State != Open && st.State != Returned && st.State != Submitted {
		return fmt.Errorf("set the due time of step %q, which is %s: %w", s.ID, st.State, ErrConflict)
	}
	if !ev.due.After(d.now) {
		return FieldErrors{{Field: "due", Key: "error.due_over"}}
	}
	st.DueAt = ev.due
	st.DueSet++
	for i := range st.Requests {
		if r := &st.Requests[i]; r.Waiting() && s.By != Learner {
			r.DueAt = ev.due
			if r.ExpiresAt.Before(ev.due) {
				r.ExpiresAt = ev.due
			}
		}
	}
	d.acted(ev.by, ActExtend, s.ID, ev.reason).For = ev.due
	return nil
}

// coached is a step that a coach may act on: of a workflow that is not over.
func (d *decision) coached(id StepID) (*Step, *StepState, error) {
	s, st, err := d.of(id)
	if err == nil && d.e.State == Stopped {
		err = fmt.Errorf("step %q: the workflow is over: %w", id, ErrConflict)
	}
	return s, st, err
}
