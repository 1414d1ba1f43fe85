package engine

import (
	"context"
	"fmt"
	"sync/atomic"
)

// ErrStale is ErrConflict of a change that was meant for another revision of the enrolment, see IfRev.
var ErrStale = fmt.Errorf("changed meanwhile: %w", ErrConflict)

type revKey struct{}

// ifRev is at which revision of which enrolment a change counts, until it was made.
type ifRev struct {
	enrolment EnrolmentID
	rev       int64
	made      atomic.Bool
}

// IfRev makes the next change of one enrolment under the context count only at this revision (Enrolment.Rev): an answer to
// a page that shows an older state is refused with ErrStale. It ends with the first change that is saved, and says nothing
// of other enrolments: what a change brings about elsewhere is no answer to that page.
func IfRev(ctx context.Context, id EnrolmentID, rev int64) context.Context {
	return context.WithValue(ctx, revKey{}, &ifRev{enrolment: id, rev: rev})
}

// freshFor refuses a change that was meant for another revision.
func freshFor(ctx context.Context, e *Enrolment) error {
	if at, ok := ctx.Value(revKey{}).(*ifRev); ok && at.enrolment == e.ID && !at.made.Load() && at.rev != e.Rev {
		return fmt.Errorf("enrolment %s is at revision %d, not %d: %w", e.ID, e.Rev, at.rev, ErrStale)
	}
	return nil
}

// madeFresh ends IfRev for an enrolment that was saved.
func madeFresh(ctx context.Context, id EnrolmentID) {
	if at, ok := ctx.Value(revKey{}).(*ifRev); ok && at.enrolment == id {
		at.made.Store(true)
	}
}
