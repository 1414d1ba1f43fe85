package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var clockMoves = map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}

// moveClock moves the development clock. A server without one has no such route.
func (s *Site) moveClock(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	by, ok := clockMoves[r.PostForm.Get("advance")]
	if !ok {
		return fmt.Errorf("move clock: by what? %w", ErrUpload)
	}
	if err := s.o.DevClock.Advance(by); err != nil {
		return fmt.Errorf("move clock: %w", err)
	}
	back := r.PostForm.Get("back")
	if !localPath(back) {
		back = "/"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// localPath tells whether a path stays on this site.
func localPath(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.ContainsAny(p, "\\\r\n")
}

// parseForm reads a form of plain fields. What is too large says so (413); what
// cannot be read is ErrUpload.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLong):
		return fmt.Errorf("read form: %w", err)
	default:
		return fmt.Errorf("read form: %v: %w", err, ErrUpload)
	}
}
