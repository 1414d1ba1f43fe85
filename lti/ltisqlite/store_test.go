package ltisqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/ltisqlite"
	"github.com/cairn-lms/cairn/lti/ltitest"
)

func TestContract(t *testing.T) {
	ltitest.Run(t, func(t *testing.T) lti.Store {
		db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := ltisqlite.New(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		s, err := ltisqlite.New(t.Context(), db) // a second start finds the tables
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
