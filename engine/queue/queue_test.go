package queue

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"

	"github.com/cairn-lms/cairn/engine"
)

// onEveryRedis runs a test on an in-process Redis, and on a real one if
// CAIRN_TEST_REDIS_URL names it (its database 13 is emptied).
func onEveryRedis(t *testing.T, test func(t *testing.T, redisURL string)) {
	t.Helper()
	t.Run("in-process", func(t *testing.T) {
		m := miniredis.RunT(t)
		test(t, "redis://"+m.Addr()+"/0")
	})
	if raw := os.Getenv("CAIRN_TEST_REDIS_URL"); raw != "" {
		t.Run("real", func(t *testing.T) {
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			u.Path = "/13"
			r, err := connect(u.String(), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := r.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			test(t, u.String())
		})
	}
}

// bell is a tenant's engine that notes what rings.
type bell struct {
	tenant string
	rung   chan string // "wake main e1"
	buried chan string // "wake e1 after 7: why"
	answer func(ctx context.Context, what string) error
	swept  func(n int) (engine.SweepReport, error)
	mu     sync.Mutex
	sweeps int
}

func newBell(tenant string) *bell {
	return &bell{tenant: tenant, rung: make(chan string, 1000), buried: make(chan string, 1000)}
}

func (b *bell) ring(ctx context.Context, kind, id string) error {
	what := kind + " " + b.tenant + " " + id
	b.rung <- what
	if b.answer != nil {
		return b.answer(ctx, what)
	}
	return nil
}

func (b *bell) Wake(ctx context.Context, e engine.EnrolmentID) error {
	return b.ring(ctx, "wake", string(e))
}
func (b *bell) Deliver(ctx context.Context, p engine.PersonID) error {
	return b.ring(ctx, "deliver", string(p))
}
func (b *bell) RelayGrade(ctx context.Context, e engine.EnrolmentID) error {
	return b.ring(ctx, "relay", string(e))
}

func (b *bell) Bury(_ context.Context, kind, of, _ string, tries int, failure error) {
	b.buried <- fmt.Sprintf("%s %s after %d: %v", kind, of, tries, failure)
}

func (b *bell) Sweep(_ context.Context, holder string) (engine.SweepReport, error) {
	b.mu.Lock()
	b.sweeps++
	n := b.sweeps
	b.mu.Unlock()
	if b.swept != nil {
		return b.swept(n)
	}
	return engine.SweepReport{}, nil
}

// next is what rings next.
func (b *bell) next(t *testing.T) string {
	t.Helper()
	select {
	case what := <-b.rung:
		return what
	case <-time.After(20 * time.Second):
		t.Fatal("nothing rang")
		return ""
	}
}

// none fails if anything rang.
func (b *bell) none(t *testing.T) {
	t.Helper()
	select {
	case what := <-b.rung:
		t.Errorf("%s rang", what)
	default:
	}
}

// house is a worker's surroundings: tenants by name.
type house map[string]*bell

func (h house) tenants(context.Context) ([]string, error) {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	return names, nil
}

func (h house) engine(_ context.Context, tenant string) (runner, error) {
	if b, ok := h[tenant]; ok {
		return b, nil
	}
	return nil, errors.New("no such tenant")
}

// work starts a worker that ends with the test, or earlier by stop.
func work(t *testing.T, redisURL string, h house, change ...func(*WorkerOptions)) (stop func()) {
	t.Helper()
	o := WorkerOptions{RedisURL: redisURL, Tenants: h.tenants, SweepEvery: time.Hour, Holder: "test"}
	for _, c := range change {
		c(&o)
	}
	w, err := newWorker(o, h.engine)
	if err != nil {
		t.Fatal(err)
	}
	w.tick = 50 * time.Millisecond
	w.pause = func(int, error, *asynq.Task) time.Duration { return 0 }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(ctx); err != nil {
			t.Errorf("the worker ended with %v", err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(60 * time.Second):
			t.Error("the worker does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

func client(t *testing.T, redisURL string, options ...ClientOption) *Client {
	t.Helper()
	c, err := NewClient(redisURL, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kept counts the tasks that a queue holds, in any state.
func kept(t *testing.T, redisURL, kind string) int {
	t.Helper()
	r, err := connect(redisURL, 5*time.Second)
	must(t, err)
	defer r.Close()
	keys, err := r.Keys(t.Context(), "asynq:{"+kind+"}:t:*").Result()
	must(t, err)
	return len(keys)
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("still not: %s", what)
		}
	}
}

func TestAlarmsRingInTheirTenant(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		h := house{"main": newBell("main"), "other": newBell("other")}
		work(t, redisURL, h)
		c, ctx := client(t, redisURL), t.Context()
		for _, step := range []struct {
			set  func() error
			bell *bell
			want string
		}{
			{func() error { return c.Wake(ctx, "main", "e1", time.Now().Add(-time.Minute)) }, h["main"], "wake main e1"},
			{func() error { return c.Deliver(ctx, "other", "sam") }, h["other"], "deliver other sam"},
			{func() error { return c.RelayGrade(ctx, "main", "e1") }, h["main"], "relay main e1"},
		} {
			must(t, step.set())
			if have := step.bell.next(t); have != step.want {
				t.Errorf("%q rang, want %q", have, step.want)
			}
		}
	})
}

func TestAnAlarmRingsOnTimeAndNeverEarly(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		h := house{"main": newBell("main")}
		work(t, redisURL, h)
		// The engine's clock is a week ahead; alarms ring after the time between.
		ahead := 7 * 24 * time.Hour
		c := client(t, redisURL, WithNow(func() time.Time { return time.Now().Add(ahead) }))
		at := time.Now().Add(1200 * time.Millisecond)
		must(t, c.Wake(t.Context(), "main", "e1", at.Add(ahead)))
		h["main"].next(t)
		if early := time.Until(at); early > 0 {
			t.Errorf("it rang %s early", early)
		}
	})
}

func TestAnAlarmStandsOnceAndOnlyWithinTheNextHour(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		now := time.Now()
		c, ctx := client(t, redisURL, WithNow(func() time.Time { return now })), t.Context()
		for range 3 {
			must(t, c.Wake(ctx, "main", "e1", now.Add(30*time.Minute)))
			must(t, c.Wake(ctx, "main", "e1", now.Add(61*time.Minute)))
		}
		if n := kept(t, redisURL, wake); n != 1 {
			t.Errorf("%d alarms stand, want 1", n)
		}
	})
}

