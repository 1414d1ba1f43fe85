package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxBoard bounds the enrolments of a course that reports read.
const MaxBoard = 1000

// Which learners a board shows (BoardFilter.Only).
const (
	BoardLate     = "late"     // something is late
	BoardReturned = "returned" // a step came back to them
	BoardNobody   = "nobody"   // an answer is awaited that nobody is there to give
	BoardWaits    = "waits"    // somebody's answer is awaited
	BoardAsks     = "asks"     // they wait for the coach's answer
	BoardDone     = "done"     // they are through
)

// BoardOnly are all of them.
func BoardOnly() []string {
	return []string{BoardLate, BoardReturned, BoardNobody, BoardWaits, BoardAsks, BoardDone}
}

// BoardFilter says which learners of a course a board shows; what is zero does not count.
type BoardFilter struct {
	Workflow WorkflowID
	Only     string            // BoardLate …
	People   map[PersonID]bool // nil: everybody
	Search   string            // part of a name or of an e-mail address, in any case
}

// BoardPage is a part of a board.
type BoardPage struct {
	Rows      []BoardRow
	From      int            // of the first row, from 0
	Count     int            // learners whom the filter lets through
	All       int            // learners of the course, in any workflow
	Counts    map[string]int // how many each Only would let through, the rest of the filter being as it is; "" all of them
	Workflows []WorkflowID   // of the course's learners, the one with the most learners first
	Cohorts   []CohortKey    // of the course's learners, by when the first was enrolled
}

// maxBoardPage bounds the rows of a page.
const maxBoardPage = 200

// Board shows a page of a course's learners with how far they are, by order of enrolment: rows from a place on (from 0),
// at most limit (0: 50). It reads where everybody stands from an index, and of the page alone a glance each; documents only
// of those for whom something is to happen by now.
func (s *Service) Board(ctx context.Context, c Course, filter BoardFilter, from, limit int) (*BoardPage, error) {
	if filter.Only != "" && !slices.Contains(BoardOnly(), filter.Only) {
		return nil, fmt.Errorf("board: no filter %q; one of %v: %w", clip(filter.Only, 40), BoardOnly(), ErrInvalid)
	}
	if limit <= 0 {
		limit = 50
	}
	limit, from = min(limit, maxBoardPage), max(from, 0)
	all, err := s.o.Store.StandingsIn(ctx, c, MaxStandings)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	page := &BoardPage{All: len(all), Counts: map[string]int{}}
	page.survey(all, c)
	if all, err = s.sift(ctx, all, filter); err != nil {
		return nil, err
	}
	now := s.now()
	page.Counts[""] = len(all)
	for _, only := range BoardOnly() {
		for _, one := range all {
			if one.is(only, now) {
				page.Counts[only]++
			}
		}
	}
	if filter.Only != "" {
		all = slices.DeleteFunc(all, func(one Standing) bool { return !one.is(filter.Only, now) })
	}
	page.Count = len(all)
	page.From = min(from, len(all))
	page.Rows, err = s.boardRows(ctx, all[page.From:min(page.From+limit, len(all))])
	return page, err
}

// survey notes which workflows and cohorts a course has.
func (p *BoardPage) survey(all []Standing, c Course) {
	learners := map[WorkflowID]int{}
	for _, one := range all {
		if learners[one.Workflow]++; learners[one.Workflow] == 1 {
			p.Workflows = append(p.Workflows, one.Workflow)
		}
		k := CohortKey{Workflow: one.Workflow, Course: c, Label: one.Label}
		if !slices.ContainsFunc(p.Cohorts, func(o CohortKey) bool { return o.ID() == k.ID() }) {
			p.Cohorts = append(p.Cohorts, k)
		}
	}
	slices.SortStableFunc(p.Workflows, func(a, b WorkflowID) int { return learners[b] - learners[a] })
}

