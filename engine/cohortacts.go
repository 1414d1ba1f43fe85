package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SetCourseStart says on which day a cohort's course starts: the date of day counts, in UTC. It replaces what a launch
// said; what has happened already stays. zone, if not empty, is from then on the cohort's (IANA).
func (s *Service) SetCourseStart(ctx context.Context, by Actor, k CohortKey, day time.Time, zone string) error {
	if err := s.mayCoachIn(ctx, by, k.Course); err != nil {
		return err
	}
	y, m, d := day.UTC().Date()
	if day.IsZero() || y < 1990 || y > 2200 {
		return FieldErrors{{Field: "day", Key: "error.not_a_day"}}
	}
	if _, ok := zoneOf(zone); zone != "" && !ok {
		return FieldErrors{{Field: "zone", Key: "error.not_a_zone"}}
	}
	start := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	_, err := s.changeCohort(ctx, k, func(c *Cohort) (bool, error) {
		same := c.Start.Equal(start) && c.Source == by.source() && (zone == "" || zone == c.Zone)
		c.Start, c.Source = start, by.source()
		if zone != "" {
			c.Zone = zone
		}
		return !same, nil
	})
	return err
}

// launchStart takes the launch parameter course_start: the first of any member is the cohort's, until a coach says
// otherwise. A parameter that is another than at this learner's launch before has been changed in the LMS.
func (s *Service) launchStart(ctx context.Context, w *Workflow, e *Enrolment, custom map[string]string) error {
	start, ok := courseStart(custom["course_start"])
	if !ok || e.Preview || !w.together() {
		return nil
	}
	before, had := courseStart(e.Custom["course_start"])
	takes := func(c *Cohort) bool {
		moved := e.Rev > 0 && had && !before.Equal(start) && c.Source == "launch" && c.Start.Equal(before)
		return c.Start.IsZero() || moved
	}
	c, err := s.cohort(ctx, e.CohortKey())
	if err != nil || !takes(&c) {
		return err
	}
	_, err = s.changeCohort(ctx, e.CohortKey(), func(c *Cohort) (bool, error) {
		if !takes(c) {
			return false, nil
		}
		c.Start, c.Source = start, "launch"
		return true, nil
	})
	return err
}

