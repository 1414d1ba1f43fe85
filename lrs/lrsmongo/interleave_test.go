package lrsmongo

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// removal of statement n, as it stands now.
func (s *Store) removal(t *testing.T, n int) lrs.Change {
	t.Helper()
	row, err := s.Get(t.Context(), entryOf(n).ID)
	if err != nil {
		t.Error(err)
	}
	return lrs.Change{ID: row.ID, Was: row.Doc}
}

func (s *Store) replaces(t *testing.T, changes ...lrs.Change) {
	t.Helper()
	if err := s.Replace(t.Context(), changes); err != nil {
		t.Error(err)
	}
}

// One process does something, another does something else, the whole of it, between
// any two commands of the first.
func TestWhatTwoProcessesRelateAtOnceAgreesInTheEnd(t *testing.T) {
	remove := func(n int) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) { s.replaces(t, s.removal(t, n)) }
	}
	insert := func(entries ...lrs.Entry) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) { s.insert(t, entries...) }
	}
	rename := func(t *testing.T, s *Store) {
		c := s.removal(t, 1)
		c.Doc = bytes.ReplaceAll(c.Was, []byte("mailto:1@"), []byte("mailto:9@"))
		s.replaces(t, c)
	}
	for name, c := range map[string]struct {
		there  []lrs.Entry
		one    func(*testing.T, *Store)
		other  func(*testing.T, *Store)
		voided []int
	}{
		"a reference comes, its target goes":  {[]lrs.Entry{about(1, did, 0)}, insert(about(2, did, 1)), remove(1), nil},
		"a target goes, a reference comes":    {[]lrs.Entry{about(1, did, 0)}, remove(1), insert(about(2, did, 1)), nil},
		"a reference comes, its target turns": {[]lrs.Entry{about(1, did, 0)}, insert(about(2, did, 1)), rename, nil},
		"a target turns, a reference comes":   {[]lrs.Entry{about(1, did, 0)}, rename, insert(about(2, did, 1)), nil},
		"a voiding goes, another comes":       {[]lrs.Entry{about(1, did, 0), about(2, xapi.VerbVoided, 1)}, remove(2), insert(about(3, xapi.VerbVoided, 1)), []int{1}},
		"a voiding comes, another goes":       {[]lrs.Entry{about(1, did, 0), about(2, xapi.VerbVoided, 1)}, insert(about(3, xapi.VerbVoided, 1)), remove(2), []int{1}},
		"both voidings go":                    {[]lrs.Entry{about(1, did, 0), about(2, xapi.VerbVoided, 1), about(3, xapi.VerbVoided, 1)}, remove(2), remove(3), nil},
		"a target comes, its voiding goes":    {[]lrs.Entry{about(2, xapi.VerbVoided, 1)}, insert(about(1, did, 0)), remove(2), nil},
		"a middle goes, a target comes":       {[]lrs.Entry{about(3, did, 2), about(2, did, 1)}, remove(2), insert(about(1, did, 0)), nil},
		"a target comes, a middle goes":       {[]lrs.Entry{about(3, did, 2), about(2, did, 1)}, insert(about(1, did, 0)), remove(2), nil},
	} {
		t.Run(name, func(t *testing.T) {
			for nth, met := int32(1), true; met; nth++ {
				var now, done atomic.Bool
				var count atomic.Int32
				var well *Store
				first, second := stores(t, options.Client().SetMonitor(&event.CommandMonitor{
					Started: func(context.Context, *event.CommandStartedEvent) {
						if now.Load() && count.Add(1) == nth && done.CompareAndSwap(false, true) {
							c.other(t, well)
						}
					},
				}))
				well = second
				well.insert(t, c.there...)
				now.Store(true)
				c.one(t, first)
				now.Store(false)
				if met = done.Load(); !met {
					c.other(t, well)
				}
				if well.agrees(t, c.voided...); t.Failed() {
					t.Fatalf("that was before command %d", nth)
				}
			}
		})
	}
}

// A process is killed at each of the commands with which it removes a page.
func TestAPageWithAVoidingWhoseRemovalIsKilledIsRemovedByTheNext(t *testing.T) {
	for nth, killed := int32(1), true; killed; nth++ {
		c := &cut{nth: nth}
		sick, well := stores(t, c.client())
		later := time.Now().AddDate(0, 0, 20)
		keeper := func(s *Store) *lrs.LRS { return lrs.New(s, lrs.Options{Now: func() time.Time { return later }}) }
		err := errors.Join(keeper(well).SetRule(t.Context(), lrs.Rule{Days: 15}),
			keeper(well).SetRule(t.Context(), lrs.Rule{Type: "https://e.org/type", Days: 10}))
		if err != nil {
			t.Fatal(err)
		}
		old := about(1, did, 0)
		old.Doc = bytes.Replace(old.Doc, []byte(`"id":"https://e.org/x"`), []byte(`"id":"https://e.org/x","definition":{"type":"https://e.org/type"}`), 1)
		well.insert(t, old, about(2, xapi.VerbVoided, 1), about(3, did, 1))
		ctx, cancel := c.within(t.Context())
		_, err = keeper(sick).ApplyRetention(ctx, false)
		if killed = ctx.Err() != nil; !killed && err != nil {
			t.Fatal(err)
		}
		cancel()
		if row, err := well.Get(t.Context(), old.ID); err == nil && !row.Flags.Has(lrs.Voided) {
			t.Errorf("killed at command %d: what was voided counts again", nth)
		}
		if _, err := keeper(well).ApplyRetention(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		rows, _, err := well.Select(t.Context(), lrs.Selection{After: -1, Until: 1 << 62, Limit: 10, Voided: true})
		for _, r := range rows {
			t.Errorf("killed at command %d: left is %s", nth, r.Doc)
		}
		if err != nil {
			t.Fatal(err)
		}
		well.agrees(t)
	}
}
