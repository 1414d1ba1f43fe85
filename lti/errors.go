package lti

import (
	"errors"
	"fmt"
	"time"
)

// What can go wrong; errors of this package wrap one of these.
var (
	ErrNotFound = errors.New("lti: not found")
	ErrConflict = errors.New("lti: conflict")
	ErrSecret   = errors.New("lti: sealed with another secret; name the secret key of that time as the previous one")
	ErrLaunch   = errors.New("lti: launch refused")            // every *Rejection
	ErrRetry    = errors.New("lti: platform not ready")        // try again, see ServiceError.After
	ErrRefused  = errors.New("lti: platform refused for good") // trying again does not help
)

// Causes of a ServiceError, for pages that explain them; Detail says the same in
// one English sentence.
const (
	CauseKeys        = "keys_unreachable"  // the platform cannot fetch our keys
	CauseKeyUnknown  = "key_unknown"       // it has our keys, but not this one
	CauseSignature   = "signature"         // it holds another key of ours
	CauseClock       = "clock"             // the clocks differ
	CauseClient      = "client_unknown"    // it does not know our client id
	CauseScope       = "scope_missing"     // it did not grant a scope
	CauseSuspended   = "suspended"         // the registration is suspended here
	CauseNoService   = "service_missing"   // the launch named no such service
	CauseNoAnswer    = "no_answer"         // unreachable, or too slow
	CauseBusy        = "busy"              // rate limit, maintenance, fault
	CauseToken       = "token_refused"     // a fresh token is not accepted
	CauseForbidden   = "forbidden"         // 403
	CauseGone        = "gone"              // 404, 410: deleted over there
	CauseNotGradable = "not_gradable"      // the person is no student there
	CauseStale       = "stale"             // it holds a newer grade
	CauseAnswer      = "answer_unreadable" // the answer breaks the specification
	CauseRedirect    = "redirect"          // services are not followed elsewhere
	CauseInvalid     = "invalid"           // we would not send this
)

// ServiceError is a failed call of a platform's service. errors.Is says whether
// to try again (ErrRetry) or to give up (ErrRefused).
type ServiceError struct {
	Op     string        // "token", "score", "members", "line items"
	Status int           // HTTP status, 0 if there was no answer
	Code   string        // of a refused token: OAuth's, or one of ours; may be empty
	Detail string        // for an administrator; no personal data
	Cause  string        // one of the Cause constants; "" if nothing is known
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

// causeOf is the Cause of a failed call, "" of any other error.
func causeOf(err error) string {
	var e *ServiceError
	if errors.As(err, &e) {
		return e.Cause
	}
	return ""
}

// Unwrap gives the kind and the cause.
func (e *ServiceError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
