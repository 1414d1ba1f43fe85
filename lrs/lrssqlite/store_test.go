package lrssqlite_test

import (
	"database/sql"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/cairn-lms/cairn/lrs/lrstest"
	"github.com/google/uuid"
)

func TestTheStoreKeepsItsContract(t *testing.T) {
	folders := map[*testing.T]string{}
	lrstest.Run(t, func(t *testing.T, name string) lrs.Store {
		if folders[t] == "" {
			folders[t] = t.TempDir()
		}
		return open(t, filepath.Join(folders[t], name+".db"))
	})
}

func open(t testing.TB, path string) *lrssqlite.Store {
	t.Helper()
	s, err := lrssqlite.New(t.Context(), openDB(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openDB(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openKeys(t testing.TB, path string) *lrssqlite.Keys {
	t.Helper()
	keys, err := lrssqlite.NewKeys(t.Context(), openDB(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestTheKeysKeepTheirContract(t *testing.T) {
	lrstest.RunKeys(t, func(t *testing.T) lrs.KeyStore {
		return openKeys(t, filepath.Join(t.TempDir(), "control.db"))
	})
}

// BenchmarkInsert writes batches of 50 statements of 1.1 KB with 11 keys each.
func BenchmarkInsert(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(map[int]string{1: "one", 50: "batch50"}[size], func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "lrs.db"))
			doc := make([]byte, 1100)
			copy(doc, `{"id":"x"`)
			n := 0
			for b.Loop() {
				batch := make([]lrs.Entry, size)
				for i := range batch {
					n++
					key := func(kind string, of int) lrs.IndexKey { return lrs.IndexKey(kind + strconv.Itoa(n*7919%of)) }
					batch[i] = lrs.Entry{ID: uuid.NewString(), Doc: doc, Keys: []lrs.IndexKey{key("v ", 10), key("a ", 1000), key("av ", 10000),
						key("ao ", 50000), key("o ", 500), key("ov ", 5000), key("r ", 10000), key("A ", 20), key("O ", 100), key("O c", 25), "u k"}}
				}
				if _, err := s.Insert(b.Context(), time.Now, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "statements/s")
		})
	}
}
