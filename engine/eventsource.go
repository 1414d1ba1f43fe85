package engine

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// EventSource is a system that sends signed business events. Its secret is derived from the installation's key and Salt,
// so it is kept nowhere.
type EventSource struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Salt      string    `json:"salt"`
	PerMinute int       `json:"per_minute"` // requests it may send
	CreatedAt time.Time `json:"created_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// EventSourceStore keeps event sources.
type EventSourceStore interface {
	// PutEventSource upserts by id.
	PutEventSource(ctx context.Context, src EventSource) error
	EventSource(ctx context.Context, id string) (EventSource, error)
	// EventSources lists them by CreatedAt (at most 1,000), revoked ones too.
	EventSources(ctx context.Context) ([]EventSource, error)
}

// AddEventSource makes a source of signed events.
func (s *Service) AddEventSource(ctx context.Context, name string, perMinute int) (EventSource, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 200 || strings.ContainsAny(name, "\r\n") || perMinute < 1 || perMinute > 100_000 {
		return EventSource{}, fmt.Errorf("add event source: a name of up to 200 bytes and 1 to 100,000 requests a minute are needed: %w", ErrInvalid)
	}
	src := EventSource{ID: strings.ReplaceAll(s.o.NewID(), "-", ""), Name: name, Salt: s.o.NewID(), PerMinute: perMinute, CreatedAt: s.now()}
	if err := s.o.Store.PutEventSource(ctx, src); err != nil {
		return EventSource{}, fmt.Errorf("add event source: %w", err)
	}
	return src, nil
}

// EventSource is one source, revoked or not.
func (s *Service) EventSource(ctx context.Context, id string) (EventSource, error) {
	src, err := s.o.Store.EventSource(ctx, id)
	if err != nil {
		return EventSource{}, fmt.Errorf("load event source: %w", err)
	}
	return src, nil
}

// EventSources are all sources, oldest first.
func (s *Service) EventSources(ctx context.Context) ([]EventSource, error) {
	all, err := s.o.Store.EventSources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list event sources: %w", err)
	}
	return all, nil
}

// RevokeEventSource ends a source at once and for good; what it sent stays.
func (s *Service) RevokeEventSource(ctx context.Context, id string) error {
	src, err := s.EventSource(ctx, id)
	if err != nil || !src.RevokedAt.IsZero() {
		return err
	}
	src.RevokedAt = s.now()
	if err := s.o.Store.PutEventSource(ctx, src); err != nil {
		return fmt.Errorf("revoke event source: %w", err)
	}
	return nil
}

// TurnEventSource gives a source another secret; the old one ends at once.
func (s *Service) TurnEventSource(ctx context.Context, id string) (EventSource, error) {
	src, err := s.EventSource(ctx, id)
	if err != nil {
		return src, err
	}
	src.Salt = s.o.NewID()
	if err := s.o.Store.PutEventSource(ctx, src); err != nil {
		return src, fmt.Errorf("turn event source: %w", err)
	}
	return src, nil
}
