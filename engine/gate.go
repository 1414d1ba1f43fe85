package engine

import (
	"slices"
	"strconv"
	"time"
)

// gated tells whether a step that could open waits for its cohort: until the last active member is ready for it, a coach
// opens it, or it is 1wd before `at` or at `due`. That somebody is ready is told to the cohort.
func (d *decision) gated(s *Step, st *StepState) bool {
	c := d.f.Cohort
	if s.WaitFor == "" || c == nil || d.e.Cohort == nil {
		return false
	}
	if open := c.Gates[s.ID]; !open.IsZero() {
		if !open.After(d.now) {
			return false
		}
		d.note(open)
	}
	if at := d.gateTime(s, st); !at.IsZero() {
		if !at.After(d.now) {
			return false
		}
		d.note(at)
	}
	if m := d.e.Cohort; !slices.Contains(m.Ready, s.ID) {
		m.Ready = append(m.Ready, s.ID)
	}
	return true
}

// gateTime is when a gate opens at the latest, the same for the whole cohort; zero: not by time.
func (d *decision) gateTime(s *Step, st *StepState) time.Time {
	zone := d.cohortZone()
	if at := d.at(s, st); !at.IsZero() {
		return d.w.Calendar.resolve(moment{at: at}, TimeExpr{Back: true, Offset: oneWorkingDay}, beginning, zone)
	}
	if s.Due == nil || s.Due.Anchor == anchorOpen {
		return time.Time{}
	}
	due, _ := d.cohortDue(s, st)
	return due
}

// cohortDue is the `due` of a step as an instant that is the cohort's.
func (d *decision) cohortDue(s *Step, st *StepState) (time.Time, bool) {
	m, ok := d.cohortAnchor(s.Due.Anchor, st)
	if !ok {
		return time.Time{}, false
	}
	return d.w.Calendar.resolve(m, *s.Due, ending, d.cohortZone()), true
}

// eventDue is when an event is due: at one instant for the cohort, which no pause moves.
func (d *decision) eventDue(s *Step, st *StepState) time.Time {
	at, ok := d.cohortDue(s, st)
	if !ok || s.Due.Anchor == anchorOpen || !at.Before(d.soonest(st.OpenedAt, s.By)) {
		return at
	}
	return d.later(st.OpenedAt, threeWorkingDays, ending, s.By)
}

// cohortAnchor is an anchor as the cohort has it: enrolled is the first member's, and course_start may precede it.
func (d *decision) cohortAnchor(name string, st *StepState) (moment, bool) {
	switch name {
	case AnchorEnrolled:
		at, ok := d.firstEnrolled()
		return moment{at: at}, ok
	case AnchorCourseStart, AnchorCourseCompleted:
		if at := d.e.Anchors[name]; !at.IsZero() {
			return moment{at: at, day: name == AnchorCourseStart}, true
		}
		return d.assumed(name)
	}
	return d.anchor(name, st)
}

// at is the time of a step that has one, as things are; zero: not known yet. What a person set goes before what the
// workflow says, and what the workflow says of a time that has passed does not change any more.
func (d *decision) at(s *Step, st *StepState) time.Time {
	if st.Event != nil && !st.Event.Own.IsZero() {
		return st.Event.Own
	}
	if c := d.f.Cohort; c != nil && !c.Events[s.ID].At.IsZero() {
		return c.Events[s.ID].At
	}
	if s.At == nil {
		return time.Time{}
	}
	if st.Event != nil && !st.Event.At.IsZero() && !st.Event.At.After(d.now) {
		return st.Event.At
	}
	m, ok := d.cohortAnchor(s.At.Anchor, st)
	if !ok {
		return time.Time{}
	}
	return d.w.Calendar.resolve(m, *s.At, beginning, d.cohortZone())
}

// event is the state of a step's time, made if there is none.
func (st *StepState) event() *EventState {
	if st.Event == nil {
		st.Event = &EventState{}
	}
	return st.Event
}

// date keeps the time of a step as it is now, and tells the learner of a change.
func (d *decision) date(s *Step, st *StepState) {
	if !s.dated() {
		return
	}
	at := d.at(s, st)
	if at.IsZero() && st.Event == nil {
		return
	}
	ev := st.event()
	if !ev.At.Equal(at) {
		if !ev.At.IsZero() {
			ev.Sequence++
		}
		ev.At = at
	}
	if st.State != Open && st.State != Returned || at.IsZero() || ev.Told.Equal(at) {
		return
	}
	if !ev.Told.IsZero() || st.OpenedAt.Before(d.now) {
		ev.Sequence = max(ev.Sequence, 1)
		d.send(Message{To: d.e.Learner, Step: s.ID, Purpose: PurposeEventTime}, st, at.UTC().Format(time.RFC3339), strconv.Itoa(ev.Sequence))
	}
	ev.Told = at
}

// over tells whether a step about to open is an event that is over already.
func (d *decision) over(s *Step, st *StepState) bool {
	if !s.wants("attended") || st.Event == nil || st.Event.At.IsZero() {
		return false
	}
	return !st.Event.At.Add(time.Duration(s.Minutes) * time.Minute).After(d.now)
}

// missed tells whether an open step can no longer be done: an event that the learner had not attended by 2wd after it.
// One that a coach opened again after it has as long from then.
func (d *decision) missed(s *Step, st *StepState) bool {
	ev := st.Event
	if s.By != Learner || !s.wants("attended") || ev == nil || ev.At.IsZero() || !ev.Attended.IsZero() {
		return false
	}
	from := ev.At
	if st.OpenedAt.After(from) {
		from = st.OpenedAt
	}
	end := d.w.Calendar.after(from, twoWorkingDays, ending, d.cohortZone())
	d.note(end)
	return !end.After(d.now)
}

// attended says that the learner took part in an event: by its code, or by the word of a host.
type attended struct {
	step  StepID
	by    Actor // zero: the learner, by code
	right bool  // the code is
}

// How many wrong codes a learner may try, and in how long.
const (
	maxTriesCode = 10
	triesTime    = time.Hour
)

func (ev attended) apply(d *decision) error {
	s, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	host := ev.by != (Actor{})
	state := st.event()
	if !state.Attended.IsZero() {
		return nil
	}
	if !host && !ev.right {
		if d.now.Sub(state.TriesSince) >= triesTime {
			state.Tries, state.TriesSince = 0, d.now
		}
		state.Tries++
		return nil
	}
	state.Attended, state.Host, state.Tries, state.TriesSince = d.now, ev.by.Person, 0, time.Time{}
	if host && (st.State == Expired || st.State == Skipped && st.SkippedBy != d.e.Learner) {
		st.State, st.SkippedReason = Open, "" // the host knows better
		if st.Attempt == 0 {
			st.Attempt, st.OpenedAt = 1, d.now
		}
	}
	d.sayAttended(s, ev.by)
	return nil
}

// triedOut tells whether a learner has tried too many codes, and until when.
func (s *EventState) triedOut(now time.Time) (time.Time, bool) {
	if s == nil || s.Tries < maxTriesCode {
		return time.Time{}, false
	}
	until := s.TriesSince.Add(triesTime)
	return until, until.After(now)
}

// setTime is the time of an event as its doer, or whom it is with, set it for this learner.
type setTime struct {
	step StepID
	at   time.Time
}

func (ev setTime) apply(d *decision) error {
	_, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	st.event().Own = ev.at
	return nil
}
