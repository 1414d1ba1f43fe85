package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A paused enrolment stands still: nothing opens, falls due, expires or is sent. What people hand in or answer meanwhile
// is taken. When it goes on, what was pending has moved by the length of the pause: a time that hangs from something
// before the pause, the due time of what is open, the end of a request. Events do not move, and what hangs from something
// that is still to come moves with that alone.
//
// The length is that on a wall clock: nine o'clock stays nine o'clock over a change to summer time.

// Pause is one time in which an enrolment stood still, or does.
type Pause struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until,omitzero"` // when it ends by itself; zero: when somebody ends it
	End    time.Time `json:"end,omitzero"`   // when it ended; zero: it lasts
	By     Actor     `json:"by"`
	Reason string    `json:"reason,omitempty"`
	Left   bool      `json:"left,omitempty"` // the learner was unenrolled
}

// The bounds of pauses: how long a learner may pause, and how often an enrolment.
const (
	MaxLearnerPause = 90 * 24 * time.Hour
	maxPauses       = 40
)

// Pause is the pause that lasts; nil: none does.
func (e *Enrolment) Pause() *Pause {
	if n := len(e.Pauses); n > 0 && e.Pauses[n-1].End.IsZero() {
		return &e.Pauses[n-1]
	}
	return nil
}

// Paused tells whether the enrolment stands still.
func (e *Enrolment) Paused() bool { return e.Pause() != nil }

// moved is a pending time t that hangs from an anchor, with the pauses since counted in; only those that began before
// until, if that is set.
func (d *decision) moved(from moment, t time.Time, zone *time.Location, until time.Time) time.Time {
	for _, p := range d.e.Pauses {
		if !until.IsZero() && !p.From.Before(until) {
			break
		}
		t = p.move(from, t, zone)
	}
	return t
}

// move moves one pending time over a pause that is over. What hangs from something within the pause moves by the rest of
// it, from a day within it by whole days.
func (p Pause) move(from moment, t time.Time, zone *time.Location) time.Time {
	if p.End.IsZero() || !t.After(p.From) {
		return t // it lasts, or the time had come before it
	}
	begin, anchor := p.From, from.at
	if from.day {
		y, mo, day := from.at.UTC().Date()
		anchor = local(y, mo, day, 0, zone)
	}
	if !anchor.Before(p.End) { // it hangs from something after the pause
		if !t.Before(p.End) {
			return t
		}
	} else if anchor.After(begin) {
		begin = anchor
	}
	by := wall(p.End, zone).Sub(wall(begin, zone))
	if from.day && begin.Equal(anchor) {
		by = by.Truncate(24 * time.Hour)
	}
	to := wall(t, zone).Add(by)
	moved := local(to.Year(), to.Month(), to.Day(), to.Hour()*60+to.Minute(), zone).
		Add(time.Duration(to.Second())*time.Second + time.Duration(to.Nanosecond()))
	if moved.Before(p.End) { // an hour that a clock shows twice
		return p.End
	}
	return moved.UTC()
}

