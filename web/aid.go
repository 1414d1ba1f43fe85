package web

import (
	"fmt"
	"net/http"

	"github.com/cairn-lms/cairn/engine"
)

// aidPage is the Body of an aid alone, as it is printed.
type aidPage struct {
	*engine.StepView
	Path string
}

// showAid shows the aid of a step alone: to print, or to keep open at work.
func (s *Site) showAid(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	step, err := service.StepView(r.Context(), session.Enrolment, stepID(r), true)
	if err != nil {
		return fmt.Errorf("web: aid: %w", err)
	}
	if !step.Step.ForLearner() || step.Aid == nil || step.Content == "" {
		return errNoPage
	}
	v := s.view(r)
	return s.draw(w, http.StatusOK, "aid", v.titled("page.step.title", "step", v.In(step.Aid.Title)), aidPage{StepView: step, Path: v.Base + "/steps/" + string(step.Step.ID)})
}
