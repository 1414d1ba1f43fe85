package sqlitedb_test

import (
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
)

func TestAnOpenedFileHasThePragmasOfTheHouse(t *testing.T) {
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "with space", "a b.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000"} {
		var got string
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %q, want %q", pragma, got, want)
		}
	}
}