// wall is what a clock in zone shows, as if it were UTC.
func wall(t time.Time, zone *time.Location) time.Time {
	l := t.In(zone)
	_, offset := l.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// still is a step of an enrolment that stands still: what was handed in, answered or completed settles it, nothing else
// happens to it.
func (d *decision) still(s *Step, st *StepState) bool {
	switch st.State {
	case Locked:
		if s.wants("lms", "statement", "event") && !st.betweenAttempts() && d.met(s, st) {
			return d.finish(s, st)
		}
	case Open, Returned, Submitted:
		if d.met(s, st) && (s.Repeat == nil || d.mastered(s, st)) {
			return d.finish(s, st)
		}
	}
	return false
}

// endPause ends a pause whose time has come.
func (d *decision) endPause() {
	if p := d.e.Pause(); p != nil && !p.Until.IsZero() && !d.now.Before(p.Until) {
		d.goOn()
	}
}

// goOn ends the pause that lasts, now: what is pending moves by its length.
func (d *decision) goOn() {
	p := d.e.Pause()
	p.End = d.now
	if !p.End.After(p.From) { // it never was
		d.e.Pauses = d.e.Pauses[:len(d.e.Pauses)-1]
		return
	}
	for _, s := range d.w.order {
		st := d.state(s.ID)
		for _, t := range []*time.Time{&st.DueAt, &st.AskAgainAt} {
			if !t.IsZero() && !st.State.Settled() {
				*t = p.move(moment{at: p.From}, *t, d.zone(s.By))
			}
		}
		if st.Again != nil && !st.Again.DueAt.IsZero() {
			st.Again.DueAt = p.move(moment{at: p.From}, st.Again.DueAt, d.zone(s.By))
		}
		for i := range st.Requests {
			r := &st.Requests[i]
			for _, t := range []*time.Time{&r.DueAt, &r.ExpiresAt} {
				if r.Waiting() && !t.IsZero() {
					*t = p.move(moment{at: p.From}, *t, d.zone(r.Role))
				}
			}
		}
	}
}

// pausing begins a pause.
type pausing struct {
	by     Actor
	until  time.Time
	reason string
}

func (ev pausing) apply(d *decision) error {
	if d.e.State == Stopped {
		return fmt.Errorf("pause enrolment %s: the workflow is over: %w", d.e.ID, ErrConflict)
	}
	d.endPause() // one whose time has just come is over
	p := d.e.Pause()
	if p != nil {
		longer := !p.Until.IsZero() && (ev.until.IsZero() || ev.until.After(p.Until))
		if ev.by.Person == d.e.Learner && ev.until.After(p.From.Add(MaxLearnerPause)) {
			return FieldErrors{{Field: "until", Key: "error.pause_too_long", Args: map[string]any{"days": int(MaxLearnerPause.Hours() / 24)}}}
		}
		if longer {
			p.Until = ev.until
			if ev.by.Person != d.e.Learner || ev.by.System != "" { // a coach's pause stays one, however long the learner makes it
				p.By, p.Reason = ev.by, ev.reason
			}
			d.acted(ev.by, ActPause, "", ev.reason)
		}
		return nil
	}
	if len(d.e.Pauses) >= maxPauses {
		return fmt.Errorf("pause enrolment %s for the %dth time: %w", d.e.ID, maxPauses+1, ErrConflict)
	}
	if !ev.until.IsZero() && !ev.until.After(d.now) {
		return FieldErrors{{Field: "until", Key: "error.pause_over"}}
	}
	d.e.Pauses = append(d.e.Pauses, Pause{From: d.now, Until: ev.until, By: ev.by, Reason: ev.reason})
	d.acted(ev.by, ActPause, "", ev.reason)
	return nil
}

// resumed ends a pause.
type resumed struct{ by Actor }

func (ev resumed) apply(d *decision) error {
	d.endPause()
	p := d.e.Pause()
	switch {
	case p == nil:
		return nil
	case p.Left:
		return fmt.Errorf("resume enrolment %s, whose learner is not enrolled any more: enrol them again: %w", d.e.ID, ErrConflict)
	case ev.by.Person == d.e.Learner && p.By.Person != d.e.Learner:
		return fmt.Errorf("resume enrolment %s, which a coach has paused: %w", d.e.ID, ErrForbidden)
	}
	d.goOn()
	d.acted(ev.by, ActResume, "", "")
	return nil
}

// Pause lets an enrolment stand still until a time, at most MaxLearnerPause ahead if the learner asks; a coach may leave
// it open with the zero time. A second pause makes the first longer, never shorter. The same again changes nothing.
func (s *Service) Pause(ctx context.Context, by Actor, id EnrolmentID, until time.Time, reason string) error {
	until = until.UTC().Truncate(time.Millisecond)
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
		if by.Person != e.Learner || by.Person == "" {
			if err := s.mayCoach(ctx, by, e); err != nil {
				return nil, err
			}
		} else if until.IsZero() {
			return nil, FieldErrors{{Field: "until", Key: "error.required"}}
		} else if until.After(s.now().Add(MaxLearnerPause)) {
			return nil, FieldErrors{{Field: "until", Key: "error.pause_too_long", Args: map[string]any{"days": int(MaxLearnerPause.Hours() / 24)}}}
		}
		return pausing{by: by, until: until, reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	return nil
}

// Resume ends a pause now. What a coach paused only a coach resumes. Nothing to resume is no error.
func (s *Service) Resume(ctx context.Context, by Actor, id EnrolmentID) error {
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
		if by.Person != e.Learner || by.Person == "" {
			if err := s.mayCoach(ctx, by, e); err != nil {
				return nil, err
			}
		}
		return resumed{by: by}, nil
	})
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return nil
}

// awaken makes the messages that a pause held back due, so that nobody waits another day for them.
func (s *Service) awaken(ctx context.Context, e *Enrolment) error {
	for person := range e.concerned() {
		all, err := s.waitingFor(ctx, person)
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.Enrolment != e.ID || m.State != MessageWaiting || !m.DueAt.After(s.now()) || m.PlannedAt.After(s.now()) {
				continue
			}
			m.DueAt = s.now()
			if err := s.o.Store.SaveMessage(ctx, m); err != nil && !errors.Is(err, ErrConflict) {
				return fmt.Errorf("make message %s due: %w", m.ID, err)
			}
		}
	}
	return nil
}
