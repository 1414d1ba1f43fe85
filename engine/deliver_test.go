package engine_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestNudgesArriveInWorkingHoursEachOnce(t *testing.T) {
	h := newHouse(t, "2026-11-21 22:00") // a Saturday night
	h.arrive("first-steps", maxed)
	h.sweep()
	if got := h.post.told(); len(got) != 0 {
		t.Fatalf("sent on a Saturday night: %v", got)
	}
	var when []string
	for _, until := range []string{"2026-11-23 12:00", "2026-11-30 12:00"} {
		h.pass(until)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	for i, m := range h.post.sent() {
		when = append(when, m.Message.Purpose+" "+h.post.times[i].In(zone).Format("Mon 15:04"))
		if m.Link == "" && m.To.Email == "sam@example.org" || m.UnsubscribeURL == "" || m.Zone != "Europe/Berlin" {
			t.Errorf("a mail without link, way out or zone: %+v", m)
		}
	}
	// opened on Saturday: due on Tuesday at 17:00; a day before, a working day after, and the manager four after
	if got := strings.Join(when, ", "); got != "step_open Mon 09:00, step_late Wed 09:00, ask_for_help Mon 09:00" {
		t.Errorf("mails: %s", got)
	}
}

func TestUnsubscribingStopsMailsAtOnce(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	must(t, h.Unsubscribe(t.Context(), h.sam, "email"))
	must(t, h.Unsubscribe(t.Context(), h.sam, "email"))
	h.pass("2026-11-24 12:00")
	if got := h.post.told(); len(got) != 0 {
		t.Fatalf("mails: %v", got)
	}
}

func TestAFailedMailIsTriedAgainAndAHopelessOneGivenUp(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.post.fail = &engine.RetryError{Err: errors.New("greylisted")}
	if _, err := h.Sweep(t.Context(), "test"); err == nil {
		t.Fatal("a failure was not told")
	}
	h.post.fail = nil
	h.now = h.now.Add(30 * time.Second)
	h.sweep()
	if len(h.post.sent()) != 0 {
		t.Fatal("tried again too soon")
	}
	h.now = h.now.Add(time.Minute)
	h.sweep()
	h.sweep()
	if got := h.post.told(); !slices.Equal(got, []string{"sam step_open read-trades"}) {
		t.Fatalf("mails: %v", got)
	}
}

func TestTwoWorkersSendEachMailOnce(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := h.Deliver(t.Context(), h.sam); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	if got := h.post.told(); len(got) != 1 || h.book.count("notified") != 1 {
		t.Fatalf("mails: %v", got)
	}
}

func TestAnAwayRecordStoreLosesNothing(t *testing.T) {
	h := newHouse(t, monday)
	h.book.fail = 3
	h.arrive("first-steps", maxed)
	must(t, h.MarkDone(t.Context(), h.sam, h.id, "read-trades"))
	if len(h.book.verbs()) != 0 {
		t.Fatal("recorded though it is away")
	}
	_, _ = h.Sweep(t.Context(), "test")
	h.sweep()
	want := []string{"registered", "launched", "viewed", "completed", "progressed"}
	if got := h.book.verbs(); !slices.Equal(got, want) {
		t.Fatalf("recorded %v, want %v", got, want)
	}
}
