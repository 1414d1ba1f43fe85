// Package sqlitedb opens SQLite files the one way Cairn uses them.
//
// Several processes (serve, workers, the command line) share one file, so every
// handle has the same pragmas: write-ahead log, a synchronous commit (an
// acknowledged write survives a power cut), a generous busy timeout, and
// transactions that take the write lock when they begin, so that two writers
// queue instead of failing half-way. Those of one handle queue in order, and share commits.
package sqlitedb

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the pure Go driver, registered as "sqlite"
)

// maxConns bounds the pool: readers run side by side, and so many writers may queue behind each other. Who only queues
// has not opened the file.
const maxConns = 48

// Open opens (or makes, with mode 0600 in a folder of mode 0700) the SQLite
// database at path. Close the handle when done.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sqlitedb: make folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlitedb: open %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlitedb: open %s: %w", path, err)
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(15000)",
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"foreign_keys(ON)",
			"temp_store(MEMORY)",
			"cache_size(-500)", // KiB of each connection: what many read is in the system's cache
		},
	}.Encode()}
	named, err := sql.Open("sqlite", "") // for the driver only: it opens no connection
	if err != nil {
		return nil, fmt.Errorf("sqlitedb: open %s: %w", path, err)
	}
	_ = named.Close()
	db := sql.OpenDB(&handle{driver: named.Driver(), dsn: dsn.String()})
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sqlitedb: open %s: %w", path, err)
	}
	return db, nil
}

// OpenMemory makes an empty database in memory, which is gone when the handle is
// closed. It has one connection: whoever reads rows closes them before the next
// query. For simulations and tests.
func OpenMemory(ctx context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("sqlitedb: open in memory: %w", err)
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sqlitedb: open in memory: %w", err)
	}
	return db, nil
}
