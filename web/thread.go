package web

import (
	"net/http"

	"github.com/cairn-lms/cairn/engine"
)

func postToStep(r *http.Request, service *engine.Service, session *Session) error {
	if err := service.Opened(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return err
	}
	_, err := service.Post(r.Context(), session.Person, session.Enrolment, stepID(r), r.PostForm.Get("text"), engine.PostID(r.PostForm.Get("reply_to")))
	return err
}

func markHelpful(r *http.Request, service *engine.Service, session *Session) error {
	return service.MarkHelpful(r.Context(), engine.By(session.Person), session.Enrolment, engine.PostID(r.PostForm.Get("post")))
}