// OpenGate opens a step that waits for its cohort, for all of it: a coach's word. Members who are not ready for the step
// come to it when they are. Opening twice is once.
func (s *Service) OpenGate(ctx context.Context, by Actor, k CohortKey, step StepID) error {
	err := s.cohortStep(ctx, by, k, step, func(of *Step) error {
		if of.WaitFor == "" {
			return fmt.Errorf("open step %q, which does not wait for its cohort: %w", step, ErrInvalid)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.changeCohort(ctx, k, func(c *Cohort) (bool, error) { return c.open([]StepID{step}, s.now()), nil })
	return err
}

// cohortStep lets somebody who may coach there act on a step of a cohort's workflow: of its latest version, or of one that
// members still run. fits says what else the step must be; its error is that of the latest version which has the step.
func (s *Service) cohortStep(ctx context.Context, by Actor, k CohortKey, step StepID, fits func(*Step) error) error {
	if err := s.mayCoachIn(ctx, by, k.Course); err != nil {
		return err
	}
	w, err := s.Workflow(ctx, k.Workflow, 0)
	if err != nil {
		return err
	}
	var unfit error
	seen := map[int]bool{}
	try := func(w *Workflow) bool {
		seen[w.Version] = true
		of := w.Step(step)
		if of == nil {
			return false
		}
		err := fits(of)
		if err != nil && unfit == nil {
			unfit = err
		}
		return err == nil
	}
	if try(w) {
		return nil
	}
	id := k.ID()
	for after, n := (MemberRef{}), 0; n < maxMembers/tellPage; n++ {
		members, err := s.o.Store.MembersOf(ctx, id, after, tellPage)
		if err != nil {
			return fmt.Errorf("load members of cohort %s: %w", id, err)
		}
		for _, m := range members {
			after = m.Ref()
			if m.Version == 0 || seen[m.Version] {
				continue
			}
			if w, err = s.Workflow(ctx, k.Workflow, m.Version); err != nil {
				return err
			}
			if try(w) {
				return nil
			}
		}
		if len(members) < tellPage {
			break
		}
	}
	if unfit != nil {
		return unfit
	}
	return fmt.Errorf("step %q: %w", step, ErrNotFound)
}

// eventYears bounds the time of an event.
const eventYears = 5

func (s *Service) checkEventTime(of *Step, at time.Time) error {
	if !of.dated() {
		return fmt.Errorf("set the time of step %q, which has none: %w", of.ID, ErrInvalid)
	}
	if at.Before(s.now().AddDate(-eventYears, 0, 0)) || at.After(s.now().AddDate(eventYears, 0, 0)) {
		return FieldErrors{{Field: "at", Key: "error.not_a_time"}}
	}
	return nil
}

// SetEventTime says when an event of a whole cohort is: one instant for all, whatever the workflow says. Everybody who
// was told another time is told the new one.
func (s *Service) SetEventTime(ctx context.Context, by Actor, k CohortKey, step StepID, at time.Time) error {
	err := s.cohortStep(ctx, by, k, step, func(of *Step) error { return s.checkEventTime(of, at) })
	if err != nil {
		return err
	}
	at = at.UTC().Truncate(time.Minute)
	_, err = s.changeCohort(ctx, k, func(c *Cohort) (bool, error) {
		o := c.Events[step]
		if o.At.Equal(at) {
			return false, nil
		}
		o.At, o.By = at, by.name()
		if by.Person != "" {
			o.Host = by.Person
		}
		c.occur(step, o)
		return true, nil
	})
	return err
}

// name is how an actor is kept.
func (a Actor) name() string {
	if a.Person != "" {
		return string(a.Person)
	}
	return a.System
}

func (c *Cohort) occur(step StepID, o Occasion) {
	if c.Events == nil {
		c.Events = map[StepID]Occasion{}
	}
	c.Events[step] = o
}

// AgreeTime says when an event or conversation of one learner is, where the workflow leaves it open: the doer says so, or
// whom the step is with, or a coach. An event `with: cohort` is everybody's: see SetEventTime.
// Once the workflow is stopped that is ErrConflict.
func (s *Service) AgreeTime(ctx context.Context, by Actor, id EnrolmentID, step StepID, at time.Time) error {
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		of := w.Step(step)
		if of == nil {
			return nil, fmt.Errorf("step %q: %w", step, ErrNotFound)
		}
		if err := s.checkEventTime(of, at); err != nil {
			return nil, err
		}
		if e.State == Stopped {
			return nil, fmt.Errorf("set the time of step %q: the workflow is over: %w", step, ErrConflict)
		}
		with := slices.ContainsFunc(e.Roles[Role(of.With)], func(a Assignment) bool { return a.Person == by.Person })
		if by.Person != e.Learner && !with || by.Person == "" {
			if err := s.mayCoach(ctx, by, e); err != nil {
				return nil, err
			}
		} else if of.At != nil || of.With == withCohort {
			return nil, fmt.Errorf("set the time of step %q, which is not this learner's to set: %w", step, ErrForbidden)
		}
		return setTime{step: step, at: at.UTC().Truncate(time.Minute)}, nil
	})
	return err
}

// codeLetters are those that nobody takes for another.
const (
	codeLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	codeLength  = 6
)

// newCode draws a code for attendance.
func newCode() string {
	b := make([]byte, codeLength)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = codeLetters[int(b[i])%len(codeLetters)]
	}
	return string(b)
}

