package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/engine"
)

const (
	followPoll  = time.Second // for statements that other processes stored
	followLease = 10 * time.Second
	followEvery = 100 * time.Millisecond // at most, while statements come without pause
	tenantPoll  = 15 * time.Second
)

// follow feeds every statement of every tenant to its engine, in order, until
// ctx ends. One process at a time does so for a tenant; the engine keeps the
// cursor and takes a statement twice without harm, so a crash only delays.
func (h *house) follow(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	followed := map[string]bool{}
	h.eachTenant(ctx, tenantPoll, func(name string) {
		if !followed[name] {
			followed[name] = true
			group.Go(func() error { h.followTenant(ctx, name); return nil })
		}
	})
	return group.Wait()
}

// followTenant follows one tenant's record store until ctx ends.
func (h *house) followTenant(ctx context.Context, name string) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	defer h.releaseFollow(context.WithoutCancel(ctx), name)
	var changed <-chan struct{}
	var held time.Time // until when the lease is ours, as far as we know
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-pause.C:
		}
		next := time.Now().Add(followEvery)
		r, err := h.rooms(ctx, name)
		if err == nil {
			changed = r.lrs.Changed() // asked for before looking, so that no write slips between
			held, err = h.catchUp(ctx, r, held)
		}
		if err != nil && ctx.Err() == nil {
			h.log.Error("follow statements", "tenant", name, "error", err)
		}
		if err != nil {
			changed = nil // a failing store is asked again after the pause only
		}
		select { // what comes meanwhile is handled at one go
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		pause.Reset(followPoll)
	}
}

// catchUp hands what is new to the engine, if no other process does. It returns
// until when the lease to do so is held, and renews it well before.
func (h *house) catchUp(ctx context.Context, r *rooms, held time.Time) (time.Time, error) {
	for {
		if now := time.Now(); held.Sub(now) < followLease/2 { // leases run on real time
			until := now.Add(followLease)
			ours, err := r.store.TakeLease(ctx, "follow", h.name, now, until)
			if err != nil || !ours {
				return time.Time{}, err
			}
			held = until
		}
		if n, err := r.engine.FollowOnce(ctx, r.next); err != nil || n == 0 {
			return held, err
		}
	}
}

// next reads what the record store has behind the engine's cursor.
func (r *rooms) next(ctx context.Context, after int64, limit int) ([]engine.Observed, error) {
	records, err := r.lrs.Follow(ctx, after, limit)
	observed := make([]engine.Observed, 0, len(records))
	for _, record := range records {
		observed = append(observed, engine.Observed{Seq: record.Seq, Statement: record.Statement, Authority: record.Authority})
	}
	return observed, err
}

func (h *house) releaseFollow(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if r, err := h.rooms(ctx, name); err == nil {
		_ = r.store.ReleaseLease(ctx, "follow", h.name) // it expires by itself otherwise
	}
}
