package lrstest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

func upkeep(t *testing.T, newStore func(t *testing.T, name string) lrs.Store) {
	for name, test := range map[string]func(*testing.T, func(name string) lrs.Store){
		"a removed statement leaves nothing behind":             removes,
		"a rewritten statement is found by what it says now":    rewrites,
		"a removed voiding voids no more":                       unvoids,
		"a voided statement is found by its agents, if asked":   findsVoided,
		"a change of what has changed is left out":              changesOnce,
		"what was removed does not come back":                   staysRemoved,
		"what tells of an erased agent's past does not come in": pastOfErased,
		"settings are swapped by one at a time":                 swapsSettings,
		"after all kinds of changes everything agrees":          agrees,
		"what is being written is not reported":                 agreesMeanwhile,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(name string) lrs.Store { return newStore(t, name) })
		})
	}
}

// removal of statements, rewriting …: changes as they stand now.
func removal(t *testing.T, s lrs.Store, n int) lrs.Change {
	t.Helper()
	row, err := s.Get(t.Context(), id(n))
	if err != nil {
		t.Fatal(err)
	}
	return lrs.Change{ID: row.ID, Was: row.Doc}
}

// renaming lets statement n be of agent who.
func renaming(t *testing.T, s lrs.Store, n, who int) lrs.Change {
	t.Helper()
	c := removal(t, s, n)
	c.Doc = bytes.ReplaceAll(c.Was, fmt.Appendf(nil, "mailto:%d@", n), fmt.Appendf(nil, "mailto:%d@", who))
	return c
}

func replace(t *testing.T, s lrs.Store, changes ...lrs.Change) {
	t.Helper()
	if err := s.Replace(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

// agree wants that everything is as it should be.
func agree(t *testing.T, s lrs.Store) {
	t.Helper()
	last := int64(-1)
	err := s.Inspect(t.Context(), func(img lrs.Image) error {
		for _, p := range img.Problems {
			t.Errorf("statement %q: %s", img.ID, p)
		}
		if img.VoidedBy != img.Flags.Has(lrs.Voided) && !img.Flags.Has(lrs.Voiding) {
			t.Errorf("statement %s: voided is %v, a statement voids it: %v", img.ID, img.Flags.Has(lrs.Voided), img.VoidedBy)
		}
		if !bytes.Equal(img.Sum, lrs.Checksum(img.Doc)) {
			t.Errorf("statement %s: its checksum is wrong", img.ID)
		}
		if img.ID != "" && img.Stored <= last {
			t.Errorf("statement %s is out of order", img.ID)
		}
		last = img.Stored
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func removes(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), referring(2, 1, 0), referring(3, 2, 0), entry(4))
	replace(t, s, removal(t, s, 1))
	if _, err := s.Get(t.Context(), id(1)); !errors.Is(err, lrs.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	expect(t, sel(t, s, all()), 2, 3, 4)
	expect(t, sel(t, s, by("v v:1")))
	expect(t, sel(t, s, by("v v:2")), 2, 3)
	agree(t, s)
	replace(t, s, removal(t, s, 2), removal(t, s, 3))
	expect(t, sel(t, s, all()), 4)
	agree(t, s)
	insert(t, s, c.now, referring(3, 2, 0), referring(2, 1, 0), entry(1)) // without tombstones they may come again
	expect(t, sel(t, s, by("v v:1")), 3, 2, 1)
	agree(t, s)
}

func rewrites(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), referring(2, 1, 0), referring(3, 2, 0))
	change := renaming(t, s, 1, 9)
	replace(t, s, change)
	row, err := s.Get(t.Context(), id(1))
	if err != nil || !bytes.Equal(row.Doc, change.Doc) {
		t.Errorf("it is %s, %v", row.Doc, err)
	}
	expect(t, sel(t, s, by("a mbox|mailto:9@b.c")), 1, 2, 3)
	expect(t, sel(t, s, by("a mbox|mailto:1@b.c")))
	expect(t, sel(t, s, by("v v:1")), 1, 2, 3)
	agree(t, s)
	replace(t, s, renaming(t, s, 2, 8), removal(t, s, 1))
	expect(t, sel(t, s, by("a mbox|mailto:9@b.c")))
	expect(t, sel(t, s, by("a mbox|mailto:8@b.c")), 2, 3)
	agree(t, s)
}

func unvoids(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), referring(2, 1, lrs.Voiding), referring(3, 1, lrs.Voiding), referring(4, 1, 0))
	replace(t, s, removal(t, s, 2))
	expect(t, sel(t, s, all()), 3, 4)
	agree(t, s)
	replace(t, s, removal(t, s, 3))
	expect(t, sel(t, s, all()), 1, 4)
	expect(t, sel(t, s, by("v v:1")), 1, 4)
	agree(t, s)
	insert(t, s, c.now, referring(5, 1, lrs.Voiding))
	expect(t, sel(t, s, all()), 4, 5)
	replace(t, s, removal(t, s, 1))
	expect(t, sel(t, s, all()), 4, 5)
	agree(t, s)
	insert(t, s, c.now, entry(1)) // what voids it is still there
	expect(t, sel(t, s, all()), 4, 5)
	agree(t, s)
}

