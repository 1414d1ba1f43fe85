package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/engine"
)

// What the drain and the fault run share: many learners of one workflow, put into the stores directly, and a mail
// server that may refuse and hang.

// nudgedOnce is a workflow of one step, an hour after the enrolment, and one nudge.
const nudgedOnce = `workflow: nudged
version: 1
title: Nudged once
goal: {outcome: Every nudge arrives}
behaviours:
  - {id: ask, text: Asks, scale: [never, always], target: 2, observers: [learner]}
calendar: {days: [mon, tue, wed, thu, fri%s], hours: "%s", timezone: doer}
nudges:
  channels: [email]
  cap: {day: 5, week: 9}
  default: once
  policies:
    once: [{at: open, to: doer, text: step_open}]
phases:
  - phase: during
    opens: enrolled + 1h
    steps:
      - {id: look, kind: reflect, title: Look back, by: learner, due: open + 5wd, done: response, minutes: 5}
`

// crowd puts learners into a tenant: copies of one who arrived, each with a person of their own, whose step opens at a
// time. It answers the ids of the people, in the order of their numbers.
type crowd struct {
	t      testing.TB
	rooms  *rooms
	people []engine.PersonID
}

// gather makes n learners; opens and zone say when the step of the i-th opens, and where they live.
func gather(t testing.TB, flags map[string]string, workflow string, n int, opens func(i int) time.Time, zone func(i int) string) *crowd {
	t.Helper()
	cfg := &config{data: flags["-data"], devClock: flags["-dev-clock"], publicURL: "http://127.0.0.1:1", tenant: "main"}
	h, err := build(t.Context(), cfg, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, h.Close()) })
	r, err := h.rooms(t.Context(), "main")
	must(t, err)
	if _, problems, err := r.engine.ImportWorkflow(t.Context(), "nudged.yaml", []byte(workflow), nil); err != nil {
		t.Fatal(err, problems)
	}
	c := &crowd{t: t, rooms: r, people: make([]engine.PersonID, n)}
	course := engine.Course{Issuer: "https://lms.example", ID: "2"}
	first, err := r.engine.Arrive(t.Context(), engine.Arrival{Issuer: course.Issuer, Subject: "first", Name: "First", Workflow: "nudged", Course: course,
		RelaunchURL: "https://lms.example/view.php?l=1", Preview: false})
	must(t, err)
	model, err := r.store.Enrolment(t.Context(), first.ID)
	must(t, err)
	var group errgroup.Group
	group.SetLimit(32)
	for i := range n {
		group.Go(func() error {
			p := engine.Person{ID: engine.PersonID(uuid.NewString()), Issuer: course.Issuer, Subject: fmt.Sprint(i), Name: fmt.Sprint("Learner ", i),
				Email: fmt.Sprintf("l%d@example.org", i), Zone: zone(i), CreatedAt: h.now()}
			c.people[i] = p.ID
			e := *model
			e.ID, e.RegistrationID, e.Learner = engine.EnrolmentID(uuid.NewString()), uuid.NewString(), p.ID
			e.WakeAt = opens(i).UTC().Truncate(time.Millisecond)
			e.Anchors = map[string]time.Time{engine.AnchorEnrolled: e.WakeAt.Add(-time.Hour)}
			e.Steps = map[engine.StepID]*engine.StepState{"look": {State: engine.Locked, OpensAt: e.WakeAt}}
			e.Statements, e.Messages, e.Grade = nil, nil, nil
			if err := r.store.CreatePerson(t.Context(), p); err != nil {
				return err
			}
			return r.store.CreateEnrolment(t.Context(), &e)
		})
	}
	must(t, group.Wait())
	return c
}

// clockAt makes a clock file that shows a time now, plus something.
func clockAt(t testing.TB, name string, at time.Time) *devClock {
	t.Helper()
	c, err := openClock(filepath.Join(t.TempDir(), name))
	must(t, err)
	for ahead := time.Until(at); ahead > 0; ahead = at.Sub(c.Now()) {
		must(t, c.Advance(min(ahead, 300*24*time.Hour)))
		if at.Sub(c.Now()) < time.Millisecond {
			break
		}
	}
	return c
}

