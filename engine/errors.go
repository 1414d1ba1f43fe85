package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The sentinels that every error of this package wraps, unless it comes from a store or another need.
var (
	ErrNotFound  = errors.New("not found")
	ErrForbidden = errors.New("not allowed")
	ErrInvalid   = errors.New("invalid")
	ErrConflict  = errors.New("conflict")
)

// Problem is one thing wrong with a definition. Line and Column count from 1; Path names the place as in
// `phases[1].steps[3].needs[0]`; Better says what would be right and may be empty. A Warning does not refuse the file.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	What    string `json:"what"`
	Better  string `json:"better,omitempty"`
	Warning bool   `json:"warning,omitempty"`
}

func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Column)
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Better != "" {
		b.WriteString("; " + p.Better)
	}
	return b.String()
}

// Problems are in the order of the file. As an error they wrap ErrInvalid.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) Unwrap() error { return ErrInvalid }

// Refused tells whether any problem is more than a warning.
func (ps Problems) Refused() bool {
	for _, p := range ps {
		if !p.Warning {
			return true
		}
	}
	return false
}

// Warnings are the problems that do not refuse the file.
func (ps Problems) Warnings() Problems {
	var out Problems
	for _, p := range ps {
		if p.Warning {
			out = append(out, p)
		}
	}
	return out
}

// FieldError says why one field of a hand-in falls short of the step's `done`. Field is a question id, a behaviour id
// prefixed "rating.", "files", "comment" or "email"; Key is a message key ("error.words_missing"), Args its named arguments.
type FieldError struct {
	Field string
	Key   string
	Args  map[string]any
}

func (e FieldError) Error() string { return fmt.Sprintf("%s: %s %v", e.Field, e.Key, e.Args) }
func (e FieldError) Unwrap() error { return ErrInvalid }

// FieldErrors are all shortcomings of one hand-in. They wrap ErrInvalid; find them with errors.As.
type FieldErrors []FieldError

func (es FieldErrors) Error() string {
	parts := make([]string, 0, len(es))
	for _, e := range es {
		parts = append(parts, e.Error())
	}
	return strings.Join(parts, "; ")
}

func (es FieldErrors) Unwrap() error { return ErrInvalid }

// RetryError is what a Gradebook or Mailer returns when the same call may succeed later. After is a wish, zero: soon.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return fmt.Sprintf("try again after %s: %v", e.After, e.Err) }
func (e *RetryError) Unwrap() error { return e.Err }

// RefusedError is what a Gradebook returns when the LMS will not take a grade and said why. Cause is a short word of its.
type RefusedError struct {
	Cause string
	Err   error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("refused (%s): %v", e.Cause, e.Err) }
func (e *RefusedError) Unwrap() error { return e.Err }

// UnreachableError is what a Mailer returns when the receiver's address is refused for good: a hard bounce.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string { return "unreachable: " + e.Err.Error() }
func (e *UnreachableError) Unwrap() error { return e.Err }

// GoneError is what a Chat returns when an endpoint is not there any more.
type GoneError struct{ Err error }

func (e *GoneError) Error() string { return "gone: " + e.Err.Error() }
func (e *GoneError) Unwrap() error { return e.Err }
