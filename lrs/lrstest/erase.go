package lrstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

func erasure(t *testing.T, newStore func(t *testing.T, name string) lrs.Store) {
	for name, test := range map[string]func(*testing.T, func(name string) lrs.Store){
		"a person is erased and does not come back":                  erases,
		"a person lives on under a pseudonym":                        pseudonymises,
		"an erasure that broke off anywhere is completed by another": erasesAfterCrash,
		"a voiding goes with its target though the process died":     erasesVoidingsAfterCrash,
		"a dry run tells what would be done and changes nothing":     dryRun,
		"a new beginning after the erasure is kept":                  newBeginning,
		"statements go when they are of age":                         retains,
		"a voiding goes with what it voids":                          retainsVoidings,
		"a statement whose type comes late goes all the same":        retainsByLateType,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(name string) lrs.Store { return newStore(t, name) })
		})
	}
}

// erased is what is left of history when Ada is erased.
const erased = "2 4 5 7 8 9 10v 11 13 16 17 18"

func erases(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()...)
	w.leave()
	before := w.verified()
	report, err := w.erase(false)
	must(t, err)
	rows := w.verified()
	w.nothingOfAda(rows)
	if got := numbers(rows); got != erased {
		t.Errorf("there are %s, want %s", got, erased)
	}
	for n, r := range rows {
		switch n {
		case 2, 4, 5, 10, 13, 18:
			if !bytes.Equal(r.Doc, before[n].Doc) {
				t.Errorf("statement %d became %s", n, r.Doc)
			}
		default:
			if strings.Count(string(r.Doc), `"homePage":"https://cairn.example/pseudonym","name":"`+report.Pseudonym+`"`) != 1 {
				t.Errorf("statement %d has not the pseudonym: %s", n, r.Doc)
			}
		}
		if r.Stored != before[n].Stored {
			t.Errorf("statement %d was stored anew", n)
		}
	}
	want := lrs.ErasureReport{Pseudonym: report.Pseudonym, Actor: 6, Object: 1, Mentioned: 5, Voided: 2, Removed: 6, Rewritten: 6,
		States: 1, Profiles: 1, Signatures: 1, Released: lrs.Released{Attachments: 2, Bytes: int64(len(own) + len(signed))}}
	if report != want {
		t.Errorf("the report is\n%+v, want\n%+v", report, want)
	}
	if _, ok := w.blobs.m[digest(shared)]; !ok || len(w.blobs.m) != 1 {
		t.Errorf("%d attachments are left", len(w.blobs.m))
	}
	if w.documents("mbox|mailto:ada@e.org") != 0 || w.documents("account|https://e.org|7") != 2 {
		t.Error("the documents of the wrong person are gone")
	}

	imported := w.take(history()...)
	if imported.New != 0 || imported.Erased != 12 || imported.Known != 6 {
		t.Errorf("imported again: %+v", imported)
	}
	must(t, w.lrs.Record(t.Context(), xapi.AccountAgent("https://e.org", "lms"), []xapi.Statement{{
		ID: id(1), Actor: xapi.Agent{Mbox: "mailto:ada@e.org"}, Verb: xapi.VerbOf("https://e.org/did"), Object: xapi.ActivityObject(xapi.Activity{ID: "https://e.org/x"}),
	}})) // by id, whatever it says
	imported = w.take(
		statement(20, `"actor":`+ada+`,`+did+`,`+course), // an outbox that was late
		statement(21, `"actor":`+grace+`,`+did+`,`+course+`,"context":{"instructor":`+ada+`}`),
		statement(22, `"actor":`+grace+`,`+did+`,`+course),
		statement(23, `"actor":`+ada+`,`+voided+`,`+ref(22))) // what it voids does not count, whoever says so
	if imported.New != 3 || imported.Erased != 1 {
		t.Errorf("the late ones: %+v", imported)
	}
	rows = w.verified()
	w.nothingOfAda(rows)
	if got := numbers(rows); got != erased+" 21 22v 23" {
		t.Errorf("in the end there are %s", got)
	}
}

func pseudonymises(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()...)
	w.leave()
	report, err := w.erase(true)
	must(t, err)
	check := func(want string) {
		t.Helper()
		rows := w.verified()
		w.nothingOfAda(rows)
		if got := numbers(rows); got != want {
			t.Errorf("there are %s, want %s", got, want)
		}
	}
	const all = "1 2 3 4 5 6 7 8 9 10v 11 12v 13 14 15v 16 17 18"
	check(all)
	if report.Removed != 0 || report.Rewritten != 12 || report.Attachments != 1 {
		t.Errorf("the report is %+v", report)
	}
	pseudonym := "account|https://cairn.example/pseudonym|" + report.Pseudonym
	if w.documents("mbox|mailto:ada@e.org") != 0 || w.documents(pseudonym) != 2 {
		t.Error("the documents do not have the pseudonym")
	}
	rows, _, err := w.store.Select(t.Context(), by(lrs.IndexKey("a "+pseudonym)))
	must(t, err)
	expect(t, rows, 1, 3, 4, 5, 6, 11, 13, 14) // 4, 5 and 13 refer to such
	if imported := w.take(history()...); imported.New != 0 || imported.Erased != 12 || imported.Refused != 0 {
		t.Errorf("imported again: %+v", imported)
	}
	w.take(statement(20, `"actor":`+ada+`,`+did+`,`+course))
	check(all + " 20")
}

