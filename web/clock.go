package web

import (
	"fmt"
	"net/http"
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
	seeOther(w, r, r.PostForm.Get("back"))
	return nil
}
