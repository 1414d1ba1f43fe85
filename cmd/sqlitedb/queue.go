package sqlitedb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// SQLite lets one connection write at a time, and lets the others look again and
// again at growing intervals: one of many may look in vain for seconds while others
// come and go. So the writers of one handle queue here, first come, first served,
// and only the first asks SQLite, where it meets the writers of other processes.

// maxQueued is how long a writer queues before it asks SQLite all the same: whoever
// is before it may wait for what it holds itself.
const maxQueued = 15 * time.Second

// queue has one place; who waits for it gets it in the order of coming.
type queue chan struct{}

// enter waits for the turn. leave gives it to the next, and may be called again.
func (q queue) enter(ctx context.Context) (leave func(), err error) {
	select {
	case q <- struct{}{}:
	default:
		patience := time.NewTimer(maxQueued)
		defer patience.Stop()
		select {
		case q <- struct{}{}:
		case <-patience.C:
			return func() {}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	left := false
	return func() {
		if !left {
			left = true
			<-q
		}
	}, nil
}

// connector opens the connections of one handle.
type connector struct {
	driver driver.Driver
	dsn    string
	queue  queue
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	whole, ok := opened.(sqliteConn)
	if !ok {
		_ = opened.Close()
		return nil, fmt.Errorf("sqlitedb: a connection of the driver is a %T, which lacks something", opened)
	}
	return &conn{sqliteConn: whole, queue: c.queue}, nil
}

// sqliteConn is all that database/sql looks for in a connection of the driver.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is a connection whose transactions and single writes queue. database/sql
// calls one method at a time.
type conn struct {
	sqliteConn
	queue queue
	inTx  bool
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	leave := func() {}
	if !o.ReadOnly { // it takes the write lock when it begins
		var err error
		if leave, err = c.queue.enter(ctx); err != nil {
			return nil, err
		}
	}
	begun, err := c.sqliteConn.BeginTx(ctx, o)
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
	if c.inTx || !writes(query) {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	leave, err := c.queue.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.inTx || !writes(query) {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	leave, err := c.queue.enter(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.sqliteConn.QueryContext(ctx, query, args)
	if err != nil {
		leave()
		return nil, err
	}
	return &returned{Rows: found, leave: leave}, nil
}

// returned are the rows of a write that returns some: it ends when they are closed.
type returned struct {
	driver.Rows
	leave func()
}

func (r *returned) Close() error {
	defer r.leave()
	return r.Rows.Close()
}

// writes tells whether a statement changes rows. What is not recognised asks SQLite
// without queueing; that is slower at worst.
func writes(query string) bool {
	verb := strings.TrimLeft(query, " \t\r\n")
	if end := strings.IndexAny(verb, " \t\r\n"); end > 0 {
		verb = verb[:end]
	}
	switch strings.ToUpper(verb) {
	case "INSERT", "UPDATE", "DELETE", "REPLACE":
		return true
	}
	return false
}
