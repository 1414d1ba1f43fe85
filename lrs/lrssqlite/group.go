package lrssqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// batch is one Insert that waits for its transaction.
type batch struct {
	ctx     context.Context //nolint:containedctx // of the Insert that waits for it
	now     func() time.Time
	entries []lrs.Entry
	done    chan struct{} // closed when the following are set

	existing []lrs.Row
	err      error
}

// groupSize is how many statements share one transaction, if they come in more
// than one batch: a commit waits for the disk, and one wait serves them all.
const groupSize = 1000

var errAbandoned = errors.New("the transaction was abandoned")

// commit brings the batch in, in one transaction with others that wait. Whoever
// gets the turn to write does it for all; who does not finds it done.
func (s *Store) commit(b *batch) {
	s.mu.Lock()
	s.waiting = append(s.waiting, b)
	s.mu.Unlock()
	left := b.ctx.Done()
	for {
		select {
		case <-b.done:
			return
		case s.writing <- struct{}{}:
			s.lead(b)
		case <-left:
			if s.withdraw(b) {
				b.err = b.ctx.Err()
				return
			}
			left = nil // it is being written: its outcome is near
		}
	}
}

// withdraw takes back a batch that is not being written yet.
func (s *Store) withdraw(b *batch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, b)
	if i < 0 {
		return false
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	return true
}

// next takes the batches of one transaction, in the order in which they came.
func (s *Store) next() []*batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, statements := 0, 0
	for n < len(s.waiting) && (n == 0 || statements+len(s.waiting[n].entries) <= groupSize) {
		statements += len(s.waiting[n].entries)
		n++
	}
	group := slices.Clone(s.waiting[:n])
	s.waiting = slices.Delete(s.waiting, 0, n)
	return group
}

// lead has the turn to write, and gives it back.
func (s *Store) lead(b *batch) {
	defer func() { <-s.writing }()
	select {
	case <-b.done:
		return // another has brought it in meanwhile
	default:
	}
	var group []*batch
	err := errAbandoned
	defer func() {
		if err != nil {
			s.defined = lrs.DefinitionCache{} // it may know of definitions that were not committed
		}
		if len(group) == 0 && s.withdraw(b) {
			group = []*batch{b} // the transaction did not even begin
		}
		for _, b := range group {
			if err != nil && b.err == nil {
				b.existing, b.err = nil, err
			}
			close(b.done)
		}
	}()
	ctx := context.WithoutCancel(b.ctx) // it is not only this client's
	err = s.transact(ctx, func(*sql.Tx) error {
		group = s.next() // whoever came until the file's lock was had
		return s.writer(ctx).all(group, (*writer).hope)
	})
	if errors.Is(err, errStaysOut) {
		err = s.transact(ctx, func(*sql.Tx) error {
			return s.writer(ctx).all(group, (*writer).bring)
		})
	}
}

// all inserts the batches of one transaction, each by one.
func (w *writer) all(group []*batch, one func(*writer, *batch) error) error {
	for _, b := range group {
		if err := one(w, b); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	return w.define(group)
}

var errStaysOut = errors.New("a batch stays out")

// hope inserts one batch with nothing to undo it by: mostly all of them come in.
// If it does not, the transaction is over, to be done again by bring.
func (w *writer) hope(b *batch) error {
	if b.err = b.ctx.Err(); b.err != nil {
		return nil
	}
	existing, err := w.insert(b.now, b.entries)
	if err != nil || len(existing) > 0 {
		return errStaysOut
	}
	return nil
}

const (
	savepoint = `SAVEPOINT batch`
	undo      = `ROLLBACK TO batch`
	release   = `RELEASE batch`
)

// bring inserts one batch, all or none, and notes its outcome, which holds once
// the transaction is committed. The error is one that ends the transaction.
func (w *writer) bring(b *batch) error {
	if b.err = b.ctx.Err(); b.err != nil {
		return nil
	}
	if _, err := w.exec(savepoint); err != nil {
		return err
	}
	pending := w.pending
	if b.existing, b.err = w.insert(b.now, b.entries); b.err != nil || len(b.existing) > 0 {
		if _, err := w.exec(undo); err != nil {
			return errors.Join(b.err, err)
		}
		w.pending = pending
	}
	_, err := w.exec(release)
	return err
}
