package lrsmongo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func entryOf(n int) lrs.Entry {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	return lrs.Entry{ID: id, Doc: []byte(`{"id":"` + id + `","verb":{"id":"v:v"}}`), Keys: []lrs.IndexKey{"k"}}
}

func (s *Store) visible(t *testing.T) int {
	t.Helper()
	rows, _, err := s.Select(t.Context(), lrs.Selection{Until: 1 << 62, Limit: 100, Terms: [][]lrs.IndexKey{{"k"}}})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

// nodes are two processes on one new database.
func nodes(t *testing.T) (dead, alive *Store) {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	db := client.Database("cairn_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12])
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		_ = db.Drop(ctx)
		_ = client.Disconnect(ctx)
	})
	if dead, err = New(ctx, db); err != nil {
		t.Fatal(err)
	}
	if alive, err = New(ctx, db); err != nil {
		t.Fatal(err)
	}
	return dead, alive
}

// A writer dies between landing and repair; whoever looks next makes up for it.
func TestWhatABatchDefinesSurvivesItsWriter(t *testing.T) {
	dead, alive := nodes(t)
	ctx := t.Context()
	const x = "https://e.org/x"
	about := func(n int, name string) []lrs.Entry {
		e := entryOf(n)
		e.Doc = []byte(`{"id":"` + e.ID + `","verb":{"id":"v:v"},"object":{"id":"` + x + `","definition":{"name":{"en":"` + name + `"}}}}`)
		e.Flags, e.Definitions = lrs.Defines, []lrs.Definition{{Activity: x, Doc: `{"name":{"en":"` + name + `"}}`}}
		return []lrs.Entry{e}
	}
	if _, err := alive.Insert(ctx, time.Now, about(1, "one")); err != nil {
		t.Fatal(err)
	}
	if _, taken, err := dead.fly(ctx, time.Now, about(2, "two")); err != nil || taken {
		t.Fatal(taken, err)
	}
	if _, err := alive.Through(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := alive.Definitions(ctx, []string{x}); err != nil || string(got[x]) != `{"name":{"en":"two"}}` {
		t.Errorf("defined as %s, %v", got[x], err)
	}
	if _, err := alive.Insert(ctx, time.Now, about(3, "one")); err != nil {
		t.Fatal(err)
	}
	if got, err := alive.Definitions(ctx, []string{x}); err != nil || string(got[x]) != `{"name":{"en":"one"}}` {
		t.Errorf("then defined as %s, %v", got[x], err)
	}
}

// A writer dies between the inserts of a batch; another node goes on.
func TestHalfABatchIsNeverSeenAndIsClearedUpAfterItsLease(t *testing.T) {
	dead, alive := nodes(t)
	ctx := t.Context()
	if _, err := alive.Insert(ctx, time.Now, []lrs.Entry{entryOf(1)}); err != nil {
		t.Fatal(err)
	}
	f, _, _, err := dead.clock.takeOff(ctx, "dead", 4, func() (time.Time, error) { return time.Now(), nil })
	if err != nil {
		t.Fatal(err)
	}
	half := func(n int) {
		t.Helper()
		if _, err := dead.statements.InsertOne(ctx, toDocument(entryOf(n), "dead", f.First+int64(n))); err != nil {
			t.Fatal(err)
		}
	}
	half(2)
	if _, err := alive.Insert(ctx, time.Now, []lrs.Entry{entryOf(10)}); err != nil {
		t.Fatal(err)
	}
	if n := alive.visible(t); n != 1 {
		t.Errorf("%d statements are visible above a batch under way, want 1", n)
	}
	if through, err := alive.Through(ctx, time.Now); err != nil || through >= f.First {
		t.Errorf("through is %d, %v; want below the batch under way at %d", through, err, f.First)
	}

	err = dead.clock.change(ctx, func(s *state) error { // the lease runs out
		for i := range s.Flights {
			s.Flights[i].Expires = time.Now().Add(-time.Second)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := alive.visible(t); n != 2 {
		t.Errorf("%d statements are visible after the lease, want 2", n)
	}
	half(3) // an insert that was still under way arrives
	if n := alive.visible(t); n != 2 {
		t.Errorf("a late insert of a batch given up is visible: %d statements", n)
	}
	if err := dead.clock.land(ctx, f); !errors.Is(err, errLost) {
		t.Errorf("the late writer is told %v, want that its batch is lost", err)
	}
	existing, err := alive.Insert(ctx, time.Now, []lrs.Entry{entryOf(2), entryOf(3)})
	if err != nil || len(existing) > 0 {
		t.Fatalf("sending the batch again: %v, %v", existing, err)
	}
	if n := alive.visible(t); n != 4 {
		t.Errorf("%d statements are visible in the end, want 4", n)
	}
}