// EventCode is the code by which a cohort's learners show that they attend an event; it is drawn when a coach first asks
// for it. Only who may coach learns it.
func (s *Service) EventCode(ctx context.Context, by Actor, k CohortKey, step StepID) (string, error) {
	err := s.cohortStep(ctx, by, k, step, func(of *Step) error {
		if !of.wants("attended") {
			return fmt.Errorf("make a code for step %q, which nobody attends: %w", step, ErrInvalid)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	c, err := s.cohort(ctx, k)
	if err != nil || c.Events[step].Code != "" {
		return c.Events[step].Code, err
	}
	code := newCode()
	c, err = s.changeCohort(ctx, k, func(c *Cohort) (bool, error) {
		o := c.Events[step]
		if o.Code != "" {
			return false, nil
		}
		o.Code = code
		if o.Host == "" {
			o.Host = by.Person
		}
		c.occur(step, o)
		return true, nil
	})
	return c.Events[step].Code, err
}

// Attend takes a learner's code for an event; it counts though the step is still locked. A wrong code is a FieldError,
// as is any after ten wrong ones in an hour.
func (s *Service) Attend(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, code string) error {
	code = strings.ToUpper(strings.Join(strings.FieldsFunc(clip(code, 100), func(r rune) bool { return r == ' ' || r == '-' }), ""))
	right := false
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		if err := mine(acting, e); err != nil {
			return nil, err
		}
		of, st := w.Step(step), e.Steps[step]
		if of == nil {
			return nil, fmt.Errorf("step %q: %w", step, ErrNotFound)
		}
		if of.By != Learner || !of.wants("attended") || e.State == Stopped || st != nil && st.State.Settled() && st.State != Done {
			return nil, fmt.Errorf("attend step %q: %w", step, ErrConflict)
		}
		if st != nil {
			if until, out := st.Event.triedOut(s.now()); out {
				return nil, FieldErrors{{Field: "code", Key: "error.code_tries", Args: map[string]any{"until": until}}}
			}
		}
		c, err := s.cohort(ctx, e.CohortKey())
		if err != nil {
			return nil, err
		}
		right = code != "" && c.Events[step].Code == code
		return attended{step: step, right: right}, nil
	})
	if err == nil && !right {
		return FieldErrors{{Field: "code", Key: "error.code_wrong"}}
	}
	return err
}

// MarkAttended is a host's word that learners took part in an event: of who may coach them, or whom the step is with. It
// counts though the step is still locked, or was missed, but not once the workflow is stopped (ErrConflict).
func (s *Service) MarkAttended(ctx context.Context, by Actor, step StepID, ids ...EnrolmentID) error {
	if len(ids) > MaxBoard {
		return fmt.Errorf("mark %d learners at once, more than %d: %w", len(ids), MaxBoard, ErrInvalid)
	}
	var errs []error
	for _, id := range ids {
		_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
			of := w.Step(step)
			if of == nil {
				return nil, fmt.Errorf("step %q: %w", step, ErrNotFound)
			}
			if of.By != Learner || !of.wants("attended") {
				return nil, fmt.Errorf("mark who attended step %q, which nobody attends: %w", step, ErrInvalid)
			}
			if !by.usable() || by.Person == e.Learner || !slices.ContainsFunc(e.Roles[Role(of.With)], func(a Assignment) bool { return a.Person == by.Person }) {
				if err := s.mayCoach(ctx, by, e); err != nil {
					return nil, err
				}
			}
			if e.State == Stopped {
				return nil, fmt.Errorf("mark who attended step %q: the workflow is over: %w", step, ErrConflict)
			}
			return attended{step: step, by: by}, nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("mark enrolment %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// SplitCohort moves enrolments into a part of their cohort with a name of its own ("" is the cohort nobody split): it has
// its own start, gates, events, groups and threads.
func (s *Service) SplitCohort(ctx context.Context, by Actor, label string, ids ...EnrolmentID) error {
	label = strings.TrimSpace(label)
	if len(label) > 100 || len(ids) > MaxBoard {
		return fmt.Errorf("split a cohort: a name of %d bytes for %d learners is too much: %w", len(label), len(ids), ErrInvalid)
	}
	var errs []error
	for _, id := range ids {
		_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) { return moved{label: label}, s.mayCoach(ctx, by, e) })
		if err != nil {
			errs = append(errs, fmt.Errorf("move enrolment %s: %w", id, err))
			continue
		}
		if err := s.Wake(ctx, id); err != nil { // now with what the new cohort says
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// moved puts an enrolment into another part of the cohort. The part it leaves may have waited only for it.
type moved struct{ label string }

func (ev moved) apply(d *decision) error {
	if d.e.Cohort == nil {
		d.e.Cohort = &Membership{}
	}
	m := d.e.Cohort
	if m.Label == ev.label {
		return nil
	}
	if !slices.Contains(m.Left, m.Label) {
		m.Left = append(m.Left, m.Label)
	}
	m.Label, m.Group, m.Mates, m.DroppedAt, m.Ready = ev.label, 0, nil, time.Time{}, nil
	return nil
}
