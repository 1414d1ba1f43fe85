// Package lrstest is the contract of lrs.Store and lrs.KeyStore as tests. Every
// implementation runs it.
package lrstest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// Run holds a store against the contract. newStore returns an empty store; two
// calls in one test with the same name share their data, as processes do.
func Run(t *testing.T, newStore func(t *testing.T, name string) lrs.Store) {
	t.Run("documents", func(t *testing.T) { documents(t, newStore) })
	t.Run("upkeep", func(t *testing.T) { upkeep(t, newStore) })
	t.Run("erasure", func(t *testing.T) { erasure(t, newStore) })
	for name, test := range map[string]func(*testing.T, func(name string) lrs.Store){
		"a statement is kept byte for byte":                   keepsBytes,
		"an unknown id is not found":                          notFound,
		"stored increases within and across batches":          storedIncreases,
		"stored increases when the clock goes back":           clockGoesBack,
		"a batch with a known id writes nothing":              batchIsAtomic,
		"every term narrows":                                  termsNarrow,
		"bounds, order, limit and more":                       bounds,
		"a page is bounded in bytes":                          pageBytes,
		"a voided statement is not selected":                  voids,
		"a voiding that comes first voids too":                voidsBefore,
		"a voiding is never voided":                           voidingStays,
		"references are found by their target":                references,
		"references are found by a target that comes later":   lateReferences,
		"an attachment is its statement's, voided or not":     ownKeys,
		"who vouches for a statement is not inherited":        vouching,
		"references in a circle end":                          circle,
		"through covers all that is stored, and moves to now": through,
		"one of many writers of one id wins":                  oneWinner,
		"concurrent batches all succeed":                      concurrentBatches,
		"a batch whose client goes away is in or is not":      clientsGoAway,
		"a follower misses nothing":                           followerMissesNothing,
		"the same recorded by many is there once":             recordTwice,
		"a walk while others insert is complete":              walkWhileInserting,
		"definitions are merged in order of stored":           definitionsMerge,
		"of definitions by several processes the last counts": definitionsOfSeveral,
		"what is not stored defines nothing":                  definitionsOfRefused,
		"definitions are bounded, and found by the hundred":   definitionsBounded,
		"concurrent definitions of one activity all count":    definitionsConcurrent,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(name string) lrs.Store { return newStore(t, name) })
		})
	}
}

// clock is a time.Now that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)} }

func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

// entry is statement n with the keys.
func entry(n int, keys ...lrs.IndexKey) lrs.Entry {
	doc := fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:%d@b.c"},"verb":{"id":"v:%d"},"object":{"id":"o:%d"}}`, id(n), n, n, n)
	if len(keys) == 0 {
		keys, _, _ = lrs.Reindex([]byte(doc))
	}
	return lrs.Entry{ID: id(n), Doc: []byte(doc), Keys: keys}
}

// referring is statement n whose object is a reference to statement to.
func referring(n, to int, flags lrs.Flags) lrs.Entry {
	doc := fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:%d@b.c"},"verb":{"id":"v:%d"},"object":{"objectType":"StatementRef","id":%q}}`, id(n), n, n, id(to))
	keys, target, _ := lrs.Reindex([]byte(doc))
	return lrs.Entry{ID: id(n), Doc: []byte(doc), Keys: keys, Target: target, Flags: flags}
}

func insert(t *testing.T, s lrs.Store, now func() time.Time, entries ...lrs.Entry) {
	t.Helper()
	existing, err := s.Insert(t.Context(), now, entries)
	if err != nil || len(existing) > 0 {
		t.Fatalf("insert: %v, existing %v", err, existing)
	}
}

func all() lrs.Selection { return lrs.Selection{Until: 1 << 62, Limit: 1000, Ascending: true} }

func by(keys ...lrs.IndexKey) lrs.Selection {
	s := all()
	for _, k := range keys {
		s.Terms = append(s.Terms, []lrs.IndexKey{k})
	}
	return s
}

func sel(t *testing.T, s lrs.Store, q lrs.Selection) []lrs.Row {
	t.Helper()
	rows, _, err := s.Select(t.Context(), q)
	if err != nil {
		t.Fatalf("select: %v", err)
	}
	return rows
}

// expect wants exactly the statements, in this order.
func expect(t *testing.T, rows []lrs.Row, numbers ...int) {
	t.Helper()
	var got, want []string
	for _, r := range rows {
		got = append(got, strings.TrimLeft(r.ID[24:], "0"))
	}
	for _, n := range numbers {
		want = append(want, fmt.Sprintf("%x", n))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got statements %v, want %v", got, want)
	}
}

func keepsBytes(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	e := entry(1)
	e.Doc = []byte("{\"id\":\"" + e.ID + "\", \"x\" : 12345678901234567890.10,\"a.b$c\":\"\\u0000é\"}")
	e.Flags = lrs.Stamp | lrs.Adapt | 1<<55
	insert(t, s, c.now, e)
	row, err := newStore("a").Get(t.Context(), e.ID)
	if err != nil || string(row.Doc) != string(e.Doc) || row.Flags != e.Flags || row.ID != e.ID {
		t.Fatalf("got %+v (%s), %v", row, row.Doc, err)
	}
	if row.Stored != c.now().UnixNano() {
		t.Errorf("stored %d, want the clock's %d", row.Stored, c.now().UnixNano())
	}
}

