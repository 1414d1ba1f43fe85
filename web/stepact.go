package web

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// stepOpened notes the first look at a step; a script tells us, since a GET
// changes nothing.
func (s *Site) stepOpened(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.Opened(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return fmt.Errorf("web: step opened: %w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// markDone confirms a step that takes nothing but the confirmation.
func (s *Site) markDone(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.Opened(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return fmt.Errorf("web: mark done: %w", err)
	}
	if err := service.MarkDone(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return fmt.Errorf("web: mark done: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}

// skipStep takes "not possible" with a reason.
func (s *Site) skipStep(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	err = service.Skip(r.Context(), session.Person, session.Enrolment, stepID(r), r.PostForm.Get("reason"))
	if problems, ok := fieldErrors(err); ok {
		return s.drawStep(w, r, session, http.StatusUnprocessableEntity, nil, problems)
	}
	if err != nil {
		return fmt.Errorf("web: skip: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
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

func (s *Site) backToStep(w http.ResponseWriter, r *http.Request, session *Session) error {
	seeOther(w, r, "/s/"+session.Handle+"/steps/"+mux.Vars(r)["step"])
	return nil
}

func stepID(r *http.Request) engine.StepID { return engine.StepID(mux.Vars(r)["step"]) }
