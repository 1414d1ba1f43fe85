package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// What the pages of a coach show as tables and lists they give as CSV too, whole instead of by pages: times in UTC, states
// and reasons as the API calls them, titles in the reader's language.

// tablePage is how many rows are read from the engine at once, and maxTableRows how many one table has at most.
const (
	tablePage    = 200
	maxTableRows = 10_000
)

// boardTable is the board: a row for each learner whom the same filter shows, a column for each step.
func (s *Site) boardTable(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	body := boardPage{Course: session.Course, Asked: boardAskedIn(r)}
	filter := engine.BoardFilter{Workflow: body.Asked.Workflow, Only: body.Asked.Only, Search: body.Asked.Search}
	if err := s.sift(r, session, service, &body, &filter); err != nil {
		return err
	}
	var rows []engine.BoardRow
	for {
		page, err := service.Board(r.Context(), session.Course, filter, len(rows), tablePage)
		if err != nil {
			return fmt.Errorf("web: board as a table: %w", err)
		}
		if filter.Workflow == "" && len(page.Workflows) > 0 { // one workflow at a time, as on the page
			filter.Workflow = page.Workflows[0]
			if len(page.Workflows) > 1 {
				continue
			}
		}
		rows = append(rows, page.Rows...)
		if len(page.Rows) == 0 || len(rows) >= page.Count || len(rows) >= maxTableRows {
			break
		}
	}
	v, now := s.view(r), s.now()
	table := [][]string{{"enrolment", "name", "course", "workflow", "state", "done", "required", "late_steps", "next_step", "next_due", "course_completed", "completed", "left", "unreachable"}}
	var columns []boardColumn
	if filter.Workflow != "" {
		workflow, err := service.Workflow(r.Context(), filter.Workflow, 0)
		if err != nil {
			return fmt.Errorf("web: board as a table: %w", err)
		}
		for _, step := range workflow.Steps() {
			columns = append(columns, boardColumn{Step: step})
			table[0] = append(table[0], "step:"+string(step.ID))
		}
	}
	for _, row := range rows {
		next := ""
		if row.Next != nil {
			next = v.In(row.Next.Title)
		}
		line := []string{string(row.Enrolment.ID), v.Name(row.Learner), session.Course.Title, v.In(row.Workflow.Title), string(row.Enrolment.State),
			strconv.Itoa(row.Done), strconv.Itoa(row.Required), strconv.Itoa(row.Late), next, stamp(row.NextDue), stamp(row.CourseCompleted), stamp(row.Completed),
			stamp(row.Enrolment.LeftAt), strconv.Itoa(len(row.Enrolment.Unreachable))}
		for _, cell := range cellsOf(row, columns, now.Unix()) {
			line = append(line, cell.Mark)
		}
		table = append(table, line)
	}
	return sendTable(w, "board.csv", table)
}

// lateTable is the list of who is held up: a row for each reason.
func (s *Site) lateTable(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	v := s.view(r)
	table := [][]string{{"enrolment", "name", "workflow", "why", "step", "since", "waits_for", "role", "anchor", "put_off_because"}}
	for after := engine.EnrolmentID(""); len(table) < maxTableRows; {
		page, err := service.LateList(r.Context(), engine.By(session.Person), session.Course, after, tablePage)
		if err != nil {
			return fmt.Errorf("web: late list as a table: %w", err)
		}
		for _, row := range page.Rows {
			for _, why := range row.Reasons {
				step, who, later := "", "", ""
				if why.Step != nil {
					step = v.In(why.Step.Title)
				}
				for i, p := range why.Who {
					if i > 0 {
						who += ", "
					}
					who += v.Name(p)
				}
				if why.Later != nil {
					later = why.Later.Reason
				}
				table = append(table, []string{string(row.Enrolment), v.Name(row.Learner), v.In(row.Workflow.Title), why.Why, step, stamp(why.Since), who, string(why.Role), why.Anchor, later})
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	return sendTable(w, "late.csv", table)
}

// barriersTable is what gets in the way and what is done about it: a row for each action, and one for what has none.
func (s *Site) barriersTable(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	counts, err := barrierCounts(r, service, session.Course)
	if err != nil {
		return fmt.Errorf("web: barriers as a table: %w", err)
	}
	actions, err := service.BarrierActions(r.Context(), engine.By(session.Person), session.Course)
	if err != nil {
		return fmt.Errorf("web: barriers as a table: %w", err)
	}
	table := [][]string{{"barrier", "tagged", "action", "owner", "due", "done"}}
	tagged, done := map[string]int{}, map[string]bool{}
	for _, c := range counts {
		tagged[c.Tag] = c.N
	}
	for _, a := range actions {
		done[a.Tag] = true
		table = append(table, []string{a.Tag, strconv.Itoa(tagged[a.Tag]), a.Action, a.Owner, a.Due.Format(time.DateOnly), stamp(a.DoneAt)})
	}
	for _, c := range counts {
		if !done[c.Tag] {
			table = append(table, []string{c.Tag, strconv.Itoa(c.N), "", "", "", ""})
		}
	}
	return sendTable(w, "barriers.csv", table)
}

// funnelTable is who never started, is stalled, active or through: a row for each learner of each workflow.
func (s *Site) funnelTable(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	board, err := service.Board(r.Context(), session.Course, engine.BoardFilter{}, 0, 1)
	if err != nil {
		return fmt.Errorf("web: reports as a table: %w", err)
	}
	v := s.view(r)
	table := [][]string{{"workflow", "enrolment", "name", "class", "enrolled", "last_act", "open", "done", "required"}}
	for _, id := range board.Workflows {
		workflow, err := service.Workflow(r.Context(), id, 0)
		if err != nil {
			return fmt.Errorf("web: reports as a table: %w", err)
		}
		for after := ""; len(table) < maxTableRows; {
			f, err := service.Funnel(r.Context(), engine.By(session.Person), id, session.Course, engine.FunnelPage{Limit: tablePage, After: after})
			if err != nil {
				return fmt.Errorf("web: reports as a table: %w", err)
			}
			for _, row := range f.Rows {
				table = append(table, []string{v.In(workflow.Title), string(row.Enrolment), row.Name, row.Class, stamp(row.Enrolled), stamp(row.LastAct),
					strconv.Itoa(row.Open), strconv.Itoa(row.Done), strconv.Itoa(row.Required)})
			}
			if after = f.More; after == "" {
				break
			}
		}
	}
	return sendTable(w, "reports.csv", table)
}
