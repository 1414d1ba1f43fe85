package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"
)

// A launch ends in a redirect to /s/{handle}/?ticket=…. If the session's cookie
// came back with it, the ticket is thrown away. If the browser kept the cookie
// (third-party cookies are blocked in the frame), the page says so and offers a
// window of its own: there the ticket is exchanged, once, for a session whose
// cookie is first-party.

// issueTicket stores a ticket for a session and gives its secret.
func (s *Site) issueTicket(r *http.Request, session Session) (string, error) {
	secret := rand.Text()
	err := s.o.Store.PutTicket(r.Context(), Ticket{Hash: hashOf(secret), Session: session, ExpiresAt: s.wall().Add(ticketLife)})
	if err != nil {
		return "", fmt.Errorf("web: issue ticket: %w", err)
	}
	return secret, nil
}

// blockedPage is the Body of the page about blocked cookies.
type blockedPage struct{ Ticket string }

// noSession draws what to do without a session. ended is the one that has
// expired, if that is known.
func (s *Site) noSession(w http.ResponseWriter, r *http.Request, ended *Session) error {
	if session, err := s.carried(r); err != nil {
		return err
	} else if session != nil && ended == nil {
		setPolicy(w.Header(), session.Ancestors)
		v := s.view(r).speak(session.Locale).titled("page.blocked.title")
		v.Frames = session.Ancestors
		return s.draw(w, http.StatusForbidden, "blocked", v, blockedPage{Ticket: r.URL.Query().Get("ticket")})
	}
	if ended != nil {
		setPolicy(w.Header(), ended.Ancestors)
		v := s.view(r).speak(ended.Locale).titled("page.error.ended.title")
		v.Frames = ended.Ancestors
		return s.draw(w, http.StatusForbidden, "error", v, errorPage{Topic: "ended", Relaunch: ended.RelaunchURL})
	}
	setPolicy(w.Header(), anyFrame)
	return fmt.Errorf("open %s: %w", mux.Vars(r)["handle"], ErrNoSession)
}

// carried is the session that the ticket of a blocked frame stands for, nil if
// there is none. Whoever has a ticket of their own could send others to this page,
// to make them work in a session that is not theirs. So it is shown in frames only
// (in a window of its own there is nothing a new window would help), and only in
// those of the platform that launched.
func (s *Site) carried(r *http.Request) (*Session, error) {
	secret := r.URL.Query().Get("ticket")
	if secret == "" || len(secret) > 64 || r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Dest") == "document" {
		return nil, nil
	}
	ticket, err := s.o.Store.Ticket(r.Context(), hashOf(secret))
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("web: blocked frame: %w", err)
	case !ticket.ExpiresAt.After(s.wall()) || ticket.Session.Handle != mux.Vars(r)["handle"]:
		return nil, nil
	}
	return &ticket.Session, nil
}

// openWindow exchanges a ticket for a session in this window.
func (s *Site) openWindow(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	secret := r.PostForm.Get("ticket")
	if secret == "" || len(secret) > 64 {
		return fmt.Errorf("open window: %w", ErrNoSession)
	}
	ticket, err := s.o.Store.TakeTicket(r.Context(), hashOf(secret))
	if errors.Is(err, ErrNotFound) || err == nil && (!ticket.ExpiresAt.After(s.wall()) || ticket.Session.Role.administers()) {
		return fmt.Errorf("open window: the ticket is used or old: %w", ErrNoSession)
	}
	if err != nil {
		return fmt.Errorf("web: open window: %w", err)
	}
	if err := s.admitted(r.Context(), &ticket.Session); err != nil {
		return fmt.Errorf("open window: %w", err)
	}
	if ticket.Session.IDHash != "" { // nobody has its cookie; else it is a copy of one that stays
		if err := s.o.Store.DeleteSession(r.Context(), ticket.Session.IDHash); err != nil {
			return fmt.Errorf("web: open window: %w", err)
		}
	}
	session, err := s.newSession(w, r, ticket.Session)
	if err != nil {
		return err
	}
	seeOther(w, r, landingPath(&session))
	return nil
}

// start is the first page of a session: where the launch leads, without the ticket
// in the address; later home, board, or what else the role has.
func (s *Site) start(w http.ResponseWriter, r *http.Request, session *Session) error {
	if ticket := r.URL.Query().Get("ticket"); ticket != "" {
		if len(ticket) <= 64 {
			if _, err := s.o.Store.TakeTicket(r.Context(), hashOf(ticket)); err != nil && !errors.Is(err, ErrNotFound) {
				return fmt.Errorf("web: start: %w", err)
			}
		}
		seeOther(w, r, landingPath(session))
		return nil
	}
	switch session.Role {
	case RoleLearner:
		if session.Enrolment == "" { // only a portfolio was opened
			return s.portfolio(w, r, session)
		}
		return s.home(w, r, session)
	case RoleStaff:
		return s.board(w, r, session)
	case RoleDesigner:
		return s.pick(w, r, session)
	case RoleReviewer:
		return s.reviewed(w, r, session)
	default:
		return s.draw(w, http.StatusOK, "visitor", s.view(r).titled("page.visitor.title"), nil)
	}
}

// front is the page of the bare address: for people who typed it.
func (s *Site) front(w http.ResponseWriter, r *http.Request) error {
	return s.draw(w, http.StatusOK, "front", s.view(r).titled("page.title"), nil)
}

// arrivalPath is where a launch sends the browser.
func arrivalPath(handle, ticket string) string {
	return "/s/" + handle + "/?ticket=" + ticket
}
