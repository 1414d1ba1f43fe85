package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Who administers. Sessions of these roles never stand below /s/ and others never
// below /admin. Neither role becomes the other by a tenant that is missing or there.
const (
	RoleAdmin    Role = "admin"    // one tenant, always named
	RoleOperator Role = "operator" // the whole installation; has no tenant
)

// administers tells the roles of the administration from those of launches.
func (r Role) administers() bool { return r == RoleAdmin || r == RoleOperator }

const (
	adminLife     = 8 * time.Hour
	adminLinkLife = 15 * time.Minute
	adminHandle   = "admin" // no launch's handle: those are random and longer
	adminCookie   = "__Host-cairn-admin"
	adminTwin     = "cairn-admin" // on an http public URL only: development
)

// AdminLink makes an address that signs one administrator of a tenant in, once,
// within a quarter of an hour. The store has only the hash of what stands in it.
func (s *Site) AdminLink(ctx context.Context, tenant string) (string, error) {
	return s.adminLink(ctx, Session{Role: RoleAdmin, Tenant: tenant})
}

// OperatorLink is AdminLink for the whole installation.
func (s *Site) OperatorLink(ctx context.Context) (string, error) {
	return s.adminLink(ctx, Session{Role: RoleOperator})
}

// adminLink makes a link whose session is known to be who.
func (s *Site) adminLink(ctx context.Context, who Session) (string, error) {
	if !who.administrative() {
		return "", fmt.Errorf("web: admin link: no session of a %s for tenant %q: %w", who.Role, who.Tenant, errNotYours)
	}
	secret := rand.Text()
	err := s.o.Store.PutTicket(ctx, Ticket{
		Hash: hashOf(secret), ExpiresAt: s.wall().Add(adminLinkLife),
		Session: Session{Role: who.Role, Handle: adminHandle, Tenant: who.Tenant, Person: who.Person, Registration: who.Registration, Deployment: who.Deployment},
	})
	if err != nil {
		return "", fmt.Errorf("web: admin link: %w", err)
	}
	return s.o.PublicURL + "/admin/signin?ticket=" + secret, nil
}

// adminSignInPage is the Body of the page that signs in.
type adminSignInPage struct{ Ticket string }

// showAdminSignIn shows the button behind a one-time link, or how to get a link.
// Mail scanners and chat previews open links: looking uses nothing up.
func (s *Site) showAdminSignIn(w http.ResponseWriter, r *http.Request) error {
	tokenPage(w.Header())
	w.Header().Set("Referrer-Policy", "same-origin") // old browsers tell by it where the form comes from
	ticket := r.URL.Query().Get("ticket")
	if len(ticket) > 64 {
		ticket = ""
	}
	return s.draw(w, http.StatusOK, "admin_signin", s.view(r).titled("admin.signin.title"), adminSignInPage{Ticket: ticket})
}

// adminSignIn exchanges a ticket for an administrator's session.
func (s *Site) adminSignIn(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	secret := r.PostForm.Get("ticket")
	if secret == "" || len(secret) > 64 {
		return fmt.Errorf("admin sign-in: %w", errAdminLink)
	}
	ticket, err := s.o.Store.TakeTicket(r.Context(), hashOf(secret))
	if errors.Is(err, ErrNotFound) || err == nil && (!ticket.ExpiresAt.After(s.wall()) || !ticket.Session.administrative()) {
		return fmt.Errorf("admin sign-in: the ticket is used, old or for something else: %w", errAdminLink)
	}
	if err != nil {
		return fmt.Errorf("web: admin sign-in: %w", err)
	}
	if err := s.admitted(r.Context(), &ticket.Session); errors.Is(err, errCutOff) {
		return fmt.Errorf("admin sign-in: %w: %w", errAdminLink, err)
	} else if err != nil {
		return err
	}
	value := rand.Text() + rand.Text()
	now := s.wall()
	session := ticket.Session
	session.IDHash, session.CreatedAt, session.ExpiresAt = hashOf(value), now, now.Add(adminLife)
	if err := s.note(r, &session, AuditEntry{Act: "signin", Tenant: session.Tenant}); err != nil {
		return err
	}
	if err := s.o.Store.PutSession(r.Context(), session); err != nil {
		return fmt.Errorf("web: admin sign-in: %w", err)
	}
	s.setAdminCookie(w, value, int(adminLife/time.Second))
	s.purge(r.Context(), now)
	seeOther(w, r, "/admin/platforms")
	return nil
}

