package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// SQLite lets one connection write at a time, and lets the others look again and
// again at growing intervals: one of many may look in vain for seconds while others
// come and go. So the writers of one handle queue here, first come, first served,
// and only the first asks SQLite, where it meets the writers of other processes.
// Single writes that stand behind each other share one transaction: a commit waits
// for the disk, and one wait serves them all.

const (
	// maxQueued is how long a writer queues before it asks SQLite all the same: whoever
	// is before it may wait for what it holds itself.
	maxQueued = 15 * time.Second
	// maxGroup is how many single writes share one transaction.
	maxGroup = 100
)

// queue has one place; who waits for it gets it in the order of coming.
type queue struct {
	mu      sync.Mutex
	taken   bool
	waiting []*waiter
}

// waiter stands in the queue: for the place, or for one write to be made.
type waiter struct {
	write *write        // nil: it wants the place for itself
	turn  chan struct{} // closed when it has the place, or its write is made
}

// write is a single write and what came of it.
type write struct {
	query  string
	args   []driver.NamedValue
	made   bool
	result driver.Result
	err    error
}

// enter waits for the turn. leave gives it to the next, and may be called again.
func (q *queue) enter(ctx context.Context) (leave func(), err error) { return q.stand(ctx, nil) }

// stand waits for the turn, or for the write to be made by another.
func (q *queue) stand(ctx context.Context, w *write) (leave func(), err error) {
	q.mu.Lock()
	if !q.taken {
		q.taken = true
		q.mu.Unlock()
		return sync.OnceFunc(q.next), nil
	}
	me := &waiter{write: w, turn: make(chan struct{})}
	q.waiting = append(q.waiting, me)
	q.mu.Unlock()
	patience := time.NewTimer(maxQueued)
	defer patience.Stop()
	select {
	case <-me.turn:
	case <-patience.C:
		if q.withdraw(me) {
			return func() {}, nil
		}
		<-me.turn
	case <-ctx.Done():
		if q.withdraw(me) {
			return nil, ctx.Err()
		}
		<-me.turn // it is being written: its outcome is near
	}
	if w != nil && w.made {
		return func() {}, nil
	}
	return sync.OnceFunc(q.next), nil
}

// next gives the place to the first who waits.
func (q *queue) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.taken = false
		return
	}
	first := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	close(first.turn)
}

// withdraw takes back who still waits.
func (q *queue) withdraw(me *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, me)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// group takes the single writes that wait right behind who has the turn.
func (q *queue) group() []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.waiting) && n < maxGroup-1 && q.waiting[n].write != nil {
		n++
	}
	group := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// connector opens the connections of one handle.
type connector struct {
	driver driver.Driver
	dsn    string
	queue  *queue
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
	queue *queue
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
	w := &write{query: query, args: args}
	leave, err := c.queue.stand(ctx, w)
	if err != nil {
		return nil, err
	}
	defer leave()
	if w.made {
		return w.result, w.err
	}
	others := c.queue.group()
	if len(others) == 0 {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
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
	c.makeAll(context.WithoutCancel(ctx), all) // they are not only this writer's
	return w.result, w.err
}

var errAbandoned = errors.New("sqlitedb: the transaction was abandoned")

// makeAll makes writes in one transaction, or each in its own if one of them fails: what SQLite undoes on an error is
// not the same for all errors. If the transaction cannot begin or end, none is made.
func (c *conn) makeAll(ctx context.Context, all []*write) {
	alone, err := c.together(ctx, all)
	for _, w := range all {
		switch {
		case alone:
			w.result, w.err = c.sqliteConn.ExecContext(ctx, w.query, w.args)
		case err != nil:
			w.result, w.err = nil, err
		}
	}
}

// together makes all writes or none: either because one of them fails, and each is to be made alone, or because of an
// error of the transaction.
func (c *conn) together(ctx context.Context, all []*write) (alone bool, err error) {
	begun, err := c.sqliteConn.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return false, err
	}
	for _, w := range all {
		if w.result, w.err = c.sqliteConn.ExecContext(ctx, w.query, w.args); w.err != nil {
			return true, begun.Rollback()
		}
	}
	if err := begun.Commit(); err != nil {
		_ = begun.Rollback()
		return false, err
	}
	return false, nil
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
