package lrssqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// ref is one row of lrs_refs.
type ref struct{ segment, key, stored int64 }

func (r ref) compare(to ref) int {
	return cmp.Or(cmp.Compare(r.segment, to.segment), cmp.Compare(r.key, to.key), cmp.Compare(r.stored, to.stored))
}

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

func (w *writer) insert(now func() time.Time, entries []lrs.Entry) ([]lrs.Row, error) {
	if w.last == 0 {
		if err := w.queryRow(selectOrder).Scan(&w.last, &w.buried); err != nil {
			return nil, err
		}
	}
	if w.buried {
		if err := w.unburied(entries); err != nil {
			return nil, err
		}
	}
	first := max(now().UnixNano(), w.last+1)
	w.last = first + int64(len(entries)) - 1
	segment, err := w.place(len(entries), first)
	if err != nil {
		return nil, err
	}
	var related []ref
	for i, e := range entries {
		stored := first + int64(i)
		id, err := packed(e.ID)
		if err != nil {
			return nil, err
		}
		res, err := w.exec(insertRow, stored, id, int64(e.Flags), lrs.Checksum(e.Doc), deflated(e.Doc))
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return w.existing(entries, first, err)
		}
		for _, k := range e.Keys {
			w.pending = append(w.pending, ref{segment, w.hash(k), stored})
		}
		if e.Target != "" {
			related = append(related, ref{relations, w.hash(targets(e.Target)), stored})
		}
		if e.Flags.Has(lrs.Voiding) {
			related = append(related, ref{relations, w.hash(voids(e.Target)), stored})
		}
	}
	if err := w.insertRefs(related); err != nil {
		return nil, err
	}
	return nil, w.relate(entries, segment, first)
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
	row, err := scanRow(w.queryRow(selectByID, blob))
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
	return `INSERT OR IGNORE INTO lrs_refs (segment, key, stored) VALUES (?, ?, ?)` + strings.Repeat(", (?, ?, ?)", n-1)
}

// findKeysSQL asks which of n keys of relations occur.
func findKeysSQL(n int) string {
	return `SELECT DISTINCT key FROM lrs_refs WHERE segment = 0 AND key IN (?` + strings.Repeat(", ?", n-1) + `)`
}

// insertRefs writes rows of lrs_refs. The sizes are powers of two, so that there
// are few texts to keep prepared.
func (w *writer) insertRefs(refs []ref) error {
	for n := atOnce; n > 0; n /= 2 {
		for len(refs) >= n {
			args := make([]any, 0, 3*n)
			for _, r := range refs[:n] {
				args = append(args, r.segment, r.key, r.stored)
			}
			if _, err := w.exec(insertRefsSQL(n), args...); err != nil {
				return err
			}
			refs = refs[n:]
		}
	}
	return nil
}

// flush writes what is pending, neighbours together.
func (w *writer) flush() error {
	slices.SortFunc(w.pending, ref.compare)
	err := w.insertRefs(w.pending)
	w.pending = nil
	return err
}

// relate applies what the new statements and others say about each other.
func (w *writer) relate(entries []lrs.Entry, segment, first int64) error {
	for i, e := range entries {
		if e.Target == "" {
			continue
		}
		if e.Flags.Has(lrs.Voiding) {
			if err := w.void(e.Target); err != nil {
				return err
			}
		}
		keys, chain, err := w.reach(e.Target)
		if err != nil {
			return err
		}
		for _, k := range keys {
			w.pending = append(w.pending, ref{segment, k, first + int64(i)})
		}
		refs := make([]ref, len(chain))
		for j, k := range chain {
			refs[j] = ref{relations, k, first + int64(i)}
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
		keys, chain, err := w.reach(e.ID)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := w.exec(inherit, k, target); err != nil {
				return err
			}
		}
		for _, k := range chain {
			if _, err := w.exec(inheritTarget, k, target); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	// inherit lets all that refer to a target be found by one more key.
	inherit = `INSERT OR IGNORE INTO lrs_refs (segment, key, stored)
		SELECT (SELECT n FROM lrs_segments g WHERE g.first <= t.stored ORDER BY g.first DESC LIMIT 1), ?, t.stored
		FROM lrs_refs t WHERE t.segment = 0 AND t.key = ?`
	// inheritTarget lets all that refer to a target refer to the target's own.
	inheritTarget = `INSERT OR IGNORE INTO lrs_refs (segment, key, stored)
		SELECT 0, ?, t.stored FROM lrs_refs t WHERE t.segment = 0 AND t.key = ?`
	deleteRef = `DELETE FROM lrs_refs WHERE segment = ? AND key = ? AND stored = ?`
)

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
	st, err := w.statement(findKeysSQL(n)) //nolint:sqlclosecheck // closed with the line
	if err != nil {
		return nil, err
	}
	found := map[int64]bool{}
	rows, err := st.QueryContext(w.ctx, args...) //nolint:sqlclosecheck // each closes them
	err = each(rows, err, func() error {
		var k int64
		err := rows.Scan(&k)
		found[k] = true
		return err
	})
	return found, err
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
	segment, err := w.segmentOf(row.Stored)
	if err != nil {
		return err
	}
	gone := map[int64]bool{}
	for _, k := range keys {
		if k.Own() {
			continue
		}
		hash := w.hash(k)
		if _, err := w.exec(deleteRef, segment, hash, row.Stored); err != nil {
			return err
		}
		gone[hash] = true
	}
	kept := make([]ref, 0, len(w.pending)) // a copy: a batch that is undone takes the old ones back
	for _, r := range w.pending {
		if r.stored != row.Stored || !gone[r.key] {
			kept = append(kept, r)
		}
	}
	for _, k := range lrs.Hidden(keys) {
		kept = append(kept, ref{segment, w.hash(k), row.Stored})
	}
	w.pending = kept
	return nil
}

// reach is every key under which a reference to the statement is found; chain are
// the keys of what it refers to in turn.
func (w *writer) reach(id string) (keys, chain []int64, err error) {
	found, targeted, err := lrs.Reach(id, func(id string) ([]byte, bool, error) {
		row, there, err := w.get(id)
		return row.Doc, there, err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, k := range found {
		keys = append(keys, w.hash(k))
	}
	for _, id := range targeted {
		chain = append(chain, w.hash(targets(id)))
	}
	return keys, chain, nil
}
