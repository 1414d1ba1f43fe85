package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// stepBoardPage is the Body of a step as teaching staff sees it: what learners are
// asked, and where each of them stands.
type stepBoardPage struct {
	Step      *engine.Step
	Workflow  *engine.Workflow
	Content   string // Markdown of its aid
	Questions []engine.Question
	Rows      []stepBoardRow
	Done      int   // of those on the page
	Pages     pager // which of the learners are shown
}

type stepBoardRow struct {
	Learner engine.Person
	Mark    string
	State   engine.StepState
}

// stepBoard shows staff the step that a link of the course opens.
func (s *Site) stepBoard(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	workflow, err := service.Workflow(r.Context(), engine.WorkflowID(mux.Vars(r)["workflow"]), 0)
	if err != nil {
		return fmt.Errorf("web: step board: %w", err)
	}
	step := workflow.Step(stepID(r))
	if step == nil {
		return s.draw(w, http.StatusNotFound, "absent", s.view(r).titled("page.absent.title"), absentPage{})
	}
	page := boardAskedIn(r).Page
	board, err := service.Board(r.Context(), session.Course, engine.BoardFilter{Workflow: workflow.ID}, (page-1)*boardPeople, boardPeople)
	if err != nil {
		return fmt.Errorf("web: step board: %w", err)
	}
	v := s.view(r)
	body := stepBoardPage{Step: step, Workflow: workflow}
	body.Pages = pagerOf(board.From, len(board.Rows), board.Count, boardPeople, func(from int) string {
		return r.URL.EscapedPath() + "?page=" + strconv.Itoa(from/boardPeople+1)
	})
	if step.By == engine.Learner {
		body.Questions = step.Asks()
	}
	if aid := workflow.Aid(step.Content.Aid); step.Content.Aid != "" && aid != nil {
		body.Content = aid.Body(v.Language())
	}
	for _, row := range board.Rows {
		state := row.Enrolment.Steps[step.ID]
		if row.Workflow.ID != workflow.ID || state == nil { // nil: enrolled in a version without this step
			continue
		}
		mark := string(state.State)
		if slices.Contains([]engine.State{engine.Open, engine.Returned}, state.State) && !state.DueAt.IsZero() && state.DueAt.Before(s.now()) {
			mark = "late"
		}
		if state.State == engine.Done {
			body.Done++
		}
		body.Rows = append(body.Rows, stepBoardRow{Learner: row.Learner, Mark: mark, State: *state})
	}
	return s.draw(w, http.StatusOK, "stepboard", v.titled("page.stepboard.title", "step", v.In(step.Title)), body)
}