func TestADeliveryCanBeAskedForAgainAndAgain(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		h := house{"main": newBell("main")}
		work(t, redisURL, h)
		c := client(t, redisURL)
		for range 3 {
			must(t, c.Deliver(t.Context(), "main", "sam"))
			h["main"].next(t)
			eventually(t, "the task is gone", func() bool { return kept(t, redisURL, deliver) == 0 })
		}
	})
}

func TestADeliveryAskedForDuringADeliveryFollowsIt(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		b := newBell("main")
		goOn := make(chan struct{})
		b.answer = func(context.Context, string) error { <-goOn; return nil }
		work(t, redisURL, house{"main": b})
		c := client(t, redisURL)
		must(t, c.Deliver(t.Context(), "main", "sam"))
		b.next(t) // it runs and has read what is due
		for range 5 {
			must(t, c.Deliver(t.Context(), "main", "sam"))
		}
		close(goOn)
		b.next(t)
		eventually(t, "all tasks are gone", func() bool { return kept(t, redisURL, deliver) == 0 })
		b.none(t)
	})
}

func TestAFailingTaskIsTriedAgainAndIsNotKept(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		b := newBell("main")
		b.answer = func(_ context.Context, what string) error {
			switch {
			case strings.HasSuffix(what, "gone"):
				return fmt.Errorf("load: %w", engine.ErrNotFound)
			case strings.HasSuffix(what, "panic"):
				panic("a bug")
			}
			return errors.New("the store is away")
		}
		work(t, redisURL, house{"main": b})
		c, ctx := client(t, redisURL), t.Context()
		must(t, c.RelayGrade(ctx, "main", "e1"))
		for range 1 + maxRetry {
			b.next(t)
		}
		if have, want := <-b.buried, fmt.Sprintf("relay e1 after %d: the store is away", 1+maxRetry); have != want {
			t.Errorf("buried %q, want %q", have, want)
		}
		must(t, c.RelayGrade(ctx, "nobody", "e1"))
		must(t, c.RelayGrade(ctx, "main", "gone"))
		b.next(t)
		eventually(t, "the tasks are gone", func() bool { return kept(t, redisURL, relay) == 0 })
		b.none(t)
		must(t, c.RelayGrade(ctx, "main", "panic"))
		for range 1 + maxRetry {
			b.next(t)
		}
		eventually(t, "the task with the bug is gone", func() bool { return kept(t, redisURL, relay) == 0 })
	})
}

