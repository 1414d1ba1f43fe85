package web

import (
	"context"
	"time"
)

// Installation is what serve knows about itself and commands cannot know: they
// run on a shell that was told none of serve's flags.
type Installation struct {
	PublicURL string    `json:"public_url"` // since the last start of serve
	StartedAt time.Time `json:"started_at"`
}

// Installations keeps the one Installation.
type Installations interface {
	PutInstallation(ctx context.Context, i Installation) error
	// Installation is the last one put; ErrNotFound before the first start.
	Installation(ctx context.Context) (Installation, error)
}
