package lrstest

import (
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

func voids(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), entry(2))
	insert(t, s, c.now, referring(3, 1, lrs.Voiding))
	expect(t, sel(t, s, all()), 2, 3)
	expect(t, sel(t, s, by("v v:1")), 3) // the voiding is found by its target, the voided is not
	row, err := s.Get(t.Context(), id(1))
	if err != nil || !row.Flags.Has(lrs.Voided) {
		t.Errorf("statement 1 has flags %b, %v; want voided", row.Flags, err)
	}
	q := all()
	q.Voided = true
	expect(t, sel(t, s, q), 1, 2, 3)
}

func voidsBefore(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, referring(3, 1, lrs.Voiding))
	insert(t, s, c.now, entry(2), entry(1))
	expect(t, sel(t, s, all()), 3, 2)
	expect(t, sel(t, s, by("v v:1")), 3)
	insert(t, s, c.now, referring(5, 4, lrs.Voiding), entry(4)) // both in one batch
	expect(t, sel(t, s, all()), 3, 2, 5)
}

func voidingStays(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1), referring(2, 1, lrs.Voiding))
	insert(t, s, c.now, referring(3, 2, lrs.Voiding))
	expect(t, sel(t, s, all()), 2, 3)
	insert(t, s, c.now, referring(5, 4, lrs.Voiding))
	insert(t, s, c.now, referring(4, 1, lrs.Voiding))
	expect(t, sel(t, s, all()), 2, 3, 5, 4)
}

func references(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, entry(1))
	insert(t, s, c.now, referring(2, 1, 0))
	insert(t, s, c.now, referring(3, 2, 0))
	expect(t, sel(t, s, by("v v:1")), 1, 2, 3)
	expect(t, sel(t, s, by("v v:2")), 2, 3)
	expect(t, sel(t, s, by("v v:3")), 3)
	expect(t, sel(t, s, by("a mbox|mailto:1@b.c", "v v:1")), 1, 2, 3)
	insert(t, s, c.now, referring(4, 1, lrs.Voiding))
	expect(t, sel(t, s, by("v v:1")), 2, 3, 4)
}

func lateReferences(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, referring(3, 2, 0))
	insert(t, s, c.now, referring(2, 1, 0))
	expect(t, sel(t, s, by("v v:2")), 3, 2)
	insert(t, s, c.now, entry(1))
	expect(t, sel(t, s, by("v v:1")), 3, 2, 1)
	insert(t, s, c.now, referring(6, 5, 0), referring(5, 4, 0), entry(4)) // in one batch
	expect(t, sel(t, s, by("v v:4")), 6, 5, 4)
	expect(t, sel(t, s, by("v v:5")), 6, 5)
}

func circle(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	insert(t, s, c.now, referring(1, 2, 0))
	insert(t, s, c.now, referring(2, 1, 0))
	insert(t, s, c.now, referring(3, 3, 0))
	expect(t, sel(t, s, by("v v:1")), 1, 2)
	expect(t, sel(t, s, by("v v:2")), 1, 2)
	expect(t, sel(t, s, by("v v:3")), 3)
}

func ownKeys(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	e := entry(1)
	doc := string(e.Doc[:len(e.Doc)-1]) + `,"attachments":[{"sha2":"AB"}]}`
	keys, _, err := lrs.Reindex([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	e.Doc, e.Keys = []byte(doc), keys
	insert(t, s, c.now, referring(2, 1, 0))
	insert(t, s, c.now, e)
	expect(t, sel(t, s, by("f ab")), 1)
	insert(t, s, c.now, referring(3, 1, 0), referring(4, 1, lrs.Voiding))
	expect(t, sel(t, s, by("f ab")))
	q := by("f ab")
	q.Voided = true
	expect(t, sel(t, s, q), 1)
}

func vouching(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	vouched := func(e lrs.Entry, by string) lrs.Entry {
		e.Doc = []byte(strings.Replace(string(e.Doc), `{`, `{"authority":{"mbox":"mailto:`+by+`@b.c"},`, 1))
		e.Keys, _, _ = lrs.Reindex(e.Doc)
		return e
	}
	insert(t, s, c.now, vouched(referring(3, 1, 0), "other"))
	insert(t, s, c.now, vouched(entry(1), "one"))
	insert(t, s, c.now, vouched(referring(2, 1, 0), "other"))
	expect(t, sel(t, s, by("v v:1")), 3, 1, 2)
	expect(t, sel(t, s, by("u mbox|mailto:one@b.c")), 1)
	expect(t, sel(t, s, by("u mbox|mailto:other@b.c")), 3, 2)
}
