package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// How much of a board one page shows.
const (
	boardPeople = 50
	boardSteps  = 40 // columns; more steps are looked at in parts
)

// boardPage is the Body of the coach's board of a course: steps × people.
type boardPage struct {
	Nav       coachNav
	Admin     string // where an administrator of the platform goes to administer; empty: is none
	Course    engine.Course
	Asked     boardAsked
	Workflow  *engine.Workflow // whose steps stand in the columns; nil: nobody has started
	Workflows []*engine.Workflow
	Groups    []lti.Group
	Filters   []boardFilter
	Columns   []boardColumn
	Phases    []boardPhase
	Steps     pager // which of the steps are shown
	Rows      []boardRow
	People    pager // which of the people are shown
	All       int   // learners in the workflow
	Late      int
	Done      int
	Held      *engine.NudgeHold // the course's nudges are held back; nil: they go out
	Absent    *notOpened        // on the course list; nil: everybody has come, or there is no list
	Several   bool              // the course has several workflows
	CSV       string            // the same as a table, whole
}

// boardAsked is what was asked for by the address of the page.
type boardAsked struct {
	Workflow engine.WorkflowID
	Only     string
	Group    string
	Search   string
	Page     int // from 1
	Column   int // from 0
}

func boardAskedIn(r *http.Request) boardAsked {
	q := r.URL.Query()
	a := boardAsked{Workflow: engine.WorkflowID(q.Get("workflow")), Only: q.Get("only"), Group: q.Get("group"), Search: strings.TrimSpace(q.Get("q"))}
	a.Page, _ = strconv.Atoi(q.Get("page"))
	a.Page = max(1, min(a.Page, engine.MaxStandings))
	a.Column, _ = strconv.Atoi(q.Get("step"))
	a.Column = max(0, a.Column)
	if !slices.Contains(engine.BoardOnly(), a.Only) {
		a.Only = ""
	}
	return a
}

// href is the address of the same board, asked otherwise.
func (a boardAsked) href(base string) string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("workflow", string(a.Workflow))
	set("only", a.Only)
	set("group", a.Group)
	set("q", a.Search)
	if a.Page > 1 {
		q.Set("page", strconv.Itoa(a.Page))
	}
	if a.Column > 0 {
		q.Set("step", strconv.Itoa(a.Column))
	}
	if len(q) == 0 {
		return base + "/"
	}
	return base + "/?" + q.Encode()
}

// boardFilter is one of the questions a board answers, with how many it would show.
type boardFilter struct {
	Only string
	N    int
	Href string
	On   bool
}

// boardColumn is a step over a column. Text is what a narrow head says of it.
type boardColumn struct {
	Step *engine.Step
	N    int // from 1
	Href string
}

// boardPhase is a phase over its columns.
type boardPhase struct {
	Phase *engine.Phase
	Span  int
}

type boardRow struct {
	engine.BoardRow
	Cells   []boardCell // one for each column
	Percent int
	Href    string // the person's page; empty for who only looks
	Action  string // posts "course completed"; empty once it is
	Grade   string // why the LMS did not take the grade; empty: it did, or none was sent
	Turn    *turn  // whose turn it is when it is not the learner's; nil: nobody's
}

// boardCell is how a learner stands in a step. Mark "": the step is none of theirs.
type boardCell struct {
	Step *engine.Step
	Mark string
}

func (s *Site) board(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	decides, err := service.MayCompleteCourse(r.Context(), session.Person, session.Course)
	if err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	v := s.view(r)
	body := boardPage{Nav: coachNav{At: "people", Acts: decides}, Course: session.Course, Asked: boardAskedIn(r)}
	if session.Administrator {
		body.Admin = v.Base + "/admin"
	}
	filter := engine.BoardFilter{Workflow: body.Asked.Workflow, Only: body.Asked.Only, Search: body.Asked.Search}
	if err := s.sift(r, session, service, &body, &filter); err != nil {
		return err
	}
	page, err := service.Board(r.Context(), session.Course, filter, (body.Asked.Page-1)*boardPeople, boardPeople)
	if err == nil && filter.Workflow == "" && len(page.Workflows) > 1 { // one workflow at a time
		filter.Workflow = page.Workflows[0]
		page, err = service.Board(r.Context(), session.Course, filter, (body.Asked.Page-1)*boardPeople, boardPeople)
	}
	if err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	if err := body.fill(r, service, page, filter, v.Base, s.now().Unix()); err != nil {
		return err
	}
	if decides {
		on, err := service.CourseNudges(r.Context(), engine.By(session.Person), session.Course)
		if err != nil {
			return fmt.Errorf("web: board: %w", err)
		}
		body.Held = on.Held
	} else {
		for i := range body.Rows {
			body.Rows[i].Href, body.Rows[i].Action = "", ""
		}
	}
	whole := body.Asked
	whole.Page, whole.Column = 1, 0
	body.CSV = strings.Replace(whole.href(v.Base), v.Base+"/", v.Base+"/board/board.csv", 1)
	return s.draw(w, http.StatusOK, "board", v.titled("page.board.title", "course", session.Course.Title), body)
}

