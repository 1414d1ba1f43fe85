package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// personPage is the Body of a learner's page as their coach sees it, and of the pages
// on which the coach changes something.
type personPage struct {
	*engine.CoachView
	Nav      coachNav
	Path     string // of the person's page
	Phases   []personPhase
	Evidence []engine.Evidence
	Gaps     []*chart // behaviours, from how they were to how they are to be
	Thread   *engine.ThreadView
	Step     *engine.CoachStep // the one to be changed
	Form     actForm
	Percent  int
	Role     *engine.CoachRole // the one to be filled
}

// personPhase is a phase with its steps.
type personPhase struct {
	Phase *engine.Phase
	Steps []personStep
}

type personStep struct {
	engine.CoachStep
	Mark string
}

// actForm is a form that came back: what was typed, and what is wrong with it.
type actForm struct {
	Do       string
	Values   url.Values
	Problems engine.FieldErrors
}

// Value is what was typed into a field of the form that came back.
func (f actForm) Value(do, field string) string {
	if f.Do != do {
		return ""
	}
	return f.Values.Get(field)
}

// Problem is what is wrong with a field; nil: nothing.
func (f actForm) Problem(do, field string) *engine.FieldError {
	if f.Do != do {
		return nil
	}
	for i := range f.Problems {
		if f.Problems[i].Field == field {
			return &f.Problems[i]
		}
	}
	return nil
}

// Known is somebody whom the page names.
func (p personPage) Known(id engine.PersonID) engine.Person { return p.People[id] }

// StepTitled is a step that the history names; nil: a later version dropped it.
func (p personPage) StepTitled(id engine.StepID) *engine.Step { return p.Workflow.Step(id) }

func (s *Site) personOf(r *http.Request, session *Session) (*engine.Service, *personPage, error) {
	service, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return nil, nil, err
	}
	view, err := service.CoachView(r.Context(), engine.By(session.Person), e.ID)
	if err != nil {
		return nil, nil, err
	}
	body := &personPage{CoachView: view, Nav: coachNav{At: "people", Acts: true}, Path: "/s/" + session.Handle + "/board/people/" + string(e.ID)}
	if view.Required > 0 {
		body.Percent = 100 * view.Done / view.Required
	}
	return service, body, nil
}

// person shows a coach one learner of the course.
func (s *Site) person(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, body, err := s.personOf(r, session)
	if err != nil {
		return fmt.Errorf("web: person: %w", err)
	}
	for _, step := range body.Steps {
		if n := len(body.Phases); n == 0 || body.Phases[n-1].Phase != step.Step.Phase {
			body.Phases = append(body.Phases, personPhase{Phase: step.Step.Phase})
		}
		last := &body.Phases[len(body.Phases)-1]
		last.Steps = append(last.Steps, personStep{CoachStep: step, Mark: markOf(step.StepView)})
	}
	id := body.Enrolment.ID
	if body.Evidence, err = service.Evidence(r.Context(), id, false); err != nil {
		return fmt.Errorf("web: person: %w", err)
	}
	gap, err := service.Gap(r.Context(), id)
	if err != nil {
		return fmt.Errorf("web: person: %w", err)
	}
	if body.Thread, err = service.CoachThread(r.Context(), engine.By(session.Person), id, engine.PostRef{}, 10); err != nil {
		return fmt.Errorf("web: person: %w", err)
	}
	v := s.view(r)
	ofLearner := *v
	ofLearner.Reader = session.Person // roles as of the learner
	body.Gaps = gapCharts(&ofLearner, gap)
	return s.draw(w, http.StatusOK, "person", v.titled("coach.person.title", "name", v.Name(body.Learner)), body)
}

// changeStep shows a coach what may be done about one step of a learner.
func (s *Site) changeStep(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawChangeStep(w, r, session, http.StatusOK, actForm{})
}

func (s *Site) drawChangeStep(w http.ResponseWriter, r *http.Request, session *Session, status int, form actForm) error {
	_, body, err := s.personOf(r, session)
	if err != nil {
		return fmt.Errorf("web: step of a person: %w", err)
	}
	for i := range body.Steps {
		if body.Steps[i].Step.ID == stepID(r) {
			body.Step = &body.Steps[i]
		}
	}
	if body.Step == nil {
		return errNoPage
	}
	body.Form = form
	v := s.view(r)
	return s.draw(w, status, "personstep", v.titled("coach.step.title", "step", v.In(body.Step.Step.Title), "name", v.Name(body.Learner)), body)
}

// changePerson shows a coach what may be done about a learner's taking part.
func (s *Site) changePerson(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawChangePerson(w, r, session, http.StatusOK, actForm{})
}

func (s *Site) drawChangePerson(w http.ResponseWriter, r *http.Request, session *Session, status int, form actForm) error {
	_, body, err := s.personOf(r, session)
	if err != nil {
		return fmt.Errorf("web: change a person: %w", err)
	}
	body.Form = form
	v := s.view(r)
	return s.draw(w, status, "personchange", v.titled("coach.change.title", "name", v.Name(body.Learner)), body)
}

