package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// Failures of the site itself; the table says what people see of them.
var (
	errNoPage    = errors.New("web: no such page")
	errMethod    = errors.New("web: method not allowed")
	errOtherSite = errors.New("web: request from another site")
	errNotYours  = errors.New("web: not yours")
	errBroken    = errors.New("web: broken")
	errTooLarge  = errors.New("web: too large")
	errNotReady  = errors.New("web: not ready")
	errAdminLink = errors.New("web: no link for administrators")
	errCutOff    = errors.New("web: the platform is cut off")
)

// failure is what an error looks like: a status and the topic of its messages,
// page.error.<topic>.title and .text.
type failure struct {
	status int
	topic  string
}

// classify is the one table of errors. What is not in it is ours to mend: 500.
func classify(err error) failure {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong), errors.Is(err, errTooLarge):
		return failure{http.StatusRequestEntityTooLarge, "too_large"}
	case errors.Is(err, errNoPage):
		return failure{http.StatusNotFound, "no_page"}
	case errors.Is(err, errMethod):
		return failure{http.StatusMethodNotAllowed, "method"}
	case errors.Is(err, errOtherSite):
		return failure{http.StatusForbidden, "other_site"}
	case errors.Is(err, ErrToken):
		return failure{http.StatusNotFound, "link"}
	case errors.Is(err, errAdminLink):
		return failure{http.StatusForbidden, "admin_link"}
	case errors.Is(err, errCutOff):
		return failure{http.StatusForbidden, "cut_off"}
	case errors.Is(err, lti.ErrForbidden):
		return failure{http.StatusForbidden, "operator_only"}
	case errors.Is(err, ErrNoSession):
		return failure{http.StatusForbidden, "no_session"}
	case errors.Is(err, errNotYours), errors.Is(err, engine.ErrForbidden), errors.Is(err, lti.ErrLaunch):
		return failure{http.StatusForbidden, "forbidden"}
	case errors.Is(err, engine.ErrNotFound), errors.Is(err, ErrNotFound), errors.Is(err, lti.ErrNotFound):
		return failure{http.StatusNotFound, "not_found"}
	case errors.Is(err, ErrUpload), errors.Is(err, engine.ErrInvalid):
		return failure{http.StatusUnprocessableEntity, "invalid"}
	case errors.Is(err, engine.ErrConflict), errors.Is(err, lti.ErrConflict):
		return failure{http.StatusConflict, "conflict"}
	case errors.Is(err, errNotReady), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return failure{http.StatusServiceUnavailable, "not_ready"}
	default:
		return failure{http.StatusInternalServerError, "broken"}
	}
}

// errorPage is the Body of the error page.
type errorPage struct {
	Topic    string
	Relaunch string // where the LMS starts the activity again; may be empty
	Home     string // the session's home; may be empty
	ShowID   bool   // the request id helps only where somebody must look
}

// drawError logs what is ours to mend and draws the page of an error.
func (s *Site) drawError(w http.ResponseWriter, r *http.Request, err error) {
	t := traceOf(r.Context())
	f := classify(err)
	level := s.log.InfoContext
	if f.status >= 500 {
		level = s.log.ErrorContext
	}
	level(r.Context(), "refused", "request_id", t.id, "route", t.route, "status", f.status, "error", err)
	body := errorPage{Topic: f.topic, ShowID: f.status >= 500 || f.status == http.StatusConflict}
	v := s.view(r).titled("page.error." + f.topic + ".title")
	if t.session != nil {
		body.Relaunch, body.Home = t.session.RelaunchURL, v.Base+"/"
		setPolicy(w.Header(), t.session.Ancestors)
	}
	if f.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "GET, HEAD")
	}
	if r.Method == http.MethodPost && f.topic == "too_large" {
		w.Header().Set("Connection", "close")
	}
	if err := s.draw(w, f.status, "error", v, body); err != nil {
		s.log.ErrorContext(r.Context(), "draw error page", "request_id", t.id, "error", err)
		http.Error(w, http.StatusText(f.status)+" ("+t.id+")", f.status)
	}
}