func findsVoided(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), entry(2), referring(3, 1, lrs.Voiding), referring(5, 4, lrs.Voiding), entry(4))
	for n, want := range map[int][]int{1: {1, 3}, 2: {2}, 4: {5, 4}} {
		q := all()
		agent := fmt.Sprintf("mbox|mailto:%d@b.c", n)
		q.Voided, q.Terms = true, [][]lrs.IndexKey{{lrs.IndexKey("a " + agent), lrs.IndexKey("A " + agent), lrs.IndexKey("~ " + agent)}}
		expect(t, sel(t, s, q), want...)
	}
	replace(t, s, renaming(t, s, 1, 9))
	q := all()
	q.Voided, q.Terms = true, [][]lrs.IndexKey{{"a mbox|mailto:9@b.c", "A mbox|mailto:9@b.c", "~ mbox|mailto:9@b.c"}}
	expect(t, sel(t, s, q), 1, 3)
	agree(t, s)
}

func changesOnce(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), entry(2))
	stale := removal(t, s, 1)
	replace(t, s, renaming(t, s, 1, 9))
	missing := removal(t, s, 2)
	replace(t, s, missing)
	replace(t, s, stale, missing)
	expect(t, sel(t, s, all()), 1)
	agree(t, s)
}

// barred wants that tombstones stand in the way, and nothing was written.
func barred(t *testing.T, s lrs.Store, now func() time.Time, entries ...lrs.Entry) map[string]lrs.Tombstone {
	t.Helper()
	before := len(sel(t, s, all()))
	_, err := s.Insert(t.Context(), now, entries)
	var buried *lrs.BuriedError
	if !errors.As(err, &buried) {
		t.Fatalf("got %v, want a BuriedError", err)
	}
	if after := len(sel(t, s, all())); after != before {
		t.Errorf("%d statements are there, %d before", after, before)
	}
	return buried.Found
}

func staysRemoved(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), entry(2))
	remove := removal(t, s, 1)
	remove.Bury = c.now().UnixNano()
	replace(t, s, remove, lrs.Change{ID: id(7), Bury: 5}) // 7 was never there
	other := newStore("a")
	found := barred(t, other, c.now, entry(3), entry(1))
	if got := found[lrs.BuriedID(id(1))]; got.At != c.now().UnixNano() || len(found) != 1 {
		t.Errorf("found %v", found)
	}
	barred(t, other, c.now, entry(7))
	if got, err := other.Tombstone(t.Context(), lrs.BuriedID(id(7))); err != nil || got != (lrs.Tombstone{Name: lrs.BuriedID(id(7)), At: 5}) {
		t.Errorf("the tombstone is %+v, %v", got, err)
	}
	if _, err := other.Tombstone(t.Context(), lrs.BuriedID(id(2))); !errors.Is(err, lrs.ErrNotFound) {
		t.Errorf("a tombstone of what is there: %v", err)
	}
	insert(t, other, c.now, entry(3))
	expect(t, sel(t, s, all()), 2, 3)
	agree(t, s)
}

