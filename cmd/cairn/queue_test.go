package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/cairn-lms/cairn/engine"
)

func TestTheQueueCommandShowsWhatWasGivenUpAndBeginsItOnceMore(t *testing.T) {
	data := t.TempDir()
	c := gather(t, map[string]string{"-data": data}, fmt.Sprintf(nudgedOnce, ", sat, sun", "00:00-23:59"), 2,
		func(int) time.Time { return time.Now().Add(-time.Minute) }, func(int) string { return "UTC" })
	redis := newRedis(t)
	s := &site{t: t, flags: []string{"-data", data, "-public-url", "http://127.0.0.1:1", "-redis-url", redis.url()}}
	var report queueReport
	ls := func(which string) queueReport {
		report = queueReport{}
		must(t, json.Unmarshal(s.command("queue", "ls", which, "-json"), &report))
		return report
	}
	if b := ls("-waiting").Waiting; b == nil || b.Wakes != 2 || b.Oldest == nil || len(b.Queues) != 4 || len(report.Dead) != 0 {
		t.Errorf("waiting: %+v", report)
	}
	out := startSink(t, time.Now, func(int) post { return refuse })
	w := s.start(append([]string{"worker", "-smtp-url", "smtp://" + out.addr + "?tls=none", "-mail-from", "Cairn <cairn@test.example>"}, s.flags...)...)
	(&walk{t: t}).eventually("both are refused", func() bool { return out.counts()[refuse] >= 2 })
	w.stop(syscall.SIGTERM)
	// They would be tried for days. Two things die at once.
	all, err := c.rooms.store.MessagesTo(t.Context(), c.people[0], 10)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d messages", len(all))
	}
	m := all[0]
	m.State = engine.MessageFailed
	must(t, c.rooms.store.SaveMessage(t.Context(), m))
	c.rooms.engine.Bury(t.Context(), engine.DeadMessage, string(m.ID), m.Purpose, 8, fmt.Errorf("refused"))
	if ls("-dead"); len(report.Dead) != 1 || report.Dead[0].Tries != 8 || report.Waiting != nil {
		t.Fatalf("dead: %+v", report)
	}
	if out := string(s.command("queue", "ls")); !strings.Contains(out, report.Dead[0].ID) || !strings.Contains(out, "refused") {
		t.Errorf("it prints:\n%s", out)
	}
	if out := string(s.command("queue", "retry", report.Dead[0].ID)); out != "1 begun once more\n" {
		t.Errorf("it prints %q", out)
	}
	m, err = c.rooms.store.Message(t.Context(), m.ID)
	must(t, err)
	if m.State != engine.MessageWaiting || m.Attempts != 0 {
		t.Errorf("the message is %+v", m)
	}
	if out := string(s.command("queue", "ls")); out != "nothing was given up\n" {
		t.Errorf("it prints %q", out)
	}
	if out := string(s.command("queue", "retry", "-all")); out != "0 begun once more\n" {
		t.Errorf("it prints %q", out)
	}
	if out, err := s.exec(append([]string{"queue", "drop", "message-none"}, s.flags...)...).CombinedOutput(); err == nil || !strings.Contains(string(out), "cairn queue ls") {
		t.Errorf("dropping nothing: %v, %s", err, out)
	}

	// What Asynq archived by itself is listed, and its id is free once it is dropped.
	connection, err := asynq.ParseRedisURI(redis.url())
	must(t, err)
	client, inspector := asynq.NewClient(connection), asynq.NewInspector(connection)
	defer client.Close()
	defer inspector.Close()
	enqueue := func() error {
		_, err := client.Enqueue(asynq.NewTask("wake", []byte(`{"tenant":"main","id":"e"}`)), asynq.Queue("wake"), asynq.TaskID("wake:main:e:1"))
		return err
	}
	must(t, enqueue())
	must(t, inspector.ArchiveTask("wake", "wake:main:e:1"))
	if ls("-all"); len(report.Archived) != 1 || enqueue() == nil {
		t.Errorf("archived: %+v", report)
	}
	s.command("queue", "drop", report.Archived[0])
	must(t, enqueue())
}
