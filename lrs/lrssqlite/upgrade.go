package lrssqlite

import (
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// The first layout had one index without segments, and documents as they came,
// without checksum. A file of it is brought to today's when it is opened: its
// statements are put aside, then stored again with the numbers they had.
const (
	isFirstLayout = `SELECT count(*) > 0 FROM pragma_table_info('lrs_statements') WHERE name = 'id'
		AND NOT EXISTS (SELECT 1 FROM pragma_table_info('lrs_statements') WHERE name = 'sum')`
	putAside = `
ALTER TABLE lrs_statements RENAME TO lrs_first_layout;
DROP TABLE lrs_refs;
ALTER TABLE lrs_clock ADD COLUMN buried INTEGER NOT NULL DEFAULT 0;`
	selectAside = `SELECT stored, id, flags, doc FROM lrs_first_layout WHERE stored > ? ORDER BY stored LIMIT 500`
	dropAside   = `DROP TABLE lrs_first_layout`
)

// aside is a statement of the first layout.
type aside struct {
	stored int64
	id     []byte
	flags  lrs.Flags
	doc    []byte
}

// entry is the statement as it is inserted. What it was voided by comes again too.
func (a aside) entry() (lrs.Entry, error) {
	e := lrs.Entry{ID: unpacked(a.id), Doc: a.doc, Flags: a.flags &^ lrs.Voided}
	var err error
	if e.Keys, e.Target, err = lrs.Reindex(a.doc); err != nil {
		return e, err
	}
	if e.Definitions, err = lrs.DefinitionsOf(a.doc); len(e.Definitions) > 0 {
		e.Flags |= lrs.Defines
	}
	return e, err
}

// restore stores again what was put aside, in order.
func (w *writer) restore() error {
	w.last = 1 // below all
	for after := int64(0); ; after = w.last {
		list, err := w.aside(after)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			_, err := w.exec(dropAside)
			return err
		}
		done := &batch{}
		for _, a := range list {
			e, err := a.entry()
			if err != nil {
				return err
			}
			at := func() time.Time { return time.Unix(0, a.stored) }
			if _, err := w.insert(at, []lrs.Entry{e}); err != nil {
				return err
			}
			done.entries = append(done.entries, e)
		}
		if err := w.flush(); err != nil {
			return err
		}
		if err := w.define([]*batch{done}); err != nil {
			return err
		}
	}
}

func (w *writer) aside(after int64) (list []aside, err error) {
	rows, err := w.on.conn.QueryContext(w.ctx, selectAside, after)
	err = each(rows, err, func() error {
		var a aside
		err := rows.Scan(&a.stored, &a.id, &a.flags, &a.doc)
		list = append(list, a)
		return err
	})
	return list, err
}

// makeTables makes the tables, or brings those of the first layout to today's.
func (w *writer) makeTables(salt []byte) error {
	db := w.on.conn
	var first bool
	if err := db.QueryRowContext(w.ctx, isFirstLayout).Scan(&first); err != nil {
		return err
	}
	if first {
		if _, err := db.ExecContext(w.ctx, putAside); err != nil {
			return err
		}
	}
	if _, err := db.ExecContext(w.ctx, schema+segmentSchema+documentSchema+unsettledSchema); err != nil {
		return err
	}
	if _, err := db.ExecContext(w.ctx, `INSERT OR IGNORE INTO lrs_clock (one, floor, salt) VALUES (1, 0, ?)`, salt); err != nil {
		return err
	}
	if err := db.QueryRowContext(w.ctx, `SELECT salt FROM lrs_clock`).Scan(&w.salt); err != nil || !first {
		return err
	}
	return w.restore()
}
