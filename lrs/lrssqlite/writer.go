package lrssqlite

import (
	"context"
	"database/sql"
	"errors"
)

// line is the one connection this process writes to the file with. It keeps its
// statements prepared and its pages in memory from one transaction to the next.
type line struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // by SQL text
}

// writerPragmas let the writing connection keep 16 MB of pages in memory, and leave
// the write-ahead log to the tide, unless it reaches 16 MB.
const writerPragmas = `PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000`

// open makes sure that there is a connection.
func (l *line) open(ctx context.Context, db *sql.DB) error {
	if l.conn != nil {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, writerPragmas); err != nil {
		return errors.Join(err, conn.Close())
	}
	*l = line{conn: conn, stmts: map[string]*sql.Stmt{}}
	return nil
}

// close gives the connection back.
func (l *line) close() error {
	if l.conn == nil {
		return nil
	}
	var errs []error
	for _, st := range l.stmts {
		errs = append(errs, st.Close())
	}
	errs = append(errs, l.conn.Close())
	*l = line{}
	return errors.Join(errs...)
}

// writer is one transaction on a line.
type writer struct {
	*Store
	ctx     context.Context //nolint:containedctx // of the transaction
	on      *line
	last    int64 // stored number given out last, 0: not known yet
	buried  bool  // there are tombstones
	pending []ref // rows of lrs_refs to write before the transaction ends
}

// maxKept bounds the statements kept prepared on the line.
const maxKept = 100

// statement is that of the SQL text, in the transaction.
func (w *writer) statement(text string) (*sql.Stmt, error) {
	if st, ok := w.on.stmts[text]; ok {
		return st, nil
	}
	st, err := w.on.conn.PrepareContext(w.ctx, text) //nolint:sqlclosecheck // closed with the line
	if err != nil {
		return nil, err
	}
	if len(w.on.stmts) >= maxKept {
		for old, st := range w.on.stmts { // any: there are fewer texts than that
			delete(w.on.stmts, old)
			_ = st.Close()
			break
		}
	}
	w.on.stmts[text] = st
	return st, nil
}

func (w *writer) exec(text string, args ...any) (sql.Result, error) {
	st, err := w.statement(text) //nolint:sqlclosecheck // closed with the line
	if err != nil {
		return nil, err
	}
	return st.ExecContext(w.ctx, args...)
}

// queryRow asks for one row.
func (w *writer) queryRow(text string, args ...any) rowScanner {
	st, err := w.statement(text) //nolint:sqlclosecheck // closed with the line
	if err != nil {
		return failed{err}
	}
	return st.QueryRowContext(w.ctx, args...)
}

// rowScanner is a row to be read, as *sql.Row is.
type rowScanner interface{ Scan(to ...any) error }

// failed is a row that could not be asked for.
type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// writer is the transaction that the caller, whose turn to write it is, has begun.
func (s *Store) writer(ctx context.Context) *writer { return &writer{Store: s, ctx: ctx, on: &s.line} }
