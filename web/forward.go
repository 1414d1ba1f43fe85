package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cairn-lms/cairn/engine"
)

// leaveRequestPage is the Body of the pages on which whoever was asked passes a request on, or says that they cannot judge.
type leaveRequestPage struct {
	*engine.RequestView
	Action, Back        string
	Name, Email, Reason string
	Form                *formView
}

func (s *Site) askForward(w http.ResponseWriter, r *http.Request, a asked) error {
	return s.drawLeaving(w, r, a, http.StatusOK, "forward", leaveRequestPage{}, nil)
}

func (s *Site) askDecline(w http.ResponseWriter, r *http.Request, a asked) error {
	return s.drawLeaving(w, r, a, http.StatusOK, "decline", leaveRequestPage{}, nil)
}

// drawLeaving draws one of the two; of a request where that is no question any more the request's own page says why.
func (s *Site) drawLeaving(w http.ResponseWriter, r *http.Request, a asked, status int, page string, body leaveRequestPage, problems engine.FieldErrors) error {
	if page == "forward" && !a.view.Forwards || page == "decline" && !a.view.Declines {
		if !a.waiting() {
			return s.showRequest(w, r, a)
		}
		return fmt.Errorf("%s a request: %w", page, errNoPage)
	}
	v := s.requestView(r, a)
	body.RequestView, body.Action, body.Back = a.view, a.path+"/"+page, a.path
	body.Form = newFormView(nil, nil, nil, problems)
	for i, p := range body.Form.Problems {
		if p.Field == "name" || p.Field == "email" {
			body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = p.Field, "review.forward."+p.Field
		}
	}
	return s.draw(w, status, page, v.titled("review."+page+".title", "learner", v.Name(a.view.Learner)), body)
}

// forwardRequest passes a request on to the right person. Doing so twice is once.
func (s *Site) forwardRequest(w http.ResponseWriter, r *http.Request, a asked) error {
	if err := parseForm(r); err != nil {
		return err
	}
	body := leaveRequestPage{Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email")}
	err := a.service.Forward(r.Context(), a.token.Enrolment, a.token.Request, body.Name, body.Email)
	if problems, ok := fieldErrors(err); ok {
		return s.drawLeaving(w, r, a, http.StatusUnprocessableEntity, "forward", body, problems)
	}
	return s.left(w, r, a, err)
}

// declineRequest takes the word that this person cannot judge.
func (s *Site) declineRequest(w http.ResponseWriter, r *http.Request, a asked) error {
	if err := parseForm(r); err != nil {
		return err
	}
	return s.left(w, r, a, a.service.Decline(r.Context(), a.token.Enrolment, a.token.Request, r.PostForm.Get("reason")))
}

// left goes back to the request, which says how it ended.
func (s *Site) left(w http.ResponseWriter, r *http.Request, a asked, err error) error {
	if err != nil && !errors.Is(err, engine.ErrConflict) {
		return fmt.Errorf("web: leave a request: %w", err)
	}
	seeOther(w, r, a.path)
	return nil
}

// mailWaitlist mails this person a fresh link to all that waits for them: what to do on the page of a request that is over.
func (s *Site) mailWaitlist(w http.ResponseWriter, r *http.Request, a asked) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if err := a.service.SendWaitlist(r.Context(), a.view.Reviewer.ID); err != nil {
		return fmt.Errorf("web: waitlist: %w", err)
	}
	v := s.requestView(r, a).titled("review.list.title")
	return s.draw(w, http.StatusOK, "waitlist", v, waitlistPage{Expired: true, Sent: true})
}
