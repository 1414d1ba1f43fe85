package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Snoozed is a step that the learner has put off: until then they are not nudged about it, then once. It does not move
// the due time, keeps nobody from hearing that it is late, and a coach sees it with its reason.
type Snoozed struct {
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason,omitempty"`
	Times  int       `json:"times"`          // in this attempt
	Told   bool      `json:"told,omitempty"` // the reminder at its end is planned
}

// MaxSnooze is how far a step can be put off.
const MaxSnooze = 14 * 24 * time.Hour

// The times that a learner may choose to put a step off to (SnoozeTime.ID).
const (
	SnoozeTomorrow = "tomorrow"
	SnoozeDays     = "days" // in three days
	SnoozeWeek     = "week" // the Monday after
)

// SnoozeTime is a time to put a step off to: when the learner next works from then on.
type SnoozeTime struct {
	ID string
	At time.Time
}

// snoozeTimes are the choices there are at now, soonest first, each another time.
func snoozeTimes(c Calendar, now time.Time, zone *time.Location) []SnoozeTime {
	y, m, d := now.In(zone).Date()
	toMonday := (8 - int(now.In(zone).Weekday())) % 7
	if toMonday == 0 {
		toMonday = 7
	}
	var out []SnoozeTime
	for _, choice := range []struct {
		id   string
		days int
	}{{SnoozeTomorrow, 1}, {SnoozeDays, 3}, {SnoozeWeek, toMonday}} {
		at := c.NextWorking(local(y, m, d+choice.days, 0, zone), zone)
		if n := len(out); at.Sub(now) <= MaxSnooze && (n == 0 || at.After(out[n-1].At)) {
			out = append(out, SnoozeTime{choice.id, at.UTC()})
		}
	}
	return out
}

// snoozeTimes are the times the learner may put a step off to, or nothing if all stands still.
func (v *viewer) snoozeTimes() []SnoozeTime {
	if v.e.State != Active || v.e.Paused() {
		return nil
	}
	return snoozeTimes(v.w.Calendar, v.now, v.zone(Learner))
}

// later is until when the learner has put a live step off; zero: not, or it is over.
func (st *StepState) later(now time.Time) time.Time {
	if st.Snoozed == nil || !st.takes() || !st.Snoozed.Until.After(now) {
		return time.Time{}
	}
	return st.Snoozed.Until
}

// silences tells whether a nudge of that time is left out: the reminder at the end stands for it.
func (z *Snoozed) silences(at time.Time) bool {
	return z != nil && !at.Before(z.At) && at.Before(z.Until)
}

// Snooze is the acting learner's word that they will do an open step later: no nudge before until, at most MaxSnooze
// ahead, and one then if it is still to do. The reason may be empty. The due time stays. The same again changes nothing.
// ErrConflict: the step is not open.
func (s *Service) Snooze(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, until time.Time, reason string) error {
	until = until.UTC().Truncate(time.Millisecond)
	switch now := s.now(); {
	case until.IsZero():
		return FieldErrors{{Field: "until", Key: "error.required"}}
	case !until.After(now):
		return FieldErrors{{Field: "until", Key: "error.snooze_over"}}
	case until.After(now.Add(MaxSnooze)):
		return FieldErrors{{Field: "until", Key: "error.snooze_too_long", Args: map[string]any{"days": int(MaxSnooze.Hours() / 24)}}}
	}
	return s.act(ctx, acting, id, putOff{step: step, until: until, reason: clip(strings.TrimSpace(reason), maxReason)})
}

// putOff is the learner's word that a step will be done later.
type putOff struct {
	step   StepID
	until  time.Time
	reason string
}

func (ev putOff) apply(d *decision) error {
	s, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	if s.By != Learner || !st.takes() || d.e.State == Stopped {
		return fmt.Errorf("put off step %q while %s: %w", s.ID, st.State, ErrConflict)
	}
	z := Snoozed{At: d.now, Until: ev.until, Reason: ev.reason, Times: 1}
	if before := st.Snoozed; before != nil {
		if before.Until.Equal(z.Until) && before.Reason == z.Reason {
			return nil
		}
		if before.Until.After(d.now) {
			z.At = before.At
		}
		z.Times = before.Times + 1
	}
	st.Snoozed = &z
	result := &xapi.Result{Response: z.Reason}
	if s.Private || z.Reason == "" {
		result = nil
	}
	d.sayStep(d.learner(), xapi.VerbSnoozed, s, result, func(c *xapi.Context) {
		c.Extensions[xapi.ExtSnoozedUntil] = z.Until.Format(time.RFC3339)
	})
	return nil
}

// planLater plans the one reminder at the end of a snooze, or notes when that will be.
func (d *decision) planLater(s *Step, st *StepState) {
	z := st.Snoozed
	if z == nil || z.Told || !st.takes() {
		return
	}
	if z.Until.After(d.now) {
		d.note(z.Until)
		return
	}
	z.Told = true
	d.send(Message{To: d.e.Learner, Step: s.ID, Purpose: PurposeStepLater, DueAt: z.Until}, st, strconv.FormatInt(z.Until.Unix(), 10))
}

// snoozedIn tells whether a nudge that waits was planned before its learner put the step off.
func (m Message) snoozedIn(e *Enrolment) bool {
	st := e.Steps[m.Step]
	return st != nil && st.Snoozed != nil && m.To == e.Learner && m.Request == "" && m.IsNudge() && m.Purpose != PurposeStepLater &&
		m.PlannedAt.Before(st.Snoozed.Until) && m.Attempt == st.Attempt && m.Hands == st.Hands
}

func (z *Snoozed) same(o *Snoozed) bool {
	if z == nil || o == nil {
		return z == o
	}
	return z.At.Equal(o.At) && z.Until.Equal(o.Until) && z.Reason == o.Reason && z.Times == o.Times && z.Told == o.Told
}
