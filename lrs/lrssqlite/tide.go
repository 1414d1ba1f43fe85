package lrssqlite

import (
	"context"
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

func (t *tide) stop() {
	close(t.done)
	t.wg.Wait()
}

// bringIn brings the log into the file: most of it beside the writers, then the
// rest in the writers' turn, so that the log starts anew. Readers that still need
// it put that off to the next time, as does any failure: the log is as safe as
// the file.
func (s *Store) bringIn(ctx context.Context) {
	if _, err := s.db.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return
	}
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	if s.closed || s.line.conn == nil {
		return
	}
	for _, text := range []string{`PRAGMA busy_timeout = 20`, `PRAGMA wal_checkpoint(RESTART)`, `PRAGMA busy_timeout = 15000`} {
		_, _ = s.line.conn.ExecContext(ctx, text)
	}
}