func pastOfErased(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	at := c.now()
	bury := func(keep bool) {
		err := s.Bury(t.Context(), []lrs.Tombstone{{Name: "agent mbox|mailto:1@b.c", At: at.UnixNano(), Keep: keep}})
		if err != nil {
			t.Fatal(err)
		}
	}
	bury(true)
	bury(false) // the last one holds
	said := func(e lrs.Entry, d time.Duration) lrs.Entry {
		e.At = at.Add(d).UnixNano()
		return e
	}
	found := barred(t, s, c.now, said(entry(2), -time.Hour), said(entry(1), -time.Nanosecond))
	if got, want := found["agent mbox|mailto:1@b.c"], (lrs.Tombstone{Name: "agent mbox|mailto:1@b.c", At: at.UnixNano()}); got != want {
		t.Errorf("found %v", found)
	}
	mentioning := said(entry(3), -time.Hour)
	mentioning.Keys = append(mentioning.Keys, "A mbox|mailto:1@b.c")
	barred(t, s, c.now, mentioning)
	beyond := said(entry(3), -time.Hour)
	beyond.Beyond = []lrs.IndexKey{"A mbox|mailto:1@b.c"}
	barred(t, s, c.now, beyond)
	insert(t, s, c.now, said(entry(1), 0), said(entry(2), -time.Hour))
	untimed := said(entry(0x11), -time.Hour)
	untimed.Flags, untimed.Keys = lrs.Stamp, mentioning.Keys
	insert(t, s, c.now, untimed) // it tells of now
	expect(t, sel(t, s, all()), 1, 2, 0x11)
}

func swapsSettings(t *testing.T, newStore func(string) lrs.Store) {
	s, other := newStore("a"), newStore("a")
	swap := func(s lrs.Store, name, old, doc string, want bool) {
		t.Helper()
		var was []byte
		if old != "" {
			was = []byte(old)
		}
		if got, err := s.SwapSetting(t.Context(), name, was, []byte(doc)); err != nil || got != want {
			t.Errorf("%s: %q → %q: %v, %v; want %v", name, old, doc, got, err, want)
		}
	}
	if doc, err := s.Setting(t.Context(), "x"); err != nil || doc != nil {
		t.Errorf("got %q, %v", doc, err)
	}
	swap(s, "x", "a", "b", false)
	swap(s, "x", "", "a", true)
	swap(other, "x", "", "b", false)
	swap(other, "x", "b", "c", false)
	swap(other, "x", "a", "c", true)
	swap(s, "y", "", "d", true)
	for name, want := range map[string]string{"x": "c", "y": "d"} {
		if doc, err := s.Setting(t.Context(), name); err != nil || string(doc) != want {
			t.Errorf("%s is %q, %v", name, doc, err)
		}
	}
}

// agrees makes changes of all kinds at random, all on the same few statements.
func agrees(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	churn(t, s, c.now, r, 60)
	agree(t, s)
}

// agreesMeanwhile looks at everything while others insert, and once more in the end.
func agreesMeanwhile(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	var wg sync.WaitGroup
	for w := range 3 {
		writer := newStore("a")
		wg.Go(func() {
			for i := range 4 {
				n := 100*(w+1) + 4*i
				_, err := writer.Insert(t.Context(), time.Now, []lrs.Entry{
					referring(n+2, n+1, 0), referring(n+3, n, lrs.Voiding), referring(n+1, n-4, 0), entry(n),
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		agree(t, s)
	}
}

// churn inserts, renames and removes.
func churn(t *testing.T, s lrs.Store, now func() time.Time, r *rand.Rand, steps int) {
	const few = 8
	for range steps {
		n := 1 + r.IntN(few)
		row, err := s.Get(t.Context(), id(n))
		if err != nil && !errors.Is(err, lrs.ErrNotFound) {
			t.Error(err)
			return
		}
		there := err == nil
		change := lrs.Change{ID: row.ID, Was: row.Doc}
		switch kind := r.IntN(4); {
		case !there && kind == 0:
			_, err = s.Insert(t.Context(), now, []lrs.Entry{entry(n)})
		case !there && kind == 1:
			_, err = s.Insert(t.Context(), now, []lrs.Entry{referring(n, 1+r.IntN(few), lrs.Voiding)})
		case !there:
			_, err = s.Insert(t.Context(), now, []lrs.Entry{referring(n, 1+r.IntN(few), 0)})
		case kind > 0:
			err = s.Replace(t.Context(), []lrs.Change{change})
		default:
			change.Doc = bytes.ReplaceAll(row.Doc, []byte("@b"), []byte("@bb"))
			err = s.Replace(t.Context(), []lrs.Change{change})
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}
