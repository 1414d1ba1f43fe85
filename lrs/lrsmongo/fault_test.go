package lrsmongo

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/event"
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
			var gone atomic.Pointer[context.CancelFunc]
			var count atomic.Int32
			leave := func(of string) {
				if leave := gone.Load(); leave != nil && of == command.name && count.Add(1) == command.nth {
					(*leave)()
				}
			}
			sick, well := stores(t, options.Client().SetMonitor(&event.CommandMonitor{
				Started: func(_ context.Context, e *event.CommandStartedEvent) { leave(e.CommandName) },
			}))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			gone.Store(&cancel)
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
	server string
	armed  atomic.Bool
	held   chan []byte
	wg     sync.WaitGroup
}

func newDetour(t *testing.T, server string) (d *detour, addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d = &detour{server: server, held: make(chan []byte, 1)}
	d.wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			d.wg.Go(func() { d.carry(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		d.wg.Wait()
	})
	return d, listener.Addr().String()
}

// carry brings messages one by one to the server, and its answers back.
func (d *detour) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", d.server)
	if err != nil {
		return
	}
	defer server.Close()
	d.wg.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		message := append(head, make([]byte, binary.LittleEndian.Uint32(head)-4)...)
		if _, err := io.ReadFull(client, message[4:]); err != nil {
			return
		}
		if bytes.Contains(message, []byte("\x02insert\x00\x0f\x00\x00\x00lrs_statements\x00")) && d.armed.CompareAndSwap(true, false) {
			d.held <- message
			return
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
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
	line, addr := newDetour(t, o.Hosts[0])
	sick, well := stores(t, options.Client().SetHosts([]string{addr}).SetDirect(true).SetRetryWrites(false))
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
