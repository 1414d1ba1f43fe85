package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// A mail to a learner leads through /n/{token} back into the LMS. Following it changes nothing here: mail scanners follow
// links. The browser keeps the token for half an hour, and the launch that comes with it says that the message was opened.
// The links of reviewers carry the token along, and their answer says so.
const (
	purposeNudge = "n1"
	nudgeParam   = "n"
	nudgeCookie  = "cairn-nudge"
	nudgeLife    = 30 * 60 // seconds
)

// NudgeToken names a message.
type NudgeToken struct {
	Tenant  string
	Message engine.MessageID
}

// Nudge is the link in a message that leads on to a page of ours or of the LMS and tells which message led there.
func (l Links) Nudge(tenant string, m engine.MessageID, to string) string {
	token := l.seal(purposeNudge, tenant, string(m), "")
	if strings.HasPrefix(to, l.PublicURL+"/r/") {
		return to + "?" + nudgeParam + "=" + token
	}
	if strings.HasPrefix(to, l.PublicURL+"/w/") { // what is opened there says so itself
		return to
	}
	return l.PublicURL + "/n/" + token
}

// ReadNudge opens the token of such a link; ErrToken if it is not ours.
func (l Links) ReadNudge(token string) (NudgeToken, error) {
	f, err := l.open(token, purposeNudge)
	if err != nil {
		return NudgeToken{}, err
	}
	return NudgeToken{Tenant: f[0], Message: engine.MessageID(f[1])}, nil
}

// followNudge sends a learner from a mail back into the LMS.
func (s *Site) followNudge(w http.ResponseWriter, r *http.Request) error {
	tokenPage(w.Header())
	raw := mux.Vars(r)["token"]
	token, err := s.o.Links.ReadNudge(raw)
	if err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), token.Tenant)
	if err != nil {
		return err
	}
	to, err := service.NudgeTarget(r.Context(), token.Message)
	if err != nil {
		return fmt.Errorf("web: follow a nudge: %w", err)
	}
	if u, err := url.Parse(to); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("web: follow a nudge: it leads nowhere: %w", errNoPage)
	}
	s.keepNudge(w, raw, nudgeLife)
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // the address of the launch, as the platform signed it
	return nil
}

func (s *Site) keepNudge(w http.ResponseWriter, token string, life int) {
	c := http.Cookie{Name: nudgeCookie, Value: token, Path: "/", MaxAge: life, HttpOnly: true, Secure: !s.plain, SameSite: http.SameSiteNoneMode}
	if s.plain {
		c.SameSite = http.SameSiteLaxMode
	}
	http.SetCookie(w, &c)
}

// openedBy notes that a launch or an answer was the first act after a message. It never stands in the way of the act.
func (s *Site) openedBy(r *http.Request, service *engine.Service, tenant string, person engine.PersonID, raw string) {
	token, err := s.o.Links.ReadNudge(raw)
	if err != nil || token.Tenant != tenant {
		return
	}
	err = service.NudgeOpened(r.Context(), person, token.Message)
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		s.log.WarnContext(r.Context(), "note that a message was opened", "request_id", traceOf(r.Context()).id, "error", err)
	}
}

// launchedBy is openedBy for a launch.
func (s *Site) launchedBy(w http.ResponseWriter, r *http.Request, service *engine.Service, tenant string, person engine.PersonID) {
	if c, err := r.Cookie(nudgeCookie); err == nil && len(c.Value) <= maxToken {
		s.openedBy(r, service, tenant, person, c.Value)
		s.keepNudge(w, "", -1)
	}
}
