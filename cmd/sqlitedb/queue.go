package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
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
// Whoever has lost patience asks SQLite without it.
func (q *queue) enter(ctx context.Context) (leave func(), err error) {
	leave, err = q.stand(ctx, nil)
	if errors.Is(err, errPatience) {
		return func() {}, nil
	}
	return leave, err
}

var errPatience = errors.New("sqlitedb: the queue does not move")

// stand waits for the turn, or for the write to be made by another, or until patience is lost.
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
			return nil, errPatience
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
