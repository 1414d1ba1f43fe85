package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/web"
)

func (p program) serve() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "answer people, platforms and reporting tools over HTTP",
		Description: "Serves the pages, LTI under /lti and the record store under /xapi. Without -mongo-uri everything is kept in\n" +
			"SQLite files under -data; without -redis-url the queue runs in this process, which then must run the worker.",
		Flags: append(append(p.flags.stores(), p.flags.work()...),
			p.flags.toggle("worker", true, "also run the worker in this process", &p.cfg.worker),
			p.flags.number("max-upload", 256, "MiB that statements and their attachments may have in one request", &p.cfg.maxUpload)),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return serve(ctx, p, nil)
		},
	}
}

// serve runs the web process until ctx ends. ready, if not nil, is called once
// connections are accepted.
func serve(ctx context.Context, p program, ready func(ctx context.Context, h *house) error) (err error) {
	cfg := p.cfg
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.addr)
	if err != nil {
		return fmt.Errorf("listen on -addr %s: %w", cfg.addr, err)
	}
	defer listener.Close()
	cfg.addr = listener.Addr().String()
	if cfg.publicURL == "" {
		cfg.publicURL = urlOf(cfg.addr)
	}
	if cfg.redisURL == "" {
		if !cfg.worker {
			return errors.New("-worker=false needs -redis-url: the in-process queue is seen by this process only")
		}
		redis, err := embedded.StartRedis(ctx)
		if err != nil {
			return err
		}
		defer redis.Close()
		cfg.redisURL = "redis://" + redis.Addr() + "/0"
	}
	h, err := p.house(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()

	// Commands run where nobody tells them the address; they read it here.
	if err := h.stores.site.PutInstallation(ctx, web.Installation{PublicURL: cfg.publicURL, StartedAt: h.now()}); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	metrics := newMetrics()
	handler, stopTracing, err := tracing(ctx, cfg.otlpEndpoint, metrics.count(h.site.Handler()))
	if err != nil {
		return err
	}
	defer stopTracing()
	group.Go(func() error { return serveHTTP(ctx, listener, handler) })
	group.Go(func() error { return h.readWishes(ctx) })
	h.background(ctx, group, metrics)
	if cfg.worker {
		group.Go(func() error { return h.work(ctx) })
	}
	h.log.Info("serving", "url", cfg.publicURL, "worker", cfg.worker)
	if ready != nil {
		group.Go(func() error { return ready(ctx, h) })
	}
	return group.Wait()
}

// background runs what every long-running process has: the debug listener and
// the development clock.
func (h *house) background(ctx context.Context, group *errgroup.Group, metrics *metrics) {
	metrics.registry.MustRegister(h.counted.total, newQueueMetrics(h))
	if h.cfg.debugAddr != "" {
		group.Go(func() error { return serveDebug(ctx, h.cfg.debugAddr, metrics, h.ready) })
	}
	if h.clock != nil {
		group.Go(func() error { h.clock.follow(ctx); return nil })
	}
}

// serveHTTP serves until ctx ends, then lets running requests finish. It
// returns when the last one has.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		drained <- server.Shutdown(ctx)
	})
	err := server.Serve(listener)
	if stop() {
		return err // the listener failed by itself
	}
	if err := <-drained; err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// urlOf is the address at which this machine's browsers reach a listener.
func urlOf(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
