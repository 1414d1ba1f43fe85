package lti

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scopes of the services.
const (
	scopeLineItem     = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
	scopeLineItemRead = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
	scopeScore        = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	scopeResult       = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
	scopeMembers      = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
	scopeGroups       = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
	scopeNotices      = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
)

const (
	retryAfter  = 30 * time.Second
	retryAtMost = time.Hour
)

// call is one call of a service.
type call struct {
	op, scope, method, url string
	or                     string // a scope that does as well, "" if none
	accept, contentType    string
	body                   []byte
}

// refused is a call that is not tried, or whose answer is of no use.
func refused(op string, cause Cause, detail string) *ServiceError {
	return &ServiceError{Op: op, Kind: ErrRefused, Cause: cause, Detail: detail}
}

// missingScope says which scope is missing and where it is switched on.
func missingScope(op, scope string, family Family) *ServiceError {
	e := refused(op, CauseScope, "the platform did not grant the scope "+scope)
	e.Scope = scope
	switch {
	case family == FamilyMoodle && scope == scopeMembers:
		e.Detail += "; in Moodle it is the tool's setting Services > IMS LTI Names and Role Provisioning"
	case family == FamilyMoodle:
		e.Detail += "; in Moodle it is the tool's setting Services > IMS LTI Assignment and Grade Services"
	case family == FamilyCanvas:
		e.Detail += "; in Canvas it is a switch of the LTI developer key, under Scopes"
	}
	return e
}

// call sends a request with a token, once more with a new token after a 401, and
// answers what came back; if its status is none of the good ones, the body and an
// error that leaves it out. A scope that the
// platform is known not to grant is not asked for.
func (t *Tool) call(ctx context.Context, course CourseKey, c call) (*http.Response, []byte, error) {
	reg, err := t.store.Registration(ctx, course.Registration)
	if err != nil {
		return nil, nil, fmt.Errorf("lti: %s: %w", c.op, err)
	}
	has := func(scope string) bool { return scope != "" && slices.Contains(reg.Scopes, scope) }
	switch {
	case reg.Status != StatusActive:
		return nil, nil, refused(c.op, CauseSuspended, "this registration is "+reg.Status)
	case !t.platformURL(c.url):
		return nil, nil, refused(c.op, CauseNoService, "the platform named no https URL for this service")
	case len(reg.Scopes) > 0 && !has(c.scope) && has(c.or):
		c.scope, c.or = c.or, ""
	case len(reg.Scopes) > 0 && !has(c.scope):
		return nil, nil, missingScope(c.op, c.scope, reg.Family())
	}
	spent := ""
	for {
		access, err := t.access(ctx, reg, course.Deployment, c.scope, spent)
		var failure *ServiceError
		if c.or != "" && errors.As(err, &failure) && failure.Cause == CauseScope {
			c.scope, c.or = c.or, ""
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		res, body, err := t.send(ctx, c, access) //nolint:bodyclose // send has read and closed it
		if err != nil {
			return nil, nil, err
		}
		if res.StatusCode == http.StatusUnauthorized && spent == "" {
			spent = access
			continue
		}
		if res.StatusCode < 200 || res.StatusCode > 299 {
			return nil, body, failed(c.op, res, body)
		}
		return res, body, nil
	}
}

// send sends one request with a token.
func (t *Tool) send(ctx context.Context, c call, access string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, bytes.NewReader(c.body))
	if err != nil {
		return nil, nil, fmt.Errorf("lti: %s: %w", c.op, err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	if c.accept != "" {
		req.Header.Set("Accept", c.accept)
	}
	if c.contentType != "" {
		req.Header.Set("Content-Type", c.contentType)
	}
	return t.do(req, c.op)
}

// do sends a request and reads a bounded answer.
func (t *Tool) do(req *http.Request, op string) (*http.Response, []byte, error) {
	retry := func(status int, err error) error {
		return &ServiceError{Op: op, Status: status, Kind: ErrRetry, Cause: CauseNoAnswer, After: retryAfter, Detail: "no answer from the platform", Err: err}
	}
	res, err := t.o.Client.Do(req)
	if err != nil {
		return nil, nil, retry(0, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, retry(res.StatusCode, err)
	}
	if len(body) > maxAnswer {
		e := refused(op, CauseAnswer, "the answer is too long")
		e.Status = res.StatusCode
		return nil, nil, e
	}
	return res, body, nil
}

// failed turns a status into an error that says whether to try again. The body is
// left out: it may speak of a person.
func failed(op string, res *http.Response, body []byte) *ServiceError {
	e := &ServiceError{Op: op, Status: res.StatusCode, Kind: ErrRefused, Detail: "the platform refused"}
	s := res.StatusCode
	throttled := s == http.StatusForbidden && bytes.Contains(body, []byte("Rate Limit Exceeded")) // Canvas
	switch {
	case throttled, s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusLocked,
		s >= 500 && s != http.StatusNotImplemented:
		e.Kind, e.Cause, e.Detail, e.After = ErrRetry, CauseBusy, "the platform is not ready", retryAfter
		if after, ok := readRetryAfter(res.Header); ok {
			e.After = after
		}
	case s == http.StatusUnauthorized:
		e.Cause, e.Detail = CauseToken, "the platform does not accept our token; are the service and the tool switched on there?"
	case s == http.StatusForbidden:
		e.Cause, e.Detail = CauseForbidden, "the platform forbids this"
	case s == http.StatusNotFound, s == http.StatusGone:
		e.Cause, e.Detail = CauseGone, "the platform has this no longer"
	case s >= 300 && s < 400:
		e.Cause, e.Detail = CauseRedirect, "the platform redirects its service, which is not followed"
	}
	return e
}

// readRetryAfter reads the header as seconds or as a date against the answer's own Date.
func readRetryAfter(h http.Header) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.Atoi(v); err == nil && s >= 0 {
		return min(time.Duration(min(s, 1<<20))*time.Second, retryAtMost), true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	sent, err := http.ParseTime(h.Get("Date"))
	if err != nil || at.Before(sent) {
		return 0, false
	}
	return min(at.Sub(sent), retryAtMost), true
}

// After answers how long to wait before trying err's call again; false if that
// would not help.
func After(err error) (time.Duration, bool) {
	if !errors.Is(err, ErrRetry) {
		return 0, false
	}
	var e *ServiceError
	if errors.As(err, &e) {
		return e.After, true
	}
	return retryAfter, true
}
