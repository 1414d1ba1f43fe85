package lti

import (
	"context"
	"time"
)

// Tickets is what a code that may be shown more than once needs.
type Tickets interface {
	// Ticket answers a ticket and leaves it where it is. ErrNotFound for an
	// unknown or expired one, or another purpose.
	Ticket(ctx context.Context, purpose, hash string, now time.Time) (Ticket, error)
}
