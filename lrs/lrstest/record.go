package lrstest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

// recordTwice lets processes record the same statements at the same time, as
// two workers do that took up one task.
func recordTwice(t *testing.T, newStore func(string) lrs.Store) {
	const writers, size = 6, 130
	statements := make([]xapi.Statement, size)
	for i := range statements {
		statements[i] = xapi.Statement{
			ID: id(i + 1), Actor: xapi.AccountAgent("https://lms.example", "5"), Verb: xapi.VerbOf(xapi.VerbCompleted),
			Object:    xapi.ActivityObject(xapi.Activity{ID: "https://lms.example/a"}),
			Timestamp: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
		}
	}
	tool := xapi.AccountAgent("https://cairn.example/main", "engine")
	var wg sync.WaitGroup
	for range writers {
		l := lrs.New(newStore("a"), lrs.Options{})
		mine := append([]xapi.Statement(nil), statements...)
		rand.Shuffle(size, func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		wg.Go(func() {
			for part := mine; len(part) > 0; part = part[min(len(part), 65):] {
				if err := l.Record(t.Context(), tool, part[:min(len(part), 110)]); err != nil {
					t.Errorf("record: %v", err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, r := range sel(t, newStore("a"), all()) {
		if seen[r.ID] {
			t.Errorf("statement %s is there twice", r.ID)
		}
		seen[r.ID] = true
	}
	if len(seen) != size {
		t.Errorf("%d statements are there, want %d", len(seen), size)
	}
}