// actOnStep does what a coach decided about one step: do=excuse, reopen, open or set_due.
func (s *Site) actOnStep(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.actAsCoach(w, r, session, s.drawChangeStep, func(service *engine.Service, id engine.EnrolmentID, form url.Values) error {
		by, step, reason := engine.By(session.Person), stepID(r), form.Get("reason")
		if strings.TrimSpace(reason) == "" {
			return engine.FieldErrors{{Field: "reason", Key: "error.required"}}
		}
		switch form.Get("do") {
		case engine.ActExcuse:
			return service.Excuse(r.Context(), by, id, step, reason)
		case engine.ActReopen:
			return service.Reopen(r.Context(), by, id, step, reason)
		case engine.ActAdmit:
			return service.OpenStep(r.Context(), by, id, step, reason)
		case engine.ActExtend:
			due, err := timeIn(form.Get("due"), zoneFor(session, ""))
			if err != nil {
				return engine.FieldErrors{{Field: "due", Key: "error.required"}}
			}
			return service.SetDue(r.Context(), by, id, step, due, reason)
		}
		return ErrUpload
	})
}

// actOnPerson does what a coach decided about a learner's taking part.
func (s *Site) actOnPerson(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.actAsCoach(w, r, session, s.drawChangePerson, func(service *engine.Service, id engine.EnrolmentID, form url.Values) error {
		by, reason, ctx := engine.By(session.Person), form.Get("reason"), r.Context()
		role := engine.Role(form.Get("role"))
		switch form.Get("do") {
		case engine.ActPause:
			var until time.Time
			if day := strings.TrimSpace(form.Get("until")); day != "" {
				var err error
				if until, err = timeIn(day+"T00:00", zoneFor(session, "")); err != nil {
					return engine.FieldErrors{{Field: "until", Key: "error.required"}}
				}
			}
			return service.Pause(ctx, by, id, until, reason)
		case engine.ActResume:
			return service.Resume(ctx, by, id)
		case engine.ActUnenrol:
			if strings.TrimSpace(reason) == "" {
				return engine.FieldErrors{{Field: "reason", Key: "error.required"}}
			}
			return service.Unenrol(ctx, by, id, reason)
		case engine.ActEnrol:
			return service.Reenrol(ctx, by, id)
		case engine.ActConfirmN:
			return service.ConfirmNamed(ctx, by, id, role)
		case "assign-" + string(role):
			if strings.TrimSpace(form.Get("email")) == "" {
				return engine.FieldErrors{{Field: "email", Key: "error.required"}}
			}
			return service.Assign(ctx, by, id, role, engine.Appointment{Email: form.Get("email"), Name: form.Get("name"), Reason: reason})
		case "release-" + string(role):
			return service.Assign(ctx, by, id, role, engine.Appointment{Reason: reason})
		case "completed":
			return service.SetAnchor(ctx, by, id, engine.AnchorCourseCompleted, s.now(), reason)
		case "not_completed":
			return service.SetAnchor(ctx, by, id, engine.AnchorCourseCompleted, time.Time{}, reason)
		case "start":
			day, err := time.Parse(time.DateOnly, strings.TrimSpace(form.Get("day")))
			if err != nil {
				return engine.FieldErrors{{Field: "day", Key: "error.required"}}
			}
			return service.SetAnchor(ctx, by, id, engine.AnchorCourseStart, day, reason)
		}
		return ErrUpload
	})
}

// actAsCoach reads a form, acts, and goes back to the person's page; a form with
// problems comes back as it was.
func (s *Site) actAsCoach(w http.ResponseWriter, r *http.Request, session *Session, again func(http.ResponseWriter, *http.Request, *Session, int, actForm) error,
	act func(*engine.Service, engine.EnrolmentID, url.Values) error,
) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return fmt.Errorf("web: act as a coach: %w", err)
	}
	err = act(service, e.ID, r.PostForm)
	var problems engine.FieldErrors
	if errors.As(err, &problems) {
		return again(w, r, session, http.StatusUnprocessableEntity, actForm{Do: r.PostForm.Get("do"), Values: r.PostForm, Problems: problems})
	}
	if err != nil {
		return fmt.Errorf("web: act as a coach: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/people/"+string(e.ID))
	return nil
}

// answerLearner is the coach's answer in the thread with one learner.
func (s *Site) answerLearner(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return fmt.Errorf("web: answer a learner: %w", err)
	}
	if _, err := service.AnswerCoach(r.Context(), engine.By(session.Person), e.ID, r.PostForm.Get("text"), ""); err != nil {
		return fmt.Errorf("web: answer a learner: %w", err)
	}
	back := "/board/people/" + string(e.ID)
	if r.PostForm.Get("back") == "questions" {
		back = "/board/questions"
	}
	seeOther(w, r, "/s/"+session.Handle+back)
	return nil
}

// coachField is a field of a coach's form.
type coachField struct {
	ID, Name, Type, Label, Hint, Value string
	Required                           bool
	Problem                            *engine.FieldError
}

// Field is a field of the form that does something, with what was typed if it came back.
func (f actForm) Field(do, name, kind, label string, required bool) coachField {
	return coachField{ID: do + "-" + name, Name: name, Type: kind, Label: label, Value: f.Value(do, name), Required: required, Problem: f.Problem(do, name)}
}

// IsSet tells whether an instant is known.
func (v *view) IsSet(t time.Time) bool { return !t.IsZero() }

// SentKind is what a message was about, for the list of what was sent.
func (v *view) SentKind(m engine.Message) string {
	switch m.Purpose {
	case engine.PurposeStepOpen, engine.PurposeStepDue, engine.PurposeStepLate:
		return m.Purpose
	}
	return "news"
}

// personEvidence gives a coach a file of a learner, none of a private step.
func (s *Site) personEvidence(w http.ResponseWriter, r *http.Request, session *Session) error {
	_, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return fmt.Errorf("web: evidence of a person: %w", err)
	}
	return s.serveEvidence(w, r, session.Tenant, e.ID, false)
}
