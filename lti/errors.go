package lti

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// What can go wrong; errors of this package wrap one of these.
var (
	ErrNotFound  = errors.New("lti: not found")
	ErrConflict  = errors.New("lti: conflict")
	ErrSecret    = errors.New("lti: sealed with another secret; name the secret key of that time as the previous one")
	ErrLaunch    = errors.New("lti: launch refused")            // every *Rejection
	ErrRetry     = errors.New("lti: platform not ready")        // try again, see ServiceError.After
	ErrRefused   = errors.New("lti: platform refused for good") // trying again does not help
	ErrForbidden = errors.New("lti: not allowed")               // somebody with more authority decided otherwise
)

// Cause is a stable word for what is wrong with a platform or its services. The
// catalogues say it, and what to do, in plain language (admin.cause.<cause>).
type Cause string

// Causes of a ServiceError; its Detail says the same in one English sentence.
const (
	CauseKeys        Cause = "keys_unreachable"  // the platform cannot fetch our keys
	CauseKeyUnknown  Cause = "key_unknown"       // it has our keys, but not this one
	CauseSignature   Cause = "signature"         // it holds another key of ours
	CauseClock       Cause = "clock"             // the clocks differ
	CauseClient      Cause = "client_unknown"    // it does not know our client id
	CauseScope       Cause = "scope_missing"     // it did not grant a scope
	CauseSuspended   Cause = "suspended"         // the registration is suspended here
	CauseNoService   Cause = "service_missing"   // the launch named no such service
	CauseNoAnswer    Cause = "no_answer"         // unreachable, or too slow
	CauseBusy        Cause = "busy"              // rate limit, maintenance, fault
	CauseToken       Cause = "token_refused"     // a fresh token is not accepted
	CauseForbidden   Cause = "forbidden"         // 403
	CauseGone        Cause = "gone"              // 404, 410: deleted over there
	CauseNotGradable Cause = "not_gradable"      // the person is no student there
	CauseStale       Cause = "stale"             // it holds a newer grade
	CauseAnswer      Cause = "answer_unreadable" // the answer breaks the specification
	CauseRedirect    Cause = "redirect"          // services are not followed elsewhere
	CauseRefused     Cause = "refused"           // it did not say why
	CauseInternal    Cause = "internal"          // our own store or key, not the platform
	CauseInvalid     Cause = "invalid"           // we would not send this
)

// ServiceError is a failed call of a platform's service. errors.Is says whether
// to try again (ErrRetry) or to give up (ErrRefused).
type ServiceError struct {
	Op     string        // "token", "score", "members", "line items"
	Status int           // HTTP status, 0 if there was no answer
	Code   string        // OAuth's, of a refused token; may be empty
	Detail string        // for an administrator; no personal data
	Cause  Cause         // "" if nothing is known
	Scope  string        // CauseScope: the scope that is missing
	After  time.Duration // ErrRetry: wait at least this long
	Kind   error         // ErrRetry or ErrRefused
	Err    error         // cause, may be nil
}

func (e *ServiceError) Error() string {
	s := fmt.Sprintf("lti: %s: %s", e.Op, e.Detail)
	if e.Status != 0 {
		s = fmt.Sprintf("lti: %s: HTTP %d: %s", e.Op, e.Status, e.Detail)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// CauseOf is what an administrator is told of a failed call: the Cause of a
// ServiceError, where there was no answer what kept us from reaching the platform.
func CauseOf(err error) Cause {
	var e *ServiceError
	switch {
	case !errors.As(err, &e):
		return CauseInternal
	case e.Cause == CauseNoAnswer:
		return reachCause(err)
	}
	return cmp.Or(e.Cause, CauseRefused)
}

// Unwrap gives the kind and the cause.
func (e *ServiceError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
