package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

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
