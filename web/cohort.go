package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// cohortPage is the Body of what a course does together: its start, gates and events.
type cohortPage struct {
	Nav     coachNav
	Course  engine.Course
	Cards   []cohortCard
	Several bool // cohorts: say which is which
}

// cohortCard is a cohort with its learners.
type cohortCard struct {
	*engine.CohortView
	People []engine.CohortPerson
}

// cohorts shows who teaches what the course does together.
func (s *Site) cohorts(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	board, err := service.Board(r.Context(), session.Course, engine.BoardFilter{}, 0, 1)
	if err != nil {
		return fmt.Errorf("web: cohorts: %w", err)
	}
	body := cohortPage{Nav: coachNav{At: "course", Acts: true}, Course: session.Course}
	for _, k := range board.Cohorts {
		k.Course = session.Course
		card := cohortCard{}
		if card.CohortView, err = service.Cohort(r.Context(), engine.By(session.Person), k); err != nil {
			return fmt.Errorf("web: cohorts: %w", err)
		}
		if card.Zone == "" {
			continue // nothing that people do together
		}
		if card.People, err = service.CohortPeople(r.Context(), engine.By(session.Person), k); err != nil {
			return fmt.Errorf("web: cohorts: %w", err)
		}
		body.Cards = append(body.Cards, card)
	}
	body.Several = len(body.Cards) > 1
	return s.draw(w, http.StatusOK, "cohorts", s.view(r).titled("coach.course.title", "course", session.Course.Title), body)
}

// cohortAct takes what a coach does for a whole cohort: do=start, open, time, code or attended.
func (s *Site) cohortAct(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	by, step := engine.By(session.Person), engine.StepID(r.PostForm.Get("step"))
	k := engine.CohortKey{Workflow: engine.WorkflowID(r.PostForm.Get("workflow")), Course: session.Course, Label: r.PostForm.Get("label")}
	switch r.PostForm.Get("do") {
	case "start":
		day, bad := time.Parse(time.DateOnly, strings.TrimSpace(r.PostForm.Get("day")))
		if bad != nil {
			return fmt.Errorf("web: course start: %w", ErrUpload)
		}
		err = service.SetCourseStart(r.Context(), by, k, day, "")
	case "open":
		err = service.OpenGate(r.Context(), by, k, step)
	case "time":
		var at time.Time
		v, failed := service.Cohort(r.Context(), by, k)
		if failed != nil {
			return fmt.Errorf("web: cohort: %w", failed)
		}
		if at, err = timeIn(r.PostForm.Get("at"), v.Zone); err == nil {
			err = service.SetEventTime(r.Context(), by, k, step, at)
		}
	case "code":
		_, err = service.EventCode(r.Context(), by, k, step)
	case "attended":
		var ids []engine.EnrolmentID
		for _, id := range r.PostForm["enrolment"] {
			ids = append(ids, engine.EnrolmentID(id))
		}
		err = service.MarkAttended(r.Context(), by, step, ids...)
	default:
		err = ErrUpload
	}
	if err != nil {
		return fmt.Errorf("web: cohort: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/course")
	return nil
}
