package main

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	hopLimit    = 2000                  // sweeps in one move of the clock
	hopTime     = 20 * time.Second      // real time that one move may take
	hopPatience = 3 * time.Second       // real time for what is due at one moment: a worker may just have it in its hands
	hopPause    = 20 * time.Millisecond // between two looks at it
)

// hoppingClock moves the development clock from alarm to alarm: what would have
// happened meanwhile happens at its own time, in the order it would have, and a
// week's nudges carry the days they belong to. It is the clock of processes that
// run the worker; before their house is built it moves like any other.
type hoppingClock struct {
	*devClock
	house atomic.Pointer[house]
}

// Advance moves the clock forward by d, hopping.
func (c *hoppingClock) Advance(d time.Duration) error {
	h := c.house.Load()
	if h == nil {
		return c.devClock.Advance(d)
	}
	target := c.Now().Add(d)
	ctx, cancel := context.WithTimeout(context.Background(), hopTime)
	defer cancel()
	names, err := h.tenantNames(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := h.hop(ctx, name, target); err != nil && ctx.Err() == nil {
			return err
		}
	}
	if rest := target.Sub(c.Now()); rest > 0 {
		return c.devClock.Advance(rest)
	}
	return nil
}

// hop goes through a tenant's alarms until target.
func (h *house) hop(ctx context.Context, tenant string, target time.Time) error {
	service, err := h.engine(ctx, tenant)
	if err != nil {
		return err
	}
	since := time.Now() // nothing is due from then on but what another worker does, or what cannot be done now
	for range hopLimit {
		next, ok, err := service.NextAlarm(ctx, target)
		if err != nil || !ok {
			return err
		}
		if wait := next.Sub(h.now()); wait > 0 {
			if err := h.clock.Advance(wait); err != nil {
				return err
			}
			since = time.Now()
		}
		report, err := service.Sweep(ctx, h.name+"-hop")
		if err != nil {
			return err
		}
		if report.Woken+report.Delivered > 0 {
			since = time.Now()
			continue
		}
		if time.Since(since) > hopPatience {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(hopPause):
		}
	}
	return nil
}
