package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

// leaseTime is how long a kept lease outlives a process that died with it, in real time.
const leaseTime = 10 * time.Second

// lease is a right that one worker has at a time, renewed from beside until it is given back.
type lease struct {
	s            *Service
	name, holder string
	end          context.CancelFunc
	kept         sync.WaitGroup
}

// lease takes the right called name and keeps it; nil: another worker has it. What is done by that right is done under
// the context it answers, which ends when the right is lost.
func (s *Service) lease(ctx context.Context, name string) (context.Context, *lease, error) {
	return s.leaseAs(ctx, name, rand.Text())
}

// leaseAs is the same for a holder with a name: it has the right again at once if it had it when it died.
func (s *Service) leaseAs(ctx context.Context, name, holder string) (context.Context, *lease, error) {
	l := &lease{s: s, name: name, holder: holder}
	if mine, err := l.take(ctx); err != nil || !mine {
		return ctx, nil, err
	}
	ctx, l.end = context.WithCancel(ctx)
	l.kept.Go(func() { l.keep(ctx) })
	return ctx, l, nil
}

// How often and how long apart a right is asked for that others have for moments only.
const (
	turnTries = 100
	turnPause = 50 * time.Millisecond
)

// leaseInTurn is lease for what takes moments: it waits for those who have the right. ErrConflict: they keep it.
func (s *Service) leaseInTurn(ctx context.Context, name string) (context.Context, *lease, error) {
	ticker := time.NewTicker(turnPause)
	defer ticker.Stop()
	for range turnTries {
		held, right, err := s.lease(ctx, name)
		if err != nil || right != nil {
			return held, right, err
		}
		select {
		case <-ctx.Done():
			return ctx, nil, fmt.Errorf("take the lease %s: %w", name, ctx.Err())
		case <-ticker.C:
		}
	}
	return ctx, nil, fmt.Errorf("take the lease %s: others keep it: %w", name, ErrConflict)
}

func (l *lease) take(ctx context.Context) (bool, error) {
	now := l.s.o.Wall()
	mine, err := l.s.o.Store.TakeLease(ctx, l.name, l.holder, now, now.Add(leaseTime))
	if err != nil {
		return false, fmt.Errorf("take the lease %s: %w", l.name, err)
	}
	return mine, nil
}

func (l *lease) keep(ctx context.Context) {
	ticker := time.NewTicker(leaseTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if mine, err := l.take(ctx); err != nil || !mine {
			l.end()
			return
		}
	}
}

// giveBack ends the lease and its context; the next worker may have it at once.
func (l *lease) giveBack(ctx context.Context) {
	l.end()
	l.kept.Wait()
	if err := l.s.o.Store.ReleaseLease(context.WithoutCancel(ctx), l.name, l.holder); err != nil {
		l.s.o.Log.Warn("give back a lease", "lease", l.name, "error", err)
	}
}
