package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/cairn-lms/cairn/engine"
)

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
	uploads, err := s.readForm(r, maxFiles, maxForm)
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
		if err := s.record(r, session, service, step.Step.ID, filled, uploads); err != nil {
			return s.recordProblem(w, r, session, filled, err)
		}
		return s.keepDraft(w, r, session, service, step.Step.ID, filled)
	}
	err = service.Opened(r.Context(), session.Person, session.Enrolment, step.Step.ID)
	if err != nil {
		return fmt.Errorf("web: hand in: %w", err)
	}
	filled.keepKnown(step)
	sub := filled.submission()
	sub.Files = uploads
	err = service.Submit(r.Context(), session.Person, session.Enrolment, step.Step.ID, sub)
	if problems, ok := fieldErrors(err); ok {
		s.keepRefused(r, session, service, step.Step.ID, filled)
		s.keepFiles(r, session, service, step.Step.ID, filled, uploads)
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
	if err := service.KeepDraft(r.Context(), session.Person, session.Enrolment, step, filled.submission()); err != nil {
		s.log.WarnContext(r.Context(), "keep a refused form", "request_id", traceOf(r.Context()).id, "error", err)
	}
}

func (s *Site) keepDraft(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, step engine.StepID, filled *filling) error {
	if err := service.KeepDraft(r.Context(), session.Person, session.Enrolment, step, filled.submission()); err != nil {
		return fmt.Errorf("web: draft: %w", err)
	}
	if r.Header.Get("Accept") == "application/json" {
		w.Header().Set("Draft-At", strconv.FormatInt(s.now().UnixMilli(), 10))
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.backToStep(w, r, session)
}
