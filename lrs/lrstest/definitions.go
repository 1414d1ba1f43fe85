package lrstest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// about is statement n, which gives the activity the definition.
func about(t *testing.T, n int, activity, definition string) lrs.Entry {
	t.Helper()
	doc := fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:%d@b.c"},"verb":{"id":"v:%d"},"object":{"id":%q,"definition":%s}}`, id(n), n, n, activity, definition)
	e := lrs.Entry{ID: id(n), Doc: []byte(doc), Flags: lrs.Defines}
	var err error
	if e.Keys, _, err = lrs.Reindex(e.Doc); err != nil {
		t.Fatal(err)
	}
	if e.Definitions, err = lrs.DefinitionsOf(e.Doc); err != nil || len(e.Definitions) == 0 {
		t.Fatalf("%s defines nothing: %v", doc, err)
	}
	return e
}

// defined wants the definition of the activity; "" if it has none.
func defined(t *testing.T, s lrs.Store, activity, want string) {
	t.Helper()
	got, err := s.Definitions(t.Context(), []string{activity})
	if err != nil || string(got[activity]) != want || len(got) > 1 {
		t.Errorf("%.100s is defined as %s (%v), want %s", activity, got[activity], err, want)
	}
}

func definitionsMerge(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	const x = "https://e.org/x"
	defined(t, s, x, "")
	insert(t, s, c.now, about(t, 1, x, `{"name":{"en":"one","de":"eins"},"type":"https://e.org/t"}`))
	insert(t, s, c.now, about(t, 2, x, `{"name":{"en":"two"}}`), about(t, 3, "https://e.org/y", `{"type":"https://e.org/y"}`),
		about(t, 4, x, `{"name":{"en":"three"},"extensions":{"https://e.org/a.b$c":1.10}}`))
	defined(t, s, x, `{"name":{"de":"eins","en":"three"},"type":"https://e.org/t","extensions":{"https://e.org/a.b$c":1.10}}`)
	defined(t, s, "https://e.org/y", `{"type":"https://e.org/y"}`)
	insert(t, s, c.now, about(t, 5, x, `{"name":{"en":"four"}}`), about(t, 6, x, `{"name":{"en":"two"}}`), about(t, 7, x, `{"name":{"en":"four"}}`))
	defined(t, newStore("a"), x, `{"name":{"de":"eins","en":"four"},"type":"https://e.org/t","extensions":{"https://e.org/a.b$c":1.10}}`)
}

// definitionsOfSeveral lets processes define the same activity in turn: the last
// one counts, also if it says what it said before.
func definitionsOfSeveral(t *testing.T, newStore func(string) lrs.Store) {
	one, two, c := newStore("a"), newStore("a"), newClock()
	const x = "https://e.org/x"
	name := func(s string) string { return `{"name":{"en":"` + s + `"}}` }
	for n := 1; n <= 6; n += 2 {
		insert(t, one, c.now, about(t, n, x, name("one")))
		insert(t, two, c.now, about(t, n+1, x, name("two")))
		defined(t, one, x, name("two"))
	}
	insert(t, one, c.now, about(t, 7, x, name("one")))
	defined(t, two, x, name("one"))
}

func definitionsOfRefused(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	const x = "https://e.org/x"
	insert(t, s, c.now, about(t, 1, x, `{"name":{"en":"one"}}`))
	existing, err := s.Insert(t.Context(), c.now, []lrs.Entry{about(t, 2, x, `{"name":{"en":"two"}}`), about(t, 1, x, `{"name":{"en":"three"}}`)})
	if err != nil || len(existing) != 1 {
		t.Fatalf("existing %v, %v", existing, err)
	}
	defined(t, s, x, `{"name":{"en":"one"}}`)
	insert(t, s, c.now, about(t, 2, x, `{"name":{"en":"two"}}`))
	defined(t, s, x, `{"name":{"en":"two"}}`)
}

func definitionsBounded(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	long := "https://e.org/" + strings.Repeat("ü", 3000)
	insert(t, s, c.now, about(t, 1, long, `{"name":{"en":"one"}}`))
	half := strings.Repeat("x", 40<<10)
	insert(t, s, c.now, about(t, 2, long, `{"description":{"en":"`+half+`"}}`))
	before := `{"name":{"en":"one"},"description":{"en":"` + half + `"}}`
	defined(t, s, long, before)
	insert(t, s, c.now, about(t, 3, long, `{"description":{"de":"`+half+`"}}`))
	defined(t, s, long, before)
	var entries []lrs.Entry
	var asked []string
	for n := 10; n < 210; n++ {
		asked = append(asked, fmt.Sprintf("https://e.org/%d", n), fmt.Sprintf("https://e.org/none/%d", n))
		entries = append(entries, about(t, n, asked[len(asked)-2], fmt.Sprintf(`{"name":{"en":"%d"}}`, n)))
	}
	insert(t, s, c.now, entries...)
	got, err := s.Definitions(t.Context(), asked)
	if err != nil || len(got) != 200 || string(got["https://e.org/99"]) != `{"name":{"en":"99"}}` {
		t.Errorf("%d definitions (%v), 99 is %s", len(got), err, got["https://e.org/99"])
	}
}

// definitionsConcurrent lets writers of two processes add to one activity: none
// of what they add is lost.
func definitionsConcurrent(t *testing.T, newStore func(string) lrs.Store) {
	const x, writers, each = "https://e.org/x", 4, 5
	var wg sync.WaitGroup
	for w := range writers {
		s := newStore("a")
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				e := about(t, n+1, x, fmt.Sprintf(`{"extensions":{"https://e.org/%d":%d}}`, n, n))
				if existing, err := s.Insert(t.Context(), newClock().now, []lrs.Entry{e}); err != nil || len(existing) > 0 {
					t.Errorf("insert: %v, existing %v", err, existing)
				}
			}
		})
	}
	wg.Wait()
	s := newStore("a")
	if _, err := s.Through(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	got, err := s.Definitions(t.Context(), []string{x})
	if err != nil {
		t.Fatal(err)
	}
	for n := range writers * each {
		if !strings.Contains(string(got[x]), fmt.Sprintf(`"https://e.org/%d":%d`, n, n)) {
			t.Errorf("what statement %d added is lost: %s", n+1, got[x])
		}
	}
}
