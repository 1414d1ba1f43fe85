package lrssqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrstest"
)

// openSmall opens a store whose segments are of a few statements.
func openSmall(t *testing.T, path string) *Store {
	t.Helper()
	s := openFile(t, path)
	s.perSegment = 2
	return s
}

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTheContractHoldsAcrossSegments(t *testing.T) {
	folders := map[*testing.T]string{}
	lrstest.Run(t, func(t *testing.T, name string) lrs.Store {
		if folders[t] == "" {
			folders[t] = t.TempDir()
		}
		return openSmall(t, filepath.Join(folders[t], name+".db"))
	})
}

// Two processes that open segments in turn agree where a statement is found.
func TestSegmentsAreBoundedWhoeverFillsThem(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	stores := []*Store{openSmall(t, file), openSmall(t, file)}
	const statements = 20
	for n := range statements {
		if _, err := stores[n%2].Insert(t.Context(), time.Now, []lrs.Entry{entryOf(n)}); err != nil {
			t.Fatal(err)
		}
	}
	stores = append(stores, openSmall(t, file)) // one that starts later, and counts
	if _, err := stores[2].Insert(t.Context(), time.Now, []lrs.Entry{entryOf(statements)}); err != nil {
		t.Fatal(err)
	}
	var segments, largest int
	err := stores[0].db.QueryRowContext(t.Context(), `SELECT count(DISTINCT segment), max(n) FROM
		(SELECT segment, count(*) AS n FROM lrs_refs WHERE key = ? GROUP BY segment)`, stores[0].hash("k")).Scan(&segments, &largest)
	if err != nil {
		t.Fatal(err)
	}
	if segments < 5 || largest > 4 {
		t.Errorf("%d statements are in %d segments of up to %d, want up to 2 for each of 2 processes", statements+1, segments, largest)
	}
	for _, ascending := range []bool{true, false} {
		rows, _, err := stores[1].Select(t.Context(), lrs.Selection{Terms: [][]lrs.IndexKey{{"k"}}, Until: 1 << 62, Limit: 100, Ascending: ascending})
		if err != nil || len(rows) != statements+1 {
			t.Fatalf("%d statements are found, %v; want %d", len(rows), err, statements+1)
		}
		for i := 1; i < len(rows); i++ {
			if (rows[i].Stored > rows[i-1].Stored) != ascending {
				t.Fatalf("out of order at %d", i)
			}
		}
	}
}
