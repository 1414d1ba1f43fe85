package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/engine"
)

// stepPage is the Body of a step's page.
type stepPage struct {
	*engine.StepView
	Path     string
	Mark     string
	Form     *formView // what the learner fills in; nil when there is nothing to
	Yours    writtenView
	About    writtenView
	CanSkip  bool
	NoReason *engine.FieldError // why "not possible" was not taken
	NoCode   *engine.FieldError // why a code was not taken
	NoText   *engine.FieldError // why a post was not
	First    bool               // never looked at: say so once
	LostFile bool               // files came with a form that was refused and could not be kept: they must be chosen again
}

// HasContent tells whether there is something to read, watch or open.
func (p stepPage) HasContent() bool { return p.StepView.Content != "" || p.URL != "" || p.Aid != nil }

// Asks is the role that is asked to look at the step.
func (p stepPage) Asks() engine.Role {
	if p.Step.Review != nil {
		return p.Step.Review.By
	}
	return p.Step.By
}

// Live tells whether the learner still has something to do.
func (p stepPage) Live() bool {
	return p.State.State == engine.Open || p.State.State == engine.Returned
}

func (s *Site) showStep(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawStep(w, r, session, http.StatusOK, nil, nil)
}

// drawStep draws a step; filled and problems are those of a form that came back.
func (s *Site) drawStep(w http.ResponseWriter, r *http.Request, session *Session, status int, filled *filling, problems engine.FieldErrors) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	step, err := service.StepView(r.Context(), session.Enrolment, stepID(r), true)
	if errors.Is(err, engine.ErrNotFound) && isLanding(session, stepID(r)) {
		return s.drawAbsent(w, r, session, service, stepID(r))
	}
	if err != nil {
		return fmt.Errorf("web: step: %w", err)
	}
	if !step.Step.ForLearner() {
		return fmt.Errorf("web: step %s is not the learner's: %w", step.Step.ID, errNotYours)
	}
	v := s.view(r)
	v.Zone = zoneFor(session, step.Zone)
	if slices.ContainsFunc(step.Reviews, func(r engine.ReviewView) bool { return len(r.Ratings) > 0 }) {
		home, err := service.Home(r.Context(), session.Enrolment)
		if err != nil {
			return fmt.Errorf("web: step: %w", err)
		}
		v.Rated = home.Workflow.Behaviours
	}
	open := step.State.State == engine.Open || step.State.State == engine.Returned || step.State.Again != nil
	body := stepPage{
		StepView: step, Path: v.Base + "/steps/" + string(step.Step.ID), Mark: markOf(*step),
		CanSkip: open && step.Step.By == engine.Learner, First: open && step.State.Initialized.IsZero(),
		LostFile: len(problems) > 0 && filled != nil && filled.files > 0,
	}
	if i := slices.IndexFunc(problems, func(p engine.FieldError) bool { return p.Field == "reason" }); i >= 0 {
		body.NoReason, problems = &problems[i], nil
	}
	for _, p := range []struct {
		field string
		to    **engine.FieldError
	}{{"code", &body.NoCode}, {"text", &body.NoText}} {
		if i := slices.IndexFunc(problems, func(f engine.FieldError) bool { return f.Field == p.field }); i >= 0 && filled == nil {
			*p.to, problems = &problems[i], nil
		}
	}
	evidence := v.Base + "/evidence/"
	if step.Hand != nil {
		body.Yours = writtenView{Step: step.Step, Hand: step.Hand, Rated: step.Rate, Path: evidence}
	}
	if step.About != nil && step.AboutStep != nil {
		body.About = writtenView{Step: step.AboutStep, Hand: step.About, Path: evidence}
	}
	if step.Act == engine.ActForm && open {
		if filled == nil {
			filled = fillingOf(step)
		}
		body.Form = newFormView(step.Questions, step.Rate, filled, problems)
		body.Form.MinWords, body.Form.MinFiles = step.MinWords, step.MinFiles
		body.Form.WithFiles = takesFiles(step)
		body.Form.Evidence.fill(step, filled, evidence)
		if wantsEvidence(r) {
			return s.drawPart(w, status, "step", "evidence-field", v, body)
		}
	}
	return s.draw(w, status, "step", v.titled("page.step.title", "step", v.In(step.Step.Title)), body)
}
