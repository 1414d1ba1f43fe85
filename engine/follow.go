package engine

import (
	"context"
	"fmt"

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

// FollowOnce observes the statements that next yields after the kept cursor, moves the cursor behind them and says how
// many there were; none: there is nothing new. An error leaves the cursor before the statement that failed.
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
			break
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
