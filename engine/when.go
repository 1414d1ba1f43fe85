package engine

import (
	"strings"
	"time"
)

// zone is the time zone that a step's times are in: the workflow's, else the doer's if there is one and it is known,
// else the learner's, else UTC.
func (d *decision) zone(by Role) *time.Location {
	if name := d.w.Calendar.Timezone; name != "doer" {
		if z := d.location(name); z != nil {
			return z
		}
	}
	if by != Learner && by != "" {
		if people := d.e.Roles[by]; len(people) == 1 {
			if z := d.location(d.f.People[people[0].Person].Zone); z != nil {
				return z
			}
		}
	}
	if z := d.location(d.f.Learner.Zone); z != nil {
		return z
	}
	return time.UTC
}

// location loads a zone once per workflow; nil for an unknown one. Only known zones are kept, so that no more are than
// there are.
func (d *decision) location(name string) *time.Location {
	if name == "" {
		return nil
	}
	if z, ok := d.w.zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, ok := zoneOf(name)
	if !ok {
		return nil
	}
	d.w.zones.Store(name, z)
	return z
}

// anchor is what an anchor of the workflow stands for now; false while it is missing.
func (d *decision) anchor(name string, st *StepState) (moment, bool) {
	switch name {
	case AnchorEnrolled, AnchorUnenrolled:
		t, ok := d.e.Anchors[name]
		return moment{at: t}, ok
	case AnchorCourseStart, AnchorCourseCompleted:
		return d.courseAnchor(name)
	case anchorOpen:
		return moment{at: st.OpenedAt}, !st.OpenedAt.IsZero()
	case anchorDue:
		return moment{at: st.DueAt}, !st.DueAt.IsZero()
	}
	if strings.HasPrefix(name, eventAnchor) {
		t, ok := d.e.Anchors[name]
		return moment{at: t}, ok
	}
	t := TimeExpr{Anchor: name}
	if id := t.StepAnchor(); id != "" {
		of := d.e.Steps[id]
		if of == nil || of.SettledAt.IsZero() {
			return moment{}, false
		}
		return moment{at: of.SettledAt}, true
	}
	if date, ok := t.Date(); ok {
		return moment{at: date, day: true}, true
	}
	return moment{}, false
}

// courseAnchor is course_start or course_completed: the real one, else the assumed one. Neither precedes enrolled.
func (d *decision) courseAnchor(name string) (moment, bool) {
	m, ok := moment{at: d.e.Anchors[name], day: name == AnchorCourseStart}, !d.e.Anchors[name].IsZero()
	if !ok {
		if m, ok = d.assumed(name); !ok {
			return moment{}, false
		}
	}
	enrolled := d.e.Anchors[AnchorEnrolled]
	zone := d.zone(Learner)
	if m.day {
		y, mo, day := enrolled.In(zone).Date()
		if first := time.Date(y, mo, day, 0, 0, 0, 0, time.UTC); m.at.Before(first) {
			m.at = first
		}
		return m, true
	}
	if m.at.Before(enrolled) {
		m.at = enrolled
	}
	return m, true
}

// assumed is the time the workflow assumes for an anchor that has no real one. A completion is not assumed in a course
// that sends them.
func (d *decision) assumed(name string) (moment, bool) {
	t, ok := d.w.Anchors[name]
	if !ok || name == AnchorCourseCompleted && d.f.CourseSends {
		return moment{}, false
	}
	from, ok := d.anchor(t.Anchor, nil)
	if t.Anchor == AnchorEnrolled {
		from.at, ok = d.firstEnrolled()
	}
	if !ok {
		return moment{}, false
	}
	zone := d.cohortZone()
	at := d.moved(from, d.w.Calendar.resolve(from, t, beginning, zone), zone, time.Time{})
	if name == AnchorCourseStart {
		y, m, day := at.In(zone).Date()
		return moment{at: time.Date(y, m, day, 0, 0, 0, 0, time.UTC), day: true}, true
	}
	return moment{at: at}, true
}

// when is the instant of a time of a step, pauses counted in; false while its anchor is missing.
func (d *decision) when(t TimeExpr, e edge, by Role, st *StepState) (time.Time, bool) {
	return d.whenBefore(t, e, by, st, time.Time{})
}

// whenBefore is the same, counting only pauses that began before a time; zero: all.
func (d *decision) whenBefore(t TimeExpr, e edge, by Role, st *StepState, until time.Time) (time.Time, bool) {
	if t.IsZero() || t.IsNever() {
		return time.Time{}, false
	}
	m, ok := d.anchor(t.Anchor, st)
	if !ok {
		return time.Time{}, false
	}
	zone := d.zone(by)
	return d.moved(m, d.w.Calendar.resolve(m, t, e, zone), zone, until), true
}

// due is when an open step falls due; zero: never late. One that was not counted from `open` and would be less than a
// working day ahead becomes open + 3wd.
func (d *decision) due(s *Step, st *StepState) time.Time {
	if s.Due == nil {
		return time.Time{}
	}
	if s.dated() {
		return d.eventDue(s, st)
	}
	asOpened, ok := d.whenBefore(*s.Due, ending, s.By, st, st.OpenedAt)
	if !ok {
		return time.Time{}
	}
	if s.Due.Anchor != anchorOpen && asOpened.Before(d.soonest(st.OpenedAt, s.By)) {
		return d.later(st.OpenedAt, threeWorkingDays, ending, s.By)
	}
	at, _ := d.when(*s.Due, ending, s.By, st)
	return at
}

// later is a length of time after an instant, in a role's zone, pauses counted in.
func (d *decision) later(from time.Time, n Duration, e edge, by Role) time.Time {
	zone := d.zone(by)
	return d.moved(moment{at: from}, d.w.Calendar.after(from, n, e, zone), zone, time.Time{})
}

// soonest is one working day after t, at the same time of the day.
func (d *decision) soonest(t time.Time, by Role) time.Time {
	zone := d.zone(by)
	l := t.In(zone)
	return d.w.Calendar.resolve(moment{at: t}, TimeExpr{Offset: oneWorkingDay, HasTime: true, Minute: l.Hour()*60 + l.Minute()}, ending, zone)
}

// fresh is three working days after t.
func (d *decision) fresh(t time.Time, by Role) time.Time {
	return d.w.Calendar.after(t, threeWorkingDays, ending, d.zone(by))
}
