package sqlitedb_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
)

func openTable(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE marks (writer INTEGER NOT NULL) STRICT`); err != nil {
		t.Fatal(err)
	}
	return db
}

// Who writes is served in the order of coming, whichever way each writes; and who has
// just written does not come first again.
func TestWritersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTable(t)
		ways := []func(writer int) error{
			func(writer int) error {
				_, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (?)`, writer)
				return err
			},
			func(writer int) error {
				return db.QueryRowContext(t.Context(), "\n\tinsert INTO marks VALUES (?) RETURNING writer", writer).Scan(&writer)
			},
			func(writer int) error {
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					return err
				}
				defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
				if _, err := tx.ExecContext(t.Context(), `INSERT INTO marks VALUES (?)`, writer); err != nil {
					return err
				}
				return tx.Commit()
			},
		}
		first, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		const writers = 6 // and the first: fewer than connections
		var wg sync.WaitGroup
		for writer := range writers {
			wg.Go(func() {
				if err := ways[writer%len(ways)](writer); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // it stands in line
		}
		if err := first.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := ways[0](writers); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		rows, err := db.QueryContext(t.Context(), `SELECT writer FROM marks ORDER BY rowid`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var wrote []int
		for rows.Next() {
			var writer int
			if err := rows.Scan(&writer); err != nil {
				t.Fatal(err)
			}
			wrote = append(wrote, writer)
		}
		if want := []int{0, 1, 2, 3, 4, 5, 6}; rows.Err() != nil || !slices.Equal(wrote, want) {
			t.Errorf("they wrote in the order %v, %v; they came in the order %v", wrote, rows.Err(), want)
		}
	})
}

func TestAWriterThatGivesUpLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTable(t)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, write := range map[string]func(context.Context) error{
			"an insert": func(ctx context.Context) error {
				_, err := db.ExecContext(ctx, `INSERT INTO marks VALUES (1)`)
				return err
			},
			"an insert that returns": func(ctx context.Context) error {
				var writer int
				return db.QueryRowContext(ctx, `INSERT INTO marks VALUES (1) RETURNING writer`).Scan(&writer)
			},
			"a transaction": func(ctx context.Context) error {
				_, err := db.BeginTx(ctx, nil)
				return err
			},
		} {
			begun := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := write(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
				t.Errorf("%s beside a transaction: %v after %v", name, err, time.Since(begun))
			}
			cancel()
		}
		reader, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatalf("a reader waits for the writer: %v", err)
		}
		if err := errors.Join(reader.Rollback(), tx.Rollback()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES ('no number')`); err == nil {
			t.Error("text is a number")
		}
		if _, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (2)`); err != nil {
			t.Errorf("the turn was not given back: %v", err)
		}
	})
}

// Single writes that wait behind each other share a transaction; one that fails fails alone.
func TestAWriteThatFailsFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTable(t)
		if _, err := db.ExecContext(t.Context(), `CREATE UNIQUE INDEX once ON marks (writer)`); err != nil {
			t.Fatal(err)
		}
		first, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		wrote := make([]error, 6)
		var wg sync.WaitGroup
		for writer := range wrote {
			wg.Go(func() {
				result, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (?)`, writer/2*2) // every other one is there already
				if wrote[writer] = err; err == nil {
					if n, _ := result.RowsAffected(); n != 1 {
						t.Errorf("%d rows by writer %d", n, writer)
					}
				}
			})
			synctest.Wait()
		}
		if err := first.Commit(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		for writer, err := range wrote {
			if (err != nil) != (writer%2 == 1) {
				t.Errorf("writer %d: %v", writer, err)
			}
		}
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM marks`).Scan(&n); err != nil || n != 3 {
			t.Errorf("%d marks, %v", n, err)
		}
	})
}

// Whatever is written at once from many sides is there afterwards, once.
func TestNothingOfWhatIsWrittenTogetherIsLost(t *testing.T) {
	db := openTable(t)
	const writers, each = 30, 20
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 4 {
					cancel() // it gives up, or is written: never half
				}
				_, err := db.ExecContext(ctx, `INSERT INTO marks VALUES (?)`, writer*each+i)
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var n, distinct int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*), count(DISTINCT writer) FROM marks WHERE writer % 5 <> 4`).Scan(&n, &distinct); err != nil {
		t.Fatal(err)
	}
	if n != writers*each*4/5 || distinct != n {
		t.Errorf("%d rows, %d different; want %d", n, distinct, writers*each*4/5)
	}
}
