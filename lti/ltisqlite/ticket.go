package ltisqlite

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// Ticket implements lti.Store.
func (s *Store) Ticket(ctx context.Context, purpose, hash string, now time.Time) (lti.Ticket, error) {
	return one(list[lti.Ticket](ctx, s.db, "ticket",
		`SELECT doc, 0 FROM lti_tickets WHERE hash = ? AND purpose = ? AND expires > ?`, []any{hash, purpose, now.UnixNano()}, nil))
}
