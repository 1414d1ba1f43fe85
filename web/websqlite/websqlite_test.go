package websqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/web/websqlite"
	"github.com/cairn-lms/cairn/web/webtest"
)

func TestSQLiteKeepsTheContract(t *testing.T) {
	webtest.Run(t, func(t *testing.T) web.Store {
		db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		for range 2 { // opening again changes nothing
			if _, err := websqlite.New(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		store, err := websqlite.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}
