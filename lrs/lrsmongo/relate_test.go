package lrsmongo

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

// about is statement n, which refers to statement target, or voids it, if there is one.
func about(n int, verb string, target int) lrs.Entry {
	e := entryOf(n)
	object := `{"id":"https://e.org/x"}`
	if target > 0 {
		e.Target = entryOf(target).ID
		object = `{"objectType":"StatementRef","id":"` + e.Target + `"}`
	}
	if verb == xapi.VerbVoided {
		e.Flags = lrs.Voiding
	}
	e.Doc = fmt.Appendf(nil, `{"id":%q,"actor":{"mbox":"mailto:%d@e.org"},"verb":{"id":%q},"object":%s}`, e.ID, n, verb, object)
	e.Keys, _, _ = lrs.Reindex(e.Doc)
	return e
}

const did = "https://e.org/did"

// aloft brings a batch into the air with its statements written.
func (s *Store) aloft(t *testing.T, batch string, entries ...lrs.Entry) flight {
	t.Helper()
	f, _, _, err := s.clock.takeOff(t.Context(), batch, len(entries), func() (time.Time, error) { return time.Now(), nil })
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if _, err := s.statements.InsertOne(t.Context(), toDocument(e, batch, f.First+int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (s *Store) insert(t *testing.T, entries ...lrs.Entry) {
	t.Helper()
	if existing, err := s.Insert(t.Context(), time.Now, entries); err != nil || len(existing) > 0 {
		t.Error(existing, err)
	}
}

// agrees wants that nothing is wrong, and just these statements are voided.
func (s *Store) agrees(t *testing.T, voided ...int) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, n := range voided {
		want[entryOf(n).ID] = true
	}
	err := s.Inspect(t.Context(), func(i lrs.Image) error {
		for _, p := range i.Problems {
			t.Errorf("statement %s: %s", i.ID, p)
		}
		if i.Flags.Has(lrs.Voided) {
			got[i.ID] = true
		}
		return nil
	})
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("voided are %v, %v; want %v", got, err, want)
	}
}

func TestWhatWasNeverStoredVoidsNothingAndIsFoundByNothing(t *testing.T) {
	for name, end := range map[string]func(s *Store, t *testing.T, f flight) error{
		"refused": func(s *Store, t *testing.T, f flight) error {
			if err := s.remove(t.Context(), f); err != nil {
				return err
			}
			return s.clock.land(t.Context(), f)
		},
		"in quarantine": func(s *Store, t *testing.T, f flight) error { return s.clock.quarantine(t.Context(), f.Batch) },
	} {
		t.Run(name, func(t *testing.T) {
			dead, alive := nodes(t)
			land := func(f flight) {
				t.Helper()
				if err := alive.clock.land(t.Context(), f); err != nil {
					t.Fatal(err)
				}
				if _, err := alive.Through(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			early := alive.aloft(t, "early", about(1, did, 0), about(2, did, 3))
			never := dead.aloft(t, "never", about(4, xapi.VerbVoided, 1), about(3, did, 0))
			land(early) // and is related while the others are in the air
			if err := end(dead, t, never); err != nil {
				t.Fatal(err)
			}
			alive.agrees(t)
			land(alive.aloft(t, "late", about(5, did, 1), about(6, did, 3))) // while what never landed may still be there
			alive.agrees(t)
			if err := dead.remove(t.Context(), never); err != nil {
				t.Fatal(err)
			}
			alive.insert(t, about(3, did, 0), about(4, xapi.VerbVoided, 1))
			alive.agrees(t, 1)
		})
	}
}

// What one store removes is in the air while another relates: nobody simulates it.
func TestABatchThatIsRefusedBesideOthersVoidsNothing(t *testing.T) {
	a, b := nodes(t)
	a.insert(t, about(1, did, 0))
	for i := range 8 {
		target := 1000 * (i + 1)
		batch := []lrs.Entry{about(target+1, xapi.VerbVoided, target)}
		for j := range atOnce { // the id that is taken is met by the second command
			batch = append(batch, about(target+2+j, did, 0))
		}
		batch = append(batch, about(1, did, 0))
		var wg sync.WaitGroup
		wg.Go(func() {
			if existing, err := b.Insert(t.Context(), time.Now, batch); err != nil || len(existing) != 1 {
				t.Errorf("%d are there already, %v; want 1", len(existing), err)
			}
		})
		wg.Go(func() { a.insert(t, about(target, did, 0)) })
		wg.Wait()
	}
	a.agrees(t)
}
