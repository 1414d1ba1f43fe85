package lrssqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/lrs"
)

// Replace implements lrs.Store: in one transaction, but for the index rows of what
// refers to the statements, if that is many. What is removed is overwritten in the
// file, and leaves the log soon after.
func (s *Store) Replace(ctx context.Context, changes []lrs.Change) error {
	err := s.settle(ctx) // what one that died has left
	if err == nil && len(changes) > 0 {
		err = s.overwrite(ctx, func(*sql.Tx) error {
			s.owed = true
			return s.writer(ctx).replaceAndSettle(changes)
		})
	}
	if err == nil {
		err = s.settle(ctx)
	}
	if err != nil {
		return fmt.Errorf("lrssqlite: replace: %w", err)
	}
	return nil
}

// replaceAndSettle makes the changes, and mostly all that follows from them.
func (w *writer) replaceAndSettle(changes []lrs.Change) error {
	if err := w.replace(changes); err != nil {
		return err
	}
	return w.settle()
}

// image is a row with the index rows it may have by now.
type image struct {
	lrs.Row
	refs []ref
}

// replace makes the changes, and notes that what refers to the statements is to be
// put right.
func (w *writer) replace(changes []lrs.Change) error {
	affected := map[int64]*image{} // by stored
	valid := make([]lrs.Change, 0, len(changes))
	for _, c := range changes {
		if c.Bury != 0 {
			if err := w.bury(lrs.Tombstone{Name: lrs.BuriedID(c.ID), At: c.Bury}); err != nil {
				return err
			}
		}
		row, there, err := w.get(c.ID)
		if err != nil {
			return err
		}
		if !there || !bytes.Equal(row.Doc, c.Was) {
			continue
		}
		valid = append(valid, c)
		must, may, err := w.due(row)
		if err != nil {
			return err
		}
		affected[row.Stored] = &image{Row: row, refs: append(must, may...)}
		if err := w.unsettle(row.ID); err != nil {
			return err
		}
	}
	var unvoid []string
	for _, c := range valid {
		target, err := w.change(affected, c)
		if err != nil {
			return err
		}
		if target != "" {
			unvoid = append(unvoid, target)
		}
	}
	for _, id := range unvoid {
		if err := w.unvoid(affected, id); err != nil {
			return err
		}
	}
	for _, img := range affected {
		must, _, err := w.due(img.Row)
		if err != nil {
			return err
		}
		if err := w.rekey(img, must); err != nil {
			return err
		}
	}
	return nil
}

// change writes one change; target is what may not be voided any more.
func (w *writer) change(affected map[int64]*image, c lrs.Change) (target string, err error) {
	row, there, err := w.get(c.ID)
	if err != nil || !there {
		return "", err
	}
	if c.Doc != nil {
		affected[row.Stored].Doc = c.Doc
		_, err = w.exec(`UPDATE lrs_statements SET doc = ?, sum = ? WHERE stored = ?`, deflated(c.Doc), lrs.Checksum(c.Doc), row.Stored)
		return "", err
	}
	if row.Flags.Has(lrs.Voiding) {
		if _, target, err = lrs.Reindex(row.Doc); err != nil {
			return "", err
		}
	}
	img := affected[row.Stored]
	delete(affected, row.Stored)
	if _, err := w.exec(`DELETE FROM lrs_statements WHERE stored = ?`, row.Stored); err != nil {
		return "", err
	}
	// Its number is not given out again, if it was the last.
	if _, err := w.exec(`UPDATE lrs_clock SET floor = ? WHERE floor < ?`, row.Stored, row.Stored); err != nil {
		return "", err
	}
	return target, w.rekey(img, nil)
}

// unvoid takes back that the statement is voided, unless others void it too.
func (w *writer) unvoid(affected map[int64]*image, id string) error {
	row, there, err := w.get(id)
	if err != nil || !there || !row.Flags.Has(lrs.Voided) {
		return err
	}
	others, err := w.occurring([]any{w.hash(voids(id))})
	if err != nil || len(others) > 0 {
		return err
	}
	if _, err := w.exec(`UPDATE lrs_statements SET flags = flags & ~? WHERE stored = ?`, int64(lrs.Voided), row.Stored); err != nil {
		return err
	}
	if affected[row.Stored] == nil {
		must, may, err := w.due(row)
		if err != nil {
			return err
		}
		affected[row.Stored] = &image{Row: row, refs: append(must, may...)}
	}
	affected[row.Stored].Flags &^= lrs.Voided
	return nil
}

// rekey makes the row found by just the refs.
func (w *writer) rekey(img *image, refs []ref) error {
	wanted := make(map[ref]bool, len(refs))
	for _, r := range refs {
		wanted[r] = true
	}
	for _, r := range img.refs {
		if wanted[r] {
			continue
		}
		if _, err := w.exec(deleteRef, r.segment, r.key, r.stored); err != nil {
			return err
		}
	}
	return w.insertRefs(refs)
}

