package lrssqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

func entryOf(n int) lrs.Entry {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	return lrs.Entry{ID: id, Doc: []byte(`{"id":"` + id + `"}`), Keys: []lrs.IndexKey{"k"}}
}

// Batches that wait for one transaction each have their own fate in it.
func TestBatchesOfOneTransactionFailAlone(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "a.db"))
	insert := func(ctx context.Context, entries ...lrs.Entry) ([]lrs.Row, error) {
		return s.Insert(ctx, time.Now, entries)
	}
	if _, err := insert(t.Context(), entryOf(1)); err != nil {
		t.Fatal(err)
	}

	s.writing <- struct{}{} // someone writes, and all the others wait
	leaving, leave := context.WithCancel(t.Context())
	fates := make([]string, 5)
	var wg sync.WaitGroup
	for i, b := range []struct {
		ctx     context.Context
		entries []lrs.Entry
	}{
		{t.Context(), []lrs.Entry{entryOf(2), entryOf(3)}},
		{t.Context(), []lrs.Entry{entryOf(4), entryOf(1)}},         // 1 was there before
		{t.Context(), []lrs.Entry{entryOf(5), entryOf(3)}},         // 3 comes in the same transaction
		{t.Context(), []lrs.Entry{entryOf(6), {ID: "not a UUID"}}}, // fails half-way
		{leaving, []lrs.Entry{entryOf(7)}},
	} {
		wg.Go(func() {
			existing, err := insert(b.ctx, b.entries...)
			switch {
			case errors.Is(err, context.Canceled):
				fates[i] = "gone"
			case err != nil:
				fates[i] = "failed"
			case len(existing) > 0:
				fates[i] = "existing " + existing[0].ID[35:]
			default:
				fates[i] = "in"
			}
		})
		for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
			s.mu.Lock()
			n := len(s.waiting)
			s.mu.Unlock()
			if n == i+1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the batch does not wait")
			}
		}
	}
	leave()
	<-s.writing
	wg.Wait()
	if got, want := fmt.Sprint(fates), "[in existing 1 existing 3 failed gone]"; got != want {
		t.Errorf("the batches' fates are %s, want %s", got, want)
	}
	rows, _, err := s.Select(t.Context(), lrs.Selection{Until: 1 << 62, Limit: 10, Ascending: true, Terms: [][]lrs.IndexKey{{"k"}}})
	got := ""
	for _, r := range rows {
		got += r.ID[35:]
	}
	if err != nil || got != "123" {
		t.Errorf("statements %s are there, %v; want 123", got, err)
	}
	if _, err := insert(t.Context(), entryOf(4), entryOf(5), entryOf(6), entryOf(7)); err != nil {
		t.Errorf("what did not come in cannot be sent again: %v", err)
	}
}
