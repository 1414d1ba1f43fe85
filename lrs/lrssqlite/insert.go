package lrssqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// ref is one row of lrs_refs.
type ref struct{ key, stored int64 }

// Insert implements lrs.Store.
func (s *Store) Insert(ctx context.Context, now func() time.Time, entries []lrs.Entry) ([]lrs.Row, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	b := &batch{ctx: ctx, now: now, entries: entries, done: make(chan struct{})}
	s.commit(b)
	if b.err != nil {
		return nil, fmt.Errorf("lrssqlite: insert: %w", b.err)
	}
	return b.existing, nil
}

// writer is one transaction that inserts.
type writer struct {
	*Store
	ctx   context.Context
	tx    *sql.Tx
	stmts map[string]*sql.Stmt // of tx, by SQL text
}

// statement is that of the SQL text in the transaction, which closes it.
func (w *writer) statement(text string) (*sql.Stmt, error) {
	if st, ok := w.stmts[text]; ok {
		return st, nil
	}
	st, err := w.within(w.ctx, w.tx, text) //nolint:sqlclosecheck // closed with the transaction
	if err == nil {
		w.stmts[text] = st
	}
	return st, err
}

func (w *writer) exec(text string, args ...any) (sql.Result, error) {
	st, err := w.statement(text) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return nil, err
	}
	return st.ExecContext(w.ctx, args...)
}

func (w *writer) insert(now func() time.Time, entries []lrs.Entry) ([]lrs.Row, error) {
	st, err := w.statement(selectOrder) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return nil, err
	}
	var last, buried int64
	if err := st.QueryRowContext(w.ctx).Scan(&last, &buried); err != nil {
		return nil, err
	}
	if buried > 0 {
		if err := w.unburied(entries); err != nil {
			return nil, err
		}
	}
	next := max(now().UnixNano(), last+1)
	stored := make([]int64, len(entries))
	var refs []ref
	for i, e := range entries {
		stored[i] = next + int64(i)
		id, err := packed(e.ID)
		if err != nil {
			return nil, err
		}
		res, err := w.exec(insertRow, stored[i], id, int64(e.Flags), lrs.Checksum(e.Doc), e.Doc)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return w.existing(entries, stored[0], err)
		}
		for _, k := range e.Keys {
			refs = append(refs, ref{w.hash(k), stored[i]})
		}
		if e.Target != "" {
			refs = append(refs, ref{w.hash(targets(e.Target)), stored[i]})
		}
		if e.Flags.Has(lrs.Voiding) {
			refs = append(refs, ref{w.hash(voids(e.Target)), stored[i]})
		}
	}
	if err := w.insertRefs(refs); err != nil {
		return nil, err
	}
	return nil, w.relate(entries, stored)
}