// due is what the row must be found by, and what it may be found by besides. A
// voided row keeps only what is hidden; the rest would do no harm, as it is never
// selected. What hangs on a chain too long to follow may be there too.
func (w *writer) due(row lrs.Row) (must, may []ref, err error) {
	own, target, err := lrs.Reindex(row.Doc)
	if err != nil {
		return nil, nil, err
	}
	segment, err := w.segmentOf(row.Stored)
	if err != nil {
		return nil, nil, err
	}
	var all, hidden []ref
	for _, k := range own {
		all = append(all, ref{segment, w.hash(k), row.Stored})
	}
	for _, k := range lrs.Hidden(own) {
		hidden = append(hidden, ref{segment, w.hash(k), row.Stored})
	}
	if target != "" {
		all = append(all, ref{relations, w.hash(targets(target)), row.Stored})
		if row.Flags.Has(lrs.Voiding) {
			all = append(all, ref{relations, w.hash(voids(target)), row.Stored})
		}
		keys, chain, err := w.reach(target)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range keys {
			all = append(all, ref{segment, k, row.Stored})
		}
		for _, k := range chain {
			all = append(all, ref{relations, k, row.Stored})
		}
	}
	if !row.Flags.Has(lrs.Voided) {
		return all, hidden, nil
	}
	must = hidden
	if target != "" {
		must = append(must, ref{relations, w.hash(targets(target)), row.Stored})
	}
	return must, all, nil
}

// Bury implements lrs.Store.
func (s *Store) Bury(ctx context.Context, tombstones []lrs.Tombstone) error {
	err := s.write(ctx, func(*sql.Tx) error {
		w := s.writer(ctx)
		for _, t := range tombstones {
			if err := w.bury(t); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("lrssqlite: bury: %w", err)
	}
	return nil
}

func (w *writer) bury(t lrs.Tombstone) error {
	_, err := w.exec(`INSERT INTO lrs_tombstones (name, at, keep) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET at = excluded.at, keep = excluded.keep`, w.tomb(t.Name), t.At, t.Keep)
	if err == nil {
		_, err = w.exec(`UPDATE lrs_clock SET buried = 1 WHERE buried = 0`)
	}
	return err
}

// Tombstone implements lrs.Store.
func (s *Store) Tombstone(ctx context.Context, name string) (lrs.Tombstone, error) {
	t := lrs.Tombstone{Name: name}
	err := s.db.QueryRowContext(ctx, `SELECT at, keep FROM lrs_tombstones WHERE name = ?`, s.tomb(name)).Scan(&t.At, &t.Keep)
	if errors.Is(err, sql.ErrNoRows) {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Tombstone{}, fmt.Errorf("lrssqlite: tombstone: %w", err)
	}
	return t, nil
}

// tomb is the name of a tombstone as lrs_tombstones has it.
func (s *Store) tomb(name string) []byte {
	h := sha256.New()
	h.Write(s.salt)
	h.Write([]byte("tombstone " + name))
	return h.Sum(nil)[:16]
}

// findTombsSQL asks for n tombstones. It is used only where something was erased.
func findTombsSQL(n int) string {
	return `SELECT name, at, keep FROM lrs_tombstones WHERE name IN (?` + strings.Repeat(", ?", n-1) + `)`
}

// unburied returns a *lrs.BuriedError if tombstones stand in the way of the entries.
func (w *writer) unburied(entries []lrs.Entry) error {
	byHash := map[string]string{}
	for _, e := range entries {
		for _, name := range e.Names() {
			byHash[string(w.tomb(name))] = name
		}
	}
	hashes := make([]any, 0, len(byHash)+atOnce)
	for h := range byHash {
		hashes = append(hashes, []byte(h))
	}
	for len(hashes)%atOnce != 0 {
		hashes = append(hashes, hashes[0]) // the text stays the same
	}
	found := map[string]lrs.Tombstone{}
	for chunk := range slices.Chunk(hashes, atOnce) {
		if err := w.findTombs(chunk, byHash, found); err != nil {
			return err
		}
	}
	return lrs.Buried(entries, found)
}

func (w *writer) findTombs(hashes []any, names map[string]string, found map[string]lrs.Tombstone) error {
	st, err := w.statement(findTombsSQL(len(hashes))) //nolint:sqlclosecheck // closed with the line
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(w.ctx, hashes...)
	return each(rows, err, func() error {
		var h []byte
		var t lrs.Tombstone
		if err := rows.Scan(&h, &t.At, &t.Keep); err != nil {
			return err
		}
		t.Name = names[string(h)]
		found[t.Name] = t
		return nil
	})
}

// Setting implements lrs.Store.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	var doc []byte
	err := s.db.QueryRowContext(ctx, `SELECT doc FROM lrs_settings WHERE name = ?`, name).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: setting %s: %w", name, err)
	}
	return doc, nil
}

// SwapSetting implements lrs.Store.
func (s *Store) SwapSetting(ctx context.Context, name string, old, doc []byte) (bool, error) {
	swapped := false
	err := s.write(ctx, func(tx *sql.Tx) error {
		text, args := `INSERT INTO lrs_settings (doc, name) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, []any{doc, name}
		if old != nil {
			text, args = `UPDATE lrs_settings SET doc = ? WHERE name = ? AND doc = ?`, append(args, old)
		}
		res, err := tx.ExecContext(ctx, text, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		swapped = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("lrssqlite: swap setting %s: %w", name, err)
	}
	return swapped, nil
}
