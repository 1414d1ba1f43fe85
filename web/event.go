package web

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

func attendStep(r *http.Request, service *engine.Service, session *Session) error {
	return service.Attend(r.Context(), session.Person, session.Enrolment, stepID(r), r.PostForm.Get("code"))
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
