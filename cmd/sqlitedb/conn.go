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
	writer *sqliteConn   // nil: not needed yet
	spare  []*sqliteConn // open, and nobody's: of those who went over to writing
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
	var errs []error
	for _, c := range h.spare {
		errs = append(errs, c.Close())
	}
	if h.writer != nil {
		errs = append(errs, h.writer.Close())
	}
	h.spare, h.writer = nil, nil
	return errors.Join(errs...)
}

// lend takes a connection that its holder does not need now: there are as many as read at once, not as many as wait.
func (h *handle) lend(c *sqliteConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || !c.IsValid() {
		_ = c.Close()
		return
	}
	h.spare = append(h.spare, c)
}

// reading is a connection for who reads: one that is open, else a new one.
func (h *handle) reading() (*sqliteConn, error) {
	h.mu.Lock()
	if last := len(h.spare) - 1; last >= 0 {
		c := h.spare[last]
		h.spare = h.spare[:last]
		h.mu.Unlock()
		return c, nil
	}
	h.mu.Unlock()
	return h.open()
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
	writer, err := h.open()
	if err != nil {
		return nil, err
	}
	if _, err := writer.ExecContext(context.Background(), "PRAGMA cache_size(-4000)", nil); err != nil { // it alone changes pages
		_ = writer.Close()
		return nil, fmt.Errorf("sqlitedb: %w", err)
	}
	h.writer = writer
	return h.writer, nil
}

// conn is a connection whose transactions and single writes queue. database/sql
// calls one method at a time.
type conn struct {
	handle *handle
	own    *sqliteConn // for all but single writes; nil: not needed now
	inTx   bool
	bound  bool // something of own's is kept by who uses this connection
	asking int  // rows of own's that are not closed
}

func (c *conn) open() (*sqliteConn, error) {
	if c.own != nil {
		return c.own, nil
	}
	var err error
	c.own, err = c.handle.reading()
	return c.own, err
}

// lend lets others have the connection while this one waits for its turn to write.
func (c *conn) lend() {
	if c.own == nil || c.inTx || c.bound || c.asking > 0 {
		return
	}
	c.handle.lend(c.own)
	c.own = nil
}

// asked counts rows as open until they are closed.
func (c *conn) asked(found driver.Rows) driver.Rows {
	c.asking++
	return &rows{Rows: found, end: sync.OnceFunc(func() { c.asking-- })}
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
	c.bound = true
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
	c.bound = c.bound || !c.inTx // a PRAGMA, perhaps
	return own.exec(ctx, query, args)
}

// write makes a single write when its turn comes, with those that wait behind it, unless another has made it by then.
func (c *conn) write(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	w := &write{query: query, args: args}
	c.lend()
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
		found, err := own.query(ctx, query, args)
		if err != nil {
			return nil, err
		}
		return c.asked(found), nil
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
	return &rows{Rows: c.asked(found), end: leave}, nil
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
