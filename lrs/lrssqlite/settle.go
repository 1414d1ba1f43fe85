package lrssqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cairn-lms/cairn/lrs"
)

// unsettledSchema notes what has changed while what refers to it is still found by
// what it said before: popular statements have more references than one
// transaction should hold others up for.
const unsettledSchema = `
CREATE TABLE IF NOT EXISTS lrs_unsettled (
	n      INTEGER PRIMARY KEY,
	target INTEGER NOT NULL,
	gone   BLOB NOT NULL,
	after  INTEGER NOT NULL
) STRICT;`

// unsettled is a row of lrs_unsettled.
type unsettled struct {
	n      int64
	target int64   // key by which what refers to the statement is found
	gone   []int64 // keys by which that may be found wrongly
	after  int64   // what is stored up to here is put right
}

// settleAtOnce is how many references one transaction puts right.
const settleAtOnce = 500

const (
	selectUnsettled = `SELECT n, target, gone, after FROM lrs_unsettled ORDER BY n LIMIT 1`
	insertUnsettled = `INSERT INTO lrs_unsettled (target, gone, after) VALUES (?, ?, -1)`
	updateUnsettled = `UPDATE lrs_unsettled SET after = ? WHERE n = ?`
	deleteUnsettled = `DELETE FROM lrs_unsettled WHERE n = ?`
	selectReferring = `SELECT s.stored, s.id, s.flags, s.doc FROM lrs_refs r CROSS JOIN lrs_statements s ON s.stored = r.stored
		WHERE r.segment = 0 AND r.key = ? AND r.stored > ? ORDER BY r.stored LIMIT ?+0`
)

// unsettle notes that the statement is about to change, if others refer to it.
func (w *writer) unsettle(id string) error {
	target := w.hash(targets(id))
	found, err := w.occurring([]any{target})
	if err != nil || len(found) == 0 {
		return err
	}
	keys, chain, err := w.reach(id)
	if err != nil {
		return err
	}
	var gone []byte
	for _, k := range slices.Concat(keys, chain) {
		gone = binary.BigEndian.AppendUint64(gone, uint64(k)) //nolint:gosec // any 64 bits
	}
	if gone == nil {
		gone = []byte{}
	}
	_, err = w.exec(insertUnsettled, target, gone)
	return err
}

// settle puts right what refers to changed statements, a bounded number in each
// transaction, so that others write in between.
func (s *Store) settle(ctx context.Context) error {
	for {
		var n int
		if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM lrs_unsettled`).Scan(&n); err != nil || n == 0 {
			return err
		}
		if err := s.overwrite(ctx, func(*sql.Tx) error { return s.writer(ctx).settle() }); err != nil {
			return err
		}
	}
}

// settle puts a bounded number of references right.
func (w *writer) settle() error {
	for budget := settleAtOnce; budget > 0; {
		var u unsettled
		var gone []byte
		switch err := w.queryRow(selectUnsettled).Scan(&u.n, &u.target, &gone, &u.after); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		for ; len(gone) >= 8; gone = gone[8:] {
			u.gone = append(u.gone, int64(binary.BigEndian.Uint64(gone))) //nolint:gosec // any 64 bits
		}
		rows, err := w.referring(u, budget)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := w.settleRow(u, row); err != nil {
				return err
			}
			u.after = row.Stored
		}
		if len(rows) < budget {
			_, err = w.exec(deleteUnsettled, u.n)
		} else {
			_, err = w.exec(updateUnsettled, u.after, u.n)
		}
		if err != nil {
			return err
		}
		budget -= max(len(rows), 1)
	}
	return nil
}

// settleRow makes a row that refers to what has changed found by what that says now.
func (w *writer) settleRow(u unsettled, row lrs.Row) error {
	segment, err := w.segmentOf(row.Stored)
	if err != nil {
		return err
	}
	img := &image{Row: row}
	for _, k := range u.gone {
		img.refs = append(img.refs, ref{segment, k, row.Stored}, ref{relations, k, row.Stored})
	}
	must, _, err := w.due(row)
	if err != nil {
		return err
	}
	return w.rekey(img, must)
}

func (w *writer) referring(u unsettled, limit int) ([]lrs.Row, error) {
	st, err := w.statement(selectReferring) //nolint:sqlclosecheck // closed with the line
	if err != nil {
		return nil, err
	}
	var out []lrs.Row
	rows, err := st.QueryContext(w.ctx, u.target, u.after, limit)
	err = each(rows, err, func() error {
		r, err := scanRow(rows)
		out = append(out, r)
		return err
	})
	return out, err
}
