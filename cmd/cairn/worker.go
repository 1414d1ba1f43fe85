package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/engine/queue"
)

func (p program) worker() *cli.Command {
	return &cli.Command{
		Name:  "worker",
		Usage: "open steps, send nudges and pass back grades; run as many as you like",
		Flags: append(p.flags.stores(), p.flags.work()...),
		Action: func(ctx context.Context, _ *cli.Command) (err error) {
			if p.cfg.redisURL == "" {
				return errors.New("worker needs -redis-url: an in-process queue would be seen by this process only")
			}
			h, err := p.house(ctx)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.Close()) }()
			group, ctx := errgroup.WithContext(ctx)
			h.background(ctx, group, newMetrics())
			group.Go(func() error { return h.work(ctx) })
			h.log.Info("working")
			return group.Wait()
		},
	}
}

// work runs the queue, the sweep and the statements that workflows wait for,
// until ctx ends.
func (h *house) work(ctx context.Context) error {
	if h.mailer == nil {
		h.log.Warn("no -smtp-url: messages wait until there is one")
	}
	options := queue.WorkerOptions{
		RedisURL: h.cfg.redisURL, Tenants: h.tenantNames, Engine: h.engine, Now: h.now, Log: h.log, Holder: h.name,
		Sync: h.syncRegistration,
	}
	if h.clock != nil {
		options.ClockMoved = h.clock.Moved()
	}
	worker, err := queue.NewWorker(options)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return worker.Run(ctx) })
	group.Go(func() error { return h.follow(ctx) })
	group.Go(func() error { return h.upkeep(ctx) })
	group.Go(func() error { return h.sync(ctx) })
	return group.Wait()
}

// eachTenant visits every tenant, now and from time to time, until ctx ends.
func (h *house) eachTenant(ctx context.Context, every time.Duration, visit func(name string)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		names, err := h.tenantNames(ctx)
		if err != nil && ctx.Err() == nil {
			h.log.Error("list tenants", "error", err)
		}
		for _, name := range names {
			visit(name)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// processName tells workers apart, also on one machine.
func processName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), uuid.NewString()[:8])
}
