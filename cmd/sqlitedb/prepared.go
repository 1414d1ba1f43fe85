package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
)

// driverConn is all that database/sql looks for in a connection of the driver.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// maxReady bounds the statements that a connection keeps prepared: a file has fewer that come again and again.
const maxReady = 100

// sqliteConn is a connection to the file. It keeps the statements it has run prepared: to read one anew takes SQLite
// as long as to run it. It is for one goroutine at a time.
type sqliteConn struct {
	driverConn
	ready map[string]driver.Stmt // by text; none of them is running
}

// take gives the prepared statement of a text. It belongs to the caller, who gives it back with keep, for the same text
// may run twice at once within a transaction.
func (c *sqliteConn) take(ctx context.Context, query string) (driver.Stmt, error) {
	if kept, ok := c.ready[query]; ok {
		delete(c.ready, query)
		return kept, nil
	}
	return c.PrepareContext(ctx, query)
}

func (c *sqliteConn) keep(query string, st driver.Stmt) error {
	if _, double := c.ready[query]; double {
		return st.Close()
	}
	if len(c.ready) >= maxReady {
		for other, st := range c.ready { // any: those that come often come back soon
			delete(c.ready, other)
			_ = st.Close()
			break
		}
	}
	c.ready[query] = st
	return nil
}

// Close closes the statements, too.
func (c *sqliteConn) Close() error {
	var errs []error
	for _, st := range c.ready {
		errs = append(errs, st.Close())
	}
	clear(c.ready)
	return errors.Join(append(errs, c.driverConn.Close())...)
}

// again tells whether a statement is of those that come again. Others may be several in one text.
func again(query string) bool {
	return writes(query) || verb(query) == "SELECT" || verb(query) == "WITH"
}

func (c *sqliteConn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !again(query) {
		return c.ExecContext(ctx, query, args)
	}
	st, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	runs, ok := st.(driver.StmtExecContext)
	if !ok {
		_ = st.Close()
		return c.ExecContext(ctx, query, args)
	}
	result, err := runs.ExecContext(ctx, args)
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return result, c.keep(query, st)
}

func (c *sqliteConn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !again(query) {
		return c.QueryContext(ctx, query, args)
	}
	st, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	asks, ok := st.(driver.StmtQueryContext)
	if !ok {
		_ = st.Close()
		return c.QueryContext(ctx, query, args)
	}
	found, err := asks.QueryContext(ctx, args)
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return &rows{Rows: found, end: sync.OnceFunc(func() { _ = c.keep(query, st) })}, nil
}

// makeAll makes writes in one transaction, or each in its own if one of them fails: what SQLite undoes on an error is
// not the same for all errors. If the transaction cannot begin or end, none is made.
func (c *sqliteConn) makeAll(ctx context.Context, all []*write) {
	alone, err := len(all) == 1, error(nil)
	if !alone {
		alone, err = c.together(ctx, all)
	}
	for _, w := range all {
		switch {
		case alone:
			w.result, w.err = c.exec(ctx, w.query, w.args)
		case err != nil:
			w.result, w.err = nil, err
		}
	}
}

// together makes all writes or none: either because one of them fails, and each is to be made alone, or because of an
// error of the transaction.
func (c *sqliteConn) together(ctx context.Context, all []*write) (alone bool, err error) {
	begun, err := c.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return false, err
	}
	for _, w := range all {
		if w.result, w.err = c.exec(ctx, w.query, w.args); w.err != nil {
			if err := begun.Rollback(); err != nil { // it may still be open: nothing may be added to it
				return false, err
			}
			return true, nil
		}
	}
	if err := begun.Commit(); err != nil {
		_ = begun.Rollback()
		return false, err
	}
	return false, nil
}
