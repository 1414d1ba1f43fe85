package queue

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/cairn-lms/cairn/engine"
)

// counted is a bell whose sweeps are told on a channel.
func counted(tenant string, answer func(n int) (engine.SweepReport, error)) (*bell, chan int) {
	b, swept := newBell(tenant), make(chan int, 1000)
	b.swept = func(n int) (engine.SweepReport, error) {
		swept <- n
		return answer(n)
	}
	return b, swept
}

func wait(t *testing.T, swept chan int) int {
	t.Helper()
	select {
	case n := <-swept:
		return n
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was swept")
		return 0
	}
}

func idle(int) (engine.SweepReport, error) { return engine.SweepReport{}, nil }

func TestAWorkerSweepsAtOnceAndWhenTheClockMoves(t *testing.T) {
	b, swept := counted("main", idle)
	moved := make(chan struct{})
	work(t, "redis://"+miniredis.RunT(t).Addr(), house{"main": b}, func(o *WorkerOptions) { o.ClockMoved = moved })
	wait(t, swept)
	for range 3 {
		moved <- struct{}{}
		wait(t, swept)
	}
	close(moved) // the clock goes away; the worker stays
	if len(swept) != 0 {
		t.Error("it swept without need")
	}
}

func TestAWorkerSweepsEverySoOften(t *testing.T) {
	b, swept := counted("main", idle)
	work(t, "redis://"+miniredis.RunT(t).Addr(), house{"main": b}, func(o *WorkerOptions) { o.SweepEvery = 20 * time.Millisecond })
	for range 3 {
		wait(t, swept)
	}
}

func TestASweepIsRepeatedWhileItFindsSomething(t *testing.T) {
	b, swept := counted("main", func(n int) (engine.SweepReport, error) {
		return engine.SweepReport{Woken: max(0, 3-n), Delivered: n % 2}, nil // sweeps 1 to 3 do something
	})
	moved := make(chan struct{})
	stop := work(t, "redis://"+miniredis.RunT(t).Addr(), house{"main": b}, func(o *WorkerOptions) { o.ClockMoved = moved })
	for range 4 {
		wait(t, swept)
	}
	stop()
	if len(swept) != 0 {
		t.Error("it went on sweeping")
	}

	for name, report := range map[string]engine.SweepReport{"held by another": {Held: true, Woken: 1}, "only failures": {Failed: 1}} {
		b, swept := counted("main", func(int) (engine.SweepReport, error) { return report, nil })
		moved := make(chan struct{})
		stop := work(t, "redis://"+miniredis.RunT(t).Addr(), house{"main": b}, func(o *WorkerOptions) { o.ClockMoved = moved })
		wait(t, swept)
		moved <- struct{}{} // taken only when the first round is over
		wait(t, swept)
		stop()
		if len(swept) != 0 {
			t.Errorf("%s: it swept again at once", name)
		}
	}
}

func TestTroubleWithOneTenantDoesNotStopTheOthers(t *testing.T) {
	bad, badSwept := counted("bad", func(int) (engine.SweepReport, error) { return engine.SweepReport{}, errors.New("the store is away") })
	good, goodSwept := counted("good", idle)
	h := house{"bad": bad, "good": good}
	work(t, "redis://"+miniredis.RunT(t).Addr(), h, func(o *WorkerOptions) {
		o.SweepEvery = 20 * time.Millisecond
		o.Tenants = func(context.Context) ([]string, error) { return []string{"missing", "bad", "good"}, nil }
	})
	for range 2 {
		wait(t, badSwept)
		wait(t, goodSwept)
	}
}

func TestWithoutRedisThePageGoesOnAndTheSweepDoesTheWork(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	away := "redis://" + listener.Addr().String()
	must(t, listener.Close())

	c := client(t, away)
	began := time.Now()
	for range 20 {
		if err := c.Deliver(t.Context(), "main", "sam"); err == nil {
			t.Fatal("an alarm was set without Redis")
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("20 alarms without Redis took %s", took)
	}

	b, swept := counted("main", idle)
	stop := work(t, away, house{"main": b}, func(o *WorkerOptions) { o.SweepEvery = 20 * time.Millisecond })
	for range 3 {
		wait(t, swept)
	}
	stop()
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	tenants := func(context.Context) ([]string, error) { return nil, nil }
	engines := func(context.Context, string) (*engine.Service, error) { return nil, nil }
	for name, o := range map[string]WorkerOptions{
		"no engine":  {RedisURL: "redis://localhost", Tenants: tenants},
		"no tenants": {RedisURL: "redis://localhost", Engine: engines},
		"no Redis":   {Tenants: tenants, Engine: engines},
		"odd Redis":  {RedisURL: "http://localhost", Tenants: tenants, Engine: engines},
	} {
		if _, err := NewWorker(o); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := NewClient("localhost:6379"); err == nil {
		t.Error("an odd Redis URL was taken")
	}
	if err := client(t, "redis://localhost").Deliver(t.Context(), "", "sam"); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("no tenant: %v", err)
	}
}

func TestTriesAreFurtherAndFurtherApart(t *testing.T) {
	last := time.Duration(0)
	for n := range 12 {
		d := retryDelay(n, errors.New("x"), nil)
		if d < last || d > 5*time.Minute {
			t.Errorf("try %d waits %s after %s", n, d, last)
		}
		last = d
	}
	if d := retryDelay(0, &engine.RetryError{After: time.Minute}, nil); d != time.Minute {
		t.Errorf("a wish for a minute waits %s", d)
	}
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"tenant":"main","id":"e1"}`))
	f.Add([]byte(`{"tenant":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePayload(data)
		if err == nil && (p.Tenant == "" || p.ID == "") {
			t.Errorf("%q became %+v", data, p)
		}
	})
}
