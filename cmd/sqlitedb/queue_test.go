package sqlitedb_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
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

// Many who write all the time get on alike, whichever way they write.
func TestWritersTakeTurns(t *testing.T) {
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
	const writers, total = 6, 600
	var wg sync.WaitGroup
	var written atomic.Int64
	var own [writers]int
	for writer := range writers {
		wg.Go(func() {
			for written.Add(1) <= total {
				if err := ways[writer%len(ways)](writer); err != nil {
					t.Error(err)
					return
				}
				own[writer]++
			}
		})
	}
	wg.Wait()
	for writer, n := range own {
		if n < total/writers/2 {
			t.Errorf("writer %d wrote %d times, when all together wrote %d times", writer, n, total)
		}
	}
	var n int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM marks`).Scan(&n); err != nil || n != total {
		t.Errorf("%d marks are there, %v; want %d", n, err, total)
	}
}

func TestAWriterThatGivesUpLeavesTheQueue(t *testing.T) {
	db := openTable(t)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(ctx, `INSERT INTO marks VALUES (1)`); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it wrote beside a transaction, or failed otherwise: %v", err)
	}
	if _, err := db.BeginTx(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it began beside a transaction, or failed otherwise: %v", err)
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
}
