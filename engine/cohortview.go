package engine

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// CohortView is what a coach sees of a cohort: what it waits for and meets for.
type CohortView struct {
	Key      CohortKey
	Workflow *Workflow
	Start    time.Time // course_start: a day, in UTC; zero: missing
	Source   string    // of Start: launch, coach, api; assumed
	Zone     string    // IANA, of the times below
	Members  int       // active ones
	Steps    []CohortStep
}

// CohortStep is a step that a whole cohort has at one time, or waits for.
type CohortStep struct {
	Step    *Step
	At      time.Time // of an event; zero: none, or not known yet
	Code    string    // "" until EventCode drew one
	Gate    bool      // it has wait_for
	Opened  time.Time // of the gate, by everybody's readiness or a coach
	Waiting int       // active members who are not ready for it
}

// Cohort shows a cohort to who may coach in its course. Looking changes nothing.
func (s *Service) Cohort(ctx context.Context, by Actor, k CohortKey) (*CohortView, error) {
	if err := s.mayCoachIn(ctx, by, k.Course); err != nil {
		return nil, err
	}
	w, err := s.Workflow(ctx, k.Workflow, 0)
	if err != nil {
		return nil, err
	}
	members, err := s.o.Store.MembersOf(ctx, k.ID(), MemberRef{}, maxMembers)
	if err != nil {
		return nil, fmt.Errorf("load members of cohort %s: %w", k.ID(), err)
	}
	e := &Enrolment{Workflow: k.Workflow, Course: k.Course, State: Active, Cohort: &Membership{Label: k.Label}}
	c, err := s.cohortFacts(ctx, w, e, Person{})
	if err != nil {
		return nil, err
	}
	v := &CohortView{Key: k, Workflow: w}
	if c == nil {
		return v, nil
	}
	d := &decision{w: w, e: e, f: Facts{Cohort: c}, now: s.now()}
	d.join()
	v.Start, v.Source, v.Zone = c.Start, c.Source, d.cohortZone().String()
	if m, ok := d.cohortAnchor(AnchorCourseStart, nil); v.Start.IsZero() && ok {
		v.Start, v.Source = m.at, "assumed"
	}
	for _, m := range members {
		if m.State == MemberActive {
			v.Members++
		}
	}
	for _, of := range w.order {
		if of.WaitFor == "" && !of.wants("attended") {
			continue
		}
		one := CohortStep{Step: of, At: d.at(of, &StepState{}), Code: c.Events[of.ID].Code, Gate: of.WaitFor != "", Opened: c.Gates[of.ID]}
		for _, m := range members {
			if slices.Contains(m.Waits, of.ID) {
				one.Waiting++
			}
		}
		v.Steps = append(v.Steps, one)
	}
	return v, nil
}

// EventInvite is a calendar entry of a learner's event.
type EventInvite struct {
	Event ICalEvent
	Name  string // of a file
}

// ICal is the invitation as an iCalendar file (RFC 5545).
func (i *EventInvite) ICal() ([]byte, error) {
	var b bytes.Buffer
	err := WriteICal(&b, "", "PUBLISH", []ICalEvent{i.Event})
	return b.Bytes(), err
}

// EventInvite is the invitation of the learner to an event whose time is known; else ErrNotFound. The entry keeps its UID
// when the time changes, and its sequence rises, so that a calendar replaces what it has.
func (s *Service) EventInvite(ctx context.Context, acting PersonID, id EnrolmentID, step StepID) (*EventInvite, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := mine(acting, e); err != nil {
		return nil, err
	}
	of, st := w.Step(step), e.Steps[step]
	if of == nil || !of.dated() || st.State == Locked || st.Event == nil || st.Event.At.IsZero() {
		return nil, fmt.Errorf("invitation to step %q: %w", step, ErrNotFound)
	}
	host := "cairn"
	if u, err := url.Parse(s.o.IRIBase); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	ev := ICalEvent{
		UID: derivedID("event", string(id), string(step)) + "@" + host, Stamp: e.UpdatedAt, Start: st.Event.At,
		Summary: of.Title.In(f.Learner.Locale), URL: e.RelaunchURL, Sequence: st.Event.Sequence, Cancelled: st.State == Skipped,
		Description: strings.TrimSpace(w.Title.In(f.Learner.Locale) + "\n" + of.Why.In(f.Learner.Locale)),
	}
	if of.Minutes > 0 {
		ev.End = ev.Start.Add(time.Duration(of.Minutes) * time.Minute)
	}
	if f.Cohort != nil {
		if by := f.Cohort.Events[step].Host; by != "" {
			if p, err := s.o.Store.Person(ctx, by); err == nil && p.Email != "" {
				ev.Organizer = "mailto:" + p.Email
			}
		}
	}
	return &EventInvite{Event: ev, Name: string(step) + ".ics"}, nil
}
