package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// handle opens the connections of one *sql.DB, and has one that makes its single writes: it keeps their statements
// prepared and the pages they touch in memory. Whoever has the turn may use it.
type handle struct {
	driver driver.Driver
	dsn    string
	queue  queue

	mu     sync.Mutex
	writer *sqliteConn // nil: not needed yet
	closed bool
}

func (h *handle) Driver() driver.Driver { return h.driver }

// Connect gives a connection that opens the file once it is needed: what only waits to write costs nothing.
func (h *handle) Connect(context.Context) (driver.Conn, error) { return &conn{handle: h}, nil }

// Close closes the writer's connection; database/sql calls it when the handle is closed.
func (h *handle) Close() error {
	leave, err := h.queue.enter(context.Background())
	if err != nil {
		return err
	}
	defer leave()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.writer == nil {
		return nil
	}
	err = h.writer.Close()
	h.writer = nil
	return err
}

var errClosed = errors.New("sqlitedb: the handle is closed")

// open opens the file.
func (h *handle) open() (*sqliteConn, error) {
	opened, err := h.driver.Open(h.dsn)
	if err != nil {
		return nil, err
	}
	whole, ok := opened.(driverConn)
	if !ok {
		_ = opened.Close()
		return nil, fmt.Errorf("sqlitedb: a connection of the driver is a %T, which lacks something", opened)
	}
	return &sqliteConn{driverConn: whole, ready: map[string]driver.Stmt{}}, nil
}

// writing is the connection of single writes, for who has the turn.
func (h *handle) writing() (*sqliteConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if h.writer != nil && h.writer.IsValid() {
		return h.writer, nil
	}
	if h.writer != nil {
		_ = h.writer.Close()
	}
	var err error
	h.writer, err = h.open()
	return h.writer, err
}

// conn is a connection whose transactions and single writes queue. database/sql
// calls one method at a time.
type conn struct {
	handle *handle
	own    *sqliteConn // for all but single writes; nil: not needed yet
	inTx   bool
}

func (c *conn) open() (*sqliteConn, error) {
	if c.own != nil {
		return c.own, nil
	}
	var err error
	c.own, err = c.handle.open()
	return c.own, err
}

func (c *conn) Ping(ctx context.Context) error {
	own, err := c.open()
	if err != nil {
		return err
	}
	return own.Ping(ctx)
}

func (c *conn) ResetSession(ctx context.Context) error {
	if c.own == nil {
		return nil
	}
	return c.own.ResetSession(ctx)
}

func (c *conn) IsValid() bool { return c.own == nil || c.own.IsValid() }

func (c *conn) Close() error {
	if c.own == nil {
		return nil
	}
	return c.own.Close()
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	own, err := c.open()
	if err != nil {
		return nil, err
	}
	return own.PrepareContext(ctx, query)
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	own, err := c.open()
	if err != nil {
		return nil, err
	}
	leave := func() {}
	if !o.ReadOnly { // it takes the write lock when it begins
		if leave, err = c.handle.queue.enter(ctx); err != nil {
			return nil, err
		}
	}
	begun, err := own.BeginTx(ctx, o)
	if err != nil {
		leave()
		return nil, err
	}
	c.inTx = true
	return &tx{Tx: begun, end: func() { c.inTx = false; leave() }}, nil
}

// tx is a transaction that gives the turn back at its end, whichever it is.
type tx struct {
	driver.Tx
	end func()
}

func (t *tx) Commit() error {
	defer t.end()
	return t.Tx.Commit()
}

func (t *tx) Rollback() error {
	defer t.end()
	return t.Tx.Rollback()
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !c.inTx && writes(query) {
		return c.write(ctx, query, args)
	}
	own, err := c.open()
	if err != nil {
		return nil, err
	}
	return own.exec(ctx, query, args)
}

// write makes a single write when its turn comes, with those that wait behind it, unless another has made it by then.
func (c *conn) write(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	w := &write{query: query, args: args}
	leave, err := c.handle.queue.stand(ctx, w)
	if errors.Is(err, errPatience) {
		own, err := c.open()
		if err != nil {
			return nil, err
		}
		return own.exec(ctx, query, args)
	}
	if err != nil {
		return nil, err
	}
	defer leave()
	if w.made {
		return w.result, w.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	others := c.handle.queue.group()
	all := []*write{w}
	for _, o := range others {
		all = append(all, o.write)
	}
	defer func() {
		for _, o := range others {
			o.write.made = true
			close(o.turn)
		}
	}()
	for _, w := range all {
		w.err = errAbandoned // if this panics
	}
	on, err := c.handle.writing()
	if err != nil {
		for _, w := range all {
			w.err = err
		}
		return nil, err
	}
	on.makeAll(context.WithoutCancel(ctx), all) // they are not only this writer's
	return w.result, w.err
}

var errAbandoned = errors.New("sqlitedb: the transaction was abandoned")

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	own, err := c.open()
	if err != nil {
		return nil, err
	}
	if c.inTx || !writes(query) {
		return own.query(ctx, query, args)
	}
	leave, err := c.handle.queue.enter(ctx)
	if err != nil {
		return nil, err
	}
	found, err := own.query(ctx, query, args)
	if err != nil {
		leave()
		return nil, err
	}
	return &rows{Rows: found, end: leave}, nil
}

// rows are rows after which something is to be done.
type rows struct {
	driver.Rows
	end func()
}

func (r *rows) Close() error {
	defer r.end()
	return r.Rows.Close()
}

// verb is the first word of a statement, in capitals.
func verb(query string) string {
	first := strings.TrimLeft(query, " \t\r\n")
	if end := strings.IndexAny(first, " \t\r\n"); end > 0 {
		first = first[:end]
	}
	return strings.ToUpper(first)
}

// writes tells whether a statement changes rows. What is not recognised asks SQLite
// without queueing; that is slower at worst.
func writes(query string) bool {
	switch verb(query) {
	case "INSERT", "UPDATE", "DELETE", "REPLACE":
		return true
	}
	return false
}
