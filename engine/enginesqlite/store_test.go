package enginesqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/enginetest"
)

func TestStore(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Store { return open(t, filepath.Join(t.TempDir(), "engine.db")) })
}

// Two handles on one file stand for two processes.
func TestStoreSharedByTwoHandles(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Store {
		path := filepath.Join(t.TempDir(), "engine.db")
		return &alternating{Store: open(t, path), other: open(t, path)}
	})
}

func open(t *testing.T, path string) *enginesqlite.Store {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, err := enginesqlite.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
