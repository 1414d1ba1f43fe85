package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

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
	LostFile bool               // files came with a form that was refused: they must be chosen again
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
	}
	return s.draw(w, status, "step", v.titled("page.step.title", "step", v.In(step.Step.Title)), body)
}

// takesFiles tells whether the form of a step has room for evidence.
func takesFiles(step *engine.StepView) bool {
	if step.Step.Done.Has("evidence") {
		return true
	}
	switch step.Step.Kind {
	case engine.KindExperiment, engine.KindAssignment, engine.KindPractise:
		return true
	default:
		return false
	}
}

// handIn takes the form of a step: do=submit hands it in, do=draft keeps it.
func (s *Site) handIn(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	// Whose step it is, and whether there is one, comes before its megabytes.
	step, err := service.StepView(r.Context(), session.Enrolment, stepID(r), true)
	if err != nil {
		return fmt.Errorf("web: hand in: %w", err)
	}
	allowSlowUpload(w)
	uploads, err := readForm(r, maxFiles, maxForm)
	filled := filledBy(r.PostForm)
	filled.files = len(uploads)
	if problem, ok := fileProblem(err); ok {
		s.keepRefused(r, session, service, step.Step.ID, filled)
		return s.drawStep(w, r, session, http.StatusUnprocessableEntity, filled, engine.FieldErrors{problem})
	}
	if classify(err).topic == "too_large" && len(filled.answers) > 0 {
		// The rest is read before the answer goes out: a browser that is still
		// sending would show a broken connection instead. The bound still holds.
		_, _ = io.Copy(io.Discard, r.Body)
		s.keepRefused(r, session, service, step.Step.ID, filled)
		return s.drawStep(w, r, session, http.StatusRequestEntityTooLarge, filled,
			engine.FieldErrors{{Field: "files", Key: "page.form.too_large", Args: map[string]any{"max": maxFiles}}})
	}
	if err != nil {
		return fmt.Errorf("web: hand in: %w", err)
	}
	if r.PostForm.Get("do") == "draft" {
		return s.keepDraft(w, r, session, service, step.Step.ID, filled)
	}
	err = service.Opened(r.Context(), session.Person, session.Enrolment, step.Step.ID)
	if err != nil {
		return fmt.Errorf("web: hand in: %w", err)
	}
	err = service.Submit(r.Context(), session.Person, session.Enrolment, step.Step.ID, engine.Submission{
		Answers: filled.answers, Ratings: filled.ratings, Files: uploads, Comment: filled.comment,
	})
	if problems, ok := fieldErrors(err); ok {
		s.keepRefused(r, session, service, step.Step.ID, filled)
		return s.drawStep(w, r, session, http.StatusUnprocessableEntity, filled, problems)
	}
	if err != nil {
		return fmt.Errorf("web: hand in: %w", err)
	}
	return s.backToStep(w, r, session)
}

// keepRefused keeps what was written in a form that is sent back, whatever
// happens to its window. Failing is no reason to refuse twice.
func (s *Site) keepRefused(r *http.Request, session *Session, service *engine.Service, step engine.StepID, filled *filling) {
	if err := service.SaveDraft(r.Context(), session.Person, session.Enrolment, step, filled.answers); err != nil {
		s.log.WarnContext(r.Context(), "keep a refused form", "request_id", traceOf(r.Context()).id, "error", err)
	}
}

func (s *Site) keepDraft(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, step engine.StepID, filled *filling) error {
	if err := service.SaveDraft(r.Context(), session.Person, session.Enrolment, step, filled.answers); err != nil {
		return fmt.Errorf("web: draft: %w", err)
	}
	if r.Header.Get("Accept") == "application/json" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.backToStep(w, r, session)
}

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

func (s *Site) backToStep(w http.ResponseWriter, r *http.Request, session *Session) error {
	seeOther(w, r, "/s/"+session.Handle+"/steps/"+mux.Vars(r)["step"])
	return nil
}

func stepID(r *http.Request) engine.StepID { return engine.StepID(mux.Vars(r)["step"]) }

// fieldErrors finds what a form falls short of.
func fieldErrors(err error) (engine.FieldErrors, bool) {
	var many engine.FieldErrors
	if errors.As(err, &many) && len(many) > 0 {
		return many, true
	}
	var one engine.FieldError
	if errors.As(err, &one) {
		return engine.FieldErrors{one}, true
	}
	return nil, false
}

// fileProblem finds a file that is not taken.
func fileProblem(err error) (engine.FieldError, bool) {
	var kind *errFileType
	if errors.As(err, &kind) {
		return engine.FieldError{Field: "files", Key: "page.form.file_type", Args: map[string]any{"name": kind.Name}}, true
	}
	var empty *errFileEmpty
	if errors.As(err, &empty) {
		return engine.FieldError{Field: "files", Key: "page.form.file_empty", Args: map[string]any{"name": empty.Name}}, true
	}
	return engine.FieldError{}, false
}