// crashing is a store that stops working after some changes.
type crashing struct {
	lrs.Store
	left int
}

var errCrash = errors.New("the process is dead")

func (c *crashing) step() error {
	if c.left--; c.left < 0 {
		return errCrash
	}
	return nil
}

func (c *crashing) Replace(ctx context.Context, changes []lrs.Change) error {
	for _, change := range changes { // as the worst of stores would
		if err := c.step(); err != nil {
			return err
		}
		if err := c.Store.Replace(ctx, []lrs.Change{change}); err != nil {
			return err
		}
	}
	return nil
}

func (c *crashing) Bury(ctx context.Context, t []lrs.Tombstone) error {
	return errors.Join(c.step(), c.Store.Bury(ctx, t))
}

func (c *crashing) SwapSetting(ctx context.Context, name string, old, doc []byte) (bool, error) {
	if err := c.step(); err != nil {
		return false, err
	}
	return c.Store.SwapSetting(ctx, name, old, doc)
}

func (c *crashing) DeleteAgentDocuments(ctx context.Context, agent string) (int, error) {
	if err := c.step(); err != nil {
		return 0, err
	}
	return c.Store.DeleteAgentDocuments(ctx, agent)
}

func erasesAfterCrash(t *testing.T, newStore func(string) lrs.Store) {
	for after, crashed := 0, true; crashed; after += 3 {
		store := newStore(fmt.Sprint("a", after))
		w := newWorld(t, store)
		w.take(history()...)
		w.leave()
		w.over(&crashing{store, after})
		_, err := w.erase(false)
		if crashed = errors.Is(err, errCrash); !crashed {
			must(t, err)
		}
		w.over(store)
		w.take(history()[:3]...) // a client tries again meanwhile
		_, err = w.erase(false)
		must(t, err)
		rows := w.verified()
		w.nothingOfAda(rows)
		if got := numbers(rows); got != erased {
			t.Errorf("after a crash at step %d there are %s, want %s", after, got, erased)
		}
		if len(w.blobs.m) != 1 || w.documents("mbox|mailto:ada@e.org") != 0 {
			t.Errorf("after a crash at step %d: %d attachments, %d documents", after, len(w.blobs.m), w.documents("mbox|mailto:ada@e.org"))
		}
	}
}

// A voiding of the person's own goes with what it voids, also if that went before a
// crash, and stays if what it voids may still come.
func erasesVoidingsAfterCrash(t *testing.T, newStore func(string) lrs.Store) {
	for after, crashed := 0, true; crashed; after++ {
		store := newStore(fmt.Sprint("a", after))
		w := newWorld(t, store)
		w.take(
			statement(1, `"actor":`+ada+`,`+did+`,`+course),
			statement(2, `"actor":`+ada+`,`+voided+`,`+ref(1)),
			statement(3, `"actor":`+ada+`,`+voided+`,`+ref(9)))
		w.over(&crashing{store, after})
		_, err := w.erase(false)
		if crashed = errors.Is(err, errCrash); !crashed {
			must(t, err)
		}
		w.over(store)
		_, err = w.erase(false)
		must(t, err)
		if got := numbers(w.verified()); got != "3" {
			t.Errorf("after a crash at step %d there are %s", after, got)
		}
	}
}

func dryRun(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()...)
	w.leave()
	before := fmt.Sprint(w.all())
	dry, err := w.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{Mbox: "mailto:ada@e.org"}, DryRun: true})
	must(t, err)
	if after := fmt.Sprint(w.all()); after != before || len(w.blobs.m) != 3 || w.documents("mbox|mailto:ada@e.org") != 2 {
		t.Error("the dry run changed something")
	}
	if imported := w.take(history()...); imported.Known != len(history()) {
		t.Errorf("after a dry run: %+v", imported)
	}
	done, err := w.erase(false)
	must(t, err)
	dry.DryRun, dry.Pseudonym = false, done.Pseudonym
	if dry != done {
		t.Errorf("the dry run told\n%+v, what was done is\n%+v", dry, done)
	}
	if _, err := w.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{ObjectType: "Group"}}); !errors.Is(err, lrs.ErrNobody) {
		t.Errorf("nobody is erased: %v", err)
	}
}

func newBeginning(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()[:3]...)
	_, err := w.erase(false)
	must(t, err)
	later := strings.Replace(statement(20, `"actor":`+ada+`,`+did+`,`+course), "08:00", "09:01", 1)
	if imported := w.take(later); imported.New != 1 {
		t.Errorf("%+v", imported)
	}
	rows := w.verified()
	if got := numbers(rows); got != "2 20" || !strings.Contains(string(rows[20].Doc), "mailto:ada@e.org") {
		t.Errorf("there are %s", got)
	}
	w.clock.add(time.Hour)
	_, err = w.erase(false) // that is erased too
	must(t, err)
	if got := numbers(w.verified()); got != "2" {
		t.Errorf("there are %s", got)
	}
}
