package queue_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/mail"
	"github.com/cairn-lms/cairn/engine/queue"
	"github.com/cairn-lms/cairn/xapi"
)

const chain = `workflow: chain
version: 1
title: A chain
goal: {outcome: Every mail arrives once}
behaviours:
  - {id: ask, text: Asks, scale: [never, always], target: 2, observers: [learner, manager]}
roles:
  manager: {from: [launch.custom.manager_email], else: coach}
nudges: {channels: [email], cap: {day: 5, week: 9}, default: standard}
phases:
  - phase: before
    steps:
      - {id: look, kind: reflect, title: Look back, by: learner, due: enrolled + 3wd, done: response, minutes: 5}
`

// recorder takes every statement.
type recorder struct{}

func (recorder) Record(context.Context, []xapi.Statement) error { return nil }

type links struct{}

func (links) Request(tenant string, e engine.EnrolmentID, r engine.RequestID) string {
	return "https://cairn.example/r/" + string(r)
}
func (links) Waitlist(tenant string, p engine.PersonID, generation int, made time.Time) string {
	return "https://cairn.example/w/" + string(p)
}
func (links) Unsubscribe(tenant string, p engine.PersonID, channel string) string {
	return "https://cairn.example/u/" + string(p)
}

// clock is the engine's time, moved by hand.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) moveTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = time.Until(t)
}

// TestTwoWorkersSendEveryNudgeOnce is the whole way: engine, store in one file
// with two handles, Redis, SMTP, mailbox.
func TestTwoWorkersSendEveryNudgeOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for name, redisURL := range redises(t) {
		t.Run(name, func(t *testing.T) { sendEveryNudgeOnce(t, redisURL) })
	}
}

func sendEveryNudgeOnce(t *testing.T, redisURL string) {
	const learners = 20
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	mailbox, err := embedded.StartMailbox(ctx, "127.0.0.1:0", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, mailbox.Close(context.Background())) }()
	now := &clock{}
	now.moveTo(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)) // a Monday in working hours
	path := filepath.Join(t.TempDir(), "engine.db")

	var group sync.WaitGroup
	var services []*engine.Service
	for range 2 {
		s := service(t, path, redisURL, mailbox.SMTPAddr(), now)
		services = append(services, s)
		w, err := queue.NewWorker(queue.WorkerOptions{
			RedisURL: redisURL, Now: now.Now, SweepEvery: 300 * time.Millisecond,
			Tenants: func(context.Context) ([]string, error) { return []string{"main"}, nil },
			Engine:  func(context.Context, string) (*engine.Service, error) { return s, nil },
		})
		must(t, err)
		group.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	defer group.Wait()
	defer cancel()

	if _, problems, err := services[0].ImportWorkflow(ctx, "chain.yaml", []byte(chain), nil); err != nil {
		t.Fatal(err, problems)
	}
	for i := range learners {
		_, err := services[i%2].Arrive(ctx, engine.Arrival{
			Issuer: "https://lms.example", Subject: fmt.Sprint(i), Name: fmt.Sprint("Learner ", i), Email: fmt.Sprintf("l%d@example.org", i), Zone: "UTC",
			Workflow: "chain", Course: engine.Course{Issuer: "https://lms.example", ID: "2"}, RelaunchURL: "https://lms.example/view.php?l=1",
		})
		must(t, err)
	}
	exactly(t, mailbox, learners, 1, "Next up: Look back")
	now.moveTo(time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)) // the step is due on Thursday at 17:00
	exactly(t, mailbox, learners, 1, "Due tomorrow at")
	now.moveTo(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC))
	exactly(t, mailbox, learners, 1, "Still open: Look back")
}

// exactly waits until every learner has a mail and checks that nobody has two.
func exactly(t *testing.T, mailbox *embedded.Mailbox, learners, each int, subject string) {
	t.Helper()
	count := func(mails []embedded.Mail) map[string]int {
		to := map[string]int{}
		for _, m := range mails {
			if strings.HasPrefix(m.Subject, subject) {
				to[strings.Join(m.To, ",")]++
			}
		}
		return to
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := mailbox.Wait(ctx, func(mails []embedded.Mail) bool { return len(count(mails)) >= learners }); err != nil {
		t.Fatalf("%q reached %d of %d: %v", subject, len(count(mailbox.Mails())), learners, err)
	}
	for to, n := range count(mailbox.Mails()) {
		if n != each {
			t.Errorf("%s got %d mails %q", to, n, subject)
		}
	}
}

func service(t *testing.T, path, redisURL, smtpAddr string, now *clock) *engine.Service {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	store, err := enginesqlite.New(t.Context(), db)
	must(t, err)
	alarms, err := queue.NewClient(redisURL, queue.WithNow(now.Now))
	must(t, err)
	t.Cleanup(func() { _ = alarms.Close() })
	mailer, err := mail.New(mail.Options{URL: "smtp://" + smtpAddr, From: "Cairn <cairn@cairn.example>", Now: now.Now})
	must(t, err)
	return engine.New(engine.Options{Tenant: "main", Store: store, Recorder: recorder{}, Mailer: mailer, Links: links{}, Alarms: alarms,
		Now: now.Now, IRIBase: "https://cairn.example", Log: slog.New(slog.DiscardHandler)})
}

// redises are the Redis servers to test with.
func redises(t *testing.T) map[string]string {
	t.Helper()
	r, err := embedded.StartRedis(t.Context())
	must(t, err)
	t.Cleanup(r.Close)
	all := map[string]string{"in-process": "redis://" + r.Addr() + "/0"}
	if raw := os.Getenv("CAIRN_TEST_REDIS_URL"); raw != "" {
		u, err := url.Parse(raw)
		must(t, err)
		u.Path = "/12"
		all["real"] = u.String()
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (links) Nudge(_ string, _ engine.MessageID, to string) string { return to }
