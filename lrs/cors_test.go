package lrs

import (
	"context"
	"errors"
	"testing"
	"time"
)

// slowKeys answers when it is told to, or gives up with the request.
type slowKeys struct {
	KeyStore
	asked  chan struct{}
	answer chan []Key
}

func (s slowKeys) KeysWithOrigins(ctx context.Context) ([]Key, error) {
	s.asked <- struct{}{}
	select {
	case list := <-s.answer:
		return list, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestAControlStoreThatHangsHoldsUpOneRequestOnly(t *testing.T) {
	keys := slowKeys{asked: make(chan struct{}), answer: make(chan []Key)}
	var o origins
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	type told struct {
		allowed bool
		err     error
	}
	ask := func(ctx context.Context, origin string) chan told {
		out := make(chan told, 1)
		go func() {
			allowed, err := o.allows(ctx, keys, origin, now)
			out <- told{allowed, err}
		}()
		return out
	}
	want := func(got, want told) {
		t.Helper()
		if got.allowed != want.allowed || !errors.Is(got.err, want.err) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()

	// As long as nothing is known, all wait for the one that asks, or leave.
	one := ask(t.Context(), "https://a.example")
	<-keys.asked
	want(<-ask(gone, "https://a.example"), told{false, context.Canceled})
	two := ask(t.Context(), "https://a.example")
	keys.answer <- []Key{{Origins: []string{"https://a.example"}}}
	want(<-one, told{true, nil})
	want(<-two, told{true, nil})

	// Later what was known serves the others.
	now = now.Add(originsFor)
	leaving, leave := context.WithCancel(t.Context())
	one = ask(leaving, "https://b.example")
	<-keys.asked
	for range 3 {
		want(<-ask(t.Context(), "https://a.example"), told{true, nil})
	}
	leave()
	want(<-one, told{false, context.Canceled})

	// The next one asks again.
	one = ask(t.Context(), "https://b.example")
	<-keys.asked
	keys.answer <- []Key{{Origins: []string{"https://b.example"}}}
	want(<-one, told{true, nil})
	want(<-ask(t.Context(), "https://a.example"), told{false, nil})
}
