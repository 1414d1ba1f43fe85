package web

import (
	"io"
	"net/http"
)

// serveHealth answers while the process serves.
func (s *Site) serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// serveReady answers 200 while what the process needs is there, else 503.
func (s *Site) serveReady(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.o.Ready != nil {
		if err := s.o.Ready(r.Context()); err != nil {
			s.log.WarnContext(r.Context(), "not ready", "request_id", traceOf(r.Context()).id, "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "not ready\n")
			return
		}
	}
	_, _ = io.WriteString(w, "ready\n")
}
