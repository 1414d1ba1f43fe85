package lrsmongo

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// The lease of these tests: they wait for it to run out.
const shortLease = 3 * time.Second

// perBatch takes three commands to insert.
const perBatch = 2*atOnce + 50

// batchOf is batch number n of a process.
func batchOf(process, n int) []lrs.Entry {
	list := make([]lrs.Entry, perBatch)
	for i := range list {
		id := fmt.Sprintf("%08d-0000-4000-8000-%06d%06d", process, n, i)
		list[i] = lrs.Entry{ID: id, Doc: []byte(`{"id":"` + id + `"}`), Keys: []lrs.IndexKey{"k"}}
	}
	return list
}

// TestWritingProcess is the other node of the tests below: it inserts batches and
// tells which of them are in, until it is killed.
func TestWritingProcess(t *testing.T) {
	uri, name := os.Getenv("CAIRN_WRITE_URI"), os.Getenv("CAIRN_WRITE_DATABASE")
	if uri == "" {
		t.Skip("it is started by other tests")
	}
	process, err := strconv.Atoi(os.Getenv("CAIRN_WRITE_PROCESS"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetRetryWrites(false))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), client.Database(name))
	if err != nil {
		t.Fatal(err)
	}
	s.clock.lease = shortLease
	for n := 0; ; n++ {
		if existing, err := s.Insert(t.Context(), time.Now, batchOf(process, n)); err != nil || len(existing) > 0 {
			t.Fatal(existing, err)
		}
		fmt.Println("in", n)
	}
}

// tap carries the messages of a process to the server until one that it is
// waiting for comes along: that it keeps, and all that follow.
type tap struct {
	relay
	hit  chan struct{} // closed at the cut
	once sync.Once
}

func newTap(server string, cut func(message []byte) bool) *tap {
	d := &tap{hit: make(chan struct{})}
	d.relay = relay{server: server, lost: func(message []byte) bool {
		select {
		case <-d.hit:
			return true
		default:
		}
		if !cut(message) {
			return false
		}
		d.once.Do(func() { close(d.hit) })
		return true
	}}
	return d
}

// follower reads all that becomes visible, as the engine does.
type follower struct {
	s      *Store
	cursor int64
	seen   []string
}

func (f *follower) catchUp(ctx context.Context) error {
	for {
		through, err := f.s.Through(ctx, nil)
		if err != nil {
			return err
		}
		rows, more, err := f.s.Select(ctx, lrs.Selection{After: f.cursor, Until: through, Ascending: true, Limit: 10_000})
		if err != nil {
			return err
		}
		for _, r := range rows {
			f.seen, f.cursor = append(f.seen, r.ID), r.Stored
		}
		if !more {
			return whole(f.seen)
		}
	}
}

// whole tells what is wrong with statements that must come in whole batches.
func whole(ids []string) error {
	for i, id := range ids {
		first := i - i%perBatch
		if want := fmt.Sprintf("%s%06d", ids[first][:30], i-first); id != want {
			return fmt.Errorf("statement %d is %s, want %s: half a batch is visible, or one is skipped", i, id, want)
		}
	}
	if len(ids)%perBatch != 0 {
		return fmt.Errorf("%d statements are visible: half a batch", len(ids))
	}
	return nil
}

// A process is killed between any two commands of a batch. The other node goes on,
// and neither a reader nor a follower ever sees half of it.
func TestAProcessKilledWithinABatchIsNeverSeenHalf(t *testing.T) {
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	if testing.Short() {
		t.Skip("skipped: waits for leases to run out")
	}
	o := options.Client().ApplyURI(uri)
	if o.Auth != nil || o.TLSConfig != nil {
		t.Skip("needs a server without authentication and TLS")
	}
	for point, c := range map[string]struct {
		command, collection string
		nth                 int32 // in the life of the process; its first batch comes in whole
	}{
		"after the take-off":   {"insert", "lrs_statements", 4},
		"after one insert":     {"insert", "lrs_statements", 5},
		"after two inserts":    {"insert", "lrs_statements", 6},
		"before the landing":   {"update", "lrs_clock", 5},
		"before the repair":    {"update", "lrs_clock", 6},
		"before the take-off":  {"update", "lrs_clock", 4},
		"when it has repaired": {"update", "lrs_clock", 7},
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			killed(t, uri, o.Hosts[0], func() func([]byte) bool {
				var count atomic.Int32
				return func(m []byte) bool { return command(m, c.command, c.collection) && count.Add(1) == c.nth }
			}())
		})
	}
}

// killed starts another node whose process dies at the cut.
func killed(t *testing.T, uri, server string, cut func([]byte) bool) {
	t.Helper()
	ctx := t.Context()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	name := "cairn_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		_ = client.Database(name).Drop(ctx)
		_ = client.Disconnect(ctx)
	})
	well, err := New(ctx, client.Database(name))
	if err != nil {
		t.Fatal(err)
	}
	well.clock.lease = shortLease
	line := newTap(server, cut)
	process := exec.Command(os.Args[0], "-test.run=^TestWritingProcess$", "-test.v")
	process.Env = append(os.Environ(), "CAIRN_WRITE_URI=mongodb://"+line.listen(t)+"/?directConnection=true",
		"CAIRN_WRITE_DATABASE="+name, "CAIRN_WRITE_PROCESS=1")
	said, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	var listening sync.WaitGroup
	listening.Go(func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "in ") {
				acknowledged++
			}
		}
	})
	f := &follower{s: well}
	for cutting := true; cutting; {
		select {
		case <-line.hit:
			cutting = false
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		default:
		}
		if err := f.catchUp(ctx); err != nil {
			t.Error(err)
		}
	}
	_ = process.Process.Kill() // SIGKILL
	listening.Wait()
	_ = process.Wait()
	if acknowledged == 0 {
		t.Fatal("not one batch came in before the kill")
	}

	if _, err := well.Insert(ctx, time.Now, batchOf(2, 0)); err != nil { // stored above what hangs
		t.Fatal(err)
	}
	for deadline := time.Now().Add(60 * time.Second); !strings.HasPrefix(append(f.seen, "")[max(0, len(f.seen)-1)], "00000002"); {
		if err := f.catchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("the batch of the other node never becomes visible")
		}
	}
	batches := len(f.seen) / perBatch
	if own := batches - 1; own < acknowledged || own > acknowledged+1 {
		t.Errorf("%d batches of the dead process are visible, %d were acknowledged", own, acknowledged)
	}
	rows, _, err := well.Select(ctx, lrs.Selection{Until: 1 << 62, Limit: 10_000, Ascending: true, Terms: [][]lrs.IndexKey{{"k"}}})
	if err != nil || len(rows) != len(f.seen) {
		t.Errorf("%d statements are found, %v; the follower saw %d", len(rows), err, len(f.seen))
	}
	for n := range acknowledged + 1 { // whoever sends it again finds it, or brings it in
		existing, err := well.Insert(ctx, time.Now, batchOf(1, n))
		if err != nil || len(existing) != 0 && len(existing) != perBatch {
			t.Errorf("batch %d sent again: %d are there, %v", n, len(existing), err)
		}
	}
	if err := f.catchUp(ctx); err != nil {
		t.Error(err)
	}
}
