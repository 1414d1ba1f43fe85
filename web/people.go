package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// peoplePage is the Body of the page that asks a learner for somebody's address.
type peoplePage struct {
	Role        engine.Role
	Action      string
	Name, Email string
	Form        *formView
}

func (s *Site) askPerson(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawPeople(w, r, session, http.StatusOK, peoplePage{}, nil)
}

func (s *Site) drawPeople(w http.ResponseWriter, r *http.Request, session *Session, status int, body peoplePage, problems engine.FieldErrors) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: people: %w", err)
	}
	body.Role = engine.Role(mux.Vars(r)["role"])
	asked := slices.Contains(home.Ask, body.Role) || slices.ContainsFunc(home.Steps, func(step engine.StepView) bool { return step.AskRole == body.Role })
	if body.Role == "" || !asked {
		return fmt.Errorf("web: people: nobody is asked for a %.20q: %w", body.Role, errNoPage)
	}
	v := s.view(r)
	body.Action = v.Base + "/people/" + string(body.Role)
	body.Form = newFormView(nil, nil, nil, problems)
	for i, p := range body.Form.Problems {
		if p.Field == "name" || p.Field == "email" {
			body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = p.Field, "page.people."+p.Field
		}
	}
	return s.draw(w, status, "people", v.titled("page.people."+string(body.Role)), body)
}

func (s *Site) namePerson(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	body := peoplePage{Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email")}
	role := engine.Role(mux.Vars(r)["role"])
	err = service.NameReviewer(r.Context(), session.Person, session.Enrolment, role, body.Name, body.Email)
	if problems, ok := fieldErrors(err); ok {
		return s.drawPeople(w, r, session, http.StatusUnprocessableEntity, body, problems)
	}
	if err != nil {
		return fmt.Errorf("web: name reviewer: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}
