package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// handler is a page: what it returns is drawn by the error table.
type handler func(w http.ResponseWriter, r *http.Request) error

type contextKey int

const traceKey contextKey = iota

// trace follows one request. It is written by the goroutine that serves it.
type trace struct {
	id      string
	route   string   // the template, never the path: paths carry tokens
	session *Session // once it is known
	status  int
	wrote   bool
}

func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey).(*trace); ok {
		return t
	}
	return &trace{}
}

// tracked gives each request an id, known to log, answer and mounted handlers,
// and writes one line about it.
func (s *Site) tracked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		t := &trace{id: strings.ToLower(rand.Text()[:16]), route: "-"}
		ctx := context.WithValue(r.Context(), traceKey, t)
		r = r.WithContext(ctx)
		r.Header.Set("X-Request-Id", t.id)
		w.Header().Set("X-Request-Id", t.id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(&tracing{ResponseWriter: w, t: t}, r)
		s.log.InfoContext(ctx, "request", "request_id", t.id, "method", r.Method, "route", t.route,
			"status", t.status, "ms", time.Since(start).Milliseconds())
	})
}

// tracing notes the status of an answer.
type tracing struct {
	http.ResponseWriter
	t *trace
}

func (w *tracing) WriteHeader(status int) {
	if !w.t.wrote {
		w.t.wrote, w.t.status = true, status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *tracing) Write(p []byte) (int, error) {
	if !w.t.wrote {
		w.t.wrote, w.t.status = true, http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *tracing) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// named notes the route of a request, for the log.
func (s *Site) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route := mux.CurrentRoute(r); route != nil {
			if path, err := route.GetPathTemplate(); err == nil {
				traceOf(r.Context()).route = path
			}
		}
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into a page with the request id.
func (s *Site) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.drawPanic(w, r)
		next.ServeHTTP(w, r)
	})
}

// drawPanic is deferred. A handler that aborts its answer on purpose goes on doing so.
func (s *Site) drawPanic(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	t := traceOf(r.Context())
	s.log.ErrorContext(r.Context(), "panic", "request_id", t.id, "route", t.route,
		"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if !t.wrote {
		s.drawError(w, r, errBroken)
	}
}

// sameOrigin refuses state-changing requests that another site makes a browser
// send. LTI messages come from the platform by design and are bound otherwise;
// the record store and one-click unsubscription know no cookies.
func (s *Site) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.origin); err != nil {
		s.log.Error("same-origin guard", "error", err) // New has checked the URL
	}
	for _, path := range []string{"/lti/", "/xapi", "/xapi/", "/api/", "/u/", "/hooks/"} {
		guard.AddInsecureBypassPattern(path)
	}
	guard.SetDenyHandler(s.page(func(http.ResponseWriter, *http.Request) error { return errOtherSite }))
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Pages by personal link send no referrer, so browsers that know no
		// Sec-Fetch-Site call their origin "null". The token in the path is all the
		// authority there is, and another site does not have it.
		if (strings.HasPrefix(r.URL.Path, "/r/") || strings.HasPrefix(r.URL.Path, "/w/")) && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
			next.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// Bounds of request bodies.
const (
	maxForm   = 256 << 10
	maxHandIn = maxFiles*maxFile + 1<<20
)

// page makes a handler of ours: bounded body, private answer, errors drawn.
func (s *Site) page(h handler, limit ...int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bound := int64(0)
		if len(limit) > 0 {
			bound = limit[0]
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, bound)
		}
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		setPolicy(header, nil)
		if err := h(w, r); err != nil {
			s.drawError(w, r, err)
		}
	})
}