func notFound(t *testing.T, newStore func(string) lrs.Store) {
	if _, err := newStore("a").Get(t.Context(), id(9)); !errors.Is(err, lrs.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func storedIncreases(t *testing.T, newStore func(string) lrs.Store) {
	s, other, c := newStore("a"), newStore("a"), newClock()
	insert(t, s, c.now, entry(3), entry(1), entry(2))
	insert(t, other, c.now, entry(5), entry(4))
	rows := sel(t, s, all())
	expect(t, rows, 3, 1, 2, 5, 4)
	for i := 1; i < len(rows); i++ {
		if rows[i].Stored <= rows[i-1].Stored {
			t.Errorf("stored of %s does not follow that of %s", rows[i].ID, rows[i-1].ID)
		}
	}
}

func clockGoesBack(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1))
	c.add(-time.Hour)
	insert(t, s, c.now, entry(2))
	expect(t, sel(t, s, all()), 1, 2)
}

func batchIsAtomic(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(2))
	existing, err := s.Insert(t.Context(), c.now, []lrs.Entry{entry(1), entry(2), entry(3)})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, existing, 2)
	expect(t, sel(t, s, all()), 2)
	insert(t, s, c.now, entry(3), entry(1))
	expect(t, sel(t, s, all()), 2, 3, 1)
}

func termsNarrow(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1, "a x", "v p"), entry(2, "a x", "v q"), entry(3, "A x", "v p"), entry(4, "a y", "v p", "A x"))
	expect(t, sel(t, s, by("a x")), 1, 2)
	expect(t, sel(t, s, by("a x", "v p")), 1)
	expect(t, sel(t, s, by("v p", "a x")), 1)
	expect(t, sel(t, s, by("a z")))
	either := all()
	either.Terms = [][]lrs.IndexKey{{"a x", "A x"}}
	expect(t, sel(t, s, either), 1, 2, 3, 4)
	either.Terms = append(either.Terms, []lrs.IndexKey{"v p"})
	expect(t, sel(t, s, either), 1, 3, 4)
	either.Terms = [][]lrs.IndexKey{{"v p"}, {"a x", "A x"}}
	either.Ascending = false
	expect(t, sel(t, s, either), 4, 3, 1)
	either.Terms = [][]lrs.IndexKey{{"a y", "A x"}} // both keys are on 4: it counts once
	either.Limit = 2
	expect(t, sel(t, s, either), 4, 3)
}

func bounds(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	for n := 1; n <= 5; n++ {
		insert(t, s, c.now, entry(n, "k"))
		c.add(time.Second)
	}
	rows := sel(t, s, all())
	for _, terms := range [][][]lrs.IndexKey{nil, {{"k"}}, {{"k", "l"}}} {
		q := all()
		q.Terms = terms
		q.After, q.Until = rows[1].Stored, rows[3].Stored // exclusive, inclusive
		expect(t, sel(t, s, q), 3, 4)
		q.Ascending = false
		expect(t, sel(t, s, q), 4, 3)
		q = all()
		q.Terms, q.Limit, q.Ascending = terms, 2, false
		got, more, err := s.Select(t.Context(), q)
		if err != nil || !more {
			t.Errorf("2 of 5: more is %v, %v", more, err)
		}
		expect(t, got, 5, 4)
		q.Limit = 5
		if _, more, _ := s.Select(t.Context(), q); more {
			t.Error("5 of 5 promises more")
		}
	}
}

func pageBytes(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), entry(2), entry(3))
	q := all()
	q.MaxBytes = 1
	rows, more, err := s.Select(t.Context(), q)
	if err != nil || !more {
		t.Errorf("more is %v, %v", more, err)
	}
	expect(t, rows, 1)
	q.MaxBytes = 2 * len(entry(1).Doc)
	expect(t, sel(t, s, q), 1, 2)
}

func through(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1))
	last := sel(t, s, all())[0].Stored
	if got, err := s.Through(t.Context(), nil); err != nil || got < last {
		t.Errorf("through is %d, %v; want %d or later", got, err, last)
	}
	c.add(time.Hour)
	got, err := s.Through(t.Context(), c.now)
	if err != nil || got < c.now().Add(-2*time.Second).UnixNano() || got > c.now().UnixNano() {
		t.Errorf("through is %v, %v; want about %v", time.Unix(0, got).UTC(), err, c.now())
	}
	c.add(-time.Hour)
	insert(t, newStore("a"), c.now, entry(2)) // must come after what was promised
	if rows := sel(t, s, all()); rows[1].Stored <= got {
		t.Errorf("a statement was stored at %d though %d was promised to be complete", rows[1].Stored, got)
	}
}
