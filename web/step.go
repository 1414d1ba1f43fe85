package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/engine"
)

// stepPage is the Body of a step's page. Each of its parts has a template part_<noun>.html.
type stepPage struct {
	*engine.StepView
	standing
	Path       string
	Key        string // under which the browser keeps what is typed
	Mark       string
	Form       *formView // what the learner fills in; nil when there is nothing to
	Yours      writtenView
	About      writtenView
	Player     *playerView
	Transcript []string // what is said in it, from its subtitles
	Elsewhere  *elsewhereView
	Talk       *talkView
	Plan       *engine.Workflow // what a briefing of the learner is about; nil elsewhere
	CanSkip    bool
	NoReason   *engine.FieldError // why "not possible" was not taken
	NoCode     *engine.FieldError // why a code was not taken
	NoText     *engine.FieldError // why a post was not
	First      bool               // never looked at: say so once
	LostFile   bool               // files came with a form that was refused and could not be kept: they must be chosen again
	Typed      string             // a reason or code that was not taken
	Course     string             // the way back to the course in the LMS; may be empty
	DraftAt    int64              // when the draft in the form was kept, in milliseconds; 0: there is none
	Refused    bool               // the form came back
}

// HasContent tells whether there is something to read, watch or open.
func (p stepPage) HasContent() bool {
	return p.StepView.Content != "" || p.URL != "" || p.Aid != nil || p.Media != nil
}

// Asks is the role that is asked to look at the step.
func (p stepPage) Asks() engine.Role {
	switch {
	case p.Step.Review != nil:
		return p.Step.Review.By
	case p.Step.By == engine.Learner && p.Step.With != "":
		return engine.Role(p.Step.With)
	}
	return p.Step.By
}

// Live tells whether the learner still has something to do.
func (p stepPage) Live() bool {
	return p.State.State == engine.Open || p.State.State == engine.Returned || p.State.Again != nil
}

// Earlier are the hand-ins before the one that stands, each as it is shown.
func (p stepPage) Earlier() []earlierHand {
	list := make([]earlierHand, 0, len(p.StepView.Earlier))
	for _, h := range p.StepView.Earlier {
		list = append(list, earlierHand{writtenView{Step: p.Step, Hand: h.Hand, Rated: p.Rate, Path: p.Yours.Path}, h.Hand, h.Reviews})
	}
	return list
}

// earlierHand is a hand-in that another one has replaced, with what was answered to it.
type earlierHand struct {
	Written writtenView
	Hand    *engine.Contribution
	Reviews []engine.ReviewView
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
	if v.Rated, err = ratedIn(r.Context(), service, session, step); err != nil {
		return err
	}
	body := stepPage{StepView: step, Path: v.Base + "/steps/" + string(step.Step.ID), Key: typedKey(session, step.Step.ID), Mark: markOf(*step), Course: session.ReturnURL}
	if body.standing, err = s.standingOf(r.Context(), service, session, step); err != nil {
		return err
	}
	body.CanSkip = body.Live() && step.Step.By == engine.Learner
	body.First = body.CanSkip && step.State.Initialized.IsZero()
	body.LostFile = len(problems) > 0 && filled != nil && filled.files > 0
	if filled == nil { // of one of the small forms
		problems = body.take(problems)
		body.Typed = typedIn(r)
	}
	if body.Elsewhere = elsewhereOf(step); body.Elsewhere != nil && r.URL.Query().Get("here") == "1" {
		allowMedia(w.Header(), originOf(step.URL))
	}
	body.Player = playerOf(step, body.Path, r.URL.Query().Get("here") == "1")
	if body.Player != nil {
		if body.Transcript, err = transcriptOf(r.Context(), service, session, step, v.Language()); err != nil {
			return err
		}
	}
	if step.Thread, err = olderPosts(r, service, session, step); err != nil {
		return err
	}
	body.Talk = talkOf(step, body.Path)
	if step.Step.Kind == engine.KindBriefing && body.Live() {
		home, err := service.Home(r.Context(), session.Enrolment)
		if err != nil {
			return fmt.Errorf("web: step: %w", err)
		}
		body.Plan = home.Workflow
	}
	body.write(v, filled, problems)
	if body.Form != nil && wantsEvidence(r) {
		return s.drawPart(w, status, "step", "evidence-field", v, body)
	}
	return s.draw(w, status, "step", v.titled("page.step.title", "step", v.In(step.Step.Title)), body)
}

// write sets what the learner has written and what the form asks for.
func (p *stepPage) write(v *view, filled *filling, problems engine.FieldErrors) {
	evidence := v.Base + "/evidence/"
	p.Yours.Path = evidence
	if p.Hand != nil {
		p.Yours = writtenView{Step: p.Step, Hand: p.Hand, Rated: p.Rate, Path: evidence}
	}
	if about := p.StepView.About; about != nil && p.AboutStep != nil {
		p.About = writtenView{Step: p.AboutStep, Hand: about, Path: evidence}
	}
	if p.Act != engine.ActForm || !p.Live() {
		return
	}
	p.Refused = filled != nil
	if filled == nil {
		filled = fillingOf(p.StepView)
	}
	if p.Draft != nil {
		p.DraftAt = p.Draft.At.UnixMilli()
	}
	p.Form = newFormView(p.Questions, p.Rate, filled, problems)
	p.Form.MinWords, p.Form.MinFiles = p.MinWords, p.MinFiles
	p.Form.WithFiles = takesFiles(p.StepView)
	p.Form.Evidence.fill(p.StepView, filled, evidence)
}

// take finds what the small forms beside the hand-in fall short of, and gives the rest.
func (p *stepPage) take(problems engine.FieldErrors) engine.FieldErrors {
	for field, to := range map[string]**engine.FieldError{"reason": &p.NoReason, "code": &p.NoCode, "text": &p.NoText} {
		if i := slices.IndexFunc(problems, func(f engine.FieldError) bool { return f.Field == field }); i >= 0 {
			*to = &problems[i]
			return nil
		}
	}
	return problems
}

// typedIn is what was typed into one of the small forms that came back.
func typedIn(r *http.Request) string {
	for _, field := range []string{"text", "reason", "code"} {
		if value := r.PostForm.Get(field); value != "" {
			return value
		}
	}
	return ""
}

// ratedIn are the behaviours that answers to a step rate, to word them.
func ratedIn(ctx context.Context, service *engine.Service, session *Session, step *engine.StepView) ([]engine.Behaviour, error) {
	if !slices.ContainsFunc(step.Reviews, func(r engine.ReviewView) bool { return len(r.Ratings) > 0 }) {
		return nil, nil
	}
	home, err := service.Home(ctx, session.Enrolment)
	if err != nil {
		return nil, fmt.Errorf("web: step: %w", err)
	}
	return home.Workflow.Behaviours, nil
}
