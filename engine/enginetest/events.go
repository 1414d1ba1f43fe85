package enginetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func businessEvent(id string, minutes int) engine.BusinessEvent {
	return engine.BusinessEvent{
		CloudEvent: engine.CloudEvent{ID: id, Source: "/crm", Type: "crm.deal.closed", Subject: "sam@example.org", Time: at(minutes), Data: []byte(`{"amount":5}`)},
		Key:        engine.EventKey("key", "/crm", id), From: "key", ReceivedAt: at(minutes),
	}
}

func keysOf(all []engine.BusinessEvent) []string {
	ids := []string{}
	for _, ev := range all {
		ids = append(ids, ev.ID)
	}
	return ids
}

func eventIsKeptOnce(t *testing.T, s engine.Store) {
	ctx := t.Context()
	ev := businessEvent("1", 0)
	same(t, "added", got[bool](t)(s.AddEvent(ctx, ev)), true)
	again := ev
	again.Subject = "somebody else"
	same(t, "added again", got[bool](t)(s.AddEvent(ctx, again)), false)
	ev.Rev = 1
	same(t, "the event", got[engine.BusinessEvent](t)(s.Event(ctx, ev.Key)), ev)
	_, err := s.Event(ctx, "nothing")
	wantErr(t, err, engine.ErrNotFound)
	fresh := businessEvent("2", 0)
	var won atomic.Int32
	together(t, 6, nil, func(int) error {
		first, err := s.AddEvent(ctx, fresh)
		if first {
			won.Add(1)
		}
		return err
	})
	same(t, "added at once", won.Load(), int32(1))
}

func eventIsSwapped(t *testing.T, s engine.Store) {
	ctx := t.Context()
	ev := businessEvent("1", 0)
	got[bool](t)(s.AddEvent(ctx, ev))
	ev.Rev, ev.AppliedAt, ev.People = 1, at(1), []engine.PersonID{"sam", "ada"}
	must(t, s.SaveEvent(ctx, ev))
	wantErr(t, s.SaveEvent(ctx, ev), engine.ErrConflict)
	ev.Rev = 2
	same(t, "the event", got[engine.BusinessEvent](t)(s.Event(ctx, ev.Key)), ev)
	wantErr(t, s.SaveEvent(ctx, businessEvent("none", 0)), engine.ErrNotFound)
}

func eventsAreListed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i := range 4 {
		got[bool](t)(s.AddEvent(ctx, businessEvent(fmt.Sprint(i), i/2))) // two at the same time
	}
	var ids []string
	place := engine.EventPlace{}
	for {
		page := got[[]engine.BusinessEvent](t)(s.Events(ctx, place, 1))
		if len(page) == 0 {
			break
		}
		ids = append(ids, page[0].ID)
		place = engine.EventPlace{At: page[0].ReceivedAt, Key: page[0].Key}
		if len(ids) > 4 {
			t.Fatal("the log does not end")
		}
	}
	same(t, "paged", ids, keysOf(got[[]engine.BusinessEvent](t)(s.Events(ctx, engine.EventPlace{}, 10))))
	same(t, "all", len(ids), 4)
	same(t, "the latest first", ids[0] == "2" || ids[0] == "3", true)
}

func eventsWait(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i := range 3 {
		got[bool](t)(s.AddEvent(ctx, businessEvent(fmt.Sprint(i), i)))
	}
	pending := func(minutes int) []string {
		return keysOf(got[[]engine.BusinessEvent](t)(s.PendingEvents(ctx, at(minutes), 10)))
	}
	same(t, "pending", pending(1), []string{"0", "1"})
	done, later := businessEvent("0", 0), businessEvent("1", 1)
	done.Rev, done.AppliedAt = 1, at(2)
	later.Rev, later.RetryAt = 1, at(60)
	must(t, s.SaveEvent(ctx, done))
	must(t, s.SaveEvent(ctx, later))
	same(t, "pending", pending(5), []string{"2"})
	same(t, "pending later", pending(60), []string{"2", "1"})
}

