package lrssqlite_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the probe uses the driver as it is, not the store's way to open files
)

// The probe is what the machine, the driver and a synchronous commit allow: a row
// of 1.1 KB, 8 reference rows and 4 indexes a statement, through database/sql. It
// never changes, so that figures of different days and machines can be put in
// relation to it. Do not improve it.

const probeSchema = `
CREATE TABLE probe (
	n        INTEGER PRIMARY KEY,
	id       BLOB NOT NULL,
	verb     INTEGER NOT NULL,
	agent    INTEGER NOT NULL,
	activity INTEGER NOT NULL,
	doc      BLOB NOT NULL
);
CREATE UNIQUE INDEX probe_id ON probe (id);
CREATE INDEX probe_verb ON probe (verb, n);
CREATE INDEX probe_agent ON probe (agent, n);
CREATE INDEX probe_activity ON probe (activity, n);
CREATE TABLE probe_refs (
	key INTEGER NOT NULL,
	n   INTEGER NOT NULL,
	PRIMARY KEY (key, n)
) WITHOUT ROWID;`

// probe writes batches of the size for about that long and returns statements a
// second.
func probe(ctx context.Context, b *testing.B, size int, about time.Duration) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "probe.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(15000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	_, err = db.ExecContext(ctx, probeSchema)
	must(err)
	row, err := db.PrepareContext(ctx, `INSERT INTO probe (n, id, verb, agent, activity, doc) VALUES (?, ?, ?, ?, ?, ?)`)
	must(err)
	defer row.Close()
	ref, err := db.PrepareContext(ctx, `INSERT INTO probe_refs (key, n) VALUES (?, ?)`)
	must(err)
	defer ref.Close()
	random := rand.New(rand.NewPCG(1, 2))
	doc, id := make([]byte, 1100), make([]byte, 16)
	n := 0
	start := time.Now()
	for time.Since(start) < about {
		tx, err := db.BeginTx(ctx, nil)
		must(err)
		row, ref := tx.StmtContext(ctx, row), tx.StmtContext(ctx, ref) //nolint:sqlclosecheck // closed with the transaction
		for range size {
			n++
			binary.BigEndian.PutUint64(id, random.Uint64())
			binary.BigEndian.PutUint64(id[8:], random.Uint64())
			copy(doc, id)
			_, err := row.ExecContext(ctx, n, id, random.IntN(10), random.IntN(1000), random.IntN(500), doc)
			must(err)
			for i := range 8 {
				_, err := ref.ExecContext(ctx, (random.IntN(10_000)*8+i)*1_000_003, n)
				must(err)
			}
		}
		must(tx.Commit())
	}
	return float64(n) / time.Since(start).Seconds()
}

func BenchmarkProbe(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(fmt.Sprintf("batch%d", size), func(b *testing.B) {
			rate := probe(b.Context(), b, size, time.Duration(b.N)*time.Millisecond)
			b.ReportMetric(rate, "statements/s")
		})
	}
}
