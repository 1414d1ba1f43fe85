package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// coachThreadPage is the Body of the thread of a learner and the coach.
type coachThreadPage struct {
	Action  string
	Thread  *engine.ThreadView // oldest first
	Coaches []engine.Person
	Waits   time.Time // since when the coach is asked; zero: nothing is open
	Earlier string    // address of what was written before; empty: that is all
	Text    string
	Form    *formView
}

// maxCoachPosts is how many posts a page of the thread shows.
const maxCoachPosts = 20

func (s *Site) coachThread(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawCoachThread(w, r, session, http.StatusOK, "", nil)
}

func (s *Site) drawCoachThread(w http.ResponseWriter, r *http.Request, session *Session, status int, text string, problems engine.FieldErrors) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	var before engine.PostRef
	if q := r.URL.Query(); q.Get("before") != "" {
		at, bad := time.Parse(time.RFC3339Nano, q.Get("at"))
		if bad != nil || len(q.Get("before")) > 100 {
			return errNoPage
		}
		before = engine.PostRef{At: at, ID: engine.PostID(q.Get("before"))}
	}
	e, err := service.Enrolment(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: ask the coach: %w", err)
	}
	thread, err := service.CoachThread(r.Context(), engine.By(session.Person), session.Enrolment, before, maxCoachPosts)
	if err != nil {
		return fmt.Errorf("web: ask the coach: %w", err)
	}
	v := s.view(r)
	person, err := service.Person(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: ask the coach: %w", err)
	}
	v.Zone = zoneFor(session, person.Zone)
	slices.Reverse(thread.Posts)
	body := coachThreadPage{Action: v.Base + "/coach", Thread: thread, Text: text, Form: newFormView(nil, nil, nil, problems)}
	if e.Asked.Open() {
		body.Waits = e.Asked.AskedAt
	}
	for i, p := range body.Form.Problems {
		if p.Field == "text" {
			body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = "text", "page.askcoach.text"
		}
	}
	for _, a := range e.Roles[engine.Coach] {
		coach, err := service.Person(r.Context(), a.Person)
		if err != nil {
			return fmt.Errorf("web: ask the coach: %w", err)
		}
		body.Coaches = append(body.Coaches, coach)
	}
	if thread.More {
		body.Earlier = body.Action + "?before=" + string(thread.Before.ID) + "&at=" + thread.Before.At.UTC().Format("2006-01-02T15:04:05.999999999Z")
	}
	return s.draw(w, status, "coachthread", v.titled("page.askcoach.title"), body)
}

// askCoach takes what a learner writes to the coach.
func (s *Site) askCoach(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	_, err = service.AskCoach(r.Context(), session.Person, session.Enrolment, r.PostForm.Get("text"))
	if problems, ok := fieldErrors(err); ok {
		return s.drawCoachThread(w, r, session, http.StatusUnprocessableEntity, r.PostForm.Get("text"), problems)
	}
	if err != nil {
		return fmt.Errorf("web: ask the coach: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/coach")
	return nil
}
