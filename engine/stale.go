package engine

import (
	"context"
	"fmt"
)

// ErrStale is ErrConflict of a change that was meant for another revision of the enrolment, see IfRev.
var ErrStale = fmt.Errorf("changed meanwhile: %w", ErrConflict)

type revKey struct{}

// IfRev makes the changes of enrolments under the context count only at this revision (Enrolment.Rev): an answer to a
// page that shows an older state is refused with ErrStale.
func IfRev(ctx context.Context, rev int64) context.Context {
	return context.WithValue(ctx, revKey{}, rev)
}

// freshFor refuses a change that was meant for another revision.
func freshFor(ctx context.Context, e *Enrolment) error {
	if rev, ok := ctx.Value(revKey{}).(int64); ok && rev != e.Rev {
		return fmt.Errorf("enrolment %s is at revision %d, not %d: %w", e.ID, e.Rev, rev, ErrStale)
	}
	return nil
}
