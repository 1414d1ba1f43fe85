package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
)

// faults is how bad a night is.
type faults struct {
	learners, kills, flushes, hangs int
	most                            time.Duration
}

// Workers are killed, Redis forgets and dies, the mail server refuses a third of all mails and hangs at others, and the
// clocks of two workers and a web node are two seconds apart: every nudge arrives; twice only if it was on its way when
// its worker was killed or the mail server kept silent, and then with the same Message-ID; none outside the receiver's
// working hours; none to whoever unsubscribed. CAIRN_LONG=1 sends 5,000 and kills twenty times.
func TestEveryNudgeArrivesWhateverDies(t *testing.T) {
	heavy(t, "starts and kills processes")
	f := faults{learners: 200, kills: 3, flushes: 1, hangs: 3, most: 3 * time.Minute}
	if os.Getenv("CAIRN_LONG") != "" {
		f = faults{learners: 5000, kills: 20, flushes: 2, hangs: 20, most: 15 * time.Minute}
	}
	f.run(t)
}

func (f faults) run(t *testing.T) {
	const silent, away = 20, 25 // every 20th unsubscribed; every 25th lives where it is night
	monday := time.Now().UTC().Truncate(24 * time.Hour).Add(9*time.Hour + 5*time.Minute)
	for monday.Weekday() != time.Monday || time.Until(monday) < time.Hour {
		monday = monday.Add(24 * time.Hour)
	}
	night := "Pacific/Auckland"
	clocks := []*devClock{clockAt(t, "web.json", monday), clockAt(t, "a.json", monday.Add(2*time.Second)), clockAt(t, "b.json", monday.Add(4*time.Second))}
	now := clocks[0].Now
	last := time.Now()
	pass := func(d time.Duration) {
		last = time.Now()
		for _, c := range clocks {
			must(t, c.Advance(d))
		}
	}
	passes := func(before time.Time) { // what was refused is tried again after minutes
		if time.Since(last) > 700*time.Millisecond && now().Before(before) {
			pass(40 * time.Second)
		}
	}
	evening := monday.Add(7 * time.Hour)
	tail := 0
	out := startSink(t, now, func(n int) post {
		if n%(f.learners/f.hangs) == 7 && tail < f.hangs {
			if tail++; tail%2 == 0 {
				return hangs
			}
			return mum
		}
		if n%3 == 1 {
			return refuse
		}
		return takes
	})
	data, redis := t.TempDir(), newRedis(t)
	zone := func(i int) string {
		if i%away == 1 {
			return night
		}
		return "UTC"
	}
	mute := func(i int) bool { return i%silent == 0 }
	total := f.learners + (f.learners+silent-2)/(silent-1)
	c := gather(t, map[string]string{"-data": data, "-dev-clock": clocks[0].file}, fmt.Sprintf(nudgedOnce, "", "09:00-17:00"), total,
		func(i int) time.Time { return monday.Add(time.Duration(i%60) * time.Second) }, zone)
	unsubscribed := 0
	for i, p := range c.people {
		if mute(i) {
			must(t, c.rooms.engine.Unsubscribe(t.Context(), p, "email"))
			unsubscribed++
		}
	}
	want := total - unsubscribed

	s := &site{t: t, addr: freeAddr(t)}
	common := []string{"-data", data, "-redis-url", redis.url(), "-mail-from", "Cairn <cairn@test.example>"}
	web := s.start(append([]string{"serve", "-worker=false", "-addr", s.addr, "-public-url", "http://" + s.addr, "-dev-clock", clocks[0].file}, common...)...)
	web.waitReady("http://" + s.addr + "/readyz")
	doors := []string{"", ""} // each worker's own way into the mail server, a new one after each death
	worker := func(i int) *process {
		doors[i] = out.open(t)
		return s.start(append([]string{"worker", "-public-url", "http://" + s.addr, "-dev-clock", clocks[1+i].file, "-smtp-url", "smtp://" + doors[i] + "?tls=none"}, common...)...)
	}
	workers := []*process{worker(0), worker(1)}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), f.most)
	defer cancel()

	// The night: a kill after each share of the mails, and Redis at some of them.
	// What was claimed when a worker died, by the door of the dead.
	claimed := map[string][]string{}
	for k := range f.kills {
		share := (k + 1) * want * 9 / 10 / (f.kills + 1)
		until(t, ctx, fmt.Sprintf("%d mails before kill %d", share, k+1), func() bool {
			passes(evening)
			return distinct(out.arrived()) >= share
		})
		workers[k%2].stop(syscall.SIGKILL)
		for _, id := range sending(t, data) {
			claimed[id] = append(claimed[id], doors[k%2])
		}
		if step := max(1, f.kills/(2*f.flushes)); (k+1)%step == 0 {
			if (k+1)/step%2 == 1 {
				redis.flush()
			} else {
				redis.restart()
			}
		}
		workers[k%2] = worker(k % 2)
	}
	until(t, ctx, "every nudge of the day", func() bool {
		passes(evening)
		return distinct(out.arrived()) >= want-nightly(total, zone, mute, night)
	})
	for now().Before(monday.Add(11*time.Hour + 30*time.Minute)) { // Tuesday, 09:35 in Auckland
		pass(15 * time.Minute)
	}
	until(t, ctx, "every nudge of the other side of the world", func() bool {
		passes(monday.Add(18 * time.Hour))
		return distinct(out.arrived()) >= want
	})
	quiet := time.Now().Add(3 * time.Second)
	for time.Now().Before(quiet) {
		tick()
	}

	// The morning after.
	mails, muted := out.arrived(), map[string]int{}
	// A mail was on its way at a kill if it was claimed then and came by the door of the dead: what the other worker had
	// claimed explains nothing.
	flight, flew := map[string]int{}, 0
	byID, byTo := map[string][]arrivedMail{}, map[string]map[string]bool{}
	for _, m := range mails {
		if id := messageOf(m.id); m.how != mum && slices.Contains(claimed[id], m.door) {
			flight[id]++
			flew++
		}
		byID[m.id] = append(byID[m.id], m)
		if m.how == mum {
			muted[m.id]++
		}
		if byTo[m.to] == nil {
			byTo[m.to] = map[string]bool{}
		}
		byTo[m.to][m.id] = true
	}
	twice, killed, hung := 0, 0, 0
	for id, all := range byID {
		extra := len(all) - 1
		if extra == 0 {
			continue
		}
		twice += extra
		byHang := min(extra, muted[id])
		hung += byHang
		if extra -= byHang; extra > 0 {
			killed += extra
			if inFlight := flight[messageOf(id)]; extra > inFlight {
				t.Errorf("%s arrived %d times too often: on its way at %d kills, unanswered %d times", id, len(all)-1, inFlight, muted[id])
			}
		}
	}
	for i := range c.people {
		to := fmt.Sprintf("l%d@example.org", i)
		switch n := len(byTo[to]); {
		case mute(i) && n > 0:
			t.Errorf("%s unsubscribed and was written to", to)
		case !mute(i) && n != 1:
			t.Errorf("%s has %d different nudges, want 1", to, n)
		}
	}
	for _, m := range mails {
		var i int
		_, err := fmt.Sscanf(m.to, "l%d@", &i)
		must(t, err)
		at, err := time.LoadLocation(zone(i))
		must(t, err)
		local := m.at.Add(4 * time.Second).In(at) // the clock furthest ahead
		if local.Weekday() == time.Saturday || local.Weekday() == time.Sunday || local.Hour() < 9 || m.at.In(at).Hour() >= 17 {
			t.Errorf("%s was written to at %s", m.to, local)
		}
	}
	counts := out.counts()
	t.Logf("planned %d, arrived %d (%d mails) in %s; %d duplicates: %d on their way at a kill, %d after a silence; %d kills with %d on their way, "+
		"%d flushes, %d restarts of Redis; the mail server took %d, refused %d, hung at %d and after DATA at %d; %d unsubscribed, not written to",
		want, len(byID), len(mails), time.Since(began).Round(time.Second), twice, killed, hung, f.kills, flew, redis.flushed, redis.restarted,
		counts[takes], counts[refuse], counts[hangs], counts[mum], unsubscribed)
	if twice > flew+counts[mum] {
		t.Errorf("%d duplicates, at most %d can be explained", twice, flew+counts[mum])
	}
	for _, w := range workers {
		w.stop(syscall.SIGTERM)
	}
}

