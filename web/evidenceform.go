package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/upload"
)

// evidenceForm is what a hand-in takes as evidence, as the template draws it.
type evidenceForm struct {
	Kept                  []keptView
	Link                  string // typed and not taken yet
	CustomerData, Consent bool
	NoLink, NoConsent     *engine.FieldError
}

// keptView is a file or a link that is there already.
type keptView struct {
	Name   string // what it is kept by: the hash of a file, the address of a link
	Label  string
	Size   int64  // of a file
	Path   string // where a file is
	Inline bool   // it is a picture
	Before bool   // it was handed in before: it may be left out this time
	On     bool
}

// File tells a file from a link.
func (k keptView) File() bool { return k.Path != "" }

// Names of fields: evidence (files), links, keep, customer_data, consent. "came" says that what is not ticked was unticked.
func (f *filling) evidence(form url.Values) {
	f.came, f.keep = form.Get("came") != "", form["keep"]
	f.customerData, f.consent = form.Get("customer_data") == "yes", form.Get("consent") == "yes"
	for _, link := range form["links"] {
		if link = address(link); link != "" {
			f.links = append(f.links, link)
		}
	}
}

// address completes what people type as an address.
func address(typed string) string {
	typed = strings.TrimSpace(typed)
	host, _, _ := strings.Cut(typed, "/")
	if typed != "" && !strings.Contains(typed, ":") && strings.Contains(host, ".") && !strings.ContainsAny(typed, " \t\n") {
		return "https://" + typed
	}
	return typed
}

// submission is what a form hands in, without files.
func (f *filling) submission() engine.Submission {
	return engine.Submission{Answers: f.answers, Ratings: f.ratings, Comment: f.comment,
		Links: f.links, Keep: f.keep, CustomerData: f.customerData, Consent: f.consent}
}

// keepKnown forgets to take along what was taken away in another window.
func (f *filling) keepKnown(step *engine.StepView) {
	f.keep = slices.DeleteFunc(f.keep, func(name string) bool {
		for _, c := range []*engine.Contribution{step.Recorded, step.Hand} {
			if c != nil && (slices.Contains(c.Links, name) || slices.ContainsFunc(c.Files, func(f engine.File) bool { return f.SHA256 == name })) {
				return false
			}
		}
		return true
	})
}

// fill shows what is there of a step already, ticked as it was in a form that came back.
func (v *evidenceForm) fill(step *engine.StepView, filled *filling, path string) {
	v.CustomerData, v.Consent = filled.customerData, filled.consent
	add := func(c *engine.Contribution, before bool) {
		if c == nil {
			return
		}
		for _, f := range c.Files {
			v.keep(keptView{Name: f.SHA256, Label: f.Name, Size: f.Size, Path: path + f.SHA256, Inline: upload.ShownInline(f.ContentType), Before: before}, filled)
		}
		for _, l := range c.Links {
			v.keep(keptView{Name: l, Label: l, Before: before}, filled)
		}
		if !filled.came {
			v.CustomerData, v.Consent = v.CustomerData || c.CustomerData, v.Consent || c.Consent
		}
	}
	add(step.Recorded, false)
	if step.State.State == engine.Returned {
		add(step.Hand, true)
	}
	for _, l := range filled.links {
		if !slices.ContainsFunc(v.Kept, func(k keptView) bool { return k.Name == l }) {
			v.Link = l
		}
	}
}

func (v *evidenceForm) keep(k keptView, filled *filling) {
	if slices.ContainsFunc(v.Kept, func(o keptView) bool { return o.Name == k.Name }) {
		return
	}
	k.On = !k.Before || !filled.came || slices.Contains(filled.keep, k.Name)
	v.Kept = append(v.Kept, k)
}

// Any tells whether there is evidence already.
func (v evidenceForm) Any() bool { return len(v.Kept) > 0 }

