package lrstest

import (
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

func retains(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	const day = 24 * time.Hour
	bare := `"object":{"id":"https://e.org/course"}` // of the type that is known from elsewhere
	w.take(
		statement(1, `"actor":`+grace+`,`+did+`,`+course+`,`+attached("https://e.org/u", own)),
		statement(2, `"actor":`+grace+`,`+did+`,"object":{"id":"https://e.org/x"}`),
		statement(3, `"actor":`+grace+`,`+did+`,`+bare+`,`+attached("https://e.org/u", shared)))
	w.clock.add(20 * day)
	w.take(statement(4, `"actor":`+grace+`,`+did+`,`+course+`,`+attached("https://e.org/u", shared)), statement(5, `"actor":`+bob+`,`+did+`,`+ref(2)))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Days: 30}))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Type: "https://e.org/type/course", Days: 10}))
	apply := func(dry bool, removed, looked, attachments int) {
		t.Helper()
		r, err := w.lrs.ApplyRetention(t.Context(), dry)
		must(t, err)
		n := 0
		for _, rule := range r.Rules {
			n += rule.Looked
		}
		if r.Removed != removed || n != looked || r.Attachments != attachments {
			t.Errorf("%d removed, %d looked at, %d attachments; want %d, %d, %d", r.Removed, n, r.Attachments, removed, looked, attachments)
		}
	}
	apply(true, 2, 3, 0)
	apply(false, 2, 3, 1)
	if got := numbers(w.verified()); got != "2 4 5" {
		t.Errorf("there are %s", got)
	}
	apply(false, 0, 0, 0) // each is looked at once
	w.clock.add(11 * day)
	apply(false, 2, 3+0, 1)
	if got := numbers(w.verified()); got != "5" {
		t.Errorf("later there are %s", got)
	}
	must(t, w.lrs.RemoveRule(t.Context(), "https://e.org/type/course"))
	must(t, w.lrs.RemoveRule(t.Context(), ""))
	w.clock.add(1000 * day)
	apply(false, 0, 0, 0)
	if imported := w.take(statement(2, `"actor":`+grace+`,`+did+`,"object":{"id":"https://e.org/x"}`)); imported.New != 1 {
		t.Errorf("what went for its age may come again: %+v", imported)
	}
}

func retainsVoidings(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	const day = 24 * time.Hour
	w.take(statement(1, `"actor":`+grace+`,`+did+`,`+course), statement(2, `"actor":`+bob+`,`+voided+`,`+ref(1)),
		statement(3, `"actor":`+bob+`,`+voided+`,`+ref(9)))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Days: 10}))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Type: "https://e.org/type/course", Days: 50}))
	w.clock.add(20 * day)
	for _, want := range []string{"1v 2", ""} {
		_, err := w.lrs.ApplyRetention(t.Context(), false)
		must(t, err)
		if got := numbers(w.verified()); got != want {
			t.Errorf("there are %q, want %q", got, want)
		}
		w.clock.add(40 * day)
	}
}

// A statement that a rule has passed, as its activity was of another type then or
// of none that was known, goes with the next rule that meets it.
func retainsByLateType(t *testing.T, newStore func(string) lrs.Store) {
	const day = 24 * time.Hour
	newStore("none") // where there is no store, the test is skipped here and not within a part of it
	of := func(typ string) string {
		if typ == "" {
			return `"object":{"id":"https://e.org/late"}`
		}
		return `"object":{"id":"https://e.org/late","definition":{"type":"https://e.org/type/` + typ + `"}}`
	}
	for name, c := range map[string]struct {
		general, typed int
		late           string
	}{
		"the type is known later":  {general: 100, typed: 10, late: "exam"},
		"it is another type later": {general: 10, typed: 100, late: "other"},
	} {
		store := newStore(c.late) // which may skip, and does so for all of this
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, store)
			must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Days: c.general}))
			must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Type: "https://e.org/type/exam", Days: c.typed}))
			apply := func(removed int) {
				t.Helper()
				for _, dry := range []bool{true, false} {
					r, err := w.lrs.ApplyRetention(t.Context(), dry)
					must(t, err)
					if r.Removed != removed {
						t.Errorf("%d removed, want %d (dry run: %v)", r.Removed, removed, dry)
					}
				}
			}
			if c.late != "exam" {
				w.take(statement(1, `"actor":`+grace+`,`+did+`,`+of("exam"))) // tells the type
				w.clock.add(9 * day)
			}
			w.take(statement(2, `"actor":`+grace+`,`+did+`,`+of("")))
			w.clock.add(20 * day)
			apply(0)
			w.take(statement(3, `"actor":`+grace+`,`+did+`,`+of(c.late)))
			w.clock.add(200 * day)
			apply(len(w.all()))
			if got := numbers(w.verified()); got != "" {
				t.Errorf("there are still %s", got)
			}
		})
	}
}
