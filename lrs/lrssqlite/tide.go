package lrssqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// tide brings what was committed from the write-ahead log into the file, from
// time to time and beside the writers. Left to itself SQLite does so within a
// commit, which then takes many times as long; it still does if the log gets
// very long.
type tide struct {
	high chan struct{} // something was written
	done chan struct{} // closed: no more
	once sync.Once     // closes done
	wg   sync.WaitGroup
}

// ebb is how long after a write the log is brought in: pages that are written
// again and again meanwhile are brought in once.
const ebb = 400 * time.Millisecond

func (t *tide) start(s *Store) {
	t.high, t.done = make(chan struct{}, 1), make(chan struct{})
	t.wg.Go(func() {
		for {
			select {
			case <-t.high:
			case <-t.done:
				return
			}
			select {
			case <-time.After(ebb):
			case <-t.done:
				return
			}
			s.bringIn(context.Background())
		}
	})
}

// rise says that something was written.
func (t *tide) rise() {
	select {
	case t.high <- struct{}{}:
	default:
	}
}

// stop ends it; stopping again does nothing.
func (t *tide) stop() {
	t.once.Do(func() { close(t.done) })
	t.wg.Wait()
}

const (
	// longest is how long the log may keep its length: its end, which nothing
	// writes to any more, still has what another process has removed.
	longest = time.Minute

	// How long whoever shortens the log waits for readers.
	passing = 20 * time.Millisecond
	closing = 2 * time.Second
)

// bringIn brings the log into the file: most of it beside the writers, then the
// rest in the writers' turn, so that the log starts anew, or is emptied if it has
// what must go. Readers that still need it put that off to the next time, as does
// any failure: the log is as safe as the file.
func (s *Store) bringIn(ctx context.Context) {
	if _, err := s.db.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return
	}
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	if s.closed || s.line.conn == nil {
		return
	}
	if s.owed || time.Since(s.cut) > longest {
		s.shorten(ctx, passing)
		if s.owed {
			s.tide.rise()
		}
		return
	}
	_, _ = s.checkpoint(ctx, "RESTART", passing)
}

// shorten empties the log, unless readers are in the way for so long.
func (s *Store) shorten(ctx context.Context, wait time.Duration) {
	if whole, err := s.checkpoint(ctx, "TRUNCATE", wait); err == nil && whole {
		s.owed, s.cut = false, time.Now()
	}
}

// checkpoint brings the log in on the line, and tells whether all of it is.
func (s *Store) checkpoint(ctx context.Context, mode string, wait time.Duration) (whole bool, err error) {
	if err := s.line.open(ctx, s.db); err != nil {
		return false, err
	}
	if _, err := s.line.conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, wait.Milliseconds())); err != nil {
		return false, err
	}
	var busy, pages, done int
	err = s.line.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &pages, &done)
	_, back := s.line.conn.ExecContext(ctx, `PRAGMA busy_timeout = 15000`)
	return busy == 0, errors.Join(err, back)
}