// keepEvidence keeps files and links for the hand-in to come, or takes one away, and goes back to the form with what was
// written. A script asks for the part of the form alone.
func (s *Site) keepEvidence(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	step, err := service.StepView(r.Context(), session.Enrolment, stepID(r), true)
	if err != nil {
		return fmt.Errorf("web: keep evidence: %w", err)
	}
	allowSlowUpload(w)
	uploads, err := s.readForm(r, maxFiles, maxForm)
	filled := filledBy(r.PostForm)
	filled.files = len(uploads)
	if len(filled.answers) > 0 {
		s.keepRefused(r, session, service, step.Step.ID, filled)
	}
	if problem, ok := fileProblem(err); ok {
		return s.drawStep(w, r, session, http.StatusUnprocessableEntity, filled, engine.FieldErrors{problem})
	}
	if err != nil {
		return fmt.Errorf("web: keep evidence: %w", err)
	}
	for _, name := range r.PostForm["remove"] {
		err := service.Unrecord(r.Context(), session.Person, session.Enrolment, step.Step.ID, name)
		if err != nil && !errors.Is(err, engine.ErrNotFound) { // taken away before: it is gone
			return fmt.Errorf("web: keep evidence: %w", err)
		}
	}
	if err := s.record(r, session, service, step.Step.ID, filled, uploads); err != nil {
		return s.recordProblem(w, r, session, filled, err)
	}
	if wantsEvidence(r) {
		filled.links = nil
		return s.drawStep(w, r, session, http.StatusOK, filled, nil)
	}
	seeOther(w, r, "/s/"+session.Handle+"/steps/"+string(step.Step.ID)+"#evidence-of-work")
	return nil
}

// record keeps files and links for the hand-in to come. A script that saves while people write sends no files, and its
// link is half typed: that stays in the form.
func (s *Site) record(r *http.Request, session *Session, service *engine.Service, step engine.StepID, filled *filling, uploads []engine.Upload) error {
	sub := engine.Submission{Files: uploads, Links: filled.links, CustomerData: filled.customerData, Consent: filled.consent}
	if r.Header.Get("Accept") == "application/json" {
		sub.Links = nil
	}
	if len(sub.Files)+len(sub.Links) == 0 {
		return nil
	}
	return service.Record(r.Context(), session.Person, session.Enrolment, step, sub)
}

// recordProblem draws the form with what could not be kept.
func (s *Site) recordProblem(w http.ResponseWriter, r *http.Request, session *Session, filled *filling, err error) error {
	if problems, ok := fieldErrors(err); ok {
		return s.drawStep(w, r, session, http.StatusUnprocessableEntity, filled, problems)
	}
	return fmt.Errorf("web: keep evidence: %w", err)
}

// keepFiles keeps the files of a form that is sent back, so that nobody has to choose them twice.
func (s *Site) keepFiles(r *http.Request, session *Session, service *engine.Service, step engine.StepID, filled *filling, uploads []engine.Upload) {
	if len(uploads) == 0 {
		return
	}
	err := service.Record(r.Context(), session.Person, session.Enrolment, step,
		engine.Submission{Files: uploads, CustomerData: filled.customerData, Consent: filled.consent})
	if err != nil {
		s.log.WarnContext(r.Context(), "keep the files of a refused form", "request_id", traceOf(r.Context()).id, "error", err)
		return
	}
	filled.files = 0
}

// evidencePart is the header by which a script asks for the evidence of a form alone.
const evidencePart = "Cairn-Part"

func wantsEvidence(r *http.Request) bool { return r.Header.Get(evidencePart) == "evidence" }

// drawPart renders one part of a page, for a script that puts it in the place of the old one.
func (s *Site) drawPart(w http.ResponseWriter, status int, page, part string, v *view, body any) error {
	v.Body = body
	var b bytes.Buffer
	if err := s.pages.execute(&b, page, part, v); err != nil {
		return fmt.Errorf("web: draw %s of %s: %w", part, page, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader has gone; there is nobody to tell
	return nil
}
