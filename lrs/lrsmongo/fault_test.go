package lrsmongo

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// stores are two nodes' stores over one new database: one whose client has the
// options, and one that is well.
func stores(t *testing.T, faulty *options.ClientOptions) (sick, well *Store) {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	ctx := t.Context()
	name := "cairn_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	open := func(o *options.ClientOptions) *Store {
		client, err := mongo.Connect(options.Client().ApplyURI(uri), o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(ctx, client.Database(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx := context.WithoutCancel(ctx)
			_ = client.Database(name).Drop(ctx)
			_ = client.Disconnect(ctx)
		})
		return s
	}
	return open(faulty), open(options.Client())
}

// wantFlights looks at the clock itself.
func (s *Store) wantFlights(t *testing.T, flights, aborted int) {
	t.Helper()
	c, _, err := s.clock.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Flights) != flights || len(c.Aborted) != aborted {
		t.Errorf("%d batches are under way and %d in quarantine, want %d and %d", len(c.Flights), len(c.Aborted), flights, aborted)
	}
}

func TestAClientThatGoesAwayLeavesNoBatchUnderWay(t *testing.T) {
	for name, command := range map[string]struct {
		name string
		nth  int32
	}{
		"while the batch takes off":        {"update", 1},
		"while its statements are written": {"insert", 1},
		"while it lands":                   {"update", 2},
	} {
		t.Run(name, func(t *testing.T) {
			c := &cut{nth: command.nth, of: []string{command.name}}
			sick, well := stores(t, c.client())
			ctx, cancel := c.within(t.Context())
			defer cancel()
			if _, err := sick.Insert(ctx, time.Now, []lrs.Entry{entryOf(1), entryOf(2)}); err != nil {
				t.Errorf("the batch that had taken off is not in: %v", err)
			}
			if ctx.Err() == nil {
				t.Fatal("the client never left")
			}
			well.wantFlights(t, 0, 0)
			if _, err := well.Insert(t.Context(), time.Now, []lrs.Entry{entryOf(3)}); err != nil {
				t.Fatal(err)
			}
			if n := well.visible(t); n != 3 {
				t.Errorf("%d statements are visible, want 3", n)
			}
		})
	}
}

func TestABatchWhoseClientIsGoneDoesNotTakeOff(t *testing.T) {
	sick, well := stores(t, options.Client())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sick.Insert(ctx, time.Now, []lrs.Entry{entryOf(1)}); err == nil {
		t.Error("it is told that its batch is in")
	}
	well.wantFlights(t, 0, 0)
	if n := well.visible(t); n != 0 {
		t.Errorf("%d statements are visible, want none", n)
	}
}

// detour is a line to the server that can lose the connection of an insert, and
// bring the insert to the server later.
type detour struct {
	relay
	armed atomic.Bool
	held  chan []byte
}

func newDetour(server string) *detour {
	d := &detour{held: make(chan []byte, 1)}
	d.relay = relay{server: server, lost: func(message []byte) bool {
		if !command(message, "insert", "lrs_statements") || !d.armed.CompareAndSwap(true, false) {
			return false
		}
		d.held <- message
		return true
	}}
	return d
}

// arrive brings the insert that was held up to the server and waits for its answer.
func (d *detour) arrive(t *testing.T) {
	t.Helper()
	server, err := net.Dial("tcp", d.server)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.Write(<-d.held); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
}

func TestAnInsertThatArrivesAfterItsBatchWasGivenUpIsNeverSeen(t *testing.T) {
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	o := options.Client().ApplyURI(uri)
	if o.Auth != nil || o.TLSConfig != nil {
		t.Skip("needs a server without authentication and TLS")
	}
	line := newDetour(o.Hosts[0])
	sick, well := stores(t, options.Client().SetHosts([]string{line.listen(t)}).SetDirect(true).SetRetryWrites(false))
	line.armed.Store(true)
	if _, err := sick.Insert(t.Context(), time.Now, []lrs.Entry{entryOf(1), entryOf(2)}); err == nil {
		t.Fatal("the batch is in, though its insert was held up")
	}
	if _, err := well.Insert(t.Context(), time.Now, []lrs.Entry{entryOf(3)}); err != nil {
		t.Fatal(err)
	}
	if n := well.visible(t); n != 1 {
		t.Errorf("%d statements are visible, want 1: nothing waits for the batch given up", n)
	}
	line.arrive(t)
	if docs, err := well.find(t.Context(), []string{entryOf(1).ID}); err != nil || len(docs) != 1 {
		t.Fatalf("the insert held up did not arrive: %v, %v", docs, err)
	}
	if n := well.visible(t); n != 1 {
		t.Errorf("%d statements are visible, want 1: those of a batch given up appeared below the horizon", n)
	}
	well.wantFlights(t, 0, 1)
	existing, err := well.Insert(t.Context(), time.Now, []lrs.Entry{entryOf(1), entryOf(2)})
	if err != nil || len(existing) > 0 {
		t.Fatalf("sending the batch again: %v, %v", existing, err)
	}
	if n := well.visible(t); n != 3 {
		t.Errorf("%d statements are visible in the end, want 3", n)
	}
}