// setAdminCookie sets the session's cookie. The area is never framed, so Lax is
// enough: the cookie does not travel with other sites' posts.
func (s *Site) setAdminCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: adminCookie, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	if s.plain {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // not Secure: development, as in session.go
			Name: adminTwin, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
}

// adminSession finds the administrator's session of a request; ErrNoSession if
// none is good.
func (s *Site) adminSession(r *http.Request) (*Session, error) {
	cookies := r.CookiesNamed(adminCookie)
	if s.plain {
		cookies = append(cookies, r.CookiesNamed(adminTwin)...)
	}
	for _, c := range cookies {
		if len(c.Value) > 128 {
			continue
		}
		session, err := s.o.Store.Session(r.Context(), hashOf(c.Value))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("web: admin session: %w", err)
		}
		if !session.administrative() || !session.ExpiresAt.After(s.wall()) {
			continue
		}
		switch err := s.admitted(r.Context(), &session); {
		case errors.Is(err, errCutOff):
			continue
		case err != nil:
			return nil, err
		}
		return &session, nil
	}
	return nil, fmt.Errorf("web: admin session: %w", ErrNoSession)
}

// asAdmin serves h to an administrator; others are told how to become one.
func (s *Site) asAdmin(h func(http.ResponseWriter, *http.Request, *Session) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := s.adminSession(r)
		if errors.Is(err, ErrNoSession) {
			return s.draw(w, http.StatusForbidden, "admin_signin", s.view(r).titled("admin.signin.title"), adminSignInPage{})
		}
		if err != nil {
			return err
		}
		return h(w, r, session)
	}
}

// adminSignOut ends the session here and in the store.
func (s *Site) adminSignOut(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := s.note(r, session, AuditEntry{Act: "signout", Tenant: session.Tenant}); err != nil {
		return err
	}
	if err := s.o.Store.DeleteSession(r.Context(), session.IDHash); err != nil {
		return fmt.Errorf("web: admin sign-out: %w", err)
	}
	s.setAdminCookie(w, "", -1)
	seeOther(w, r, "/admin/signin")
	return nil
}

// operator tells an administrator of the installation from one of a tenant.
func (s *Session) operator() bool { return s.Role == RoleOperator && s.Tenant == "" }

// administrative reports whether the session is one of the administration: a role of
// it, with the tenant that the role calls for.
func (s *Session) administrative() bool {
	return s.operator() || s.Role == RoleAdmin && s.Tenant != ""
}

// administers reports whether the session may see and change what a tenant has.
func (s *Session) administers(tenant string) bool {
	return s.operator() || s.Role == RoleAdmin && s.Tenant != "" && s.Tenant == tenant
}

// toAdmin leads an administrator of the LMS from the board of a course to the
// administration of their own tenant: from a frame by a link into a window of its
// own, where this session's cookie would not come along.
func (s *Site) toAdmin(w http.ResponseWriter, r *http.Request, session *Session) error {
	if !session.Administrator {
		return fmt.Errorf("administration asked for by a %s who is no administrator: %w", session.Role, errNotYours)
	}
	as := *session
	as.Role = RoleAdmin
	if err := s.admitted(r.Context(), &as); err != nil { // decided after the launch
		return err
	}
	link, err := s.adminLink(r.Context(), as)
	if err != nil {
		return err
	}
	if r.Header.Get("Sec-Fetch-Dest") == "document" {
		seeOther(w, r, strings.TrimPrefix(link, s.o.PublicURL))
		return nil
	}
	return s.draw(w, http.StatusOK, "toadmin", s.view(r).titled("admin.signin.title"), link)
}

// note writes what an administrator is about to do. What cannot be noted is not done.
func (s *Site) note(r *http.Request, session *Session, e AuditEntry) error {
	e.By, e.Person, e.Operator, e.RequestID = ByLink, session.Person, session.operator(), traceOf(r.Context()).id
	if session.Person != "" {
		e.By = ByLaunch
	}
	if len(session.IDHash) >= 12 {
		e.Session = session.IDHash[:12]
	}
	return s.Note(r.Context(), e)
}

// Note adds an entry to the log of administrators' acts; the command line does too.
func (s *Site) Note(ctx context.Context, e AuditEntry) error {
	e.ID, e.At = rand.Text(), s.wall()
	if err := s.o.Store.AddAudit(ctx, e); err != nil {
		return fmt.Errorf("web: note %s: %w", e.Act, err)
	}
	return nil
}
