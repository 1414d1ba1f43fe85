package web

import (
	"fmt"
	"io"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// leavePage is the Body of the unsubscribe page.
type leavePage struct {
	Action string
	Done   bool
	Chat   bool // it is about the chat tool, not mails
}

// askLeave asks whether to stop the mails. Mail scanners follow links, so looking
// changes nothing.
func (s *Site) askLeave(w http.ResponseWriter, r *http.Request) error {
	tokenPage(w.Header())
	token, err := s.o.Links.ReadUnsubscribe(mux.Vars(r)["token"])
	if err != nil {
		return err
	}
	v, err := s.leaveView(r, token)
	if err != nil {
		return err
	}
	return s.draw(w, http.StatusOK, "leave", v, leavePage{Action: r.URL.Path, Chat: token.Channel == engine.ChannelChat})
}

// leave stops the mails of a channel. A mail program posts
// List-Unsubscribe=One-Click (RFC 8058) without cookies or a reader and wants a
// short answer; a person gets a page.
func (s *Site) leave(w http.ResponseWriter, r *http.Request) error {
	tokenPage(w.Header())
	token, err := s.o.Links.ReadUnsubscribe(mux.Vars(r)["token"])
	if err != nil {
		return err
	}
	// RFC 8058 lets mail programs send multipart/form-data too.
	if _, err := s.readForm(r, 0, maxForm); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), token.Tenant)
	if err != nil {
		return err
	}
	if err := service.Unsubscribe(r.Context(), token.Person, token.Channel); err != nil {
		return fmt.Errorf("web: unsubscribe: %w", err)
	}
	if r.PostForm.Get("List-Unsubscribe") == "One-Click" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "unsubscribed\n")
		return nil
	}
	v, err := s.leaveView(r, token)
	if err != nil {
		return err
	}
	return s.draw(w, http.StatusOK, "leave", v, leavePage{Action: r.URL.Path, Done: true, Chat: token.Channel == engine.ChannelChat})
}

// leaveView speaks the language of the person who is leaving.
func (s *Site) leaveView(r *http.Request, token LeaveToken) (*view, error) {
	service, err := s.tenant(r.Context(), token.Tenant)
	if err != nil {
		return nil, err
	}
	person, err := service.Person(r.Context(), token.Person)
	if err != nil {
		return nil, fmt.Errorf("web: unsubscribe: %w", err)
	}
	title := "page.leave.title"
	if token.Channel == engine.ChannelChat {
		title = "page.leave.title_chat"
	}
	return s.view(r).speak(person.Locale).titled(title), nil
}
