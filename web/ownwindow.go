package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// ownWindowPage is the Body of the page that opens a window of its own.
type ownWindowPage struct{ Ticket, Back string }

// ownWindow makes a ticket with which this page goes on in a window of its own: what a frame keeps (its cookie) the
// browser does not show to a window. The ticket counts once and for minutes; the new window has a session of its own,
// which ends when this one does. A script asks for it as JSON and opens the window; without one a page offers it.
func (s *Site) ownWindow(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	base := "/s/" + session.Handle + "/"
	to, ok := strings.CutPrefix(r.PostForm.Get("to"), base)
	if !ok || !localPath(base+to) || strings.ContainsAny(to, "?#") || len(to) > 200 {
		to = ""
	}
	if session.Role != RoleLearner && session.Role != RoleStaff {
		return fmt.Errorf("web: own window: a %s has none: %w", session.Role, errNotYours)
	}
	copied := *session
	copied.IDHash, copied.Landing = "", to
	secret, err := s.issueTicket(r, copied)
	if err != nil {
		return err
	}
	if r.Header.Get("Accept") == "application/json" {
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(map[string]string{"ticket": secret})
	}
	return s.draw(w, http.StatusOK, "ownwindow", s.view(r).titled("page.window.title"), ownWindowPage{Ticket: secret, Back: base + to})
}

// framed tells whether a browser says that it shows a page in a frame.
func framed(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return dest == "iframe" || dest == "frame"
}
