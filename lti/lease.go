package lti

import (
	"context"
	"time"
)

// Leases are rights that one process has at a time, on real time.
type Leases interface {
	// TakeLease is true if the lease is free, expired at now or already the
	// holder's; it then lasts until until.
	TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// ReleaseLease frees it if it is the holder's.
	ReleaseLease(ctx context.Context, name, holder string) error
}
