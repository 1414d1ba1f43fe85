package lrs

import "context"

// Store keeps the statements of one tenant.
type Store interface {
	Ping(ctx context.Context) error
}
