package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// boardPage is the Body of the coach's board of a course.
type boardPage struct {
	Admin  string // where an administrator of the platform goes to administer; empty: is none
	Course engine.Course
	Rows   []boardRow
	Absent *notOpened // on the course list; nil: everybody has come, or there is no list
	Groups []lti.Group
	Group  string // whose learners are shown; empty: all
	Late   int    // learners with a late step
	Done   int    // learners who are through

	Cohorts []cohortCard // what they do together; none for who only looks
}

type boardRow struct {
	engine.BoardRow
	Cells  []boardCell
	Action string // posts "course completed"; empty once it is
	Grade  string // why the LMS did not take the grade; empty: it did, or none was sent
	Turn   *turn  // whose turn it is when it is not the learner's; nil: nobody's
}

type boardCell struct {
	Step  *engine.Step
	Mark  string
	State engine.State
}

func (s *Site) board(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	rows, err := service.Board(r.Context(), session.Course)
	if err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	decides, err := service.MayCompleteCourse(r.Context(), session.Person, session.Course)
	if err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	v := s.view(r)
	body := boardPage{Course: session.Course}
	if session.Administrator {
		body.Admin = v.Base + "/admin"
	}
	if err := s.sift(r, session, service, &body, &rows); err != nil {
		return err
	}
	if body.Cohorts, err = cohortsOf(r, service, session.Person, rows); err != nil {
		return err
	}
	for _, row := range rows {
		one := boardRow{BoardRow: row, Cells: cellsOf(row, s.now().Unix())}
		if decides && row.CourseCompleted.IsZero() && row.Enrolment.State == engine.Active {
			one.Action = v.Base + "/board/" + string(row.Enrolment.ID) + "/completed"
		}
		if refused := row.Enrolment.GradeRefused; refused != nil {
			one.Grade = gradeCause(refused.Cause)
		}
		if row.Next == nil {
			one.Turn = turnOf(row)
		}
		if row.Late > 0 {
			body.Late++
		}
		if row.Enrolment.State == engine.Completed {
			body.Done++
		}
		body.Rows = append(body.Rows, one)
	}
	return s.draw(w, http.StatusOK, "board", v.titled("page.board.title", "course", session.Course.Title), body)
}

// cellsOf are the steps of a learner's row, in file order. Steps that nothing has
// opened yet and that only something else opens are left out.
func cellsOf(row engine.BoardRow, now int64) []boardCell {
	var cells []boardCell
	for _, step := range row.Workflow.Steps() {
		state := row.Enrolment.Steps[step.ID]
		if state == nil || step.Opens.IsNever() && state.State == engine.Locked {
			continue
		}
		mark := string(state.State)
		if state.State == engine.Open && !state.DueAt.IsZero() && state.DueAt.Unix() < now {
			mark = "late"
		}
		cells = append(cells, boardCell{Step: step, Mark: mark, State: state.State})
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
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	rows, err := service.Board(r.Context(), session.Course)
	if err != nil {
		return fmt.Errorf("web: course completed: %w", err)
	}
	id := engine.EnrolmentID(mux.Vars(r)["enrolment"])
	if !slices.ContainsFunc(rows, func(row engine.BoardRow) bool { return row.Enrolment.ID == id }) {
		return fmt.Errorf("web: course completed: not a learner of this course: %w", errNotYours)
	}
	if err := service.CompleteCourse(r.Context(), session.Person, id); err != nil {
		return fmt.Errorf("web: course completed: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}
