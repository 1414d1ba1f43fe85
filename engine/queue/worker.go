package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/cairn-lms/cairn/engine"
)

// WorkerOptions are what a Worker needs. RedisURL, Tenants and Engine are required.
type WorkerOptions struct {
	RedisURL    string
	Tenants     func(ctx context.Context) ([]string, error)                       // whom to sweep
	Engine      func(ctx context.Context, tenant string) (*engine.Service, error) // kept by the caller
	Now         func() time.Time                                                  // engine time; only logged
	ClockMoved  <-chan struct{}                                                   // development clock: sweep at once
	SweepEvery  time.Duration                                                     // default 15 s
	Log         *slog.Logger                                                      // default: none
	Concurrency int                                                               // tasks at once, default 24
	// Sync goes through the known courses of one registration, if nobody else does or has within the hour; nil: this
	// worker does none of that.
	Sync   func(ctx context.Context, tenant, registration string) error
	Holder string // names this process in leases; default random
}

// runner is what the worker needs of an *engine.Service.
type runner interface {
	Wake(ctx context.Context, e engine.EnrolmentID) error
	Deliver(ctx context.Context, p engine.PersonID) error
	RelayGrade(ctx context.Context, e engine.EnrolmentID) error
	Sweep(ctx context.Context, holder string) (engine.SweepReport, error)
	Bury(ctx context.Context, kind, of, about string, tries int, failure error)
}

// Worker runs tasks and sweeps. Any number of them may share one Redis and store.
type Worker struct {
	o       WorkerOptions
	engines func(ctx context.Context, tenant string) (runner, error)
	log     *slog.Logger
	pause   asynq.RetryDelayFunc // before a task is tried again
	tick    time.Duration        // between looks for alarms that ring; a fifth of it between looks for tasks
}

const (
	workerPatience  = 5 * time.Second  // for one Redis command
	shutdownTimeout = 20 * time.Second // for running tasks to end
	sweepTimeout    = 10 * time.Minute // for one tenant
	maxSweeps       = 20               // in a row, while each still finds something
)

// NewWorker checks the options; Run connects.
func NewWorker(o WorkerOptions) (*Worker, error) {
	if o.Engine == nil {
		return nil, errors.New("queue: worker: Engine is missing")
	}
	return newWorker(o, func(ctx context.Context, tenant string) (runner, error) { return o.Engine(ctx, tenant) })
}

func newWorker(o WorkerOptions, engines func(context.Context, string) (runner, error)) (*Worker, error) {
	if o.Tenants == nil {
		return nil, errors.New("queue: worker: Tenants is missing")
	}
	if _, err := connect(o.RedisURL, workerPatience); err != nil {
		return nil, err
	}
	if o.SweepEvery <= 0 {
		o.SweepEvery = 15 * time.Second
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 24
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Holder == "" {
		o.Holder = rand.Text()
	}
	return &Worker{o: o, engines: engines, log: o.Log, pause: retryDelay, tick: time.Second}, nil
}

// Run works until ctx ends, then lets the running tasks end (for a while; what
// takes longer is cancelled and stays in the queue) and returns nil.
func (w *Worker) Run(ctx context.Context) error {
	client, err := connect(w.o.RedisURL, workerPatience)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()

	// Tasks outlive ctx: a shutdown waits for them. They end with work at last.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	handler := asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		running.Add(1)
		defer running.Done()
		return w.process(ctx, t)
	})
	config := func(width int, queues map[string]int) asynq.Config {
		return asynq.Config{
			Concurrency:              width,
			BaseContext:              func() context.Context { return work },
			Queues:                   queues,
			TaskCheckInterval:        w.tick / 5,
			DelayedTaskCheckInterval: w.tick,
			RetryDelayFunc:           w.pause,
			IsFailure:                func(err error) bool { return !errors.Is(err, context.Canceled) },
			ShutdownTimeout:          shutdownTimeout,
			Logger:                   asynqLog{w.log},
			LogLevel:                 asynq.DebugLevel,
		}
	}
	servers := []*asynq.Server{asynq.NewServerFromRedisClient(client, config(w.o.Concurrency, map[string]int{deliver: 5, wake: 3, relay: 2}))}
	if w.o.Sync != nil { // by itself: platforms that do not answer must not take the places of what people wait for
		servers = append(servers, asynq.NewServerFromRedisClient(client, config(syncWidth, map[string]int{syncs: 1})))
	}
	var started []*asynq.Server
	defer func() {
		var ending sync.WaitGroup
		for _, s := range started {
			ending.Go(s.Shutdown)
		}
		ending.Wait()
		stop()
		running.Wait()
	}()
	for _, s := range servers {
		if err := s.Start(handler); err != nil {
			return fmt.Errorf("queue: start: %w", err)
		}
		started = append(started, s)
	}
	w.sweeps(ctx)
	return nil
}

