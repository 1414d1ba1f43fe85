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