func eventsAreForgotten(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i := range 4 {
		ev := businessEvent(fmt.Sprint(i), i)
		got[bool](t)(s.AddEvent(ctx, ev))
		ev.Rev = 1
		if ev.People = []engine.PersonID{"sam"}; i == 3 {
			ev.People = []engine.PersonID{"ada"}
		}
		must(t, s.SaveEvent(ctx, ev))
	}
	same(t, "about Sam", keysOf(got[[]engine.BusinessEvent](t)(s.EventsOf(ctx, "sam", 10))), []string{"2", "1", "0"})
	same(t, "forgotten", got[int](t)(s.ForgetEvents(ctx, at(1))), 1)
	same(t, "about Sam", keysOf(got[[]engine.BusinessEvent](t)(s.EventsOf(ctx, "sam", 10))), []string{"2", "1"})
	same(t, "erased", got[int](t)(s.EraseEventsOf(ctx, "sam")), 2)
	same(t, "erased again", got[int](t)(s.EraseEventsOf(ctx, "sam")), 0)
	same(t, "left", keysOf(got[[]engine.BusinessEvent](t)(s.Events(ctx, engine.EventPlace{}, 10))), []string{"3"})
	same(t, "about Ada", keysOf(got[[]engine.BusinessEvent](t)(s.EventsOf(ctx, "ada", 10))), []string{"3"})
}

func metricsAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	value := func(id, metric string, p engine.PersonID, minutes int) engine.MetricValue {
		return engine.MetricValue{ID: id, Workflow: "w", Metric: metric, Person: p, Value: 1.5, At: at(minutes), Source: "event"}
	}
	first, second, other := value("1", "m", "sam", 0), value("2", "m", "ada", 5), value("3", "n", "sam", 1)
	for _, v := range []engine.MetricValue{first, second, other, second} {
		must(t, s.PutMetricValue(ctx, v))
	}
	same(t, "values", got[[]engine.MetricValue](t)(s.MetricValues(ctx, "w", "m", 10)), []engine.MetricValue{second, first})
	first.Value = 2
	must(t, s.PutMetricValue(ctx, first))
	same(t, "one value", got[[]engine.MetricValue](t)(s.MetricValues(ctx, "w", "m", 1)), []engine.MetricValue{second})
	same(t, "erased", got[int](t)(s.EraseMetricValuesOf(ctx, "sam")), 2)
	same(t, "values", got[[]engine.MetricValue](t)(s.MetricValues(ctx, "w", "m", 10)), []engine.MetricValue{second})
	same(t, "forgotten", got[int](t)(s.ForgetMetricValues(ctx, at(6))), 1)
}

func sourcesAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	a := engine.EventSource{ID: "a", Name: "CRM", Salt: "1", PerMinute: 60, CreatedAt: at(0)}
	b := engine.EventSource{ID: "b", Name: "Tickets", Salt: "2", PerMinute: 60, CreatedAt: at(1)}
	must(t, s.PutEventSource(ctx, b))
	must(t, s.PutEventSource(ctx, a))
	a.RevokedAt = at(3)
	must(t, s.PutEventSource(ctx, a))
	same(t, "sources", got[[]engine.EventSource](t)(s.EventSources(ctx)), []engine.EventSource{a, b})
	same(t, "one", got[engine.EventSource](t)(s.EventSource(ctx, "b")), b)
	_, err := s.EventSource(ctx, "c")
	wantErr(t, err, engine.ErrNotFound)
}

func receiptsStand(t *testing.T, s engine.Store) {
	ctx := t.Context()
	first := engine.Receipt{Key: "k", Hash: "1", ExpiresAt: at(10)}
	other := engine.Receipt{Key: "k", Hash: "2", ExpiresAt: at(30)}
	add := func(r engine.Receipt, minutes int) (engine.Receipt, bool) {
		t.Helper()
		stands, fresh, err := s.AddReceipt(ctx, r, at(minutes))
		must(t, err)
		return stands, fresh
	}
	if _, fresh := add(first, 0); !fresh {
		t.Error("the first is not taken")
	}
	stands, fresh := add(other, 5)
	same(t, "what stands", stands, first)
	same(t, "taken", fresh, false)
	first.Status, first.Body = 201, []byte("done")
	must(t, s.SaveReceipt(ctx, first))
	stands, _ = add(other, 9)
	same(t, "what stands", stands, first)
	if _, fresh = add(other, 10); !fresh {
		t.Error("an expired one stands in the way")
	}
	must(t, s.DropReceipt(ctx, "k"))
	must(t, s.DropReceipt(ctx, "k"))
	var won atomic.Int32
	together(t, 6, nil, func(int) error {
		_, fresh, err := s.AddReceipt(ctx, engine.Receipt{Key: "race", Hash: "1", ExpiresAt: at(10)}, at(0))
		if fresh {
			won.Add(1)
		}
		return err
	})
	same(t, "winners", won.Load(), int32(1))
	same(t, "forgotten", got[int](t)(s.ForgetReceipts(ctx, at(20))), 1)
}
