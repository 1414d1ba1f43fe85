package sqlitedb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
)

// However many wait to write, whoever reads does not wait for them.
func TestReadersPassWritersThatQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTable(t)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for writer := range 30 {
			wg.Go(func() {
				if _, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (?)`, writer); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		wg.Go(func() {
			var n int
			if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM marks`).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d marks, %v", n, err)
			}
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
	})
}

// A statement that is kept prepared may run within itself, outlives a change of its table, and tells what it finds now.
func TestAStatementRunsAgain(t *testing.T) {
	db := openTable(t)
	for i := range 3 {
		if _, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (?)`, i); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const all = `SELECT writer FROM marks WHERE writer >= ? ORDER BY writer`
	var read func(from int) (found []int)
	read = func(from int) (found []int) {
		rows, err := tx.QueryContext(t.Context(), all, from)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var writer int
			if err := rows.Scan(&writer); err != nil {
				t.Fatal(err)
			}
			found = append(append(found, writer), read(writer+1)...)
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		return found
	}
	if got := fmt.Sprint(read(0)); got != "[0 1 2 2 1 2 2]" {
		t.Errorf("within itself it reads %s", got)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `ALTER TABLE marks ADD COLUMN at INTEGER`); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (?)`, 4); err == nil || !strings.Contains(err.Error(), "2 columns") {
		t.Errorf("a statement of before the change: %v", err)
	}
	for i := range 300 { // more texts than are kept
		var n int
		if err := db.QueryRowContext(t.Context(), fmt.Sprint(`SELECT count(*) + `, i, ` FROM marks`)).Scan(&n); err != nil || n != 3+i {
			t.Fatalf("%d, %v; want %d", n, err, 3+i)
		}
	}
}

// A closed handle leaves no connection: SQLite has brought the log into the file and removed it.
func TestAClosedHandleHasBroughtTheLogIn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	db, err := sqlitedb.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`CREATE TABLE marks (writer INTEGER NOT NULL) STRICT`, `INSERT INTO marks VALUES (1)`} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the log is still there: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO marks VALUES (2)`); err == nil {
		t.Error("a closed handle writes")
	}
}