// existing returns the rows of the entries that were there before this
// transaction, which assigned from first on.
func (w *writer) existing(entries []lrs.Entry, first int64, err error) ([]lrs.Row, error) {
	if err != nil {
		return nil, err
	}
	var rows []lrs.Row
	for _, e := range entries {
		row, there, err := w.get(e.ID)
		if err != nil {
			return nil, err
		}
		if there && row.Stored < first {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// get returns the row with the id, if there is one.
func (w *writer) get(id string) (lrs.Row, bool, error) {
	blob, err := packed(id)
	if err != nil {
		return lrs.Row{}, false, err
	}
	st, err := w.statement(selectByID) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return lrs.Row{}, false, err
	}
	row, err := scanRow(st.QueryRowContext(w.ctx, blob))
	if errors.Is(err, lrs.ErrNotFound) {
		return row, false, nil
	}
	return row, err == nil, err
}

const insertRow = `INSERT INTO lrs_statements (stored, id, flags, sum, doc) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`

// atOnce is how many keys or rows of lrs_refs one statement handles at most.
const atOnce = 64

// insertRefsSQL writes n rows of lrs_refs; those that are there stay.
func insertRefsSQL(n int) string {
	return `INSERT OR IGNORE INTO lrs_refs (key, stored) VALUES (?, ?)` + strings.Repeat(", (?, ?)", n-1)
}

// findKeysSQL asks which of n keys occur.
func findKeysSQL(n int) string {
	return `SELECT DISTINCT key FROM lrs_refs WHERE key IN (?` + strings.Repeat(", ?", n-1) + `)`
}

// writerSQL is what a writer uses, to be kept prepared. Sizes are powers of two.
func writerSQL() []string {
	texts := []string{savepoint, undo, release, selectLast, selectOrder, selectByID, insertRow, selectRevision}
	for n := 1; n <= atOnce; n *= 2 {
		texts = append(texts, insertRefsSQL(n), findKeysSQL(n))
	}
	return texts
}

// insertRefs writes rows of lrs_refs.
func (w *writer) insertRefs(refs []ref) error {
	for n := atOnce; n > 0; n /= 2 {
		for len(refs) >= n {
			args := make([]any, 0, 2*n)
			for _, r := range refs[:n] {
				args = append(args, r.key, r.stored)
			}
			if _, err := w.exec(insertRefsSQL(n), args...); err != nil {
				return err
			}
			refs = refs[n:]
		}
	}
	return nil
}

// relate applies what the new statements and others say about each other.
func (w *writer) relate(entries []lrs.Entry, stored []int64) error {
	for i, e := range entries {
		if e.Target == "" {
			continue
		}
		if e.Flags.Has(lrs.Voiding) {
			if err := w.void(e.Target); err != nil {
				return err
			}
		}
		inherited, err := w.reach(e.Target)
		if err != nil {
			return err
		}
		refs := make([]ref, len(inherited))
		for j, k := range inherited {
			refs[j] = ref{k, stored[i]}
		}
		if err := w.insertRefs(refs); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(entries, atOnce/2) {
		if err := w.awaited(chunk); err != nil {
			return err
		}
	}
	return nil
}

// awaited applies what earlier statements say about the entries, which they
// refer to.
func (w *writer) awaited(entries []lrs.Entry) error {
	args := make([]any, 0, 2*len(entries))
	for _, e := range entries {
		args = append(args, w.hash(targets(e.ID)), w.hash(voids(e.ID)))
	}
	found, err := w.occurring(args)
	if err != nil {
		return err
	}
	for i, e := range entries {
		target := args[2*i].(int64)
		if found[args[2*i+1].(int64)] {
			if err := w.void(e.ID); err != nil {
				return err
			}
		}
		if !found[target] {
			continue
		}
		inherited, err := w.reach(e.ID)
		if err != nil {
			return err
		}
		for _, k := range inherited {
			if _, err := w.exec(`INSERT OR IGNORE INTO lrs_refs (key, stored) SELECT ?, stored FROM lrs_refs WHERE key = ?`, k, target); err != nil {
				return err
			}
		}
	}
	return nil
}

// occurring tells which of the keys there are rows for; keys may be up to atOnce.
func (w *writer) occurring(keys []any) (map[int64]bool, error) {
	n := 1
	for n < len(keys) {
		n *= 2
	}
	args := slices.Clone(keys)
	for len(args) < n {
		args = append(args, keys[0])
	}
	st, err := w.statement(findKeysSQL(n)) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(w.ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	found := map[int64]bool{}
	for rows.Next() {
		var k int64
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		found[k] = true
	}
	return found, rows.Err()
}

// void marks the statement as voided, if it is there and voids none itself, and
// takes it out of the index, so that pages need not skip it. Its hidden keys stay.
func (w *writer) void(id string) error {
	row, there, err := w.get(id)
	if err != nil || !there || row.Flags.Has(lrs.Voiding) || row.Flags.Has(lrs.Voided) {
		return err
	}
	if _, err := w.exec(`UPDATE lrs_statements SET flags = flags | ? WHERE stored = ?`, int64(lrs.Voided), row.Stored); err != nil {
		return err
	}
	keys, _, err := lrs.Reindex(row.Doc)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Own() {
			continue
		}
		if _, err := w.exec(`DELETE FROM lrs_refs WHERE key = ? AND stored = ?`, w.hash(k), row.Stored); err != nil {
			return err
		}
	}
	var hidden []ref
	for _, k := range lrs.Hidden(keys) {
		hidden = append(hidden, ref{w.hash(k), row.Stored})
	}
	return w.insertRefs(hidden)
}

// maxChain bounds how far references are followed.
const maxChain = 50

// reach is every key under which a reference to the statement is found: those of
// the statement, of what it refers to, and so on.
func (w *writer) reach(id string) ([]int64, error) {
	var keys []int64
	seen := map[string]bool{}
	for id != "" && !seen[id] && len(seen) < maxChain {
		seen[id] = true
		row, there, err := w.get(id)
		if err != nil || !there {
			return keys, err
		}
		own, target, err := lrs.Reindex(row.Doc)
		if err != nil {
			return nil, err
		}
		for _, k := range own {
			if !k.Own() {
				keys = append(keys, w.hash(k))
			}
		}
		if target != "" {
			keys = append(keys, w.hash(targets(target)))
		}
		id = target
	}
	return keys, nil
}
