package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Where a learner stands in a Funnel.
const (
	FunnelNever    = "never_started" // enrolled, or only on the roster, and has done nothing
	FunnelStalled  = "stalled"       // something is open and the learner has done nothing for 14 days
	FunnelActive   = "active"
	FunnelFinished = "finished" // completed
	FunnelStopped  = "stopped"  // over without being completed
)

// FunnelClasses are all of them, in the order of a funnel.
func FunnelClasses() []string {
	return []string{FunnelNever, FunnelStalled, FunnelActive, FunnelFinished, FunnelStopped}
}

// stalledAfter is how long a learner does nothing about what is open before they count as stalled.
const stalledAfter = 14 * 24 * time.Hour

// Funnel is how many learners of a workflow in a course never started, are stalled, active or finished (cap 86).
type Funnel struct {
	Workflow WorkflowID     `json:"workflow"`
	Course   Course         `json:"course"`
	At       time.Time      `json:"at"`
	All      int            `json:"all"`
	Counts   map[string]int `json:"counts"`         // by class
	Page     FunnelPage     `json:"page"`           // as asked for
	Rows     []FunnelRow    `json:"rows"`           // of Page.Class, longest idle first
	More     string         `json:"more,omitempty"` // Page.After of the next page; empty: this was the last
	Cut      bool           `json:"cut,omitempty"`  // the course has more than MaxStandings enrolments: the rest is left out
}

// FunnelPage says which rows of a funnel to list.
type FunnelPage struct {
	Class string `json:"class,omitempty"` // empty: all
	After string `json:"after,omitempty"` // Funnel.More of the page before
	Limit int    `json:"limit,omitempty"` // 0: 50; at most 200
}

// FunnelRow is one learner.
type FunnelRow struct {
	Enrolment EnrolmentID `json:"enrolment,omitempty"` // empty: on the roster only
	Learner   PersonID    `json:"learner"`
	Name      string      `json:"name"`
	Class     string      `json:"class"`
	Enrolled  time.Time   `json:"enrolled,omitzero"`
	LastAct   time.Time   `json:"last_act,omitzero"` // zero: none
	Open      int         `json:"open"`              // steps that are the learner's turn
	Done      int         `json:"done"`
	Required  int         `json:"required"`
}

// Funnel counts and lists the learners of a workflow in a course: those enrolled, and those of the roster who have not
// come. It reads where everybody stands from an index, at most MaxStandings enrolments. by must coach the course (else ErrForbidden).
func (s *Service) Funnel(ctx context.Context, by Actor, id WorkflowID, c Course, page FunnelPage) (*Funnel, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return nil, fmt.Errorf("funnel: %w", err)
	}
	if page.Class != "" && !slices.Contains(FunnelClasses(), page.Class) {
		return nil, fmt.Errorf("funnel: no class %q; one of %v: %w", page.Class, FunnelClasses(), ErrInvalid)
	}
	if page.Limit <= 0 {
		page.Limit = 50
	}
	page.Limit = min(page.Limit, 200)
	rows, cut, err := s.funnelRows(ctx, id, c)
	if err != nil {
		return nil, err
	}
	f := &Funnel{Workflow: id, Course: Course{Issuer: c.Issuer, ID: c.ID, Title: c.Title}, At: s.now(), All: len(rows), Counts: map[string]int{}, Page: page, Rows: []FunnelRow{}, Cut: cut}
	for _, class := range FunnelClasses() {
		f.Counts[class] = 0
	}
	for _, r := range rows {
		f.Counts[r.Class]++
	}
	return f, s.funnelPage(ctx, f, rows)
}