// fill puts a page of the engine's board into the page.
func (b *boardPage) fill(r *http.Request, service *engine.Service, page *engine.BoardPage, filter engine.BoardFilter, base string, now int64) error {
	b.Several = len(page.Workflows) > 1
	for _, id := range page.Workflows {
		one, err := service.Workflow(r.Context(), id, 0)
		if err != nil {
			return fmt.Errorf("web: board: %w", err)
		}
		if id == filter.Workflow || len(page.Workflows) == 1 {
			b.Workflow = one
		}
		b.Workflows = append(b.Workflows, one)
	}
	b.All, b.Late, b.Done = page.Counts[""], page.Counts[engine.BoardLate], page.Counts[engine.BoardDone]
	for _, only := range append([]string{""}, engine.BoardOnly()...) {
		if only != "" && only != b.Asked.Only && page.Counts[only] == 0 {
			continue
		}
		a := b.Asked
		a.Only, a.Page = only, 1
		b.Filters = append(b.Filters, boardFilter{Only: only, N: page.Counts[only], Href: a.href(base), On: only == b.Asked.Only})
	}
	b.columns(page.Rows, base)
	for _, row := range page.Rows {
		one := boardRow{BoardRow: row, Cells: cellsOf(row, b.Columns, now), Href: base + "/board/people/" + string(row.Enrolment.ID)}
		if row.Required > 0 {
			one.Percent = 100 * row.Done / row.Required
		}
		if row.CourseCompleted.IsZero() && row.Enrolment.State == engine.Active {
			one.Action = base + "/board/" + string(row.Enrolment.ID) + "/completed"
		}
		if refused := row.Enrolment.GradeRefused; refused != nil {
			one.Grade = gradeCause(refused.Cause)
		}
		if row.Next == nil {
			one.Turn = turnOf(row)
		}
		b.Rows = append(b.Rows, one)
	}
	b.People = pagerOf(page.From, len(page.Rows), page.Count, boardPeople, func(from int) string {
		a := b.Asked
		a.Page = from/boardPeople + 1
		return a.href(base)
	})
	return nil
}

// columns are the steps of the workflow in its latest version, those left out that
// nothing has opened for anybody on the page and only something else opens.
func (b *boardPage) columns(rows []engine.BoardRow, base string) {
	if b.Workflow == nil {
		return
	}
	var steps []boardColumn
	for _, step := range b.Workflow.Steps() {
		seen := !step.Opens.IsNever() || slices.ContainsFunc(rows, func(row engine.BoardRow) bool {
			st := row.Enrolment.Steps[step.ID]
			return st != nil && st.State != engine.Locked
		})
		if seen {
			steps = append(steps, boardColumn{Step: step, N: len(steps) + 1,
				Href: base + "/board/steps/" + url.PathEscape(string(b.Workflow.ID)) + "/" + url.PathEscape(string(step.ID))})
		}
	}
	from := b.Asked.Column / boardSteps * boardSteps
	if from >= len(steps) {
		from = 0
	}
	b.Columns = steps[from:min(from+boardSteps, len(steps))]
	b.Steps = pagerOf(from, len(b.Columns), len(steps), boardSteps, func(from int) string {
		a := b.Asked
		a.Column = from
		return a.href(base)
	})
	for _, column := range b.Columns {
		if n := len(b.Phases); n > 0 && b.Phases[n-1].Phase == column.Step.Phase {
			b.Phases[n-1].Span++
			continue
		}
		b.Phases = append(b.Phases, boardPhase{Phase: column.Step.Phase, Span: 1})
	}
}

// cellsOf is how a learner stands in each of the columns.
func cellsOf(row engine.BoardRow, columns []boardColumn, now int64) []boardCell {
	cells := make([]boardCell, 0, len(columns))
	for _, column := range columns {
		cell := boardCell{Step: column.Step}
		state, own := row.Enrolment.Steps[column.Step.ID], row.Workflow.Step(column.Step.ID)
		switch {
		case state == nil || own == nil || own.Opens.IsNever() && state.State == engine.Locked:
		case (state.State == engine.Open || state.State == engine.Returned) && !state.DueAt.IsZero() && state.DueAt.Unix() < now && row.Enrolment.State == engine.Active:
			cell.Mark = "late"
		default:
			cell.Mark = string(state.State)
		}
		cells = append(cells, cell)
	}
	return cells
}

// turnOf is the first step that somebody other than the learner is to act on.
func turnOf(row engine.BoardRow) *turn {
	for _, step := range row.Workflow.Steps() {
		state := row.Enrolment.Steps[step.ID]
		switch {
		case state == nil:
		case step.By == engine.Learner && state.State == engine.Submitted && step.Review != nil:
			return &turn{Step: step, Role: step.Review.By, Review: true}
		case step.By != engine.Learner && state.State == engine.Open:
			return &turn{Step: step, Role: step.By}
		}
	}
	return nil
}

// courseCompleted says, for a coach, that a learner of this course has finished it.
func (s *Site) courseCompleted(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return fmt.Errorf("web: course completed: %w", err)
	}
	if err := service.CompleteCourse(r.Context(), session.Person, e.ID); err != nil {
		return fmt.Errorf("web: course completed: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}
