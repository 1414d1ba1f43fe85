package lrssqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cairn-lms/cairn/lrs"
)

// Inspect implements lrs.Store: it looks at one moment of the file, while others
// write, and walks statements and index side by side.
func (s *Store) Inspect(ctx context.Context, f func(lrs.Image) error) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("lrssqlite: inspect: %w", err)
	}
	on := &line{conn: conn, stmts: map[string]*sql.Stmt{}}
	defer func() {
		_, endErr := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA temp_store = MEMORY`)
		if err = errors.Join(err, endErr, on.close()); err != nil {
			err = fmt.Errorf("lrssqlite: inspect: %w", err)
		}
	}()
	// The index is sorted the other way round, in a temporary file: it is large.
	if _, err := conn.ExecContext(ctx, `PRAGMA temp_store = FILE`); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // it takes no lock
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it has written nothing
	in := inspector{writer: writer{Store: s, ctx: ctx, on: on}, tx: tx}
	if err := in.meanwhile(); err != nil {
		return err
	}
	if err := in.file(f); err != nil {
		return err
	}
	return in.rows(f)
}

// inspector is one read transaction that looks at everything.
type inspector struct {
	writer
	tx        *sql.Tx
	unsettled []int64 // keys of what refers to statements that are being changed
}

// meanwhile notes what is being changed.
func (in *inspector) meanwhile() error {
	rows, err := in.tx.QueryContext(in.ctx, `SELECT target FROM lrs_unsettled`)
	return each(rows, err, func() error {
		var target int64
		err := rows.Scan(&target)
		in.unsettled = append(in.unsettled, target)
		return err
	})
}

// file tells what SQLite itself finds wrong.
func (in *inspector) file(f func(lrs.Image) error) error {
	rows, err := in.tx.QueryContext(in.ctx, `PRAGMA quick_check(20)`)
	return each(rows, err, func() error {
		var text string
		if err := rows.Scan(&text); err != nil || text == "ok" {
			return err
		}
		return f(lrs.Image{Problems: []string{"the database file is damaged: " + text}})
	})
}

// index is the rows of lrs_refs in order of stored.
type index struct {
	rows *sql.Rows
	ref  ref
	more bool
}

func (x *index) next() error {
	if x.more = x.rows.Next(); !x.more {
		return x.rows.Err()
	}
	return x.rows.Scan(&x.ref.stored, &x.ref.segment, &x.ref.key)
}

func (in *inspector) rows(f func(lrs.Image) error) error {
	refs, err := in.tx.QueryContext(in.ctx, `SELECT stored, segment, key FROM lrs_refs ORDER BY stored`) //nolint:rowserrcheck // index.next tells
	if err != nil {
		return err
	}
	defer refs.Close() //nolint:errcheck // rows.Err tells
	x := &index{rows: refs}
	if err := x.next(); err != nil {
		return err
	}
	rows, err := in.tx.QueryContext(in.ctx, `SELECT stored, id, flags, doc, sum FROM lrs_statements ORDER BY stored`)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var img lrs.Image
		var id, doc []byte
		if err := rows.Scan(&img.Stored, &id, &img.Flags, &doc, &img.Sum); err != nil {
			return err
		}
		if img.Doc, err = inflated(doc); err != nil {
			img.Doc = doc // its sum will not agree
		}
		if len(id) != 16 {
			return fmt.Errorf("the id of the statement stored at %d is no UUID", img.Stored)
		}
		img.ID = unpacked(id)
		if err := x.orphans(img.Stored, f); err != nil {
			return err
		}
		found := map[ref]bool{}
		for x.more && x.ref.stored == img.Stored {
			found[x.ref] = true
			if err := x.next(); err != nil {
				return err
			}
		}
		if err := in.compare(&img, found); err != nil {
			return err
		}
		if err := f(img); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return x.orphans(1<<63-1, f)
}

// orphans passes over index rows below the next statement: there is none they
// belong to.
func (x *index) orphans(next int64, f func(lrs.Image) error) error {
	for x.more && x.ref.stored < next {
		at, n := x.ref.stored, 0
		for x.more && x.ref.stored == at {
			n++
			if err := x.next(); err != nil {
				return err
			}
		}
		problem := fmt.Sprintf("the index has %d rows for a statement stored at %d, which is not there", n, at)
		if err := f(lrs.Image{Problems: []string{problem}}); err != nil {
			return err
		}
	}
	return nil
}

// compare tells in img what it is found by wrongly, or not found by.
func (in *inspector) compare(img *lrs.Image, found map[ref]bool) error {
	voiding, err := in.occurring([]any{in.hash(voids(img.ID))})
	if err != nil {
		return err
	}
	img.VoidedBy = len(voiding) > 0
	for _, target := range in.unsettled {
		if found[ref{relations, target, img.Stored}] {
			return nil // it is about to be put right
		}
	}
	must, may, err := in.due(img.Row)
	if err != nil {
		return nil //nolint:nilerr // the document cannot be read: whoever asked finds that out
	}
	if img.Flags.Has(lrs.Voided) {
		may = append(may, must...)
	} else {
		may = must
	}
	missing, surplus := map[ref]bool{}, len(found)
	for _, k := range must {
		if !found[k] {
			missing[k] = true
		}
	}
	allowed := map[ref]bool{}
	for _, k := range may {
		if found[k] && !allowed[k] {
			allowed[k] = true
			surplus--
		}
	}
	if len(missing) > 0 {
		img.Problems = append(img.Problems, fmt.Sprintf("the index lacks %d of the rows it is found by", len(missing)))
	}
	if surplus > 0 {
		img.Problems = append(img.Problems, fmt.Sprintf("the index has %d rows by which it should not be found", surplus))
	}
	return nil
}
