package lrstest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

func oneWinner(t *testing.T, newStore func(string) lrs.Store) {
	stores := []lrs.Store{newStore("a"), newStore("a")} // two processes
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			existing, err := stores[i%2].Insert(t.Context(), time.Now, []lrs.Entry{entry(1), entry(100 + i)})
			switch {
			case err != nil:
				t.Errorf("insert: %v", err)
			case len(existing) == 0:
				won.Add(1)
			case len(existing) == 1 && existing[0].ID == id(1):
				lost.Add(1)
			default:
				t.Errorf("existing is %v", existing)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 19 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
	if rows := sel(t, stores[0], all()); len(rows) != 2 {
		t.Errorf("%d statements are stored, want the winner's 2", len(rows))
	}
}

func concurrentBatches(t *testing.T, newStore func(string) lrs.Store) {
	stores := []lrs.Store{newStore("a"), newStore("a")}
	const writers, batches, size = 6, 4, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var batch []lrs.Entry
				for i := range size {
					batch = append(batch, entry((w*batches+b)*size+i+1, "shared"))
				}
				if existing, err := stores[w%2].Insert(t.Context(), time.Now, batch); err != nil || len(existing) > 0 {
					t.Errorf("insert: %v, %v", existing, err)
				}
			}
		})
	}
	wg.Wait()
	rows := sel(t, stores[1], by("shared"))
	if len(rows) != writers*batches*size {
		t.Fatalf("%d statements are stored, want %d", len(rows), writers*batches*size)
	}
	for i := 1; i < len(rows); i++ {
		if rows[i].Stored <= rows[i-1].Stored {
			t.Fatal("stored is not strictly increasing")
		}
	}
}

// clientsGoAway cancels inserts at every moment.
func clientsGoAway(t *testing.T, newStore func(string) lrs.Store) {
	stores := []lrs.Store{newStore("a"), newStore("a")}
	const writers, batches, size = 4, 20, 3
	acknowledged := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var batch []lrs.Entry
				for i := range size {
					batch = append(batch, entry((w*batches+b)*size+i+1, "shared"))
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(b*b)*20*time.Microsecond)
				existing, err := stores[w%2].Insert(ctx, time.Now, batch)
				cancel()
				if len(existing) > 0 {
					t.Errorf("%v are there already", existing)
				}
				if err == nil {
					mu.Lock()
					acknowledged[batch[0].ID] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	insert(t, stores[0], time.Now, entry(9001, "other"))
	insert(t, stores[1], time.Now, entry(9002, "other"))
	rows := sel(t, stores[1], by("shared"))
	there := map[string]bool{}
	for i, r := range rows {
		there[r.ID] = true
		if first := i - i%size; r.Stored != rows[first].Stored+int64(i-first) {
			t.Errorf("statement %s is not with its batch", r.ID)
		}
	}
	if len(rows)%size != 0 {
		t.Errorf("%d statements are there: half a batch", len(rows))
	}
	for first := range acknowledged {
		if !there[first] {
			t.Errorf("the batch of %s was acknowledged and is not there", first)
		}
	}
}

func followerMissesNothing(t *testing.T, newStore func(string) lrs.Store) {
	stores, reader := []lrs.Store{newStore("a"), newStore("a")}, newStore("a")
	const writers, batches, size = 4, 5, 3
	var wg sync.WaitGroup
	defer wg.Wait()
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var batch []lrs.Entry
				for i := range size {
					batch = append(batch, entry((w*batches+b)*size+i+1))
				}
				if _, err := stores[w%2].Insert(t.Context(), time.Now, batch); err != nil {
					t.Errorf("insert: %v", err)
				}
			}
		})
	}
	seen := map[string]bool{}
	deadline := time.Now().Add(60 * time.Second)
	for cursor := int64(0); len(seen) < writers*batches*size && time.Now().Before(deadline) && !t.Failed(); {
		upTo, err := reader.Through(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		q := all()
		q.After, q.Until = cursor, upTo
		rows := sel(t, reader, q)
		if len(rows)%size != 0 {
			t.Fatalf("%d statements at once: half a batch is visible", len(rows))
		}
		for _, r := range rows {
			seen[r.ID], cursor = true, r.Stored
		}
	}
	if len(seen) != writers*batches*size {
		t.Errorf("the follower saw %d of %d statements", len(seen), writers*batches*size)
	}
}

func walkWhileInserting(t *testing.T, newStore func(string) lrs.Store) {
	s, c := newStore("a"), newClock()
	for n := 1; n <= 9; n++ {
		insert(t, s, c.now, entry(n, "k"))
	}
	var got []lrs.Row
	for q, more := (lrs.Selection{Terms: [][]lrs.IndexKey{{"k"}}, Until: 1 << 62, Limit: 2}), true; more; {
		var rows []lrs.Row
		var err error
		if rows, more, err = s.Select(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		got = append(got, rows...)
		q.Until = rows[len(rows)-1].Stored - 1
		insert(t, s, c.now, entry(100+len(got), "k"))
	}
	expect(t, got, 9, 8, 7, 6, 5, 4, 3, 2, 1)
}