func TestAMalformedTaskIsDropped(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		h := house{"main": newBell("main")}
		work(t, redisURL, h)
		r, err := connect(redisURL, time.Second)
		must(t, err)
		defer r.Close()
		for _, bad := range []*asynq.Task{
			asynq.NewTask(wake, []byte("{"), asynq.Queue(wake)), asynq.NewTask(wake, nil, asynq.Queue(wake)),
			asynq.NewTask("odd", payload{Tenant: "main", ID: "e1"}.encode(), asynq.Queue(wake)),
		} {
			_, err := asynq.NewClientFromRedisClient(r).Enqueue(bad)
			must(t, err)
		}
		must(t, client(t, redisURL).Wake(t.Context(), "main", "e1", time.Now()))
		h["main"].next(t)
		eventually(t, "the tasks are gone", func() bool { return kept(t, redisURL, wake) == 0 })
		h["main"].none(t)
	})
}

func TestTwoWorkersShareTheWork(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		one, two := newBell("main"), newBell("main")
		work(t, redisURL, house{"main": one})
		work(t, redisURL, house{"main": two})
		c := client(t, redisURL)
		const n = 200
		for i := range n {
			must(t, c.Deliver(t.Context(), "main", engine.PersonID(fmt.Sprint("p", i))))
		}
		eventually(t, "all is delivered", func() bool { return kept(t, redisURL, deliver) == 0 })
		seen := map[string]int{}
		for _, b := range []*bell{one, two} {
			if len(b.rung) == 0 {
				t.Error("one worker did nothing")
			}
			for len(b.rung) > 0 {
				seen[<-b.rung]++
			}
		}
		for what, times := range seen {
			if times != 1 {
				t.Errorf("%s rang %d times", what, times)
			}
		}
		if len(seen) != n {
			t.Errorf("%d of %d rang", len(seen), n)
		}
	})
}

func TestAWorkerThatEndsLetsItsTaskEnd(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		b := newBell("main")
		goOn, ended := make(chan struct{}), make(chan error, 1)
		b.answer = func(ctx context.Context, _ string) error { <-goOn; ended <- ctx.Err(); return nil }
		stop := work(t, redisURL, house{"main": b})
		must(t, client(t, redisURL).Deliver(t.Context(), "main", "sam"))
		b.next(t)
		time.AfterFunc(200*time.Millisecond, func() { close(goOn) })
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the task was cut off: %v", err)
			}
		default:
			t.Error("the worker ended before its task")
		}
		if n := kept(t, redisURL, deliver); n != 0 {
			t.Errorf("%d tasks are left", n)
		}
	})
}

func TestAPlatformsCoursesAreGoneThroughByOneWorkerAtATime(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		h := house{"main": newBell("main")}
		passes, goOn := make(chan string, 10), make(chan struct{})
		for range 2 {
			work(t, redisURL, h, func(o *WorkerOptions) {
				o.Sync = func(_ context.Context, tenant, registration string) error {
					passes <- tenant + " " + registration
					<-goOn
					return errors.New("the platform is away")
				}
			})
		}
		c := client(t, redisURL)
		for range 3 { // a task that stands or runs is enough
			must(t, c.Sync(t.Context(), "main", "moodle"))
		}
		must(t, c.Sync(t.Context(), "main", "canvas"))
		have := []string{<-passes, <-passes}
		slices.Sort(have)
		if !slices.Equal(have, []string{"main canvas", "main moodle"}) {
			t.Errorf("gone through: %q", have)
		}
		close(goOn)
		eventually(t, "the tasks are gone", func() bool { return kept(t, redisURL, syncs) == 0 })
		if len(passes) > 0 {
			t.Errorf("and again: %q", <-passes)
		}
		must(t, c.Sync(t.Context(), "main", "moodle")) // its id is free
		<-passes
		depths, err := Depths(t.Context(), redisURL)
		must(t, err)
		if len(depths) != 4 {
			t.Errorf("%d queues", len(depths))
		}
	})
}
