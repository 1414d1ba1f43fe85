package engine

import (
	"context"
	"slices"
	"time"
)

// Standing is what a board needs to know of an enrolment before it loads it: stores keep it beside the document, so that
// the board of a course of a thousand finds a page of people without reading a thousand documents.
type Standing struct {
	Enrolment EnrolmentID    `json:"id"`
	Created   time.Time      `json:"at"`
	Learner   PersonID       `json:"who"`
	Workflow  WorkflowID     `json:"wf"`
	Label     string         `json:"label,omitempty"` // of the part of the cohort
	State     EnrolmentState `json:"state"`
	Through   bool           `json:"through,omitempty"`  // completed
	Closed    bool           `json:"closed,omitempty"`   // the course is completed
	Returned  bool           `json:"returned,omitempty"` // a step came back
	Waits     bool           `json:"waits,omitempty"`    // somebody's answer is awaited
	Nobody    bool           `json:"nobody,omitempty"`   // an answer is awaited that nobody is there to give
	LateAt    time.Time      `json:"late_at,omitzero"`   // from when something is late, if nothing happens; zero: never
	Asked     time.Time      `json:"asked,omitzero"`     // since when the learner waits for the coach's answer
	Version   int            `json:"v,omitempty"`        // of the workflow
	Enrolled  time.Time      `json:"enrolled,omitzero"`
	Acted     time.Time      `json:"acted,omitzero"`     // when the learner last did something about a step; zero: never
	Held      bool           `json:"held,omitempty"`     // something else than time may hold the learner up, see LateList
	Unstarted bool           `json:"no_start,omitempty"` // it is not known when the course starts
	Sent      bool           `json:"sent,omitempty"`     // the LMS told of the completion of the course
	Tally
}

// StandingStore lists standings.
type StandingStore interface {
	// StandingsIn lists the standings of a course (issuer and id) by Created and Enrolment, without previews; of at most
	// limit enrolments. It reads an index alone.
	StandingsIn(ctx context.Context, c Course, limit int) ([]Standing, error)
	// CountIn counts the standings of a workflow in a course, and those that are through. It reads an index alone.
	CountIn(ctx context.Context, c Course, w WorkflowID) (all, through int, err error)
	// GlancesIn lists the glances of a course by Created and id, without previews; of at most limit enrolments. GlancesBy
	// lists those of enrolments by id, in any order. Neither reads a document.
	GlancesIn(ctx context.Context, c Course, limit int) ([]Glance, error)
	GlancesBy(ctx context.Context, ids []EnrolmentID) ([]Glance, error)
	// EnrolmentsBy loads enrolments by id, in any order; those that are not there are left out.
	EnrolmentsBy(ctx context.Context, ids []EnrolmentID) ([]*Enrolment, error)
	// PeopleBy loads people by id, in any order; those that are not there are left out.
	PeopleBy(ctx context.Context, ids []PersonID) ([]Person, error)
}

// enrolmentsOf are the enrolments of standings, in their order.
func enrolmentsOf(page []Standing) []EnrolmentID {
	ids := make([]EnrolmentID, 0, len(page))
	for _, one := range page {
		ids = append(ids, one.Enrolment)
	}
	return ids
}

// peopleBy are people by id; those that are not there are left out.
func (s *Service) peopleBy(ctx context.Context, ids []PersonID) (map[PersonID]Person, error) {
	found, err := s.o.Store.PeopleBy(ctx, ids)
	if err != nil {
		return nil, err
	}
	people := make(map[PersonID]Person, len(found))
	for _, p := range found {
		people[p.ID] = p
	}
	return people, nil
}

// MaxStandings bounds the learners of one course whom a board knows.
const MaxStandings = 10_000

// Standing is what the document says of it; false: a preview, which is on no board.
func (e *Enrolment) Standing() (Standing, bool) {
	if e.Preview {
		return Standing{}, false
	}
	s := Standing{Enrolment: e.ID, Created: e.CreatedAt, Learner: e.Learner, Workflow: e.Workflow, State: e.State,
		Through: !e.CompletedAt.IsZero(), Closed: !e.Anchors[AnchorCourseCompleted].IsZero(), Nobody: len(e.Nobody) > 0 && e.State != Stopped,
		Version: e.Version, Enrolled: e.Anchors[AnchorEnrolled], Acted: lastAct(e), Sent: e.AnchorSource[AnchorCourseCompleted] == "lms", Tally: e.Tally}
	if e.Cohort != nil {
		s.Label = e.Cohort.Label
	}
	if e.Asked.Open() && e.State != Stopped {
		s.Asked = e.Asked.AskedAt
	}
	if e.State == Stopped {
		return s, true
	}
	s.Unstarted = e.Anchors[AnchorCourseStart].IsZero()
	s.Held = s.Nobody || e.Paused() || !e.LeftAt.IsZero() || e.LaunchedAt.IsZero()
	for _, a := range e.Named {
		s.Held = s.Held || !a.Confirmed
	}
	for _, st := range e.Steps {
		s.Returned = s.Returned || st.State == Returned
		s.Waits = s.Waits || slices.ContainsFunc(st.Requests, Request.Waiting)
		s.Held = s.Held || s.Waits || st.State == Expired || !st.AskedAt.IsZero() && !st.State.Settled()
		if at, ok := e.lateFrom(st); ok && (s.LateAt.IsZero() || at.Before(s.LateAt)) {
			s.LateAt = at
		}
	}
	return s, true
}

// lateFrom is from when a step is late; false: it cannot be as things stand.
func (e *Enrolment) lateFrom(st *StepState) (time.Time, bool) {
	due := st.DueAt
	switch {
	case st.Again != nil:
		due = st.Again.DueAt
	case st.State != Open && st.State != Returned:
		return time.Time{}, false
	}
	if due.IsZero() || e.State != Active {
		return time.Time{}, false
	}
	if p := e.Pause(); p != nil && due.After(p.From) {
		return time.Time{}, false // nothing falls due
	}
	return due, true
}

// Late tells whether something is late at a time.
func (s Standing) Late(now time.Time) bool { return !s.LateAt.IsZero() && now.After(s.LateAt) }

// unassigned are the roles of whom an answer is awaited that nobody is there to give, in the order of the workflow.
func (d *decision) unassigned() []Role {
	if d.e.State == Stopped {
		return nil
	}
	var roles []Role
	for _, s := range d.w.order {
		n, ok := d.needed(s, d.state(s.ID))
		if ok && !slices.Contains(roles, n.role) && len(d.e.Roles[n.role]) == 0 && len(d.standIns(n.role)) == 0 {
			roles = append(roles, n.role)
		}
	}
	return roles
}