// process runs one task. The last failure of a task is logged and ends it: the
// sweep finds what is still to do, and a task kept as failed would block its id.
func (w *Worker) process(ctx context.Context, t *asynq.Task) error {
	err := w.do(ctx, t)
	if err == nil {
		return nil
	}
	id, _ := asynq.GetTaskID(ctx)
	retried, _ := asynq.GetRetryCount(ctx)
	most, _ := asynq.GetMaxRetry(ctx)
	if retried < most && !errors.Is(err, errMalformed) {
		w.log.WarnContext(ctx, "task failed, will be tried again", "task", id, "tries", retried+1, "error", err)
		return err
	}
	w.log.ErrorContext(ctx, "task failed for the last time, left to the sweep", "task", id, "tries", retried+1, "error", err)
	w.bury(ctx, t, retried+1, err)
	return fmt.Errorf("%w: %w", err, asynq.RevokeTask)
}

// bury has the tenant's engine note a task that is out of retries: by another id than the task's, and not in Redis,
// where it would block the task's id or be forgotten.
func (w *Worker) bury(ctx context.Context, t *asynq.Task, tries int, failure error) {
	p, err := decodePayload(t.Payload())
	if err != nil || t.Type() == syncs || errors.Is(failure, errMalformed) {
		return
	}
	if e, err := w.engines(ctx, p.Tenant); err == nil {
		e.Bury(context.WithoutCancel(ctx), t.Type(), p.ID, "", tries, failure)
	}
}

var errMalformed = errors.New("malformed task")

func (w *Worker) do(ctx context.Context, t *asynq.Task) (err error) {
	defer func() {
		if bug := recover(); bug != nil {
			w.log.ErrorContext(ctx, "task panicked", "type", t.Type(), "panic", fmt.Sprint(bug), "stack", string(debug.Stack()))
			err = fmt.Errorf("queue: %s: panic: %v", t.Type(), bug)
		}
	}()
	p, err := decodePayload(t.Payload())
	if err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	if t.Type() == syncs && w.o.Sync != nil {
		return w.o.Sync(ctx, p.Tenant, p.ID)
	}
	e, err := w.engines(ctx, p.Tenant)
	if err != nil {
		return fmt.Errorf("queue: engine of tenant %s: %w", p.Tenant, err)
	}
	switch t.Type() {
	case wake:
		err = e.Wake(ctx, engine.EnrolmentID(p.ID))
	case deliver:
		err = e.Deliver(ctx, engine.PersonID(p.ID))
	case relay:
		err = e.RelayGrade(ctx, engine.EnrolmentID(p.ID))
	default:
		return fmt.Errorf("%w: no task is called %q", errMalformed, t.Type())
	}
	if errors.Is(err, engine.ErrNotFound) {
		w.log.InfoContext(ctx, "task for something that is gone", "type", t.Type(), "id", p.ID)
		return nil
	}
	return err
}

// retryDelay waits longer each time, or as long as the other side wished.
func retryDelay(n int, err error, _ *asynq.Task) time.Duration {
	delay := time.Second << min(n, 8)
	var wish *engine.RetryError
	if errors.As(err, &wish) && wish.After > delay {
		delay = wish.After
	}
	return min(delay, 5*time.Minute)
}