// funnelRows are all learners, longest idle first.
func (s *Service) funnelRows(ctx context.Context, id WorkflowID, c Course) ([]FunnelRow, bool, error) {
	all, err := s.o.Store.StandingsIn(ctx, c, MaxStandings)
	if err != nil {
		return nil, false, fmt.Errorf("funnel: %w", err)
	}
	var rows []FunnelRow
	here, now := map[PersonID]bool{}, s.now()
	for _, one := range all {
		if one.Workflow == id {
			here[one.Learner] = true
			rows = append(rows, funnelRow(one, now))
		}
	}
	roster, err := s.Roster(ctx, c)
	if err != nil {
		return nil, false, err
	}
	for _, m := range roster[:min(len(roster), MaxStandings)] {
		if m.Status == Enrolled && !here[m.Person] {
			rows = append(rows, FunnelRow{Learner: m.Person, Class: FunnelNever, Enrolled: m.Since})
		}
	}
	if err := s.notStaff(ctx, c, &rows); err != nil {
		return nil, false, err
	}
	slices.SortFunc(rows, func(a, b FunnelRow) int {
		return cmp.Or(a.idleSince().Compare(b.idleSince()), cmp.Compare(a.Learner, b.Learner))
	})
	return rows, len(all) == MaxStandings, nil
}

// notStaff leaves out who teaches: LMSs list some of them as learners.
func (s *Service) notStaff(ctx context.Context, c Course, rows *[]FunnelRow) error {
	staff, err := s.o.Store.StaffOf(ctx, c)
	if err != nil {
		return fmt.Errorf("load staff: %w", err)
	}
	*rows = slices.DeleteFunc(*rows, func(r FunnelRow) bool {
		return r.Enrolment == "" && slices.ContainsFunc(staff, func(m Staff) bool { return m.Person == r.Learner })
	})
	return nil
}

// funnelPage fills in the page asked for, with names.
func (s *Service) funnelPage(ctx context.Context, f *Funnel, rows []FunnelRow) error {
	past := f.Page.After == ""
	var ids []PersonID
	for _, r := range rows {
		if !past {
			past = string(r.Learner) == f.Page.After
			continue
		}
		if f.Page.Class != "" && r.Class != f.Page.Class {
			continue
		}
		if len(f.Rows) == f.Page.Limit {
			f.More = string(f.Rows[len(f.Rows)-1].Learner)
			break
		}
		f.Rows, ids = append(f.Rows, r), append(ids, r.Learner)
	}
	people, err := s.peopleBy(ctx, ids)
	if err != nil {
		return fmt.Errorf("funnel: %w", err)
	}
	for i := range f.Rows {
		f.Rows[i].Name = people[f.Rows[i].Learner].Name
	}
	return nil
}

func (r FunnelRow) idleSince() time.Time {
	if r.LastAct.IsZero() {
		return r.Enrolled
	}
	return r.LastAct
}

// funnelRow says where one learner stands.
func funnelRow(s Standing, now time.Time) FunnelRow {
	r := FunnelRow{Enrolment: s.Enrolment, Learner: s.Learner, Enrolled: s.Enrolled, LastAct: s.Acted, Class: FunnelActive, Done: s.Done, Required: s.Required, Open: s.Open}
	if r.Enrolled.IsZero() {
		r.Enrolled = s.Created
	}
	switch {
	case s.Through:
		r.Class = FunnelFinished
	case s.State == Stopped:
		r.Class = FunnelStopped
	case r.LastAct.IsZero():
		r.Class = FunnelNever
	case r.Open > 0 && now.Sub(r.LastAct) >= stalledAfter:
		r.Class = FunnelStalled
	}
	return r
}

// lastAct is when the learner last did something about a step; zero: never. Launching alone is none.
func lastAct(e *Enrolment) time.Time {
	var last time.Time
	for _, st := range e.Steps {
		last = laterOf(laterOf(last, st.Initialized), laterOf(st.SubmittedAt, st.RatedAt))
		if st.Acknowledged.IsZero() { // else somebody else has looked
			last = laterOf(last, st.Viewed)
		}
		if st.SkippedBy == e.Learner {
			last = laterOf(last, st.DoneAt)
		}
	}
	return last
}
