package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// localTime is how a browser writes a time without a zone.
const localTime = "2006-01-02T15:04"

// cohortCard is a cohort on the board, with those of its learners who are shown.
type cohortCard struct {
	*engine.CohortView
	Rows []engine.BoardRow
}

// cohortsOf are the cohorts of the learners on a board that have something to do together.
func cohortsOf(r *http.Request, service *engine.Service, by engine.PersonID, rows []engine.BoardRow) ([]cohortCard, error) {
	var out []cohortCard
	seen := map[engine.CohortID]bool{}
	for _, row := range rows {
		k := row.Enrolment.CohortKey()
		if seen[k.ID()] || row.Enrolment.Preview {
			continue
		}
		seen[k.ID()] = true
		v, err := service.Cohort(r.Context(), engine.By(by), k)
		if errors.Is(err, engine.ErrForbidden) {
			return nil, nil // who only looks
		}
		if err != nil {
			return nil, fmt.Errorf("web: cohort: %w", err)
		}
		if v.Zone == "" {
			continue // nothing that people do together
		}
		card := cohortCard{CohortView: v}
		for _, other := range rows {
			if other.Enrolment.CohortKey().ID() == k.ID() && !other.Enrolment.Preview {
				card.Rows = append(card.Rows, other)
			}
		}
		out = append(out, card)
	}
	return out, nil
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
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}

// timeIn reads a time of a form in a zone.
func timeIn(value, zone string) (time.Time, error) {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	at, err := time.ParseInLocation(localTime, strings.TrimSpace(value), place)
	if err != nil {
		return time.Time{}, fmt.Errorf("a time: %w", ErrUpload)
	}
	return at, nil
}

// together serves what a learner does with others in a step, and goes back to the step.
func (s *Site) together(act func(r *http.Request, service *engine.Service, session *Session) error) func(http.ResponseWriter, *http.Request, *Session) error {
	return func(w http.ResponseWriter, r *http.Request, session *Session) error {
		if err := parseForm(r); err != nil {
			return err
		}
		service, err := s.tenant(r.Context(), session.Tenant)
		if err != nil {
			return err
		}
		err = act(r, service, session)
		if problems, ok := fieldErrors(err); ok {
			return s.drawStep(w, r, session, http.StatusUnprocessableEntity, nil, problems)
		}
		if err != nil {
			return fmt.Errorf("web: step: %w", err)
		}
		return s.backToStep(w, r, session)
	}
}

func postToStep(r *http.Request, service *engine.Service, session *Session) error {
	if err := service.Opened(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return err
	}
	_, err := service.Post(r.Context(), session.Person, session.Enrolment, stepID(r), r.PostForm.Get("text"), engine.PostID(r.PostForm.Get("reply_to")))
	return err
}

func attendStep(r *http.Request, service *engine.Service, session *Session) error {
	return service.Attend(r.Context(), session.Person, session.Enrolment, stepID(r), r.PostForm.Get("code"))
}

func markHelpful(r *http.Request, service *engine.Service, session *Session) error {
	return service.MarkHelpful(r.Context(), engine.By(session.Person), session.Enrolment, engine.PostID(r.PostForm.Get("post")))
}

func agreeTime(r *http.Request, service *engine.Service, session *Session) error {
	v, err := service.StepView(r.Context(), session.Enrolment, stepID(r), true)
	if err != nil {
		return err
	}
	at, err := timeIn(r.PostForm.Get("at"), v.Zone)
	if err != nil {
		return err
	}
	return service.AgreeTime(r.Context(), engine.By(session.Person), session.Enrolment, stepID(r), at)
}

// invite gives the learner a calendar entry of an event.
func (s *Site) invite(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	invite, err := service.EventInvite(r.Context(), session.Person, session.Enrolment, engine.StepID(mux.Vars(r)["step"]))
	if err != nil {
		return fmt.Errorf("web: invitation: %w", err)
	}
	b, err := invite.ICal()
	if err != nil {
		return fmt.Errorf("web: invitation: %w", err)
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="invite.ics"`)
	_, err = w.Write(b)
	return err
}
