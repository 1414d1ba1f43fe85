// Package lrssqlite keeps statements and keys in SQLite.
//
//	lrs_statements  stored → id, flags, sum, document  one row a statement; the document compressed
//	lrs_refs        (segment, key, stored)             one row for each thing it is found by
//	lrs_segments    n → its first stored               the stretches of the order, each with its part of lrs_refs
//	lrs_tombstones  salted hashes of what was erased
//	lrs_settings    name → document, of the upkeep
//	lrs_clock       the salt of the keys, the order's floor, whether there are tombstones
//	lrs_documents   place → document                   states and profiles
//	lrs_unsettled   changed statements whose references are not yet found by what they say now
//	lrs_definitions what statements say of an activity, merged; rev is the order of changes
//
// A key is 64 bits of a salted hash of an lrs.IndexKey: rows stay narrow, and
// nobody outside can make two keys meet. Every filter is a range of lrs_refs in
// each segment, newest or oldest first. Besides the keys of lrs there are two of our own, "t"
// (refers to that statement, directly or through others) and "x" (voids it).
//
// All writing happens in immediate transactions, so processes queue for the
// file's one write lock; batches of one process that wait for it go into one
// transaction, each whole or not at all. Stored is assigned under it, and rows become readable
// in its order.
package lrssqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

const schema = `
CREATE TABLE IF NOT EXISTS lrs_statements (
	stored INTEGER PRIMARY KEY,
	id     BLOB NOT NULL UNIQUE,
	flags  INTEGER NOT NULL,
	sum    BLOB NOT NULL,
	doc    BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS lrs_refs (
	segment INTEGER NOT NULL,
	key     INTEGER NOT NULL,
	stored  INTEGER NOT NULL,
	PRIMARY KEY (segment, key, stored)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lrs_definitions (
	key      INTEGER PRIMARY KEY,
	activity TEXT NOT NULL,
	rev      INTEGER NOT NULL UNIQUE,
	doc      BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS lrs_clock (
	one    INTEGER PRIMARY KEY CHECK (one = 1),
	floor  INTEGER NOT NULL,
	salt   BLOB NOT NULL,
	buried INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS lrs_tombstones (
	name BLOB PRIMARY KEY,
	at   INTEGER NOT NULL,
	keep INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lrs_settings (
	name TEXT PRIMARY KEY,
	doc  BLOB NOT NULL
) STRICT, WITHOUT ROWID;`

// Store is an lrs.Store over one tenant's database.
type Store struct {
	db      *sql.DB
	salt    []byte
	writing chan struct{} // holds one token: whoever has it may write

	// For whoever may write:
	line    line
	newest  segment
	defined lrs.DefinitionCache
	closed  bool
	cut     time.Time // when the log was last shortened
	owed    bool      // the log has what was overwritten in the file

	perSegment int
	tide       tide

	mu      sync.Mutex
	stmts   map[string]*sql.Stmt // by SQL text
	waiting []*batch             // in the order in which they came
}

// New makes the tables it needs. Close the store when done, then the handle, which
// is the caller's.
func New(ctx context.Context, db *sql.DB) (*Store, error) {
	s := &Store{db: db, writing: make(chan struct{}, 1), perSegment: segmentSize, stmts: map[string]*sql.Stmt{}}
	salt := make([]byte, 16)
	rand.Read(salt)
	err := s.overwrite(ctx, func(*sql.Tx) error { return s.writer(ctx).makeTables(salt) })
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: make tables: %w", err)
	}
	if err := s.settle(ctx); err != nil {
		return nil, fmt.Errorf("lrssqlite: complete a change: %w", err)
	}
	s.tide.start(s)
	return s, nil
}

// Close ends what the store does in the background, empties the log and gives its
// connection back. Closing again does nothing.
func (s *Store) Close() error {
	s.tide.stop()
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.owed {
		s.shorten(context.Background(), closing)
	}
	if err := s.line.close(); err != nil {
		return fmt.Errorf("lrssqlite: close: %w", err)
	}
	return nil
}

var errClosed = errors.New("the store is closed")

// write runs f in one transaction. Writers of this process queue here, where
// waiting is cheap, and not on the file.
func (s *Store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writing }()
	return s.transact(ctx, f)
}

// overwrite is write for what removes or replaces: that is overwritten in the file.
// f sets owed if it must leave the log soon, too.
func (s *Store) overwrite(ctx context.Context, f func(tx *sql.Tx) error) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		if _, err := tx.ExecContext(ctx, `PRAGMA secure_delete = ON`); err != nil {
			return err
		}
		err := f(tx)
		_, off := tx.ExecContext(ctx, `PRAGMA secure_delete = OFF`)
		return errors.Join(err, off)
	})
}

