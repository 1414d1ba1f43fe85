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

// ServiceError is a failed call of a platform's service. errors.Is says whether
// to try again (ErrRetry) or to give up (ErrRefused).
type ServiceError struct {
	Op     string        // "token", "score", "members", "line items"
	Status int           // HTTP status, 0 if there was no answer
	Code   string        // of a refused token: OAuth's, or one of ours; may be empty
	Detail string        // for an administrator; no personal data
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

// Unwrap gives the kind and the cause.
func (e *ServiceError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
