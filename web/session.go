package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// How long things last, in real time: moving the development clock ends no session.
const (
	sessionLife   = 12 * time.Hour
	sessionMemory = 30 * 24 * time.Hour // how long an ended one still knows the way back
	ticketLife    = 5 * time.Minute
	purgeEvery    = time.Hour
	maxCookies    = 12 // sessions one browser keeps with us; older ones give way
)

// A session has two cookies. The first works inside a frame of another site, in
// every browser that knows partitioned cookies. The twin exists for development
// on an http address: Safari drops Secure cookies there, and a Lax cookie comes
// back at least in a window of its own.
const (
	cookiePrefix = "__Host-cairn-s-"
	twinPrefix   = "cairn-s-"
)

// newSession stores a session for what launched (Handle, IDHash and times are set
// here) and sets its cookies.
func (s *Site) newSession(w http.ResponseWriter, r *http.Request, session Session) (Session, error) {
	secret := rand.Text() + rand.Text()
	now := s.wall()
	session.Handle = strings.ToLower(rand.Text()[:12])
	session.IDHash = hashOf(secret)
	session.CreatedAt = now
	if end := now.Add(sessionLife); session.ExpiresAt.IsZero() || session.ExpiresAt.After(end) {
		session.ExpiresAt = end // one that goes on from another ends with it
	}
	if err := s.o.Store.PutSession(r.Context(), session); err != nil {
		return Session{}, fmt.Errorf("web: new session: %w", err)
	}
	s.dropOldCookies(w, r)
	s.setCookies(w, session.Handle, secret, int(sessionLife/time.Second))
	s.purge(r.Context(), now)
	return session, nil
}

func (s *Site) setCookies(w http.ResponseWriter, handle, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // SameSite=None is for frames; see above
		Name: cookiePrefix + handle, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	})
	if s.plain {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // not Secure: development, see above
			Name: twinPrefix + handle, Value: value, Path: "/", MaxAge: maxAge,
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
}

// dropOldCookies keeps the cookie header short: browsers send the oldest first.
func (s *Site) dropOldCookies(w http.ResponseWriter, r *http.Request) {
	var handles []string
	seen := map[string]bool{}
	for _, c := range r.Cookies() {
		handle, ok := strings.CutPrefix(c.Name, cookiePrefix)
		if !ok {
			handle, ok = strings.CutPrefix(c.Name, twinPrefix)
		}
		if ok && !seen[handle] && len(handle) <= 32 {
			seen[handle] = true
			handles = append(handles, handle)
		}
	}
	for len(handles) >= maxCookies {
		s.setCookies(w, handles[0], "", -1)
		handles = handles[1:]
	}
}

// session finds the session of a request by the handle in its path and the
// cookies of that handle. ErrNoSession if none is good, errCutOff if the platform
// that it came by is let in no more; an expired session, or one cut off, is returned
// beside the error.
func (s *Site) session(r *http.Request) (*Session, error) {
	handle := mux.Vars(r)["handle"]
	var ended *Session
	for _, name := range []string{cookiePrefix + handle, twinPrefix + handle} {
		if name == twinPrefix+handle && !s.plain {
			continue
		}
		for _, c := range r.CookiesNamed(name) {
			if len(c.Value) > 128 {
				continue
			}
			session, err := s.o.Store.Session(r.Context(), hashOf(c.Value))
			switch {
			case errors.Is(err, ErrNotFound):
				continue
			case err != nil:
				return nil, fmt.Errorf("web: session: %w", err)
			case session.Handle != handle, session.Role.administers():
				continue
			case !session.ExpiresAt.After(s.wall()):
				ended = &session
				continue
			}
			return &session, s.admitted(r.Context(), &session)
		}
	}
	return ended, fmt.Errorf("web: session: %w", ErrNoSession)
}

// inSession serves h to the owner of the session in the path. Its pages may be
// framed by the platform that launched it.
func (s *Site) inSession(h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := s.session(r)
		if errors.Is(err, ErrNoSession) {
			return s.noSession(w, r, session)
		}
		if errors.Is(err, errCutOff) {
			setPolicy(w.Header(), session.Ancestors)
		}
		if err != nil {
			return err
		}
		traceOf(r.Context()).session = session
		setPolicy(w.Header(), session.Ancestors)
		return h(w, r, session)
	}
}

// asLearner serves h to the learner of an enrolment.
func (s *Site) asLearner(h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return s.inRole(RoleLearner, h)
}

// asStaff serves h to an instructor or administrator of a course.
func (s *Site) asStaff(h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return s.inRole(RoleStaff, h)
}

// asDesigner serves h to a designer with a picker open.
func (s *Site) asDesigner(h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return s.inRole(RoleDesigner, h)
}

// asReviewer serves h to somebody who came from the gradebook to one learner.
func (s *Site) asReviewer(h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return s.inRole(RoleReviewer, h)
}

func (s *Site) inRole(role Role, h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return s.inSession(func(w http.ResponseWriter, r *http.Request, session *Session) error {
		if session.Role != role {
			return fmt.Errorf("a %s opened a page of a %s: %w", session.Role, role, errNotYours)
		}
		return h(w, r, session)
	})
}

// purge forgets ended sessions, now and then. Failing is no harm.
func (s *Site) purge(ctx context.Context, now time.Time) {
	last := s.purged.Load()
	if now.UnixNano()-last < int64(purgeEvery) || !s.purged.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	if _, err := s.o.Store.Purge(ctx, now.Add(-sessionMemory)); err != nil {
		s.log.WarnContext(ctx, "purge sessions", "error", err)
	}
	if err := s.o.Store.PurgeAudit(ctx, now.Add(-auditMemory)); err != nil {
		s.log.WarnContext(ctx, "purge the log of acts", "error", err)
	}
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
