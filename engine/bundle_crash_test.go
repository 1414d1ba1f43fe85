package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// killer is a mail server that takes a mail, or not, while the process dies.
type killer struct {
	engine.Mailer
	store *mortal
	takes bool
}

func (k killer) Send(ctx context.Context, m engine.Mail) error {
	k.store.left = 0
	if k.takes {
		return k.Mailer.Send(ctx, m)
	}
	return errKilled
}

// threeRequests has three learners whose first step asks Max.
func threeRequests(t *testing.T) *house {
	t.Helper()
	h := newHouse(t, monday)
	for _, subject := range []string{"5", "6", "7"} {
		a := arrival("negotiation-skills", maxed)
		a.Subject, a.Email = subject, "l"+subject+"@example.org"
		_, err := h.Arrive(t.Context(), a)
		must(t, err)
		h.now = h.now.Add(time.Second)
	}
	return h
}

func TestAWorkerThatDiesWhileItSendsLosesNothingThatTravelsInTheMail(t *testing.T) {
	for _, takes := range []bool{false, true} {
		h := threeRequests(t)
		wall := time.Now()
		store := &mortal{Store: h.store, left: 10_000}
		o := h.options
		o.Store, o.Mailer = store, killer{h.post, store, takes}
		o.Wall = func() time.Time { return wall }
		_, _ = engine.New(o).Sweep(t.Context(), "victim")

		o = h.options
		o.Wall = func() time.Time { return wall.Add(5 * time.Minute) }
		h.now = h.now.Add(5 * time.Minute)
		survivor := engine.New(o)
		for range 3 {
			_, err := survivor.Sweep(t.Context(), "survivor")
			must(t, err)
			h.now = h.now.Add(time.Minute)
		}
		told := map[engine.RequestID]bool{}
		for _, m := range h.post.sent() {
			told[m.Message.Request] = true
			for _, also := range m.Also {
				told[also.Message.Request] = true
			}
		}
		p, err := h.store.PersonByEmail(t.Context(), "max@example.org")
		must(t, err)
		all, err := h.store.MessagesTo(t.Context(), p.ID, 100)
		must(t, err)
		sent := 0
		for _, m := range all {
			if m.State != engine.MessageSent {
				continue
			}
			if sent++; !told[m.Request] {
				t.Errorf("server took the mail %v: request %s is noted as sent, Max never got it", takes, m.Request)
			}
		}
		if sent < 3 {
			t.Errorf("server took the mail %v: %d of 3 requests were sent", takes, sent)
		}
	}
}

// pausing is a store that lets somebody else in after the first message was claimed.
type pausing struct {
	engine.Store
	once  sync.Once
	pause func()
}

func (s *pausing) SaveMessage(ctx context.Context, m engine.Message) error {
	err := s.Store.SaveMessage(ctx, m)
	s.once.Do(s.pause)
	return err
}

func TestTheDailyCapHoldsWithTwoWorkers(t *testing.T) {
	h := newHouse(t, "2026-11-21 22:00")
	h.arrive("negotiation-skills", maxed)
	h.arrive("first-steps", maxed)
	h.now = at(t, "2026-11-23 09:00")
	o := h.options
	o.Store = &pausing{Store: h.store, pause: func() { must(t, h.Deliver(t.Context(), h.sam)) }}
	must(t, engine.New(o).Deliver(t.Context(), h.sam))
	n := 0
	for _, m := range h.post.sent() {
		if m.To.Email == "sam@example.org" {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d mails to Sam on a day whose cap is 1", n)
	}
	free, err := h.store.TakeLease(t.Context(), "deliver/"+string(h.sam), "next", time.Now(), time.Now())
	if must(t, err); !free {
		t.Fatal("the lease was not given back")
	}
}

func TestAWorkerThatDiedHoldsUpAPersonsMailsForSecondsOnly(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	wall := at(t, monday)
	store := &mortal{Store: h.store, left: 1} // it takes the lease and dies
	o := h.options
	o.Store, o.Wall = store, func() time.Time { return wall }
	_ = engine.New(o).Deliver(t.Context(), h.sam)
	if n := len(h.post.sent()); n != 0 {
		t.Fatalf("the dying worker sent %d mails", n)
	}
	wall = wall.Add(15 * time.Second)
	o.Store = h.store
	must(t, engine.New(o).Deliver(t.Context(), h.sam))
	if len(h.post.sent()) == 0 {
		t.Fatal("15 seconds later nobody else delivers")
	}
}

func TestANudgeWhoseWorkerDiedWaitsForTheNextWorkingHours(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	wall := at(t, monday).Add(-24 * time.Hour)
	store := &mortal{Store: h.store, left: 10_000}
	o := h.options
	o.Store, o.Mailer, o.Wall = store, killer{h.post, store, false}, func() time.Time { return wall }
	_ = engine.New(o).Deliver(t.Context(), h.sam)

	o = h.options
	o.Wall = func() time.Time { return wall.Add(time.Hour) }
	h.now = at(t, "2026-11-23 20:00")
	must(t, engine.New(o).Deliver(t.Context(), h.sam))
	all, err := h.store.MessagesTo(t.Context(), h.sam, 10)
	must(t, err)
	if m := all[0]; len(all) != 1 || m.State != engine.MessageWaiting || !m.DueAt.Equal(at(t, "2026-11-24 09:00")) {
		t.Fatalf("in the evening it is %s until %s", m.State, m.DueAt)
	}
}
