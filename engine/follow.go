package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Observed is one statement from the LRS, with its place there.
type Observed struct {
	Seq       int64
	Statement *xapi.Statement
	Authority xapi.Agent
}

// The cursor of FollowOnce and how many statements it asks for at a time.
const (
	followCursor = "lrs"
	followLimit  = 200
)

// A statement is passed over after so many failures over so long (real time).
const (
	followTries = 5
	followFor   = time.Minute
)

// stuck counts the failures of one statement, in this process.
type stuck struct {
	seq   int64
	tries int
	since time.Time
}

// stuckAt notes another failure of a statement and tells whether there were enough.
func (s *Service) stuckAt(seq int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Wall()
	if s.stuck.seq != seq {
		s.stuck = stuck{seq: seq, since: now}
	}
	s.stuck.tries++
	return s.stuck.tries >= followTries && now.Sub(s.stuck.since) >= followFor
}

// FollowOnce observes the statements that next yields after the kept cursor, moves the cursor behind them and says how
// many there were; none: there is nothing new. An error leaves the cursor before the statement that failed. One that
// keeps failing while the store answers is passed over after a while: it must not stop what everybody else waits for.
func (s *Service) FollowOnce(ctx context.Context, next func(ctx context.Context, after int64, limit int) ([]Observed, error)) (int, error) {
	after, err := s.o.Store.Cursor(ctx, followCursor)
	if err != nil {
		return 0, fmt.Errorf("follow statements: %w", err)
	}
	batch, err := next(ctx, after, followLimit)
	if err != nil {
		return 0, fmt.Errorf("follow statements: %w", err)
	}
	done := 0
	for _, o := range batch {
		if err = s.Observe(ctx, o.Seq, o.Statement, o.Authority); err != nil {
			if ctx.Err() != nil || !s.stuckAt(o.Seq) {
				break
			}
			s.o.Log.Error("pass over a statement that cannot be applied", "seq", o.Seq, "error", err)
			err = nil
		}
		after = o.Seq
		done++
	}
	if done > 0 {
		if saved := s.o.Store.SaveCursor(ctx, followCursor, after); saved != nil {
			return done, fmt.Errorf("follow statements: %w", saved)
		}
	}
	return done, err
}