func distinct(mails []arrivedMail) int {
	seen := map[string]bool{}
	for _, m := range mails {
		seen[m.to] = true
	}
	return len(seen)
}

// nightly counts those who are to be written to at another time.
func nightly(total int, zone func(int) string, mute func(int) bool, night string) (n int) {
	for i := range total {
		if zone(i) == night && !mute(i) {
			n++
		}
	}
	return n
}

// messageOf is the message that a Message-ID was made from.
func messageOf(id string) string {
	local, _, _ := bytes.Cut([]byte(id), []byte("@"))
	return string(bytes.TrimLeft(local, "<"))
}

// sending lists the messages that are claimed, by whichever worker.
func sending(t testing.TB, data string) (ids []string) {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(data, "tenants", "main", "workflows.db"))
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT id FROM engine_messages WHERE json_extract(doc, '$.state') = ?`, engine.MessageSending)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		must(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	must(t, rows.Err())
	return ids
}

// redisServer is a real Redis that can forget and die.
type redisServer struct {
	t                  testing.TB
	addr               string
	args               []string
	cmd                *exec.Cmd
	flushed, restarted int
}

// newRedis starts one on an address of its own; args are further arguments.
func newRedis(t testing.TB, args ...string) *redisServer {
	t.Helper()
	needs(t, haveTool("redis-server"), "redis-server")
	r := &redisServer{t: t, addr: freeAddr(t)}
	host, port, _ := net.SplitHostPort(r.addr)
	r.args = append([]string{"--bind", host, "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no"}, args...)
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *redisServer) url() string { return "redis://" + r.addr + "/0" }

func (r *redisServer) start() {
	r.t.Helper()
	r.cmd = exec.Command("redis-server", r.args...)
	must(r.t, r.cmd.Start())
	deadline := time.Now().Add(10 * time.Second)
	for {
		if c, err := net.Dial("tcp", r.addr); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatal("Redis does not accept connections")
		}
		tick()
	}
}

func (r *redisServer) stop() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

func (r *redisServer) restart() {
	r.t.Helper()
	r.stop()
	r.start()
	r.restarted++
}

func (r *redisServer) flush() {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	must(r.t, err)
	defer c.Close()
	_, err = c.Write([]byte("FLUSHALL\r\n"))
	must(r.t, err)
	said := make([]byte, 5)
	_, err = c.Read(said)
	must(r.t, err)
	r.flushed++
}
