package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A hundred thousand learners whose step opens within the same hour, each with a nudge: one worker with a real Redis
// wakes 300 a second in at most 250 MB. CAIRN_LONG=1 runs all of them; otherwise a few show that the way holds.
func TestManyWakesOfOneHourDrain(t *testing.T) {
	heavy(t, "starts processes and a thousand learners")
	n := 1000
	if os.Getenv("CAIRN_LONG") != "" {
		n = 100_000
	}
	if raw := os.Getenv("CAIRN_DRAIN"); raw != "" {
		var err error
		n, err = strconv.Atoi(raw)
		must(t, err)
	}
	redis := startRedis(t)
	data := t.TempDir()
	out := startSink(t, time.Now, func(int) post { return takes })
	hour := time.Now().Add(-time.Hour)
	began := time.Now()
	c := gather(t, map[string]string{"-data": data}, fmt.Sprintf(nudgedOnce, ", sat, sun", "00:00-23:59"), n,
		func(i int) time.Time { return hour.Add(time.Duration(i) * time.Hour / time.Duration(n)) }, func(int) string { return "UTC" })
	t.Logf("%d learners made in %s", n, time.Since(began).Round(time.Second))

	s := &site{t: t, flags: []string{"-data", data, "-public-url", "http://127.0.0.1:1"}}
	began = time.Now()
	w := s.start(append([]string{"worker", "-redis-url", redis, "-smtp-url", "smtp://" + out.addr + "?tls=none", "-mail-from", "Cairn <cairn@test.example>"}, s.flags...)...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(n)*20*time.Millisecond)
	defer cancel()
	until(t, ctx, "the last has woken", func() bool {
		due, err := c.rooms.store.DueEnrolments(ctx, time.Now(), 1)
		must(t, err)
		return len(due) == 0
	})
	woken, early := time.Since(began), len(out.arrived())
	until(t, ctx, "the last has been written to", func() bool { return len(out.arrived()) >= n })
	sent := time.Since(began)
	t.Logf("%d woken in %s, %.0f/s (%d nudges had arrived by then); the last nudge after %s, %.0f/s; the worker had %s resident at most",
		n, woken.Round(time.Millisecond), float64(n)/woken.Seconds(), early, sent.Round(time.Millisecond), float64(n)/sent.Seconds(), w.peakMemory())
	to := map[string]int{}
	for _, m := range out.arrived() {
		if to[m.to]++; to[m.to] > 1 {
			t.Fatalf("%s has two", m.to)
		}
	}
	var kb int
	if _, err := fmt.Sscanf(w.peakMemory(), "%d kB", &kb); err != nil {
		t.Fatalf("the peak of the memory cannot be read from %q: %v", w.peakMemory(), err)
	} else if kb > 250<<10 {
		t.Errorf("the worker took %d MB", kb>>10)
	}
	if rate := float64(n) / woken.Seconds(); n >= 100_000 && rate < 300 {
		t.Errorf("%.0f wakes a second, want 300", rate)
	}
	w.stop(syscall.SIGTERM)
}