// post is what a mail server does with one mail.
type post string

const (
	takes  post = "takes"
	refuse post = "refuses"
	hangs  post = "hangs"            // before it says anything to the mail
	mum    post = "hangs after DATA" // it has the mail and never says so
)

// arrivedMail is a mail the sink has.
type arrivedMail struct {
	id, to string
	how    post
	at     time.Time // by now
	door   string    // the address that it came by
}

// sink is a mail server that does with the n-th mail what it is told.
type sink struct {
	addr string // its first door; open makes more
	now  func() time.Time
	does func(n int) post

	mu    sync.Mutex
	n     int
	mails []arrivedMail
	count map[post]int
	conns map[net.Conn]bool // nil: it is closed
	doors []net.Listener

	sessions sync.WaitGroup
}

func startSink(t testing.TB, now func() time.Time, does func(n int) post) *sink {
	t.Helper()
	s := &sink{now: now, does: does, count: map[post]int{}, conns: map[net.Conn]bool{}}
	t.Cleanup(s.close)
	s.addr = s.open(t)
	return s
}

// close closes all doors before it waits for who came by any of them.
func (s *sink) close() {
	s.mu.Lock()
	for _, l := range s.doors {
		_ = l.Close()
	}
	for c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.sessions.Wait()
}

// open makes another address of the same server, so that mails tell by which they came.
func (s *sink) open(t testing.TB) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.mu.Lock()
	s.doors = append(s.doors, l)
	s.mu.Unlock()
	s.sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			if s.conns == nil {
				s.mu.Unlock()
				_ = c.Close()
				return
			}
			s.conns[c] = true
			s.mu.Unlock()
			s.sessions.Go(func() { s.session(c) })
		}
	})
	return l.Addr().String()
}

func (s *sink) session(c net.Conn) {
	defer func() {
		_ = c.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	say("220 sink")
	to, does := "", takes
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.TrimSpace(line))
		switch {
		case strings.HasPrefix(verb, "EHLO"), strings.HasPrefix(verb, "HELO"), verb == "RSET", verb == "NOOP":
			say("250 OK")
		case strings.HasPrefix(verb, "MAIL FROM"):
			s.mu.Lock()
			does = s.does(s.n)
			s.n++
			s.count[does]++
			s.mu.Unlock()
			if does == hangs {
				_, _ = io.Copy(io.Discard, in) // until the client has had enough
				return
			}
			say("250 OK")
		case strings.HasPrefix(verb, "RCPT TO"):
			if does == refuse {
				say("451 4.3.0 not now")
				continue
			}
			to = strings.Trim(strings.TrimSpace(line)[len("RCPT TO:"):], "<> ")
			say("250 OK")
		case verb == "DATA":
			say("354 go ahead")
			var body strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return // the client died half-way: nothing arrived
				}
				if line == ".\r\n" {
					break
				}
				body.WriteString(line)
			}
			m, err := mail.ReadMessage(strings.NewReader(body.String()))
			if err != nil {
				say("554 no mail")
				continue
			}
			s.mu.Lock()
			s.mails = append(s.mails, arrivedMail{id: m.Header.Get("Message-ID"), to: to, how: does, at: s.now(), door: c.LocalAddr().String()})
			s.mu.Unlock()
			if does == mum {
				_, _ = io.Copy(io.Discard, in)
				return
			}
			say("250 OK")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("500 what?")
		}
	}
}

// arrived are the mails so far.
func (s *sink) arrived() []arrivedMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]arrivedMail(nil), s.mails...)
}

func (s *sink) counts() map[post]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[post]int{}
	for k, v := range s.count {
		out[k] = v
	}
	return out
}

// until waits for something that other processes do, and fails at the deadline.
func until(t testing.TB, ctx context.Context, what string, ok func() bool) {
	t.Helper()
	for !ok() {
		if ctx.Err() != nil {
			t.Fatalf("in time still not: %s", what)
		}
		tick()
	}
}
