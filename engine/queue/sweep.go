package queue

import (
	"context"
	"errors"
	"time"
)

// sweeps runs the sweep of every tenant at once, every SweepEvery, and when the
// development clock has moved, until ctx ends.
func (w *Worker) sweeps(ctx context.Context) {
	ticker := time.NewTicker(w.o.SweepEvery)
	defer ticker.Stop()
	moved := w.o.ClockMoved
	for {
		w.sweepAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case _, open := <-moved:
			if !open {
				moved = nil // nobody moves it any more
			}
		}
	}
}

// sweepAll sweeps one tenant after the other; trouble with one does not keep the
// others waiting for more than its time-out.
func (w *Worker) sweepAll(ctx context.Context) {
	tenants, err := w.o.Tenants(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.log.ErrorContext(ctx, "sweep: list tenants", "error", err)
		}
		return
	}
	for _, tenant := range tenants {
		if ctx.Err() != nil {
			return
		}
		w.sweep(ctx, tenant)
	}
}

// sweep repeats while there is something to do: what one sweep wakes, the next
// may have to send.
func (w *Worker) sweep(ctx context.Context, tenant string) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	log := w.log.With("tenant", tenant)
	e, err := w.engines(ctx, tenant)
	if err != nil {
		if ctx.Err() == nil {
			log.ErrorContext(ctx, "sweep: engine", "error", err)
		}
		return
	}
	for range maxSweeps {
		started := time.Now()
		report, err := e.Sweep(ctx, w.o.Holder)
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			return // shutting down
		case err != nil:
			log.ErrorContext(ctx, "sweep", "error", err)
			return
		case report.Held:
			return
		}
		did := report.Woken + report.Relayed + report.Delivered
		if did == 0 && report.Failed == 0 {
			return
		}
		log.InfoContext(ctx, "swept", "woken", report.Woken, "relayed", report.Relayed, "delivered", report.Delivered,
			"failed", report.Failed, "took", time.Since(started).Round(time.Millisecond), "engine_time", w.o.Now().UTC())
		if did == 0 {
			return // only failures: not before the next round
		}
	}
}