// transact runs f in one transaction, for whoever has the turn to write. The
// transaction ends here, whatever becomes of ctx.
func (s *Store) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	if s.closed {
		return errClosed
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.line.open(ctx, s.db); err != nil {
		return err
	}
	tx, err := s.line.conn.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(err, s.line.close()) // the next one gets a new connection
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it says only that it is over
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.tide.rise()
	return nil
}

// maxPrepared bounds the statements kept ready; there are fewer shapes of query.
const maxPrepared = 300

// prepared returns the statement for the SQL text, kept ready for the next time.
func (s *Store) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.stmts[text]; ok {
		return st, nil
	}
	st, err := s.db.PrepareContext(ctx, text) //nolint:sqlclosecheck // kept ready until the handle is closed
	if err != nil {
		return nil, err
	}
	if len(s.stmts) < maxPrepared {
		s.stmts[text] = st
	}
	return st, nil
}

// hash is the key as lrs_refs has it.
func (s *Store) hash(k lrs.IndexKey) int64 {
	buf := make([]byte, 0, 256)
	buf = append(append(buf, s.salt...), k...)
	sum := sha256.Sum256(buf)
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any 64 bits will do
}

func targets(id string) lrs.IndexKey { return lrs.IndexKey("t " + id) }
func voids(id string) lrs.IndexKey   { return lrs.IndexKey("x " + id) }

// packed is a UUID as 16 bytes.
func packed(id string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 {
		return nil, fmt.Errorf("%w: %q is no UUID", lrs.ErrNotFound, id)
	}
	return b, nil
}

// unpacked is the UUID of 16 bytes.
func unpacked(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Get implements lrs.Store.
func (s *Store) Get(ctx context.Context, id string) (lrs.Row, error) {
	blob, err := packed(id)
	if err != nil {
		return lrs.Row{}, err
	}
	st, err := s.prepared(ctx, selectByID) //nolint:sqlclosecheck // kept ready
	if err != nil {
		return lrs.Row{}, fmt.Errorf("lrssqlite: get: %w", err)
	}
	row, err := scanRow(st.QueryRowContext(ctx, blob))
	if err != nil {
		return lrs.Row{}, fmt.Errorf("lrssqlite: get: %w", err)
	}
	return row, nil
}

const selectByID = `SELECT stored, id, flags, doc FROM lrs_statements WHERE id = ?`

const selectOrder = selectLast + `, (SELECT buried FROM lrs_clock)`

// scanRow reads one row, and more columns behind it; none is lrs.ErrNotFound.
func scanRow(from rowScanner, more ...any) (lrs.Row, error) {
	var r lrs.Row
	var id, doc sql.RawBytes // of rows, they need not be copied
	to := []any{&r.Stored, &id, &r.Flags, &doc}
	if _, several := from.(*sql.Rows); !several {
		to[1], to[3] = (*[]byte)(&id), (*[]byte)(&doc)
	}
	if err := from.Scan(append(to, more...)...); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = lrs.ErrNotFound
		}
		return lrs.Row{}, err
	}
	r.ID = unpacked(id)
	var err error
	r.Doc, err = inflated(doc)
	return r, err
}

// staleAfter is how far Through may lag behind the clock before it is advanced.
const staleAfter = time.Second

// Through implements lrs.Store. What is committed is readable, so it is the last
// Stored, or the floor below which none will be assigned any more. Raising the
// floor takes the write lock: whoever had it has committed.
func (s *Store) Through(ctx context.Context, now func() time.Time) (int64, error) {
	st, err := s.prepared(ctx, selectLast) //nolint:sqlclosecheck // kept ready
	if err != nil {
		return 0, fmt.Errorf("lrssqlite: through: %w", err)
	}
	var last int64
	if err := st.QueryRowContext(ctx).Scan(&last); err != nil {
		return 0, fmt.Errorf("lrssqlite: through: %w", err)
	}
	if now == nil || now().UnixNano()-last < int64(staleAfter) || len(s.writing) > 0 {
		return last, nil
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE lrs_clock SET floor = max(floor, ?) RETURNING floor`, now().UnixNano()).Scan(&last)
	})
	if err != nil {
		return 0, fmt.Errorf("lrssqlite: through: %w", err)
	}
	return last, nil
}

const selectLast = `SELECT max(coalesce((SELECT max(stored) FROM lrs_statements), 0), (SELECT floor FROM lrs_clock))`
