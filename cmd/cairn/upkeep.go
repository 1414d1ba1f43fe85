package main

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

const (
	upkeepPoll  = time.Hour
	upkeepEvery = 23 * time.Hour
	blobGrace   = 24 * time.Hour // of attachments that no statement declares
)

// upkeep forgets completions that nobody came for, applies the rules of retention
// and collects attachments that belong to no statement, once a day for each tenant,
// and rotates the keys that platforms know us by, until ctx ends. What a previous secret
// sealed is sealed anew.
func (h *house) upkeep(ctx context.Context) error {
	done := map[string]time.Time{}
	var rotated time.Time
	h.eachTenant(ctx, upkeepPoll, func(name string) {
		if time.Since(rotated) >= upkeepEvery {
			if err := h.tool.RotateDue(ctx); err == nil {
				rotated = time.Now()
			} else if ctx.Err() == nil {
				h.log.Error("rotation of the keys", "error", err)
			}
		}
		if time.Since(done[name]) < upkeepEvery {
			return
		}
		if err := h.upkeepTenant(ctx, name); err == nil {
			done[name] = time.Now()
		} else if ctx.Err() == nil {
			h.log.Error("upkeep of the record store", "tenant", name, "error", err)
		}
	})
	return nil
}

// upkeepTenant does the work of a day for one tenant, if no other process has. The
// lease is what says so: it is kept when all is done, and given back when not.
func (h *house) upkeepTenant(ctx context.Context, name string) error {
	r, err := h.rooms(ctx, name)
	if err != nil {
		return err
	}
	now := time.Now() // leases run on real time
	held, err := r.store.TakeLease(ctx, "upkeep", h.name, now, now.Add(upkeepEvery))
	if err != nil || !held {
		return err
	}
	forgotten, err := r.engine.ForgetCompletions(ctx)
	if forgotten > 0 {
		h.log.Info("completions that nobody came for were forgotten", "tenant", name, "completions", forgotten)
	}
	if err == nil {
		_, err = r.engine.ForgetEvents(ctx)
	}
	if err == nil {
		var previews int
		if previews, err = r.engine.ForgetPreviews(ctx); previews > 0 {
			h.log.Info("previews that nobody looked at for a month were forgotten", "tenant", name, "previews", previews)
		}
	}
	if h.cfg.previous != "" { // else there is nothing that another key sealed
		n, failed := r.engine.ResealEndpoints(ctx)
		if failed != nil {
			h.log.Error("seal the channels anew", "tenant", name, "error", failed)
		} else {
			h.log.Info("the channels are sealed with the new secret", "tenant", name, "resealed", n)
		}
	}
	var kept lrs.RetentionReport
	if err == nil {
		kept, err = r.lrs.ApplyRetention(ctx, false)
	}
	collected, bytes := 0, int64(0)
	if err == nil {
		collected, bytes, err = r.lrs.CollectBlobs(ctx, blobGrace)
	}
	if kept.Removed+kept.Attachments+collected > 0 {
		h.log.Info("the record store was tidied", "tenant", name, "statements", kept.Removed,
			"attachments", kept.Attachments+collected, "bytes", kept.Bytes+bytes)
	}
	if err != nil {
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = r.store.ReleaseLease(release, "upkeep", h.name) // it expires by itself otherwise
	}
	return err
}
