package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// laterPage is the Body of the page on which a learner puts a step off.
type laterPage struct {
	*engine.StepView
	Path   string
	Times  []engine.SnoozeTime
	Reason string
	Form   *formView
}

// askLater asks until when a step is put off; home has the same form.
func (s *Site) askLater(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawLater(w, r, session, http.StatusOK, "", nil)
}

func (s *Site) drawLater(w http.ResponseWriter, r *http.Request, session *Session, status int, reason string, problems engine.FieldErrors) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: later: %w", err)
	}
	step := home.Step(stepID(r))
	if step == nil || step.Step.By != engine.Learner || step.State.State != engine.Open && step.State.State != engine.Returned && step.State.Again == nil {
		return fmt.Errorf("web: put off step %.40q: %w", stepID(r), errNoPage)
	}
	v := s.view(r)
	v.Zone = zoneFor(session, home.Learner.Zone)
	body := laterPage{StepView: step, Path: v.Base + "/steps/" + string(step.Step.ID), Times: home.Later, Reason: reason, Form: newFormView(nil, nil, nil, problems)}
	for i, p := range body.Form.Problems {
		if p.Field == "until" {
			body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = "until", "page.later.until"
		}
	}
	return s.draw(w, status, "later", v.titled("page.later.title", "step", v.In(step.Step.Title)), body)
}

// putOff takes until when a step is put off: one of the times offered, by its name.
func (s *Site) putOff(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: later: %w", err)
	}
	var until time.Time
	for _, t := range home.Later {
		if t.ID == r.PostForm.Get("until") {
			until = t.At
		}
	}
	err = service.Snooze(r.Context(), session.Person, session.Enrolment, stepID(r), until, r.PostForm.Get("reason"))
	if problems, ok := fieldErrors(err); ok {
		return s.drawLater(w, r, session, http.StatusUnprocessableEntity, r.PostForm.Get("reason"), problems)
	}
	if err != nil {
		return fmt.Errorf("web: later: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}