// sift keeps whom a filter lets through, but for Only.
func (s *Service) sift(ctx context.Context, all []Standing, filter BoardFilter) ([]Standing, error) {
	all = slices.DeleteFunc(all, func(one Standing) bool {
		return filter.Workflow != "" && one.Workflow != filter.Workflow || filter.People != nil && !filter.People[one.Learner]
	})
	want := strings.ToLower(strings.TrimSpace(clip(filter.Search, 200)))
	if want == "" {
		return all, nil
	}
	ids := make([]PersonID, 0, len(all))
	for _, one := range all {
		ids = append(ids, one.Learner)
	}
	people, err := s.o.Store.PeopleBy(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	found := map[PersonID]bool{}
	for _, p := range people {
		found[p.ID] = strings.Contains(strings.ToLower(p.Name), want) || strings.Contains(strings.ToLower(p.Email), want)
	}
	return slices.DeleteFunc(all, func(one Standing) bool { return !found[one.Learner] }), nil
}

// boardRows makes the rows of a page, as of now.
func (s *Service) boardRows(ctx context.Context, page []Standing) ([]BoardRow, error) {
	glances, err := s.glances(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	var ids []PersonID
	for _, g := range glances {
		ids = append(ids, g.Of.Learner)
	}
	people, err := s.peopleBy(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	rows := make([]BoardRow, 0, len(glances))
	for _, g := range glances {
		w, err := s.Workflow(ctx, g.Of.Workflow, g.Of.Version)
		if err != nil {
			return nil, err
		}
		rows = append(rows, s.boardRow(w, g.enrolment(), people[g.Of.Learner]))
	}
	return rows, nil
}

// is tells whether a filter lets a learner through.
func (s Standing) is(only string, now time.Time) bool {
	switch only {
	case BoardLate:
		return s.Late(now)
	case BoardReturned:
		return s.Returned
	case BoardNobody:
		return s.Nobody
	case BoardWaits:
		return s.Waits
	case BoardAsks:
		return !s.Asked.IsZero()
	case BoardDone:
		return s.Through
	}
	return true
}

func (s *Service) boardRow(w *Workflow, e *Enrolment, learner Person) BoardRow {
	v := &viewer{decision: &decision{w: w, e: e, now: s.now()}}
	row := BoardRow{Enrolment: e, Workflow: w, Learner: learner, CourseCompleted: e.Anchors[AnchorCourseCompleted], CompletedBy: e.CompletedBy(),
		Completed: e.CompletedAt, Unassigned: e.Nobody, Done: e.Tally.Done, Required: e.Tally.Required}
	var next *StepView
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil || !st.takes() {
			continue // nobody's turn, and late to nobody
		}
		sv := v.glance(of, st)
		if sv.Late {
			row.Late++
		}
		if of.By == Learner && (next == nil || sooner(&sv, next)) {
			better := sv
			next = &better
		}
	}
	if next != nil {
		row.Next, row.NextDue = next.Step, next.Due
	}
	return row
}

// CohortPerson is a learner of a cohort.
type CohortPerson struct {
	Enrolment EnrolmentID
	Learner   Person
}

// CohortPeople lists the learners of a cohort whose workflow is not over, by name, to who may coach in its course.
func (s *Service) CohortPeople(ctx context.Context, by Actor, k CohortKey) ([]CohortPerson, error) {
	if err := s.mayCoachIn(ctx, by, k.Course); err != nil {
		return nil, fmt.Errorf("people of a cohort: %w", err)
	}
	all, err := s.o.Store.StandingsIn(ctx, k.Course, MaxStandings)
	if err != nil {
		return nil, fmt.Errorf("people of a cohort: %w", err)
	}
	enrolments := map[PersonID]EnrolmentID{}
	var ids []PersonID
	for _, one := range all {
		if one.Workflow == k.Workflow && one.Label == k.Label && one.State != Stopped {
			enrolments[one.Learner] = one.Enrolment
			ids = append(ids, one.Learner)
		}
	}
	people, err := s.o.Store.PeopleBy(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("people of a cohort: %w", err)
	}
	out := make([]CohortPerson, 0, len(people))
	for _, p := range people {
		out = append(out, CohortPerson{Enrolment: enrolments[p.ID], Learner: p})
	}
	slices.SortFunc(out, func(a, b CohortPerson) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Learner.Name), strings.ToLower(b.Learner.Name)), strings.Compare(string(a.Enrolment), string(b.Enrolment)))
	})
	return out, nil
}
