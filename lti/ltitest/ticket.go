package ltitest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func ticketIsLookedAt(t *testing.T, ctx context.Context, s lti.Store) {
	want := lti.Ticket{Hash: "hash", Purpose: "canvas", Tenant: "main", ExpiresAt: start().Add(time.Hour)}
	ok(t, s.PutTicket(ctx, want))
	for range 2 { // looking takes nothing
		have, err := s.Ticket(ctx, "canvas", "hash", start())
		if err != nil || have.Tenant != "main" || !have.ExpiresAt.Equal(want.ExpiresAt) {
			t.Fatalf("have %+v, %v", have, err)
		}
	}
	for name, look := range map[string]func() (lti.Ticket, error){
		"of another purpose": func() (lti.Ticket, error) { return s.Ticket(ctx, "invite", "hash", start()) },
		"unknown":            func() (lti.Ticket, error) { return s.Ticket(ctx, "canvas", "other", start()) },
		"expired":            func() (lti.Ticket, error) { return s.Ticket(ctx, "canvas", "hash", start().Add(time.Hour)) },
	} {
		if _, err := look(); !errors.Is(err, lti.ErrNotFound) {
			t.Errorf("a ticket %s: %v", name, err)
		}
	}
}
