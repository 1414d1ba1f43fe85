package lrsmongo

import (
	"context"
	"slices"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// cut ends a context before the nth command of a kind, as if whoever sends it were
// killed or had gone away.
type cut struct {
	nth   int32
	of    []string // kinds; none are those that change something
	count atomic.Int32
	end   atomic.Pointer[context.CancelFunc]
}

// within is the context; commands count from now on.
func (c *cut) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	c.end.Store(&cancel)
	return ctx, cancel
}

func (c *cut) client() *options.ClientOptions {
	of := c.of
	if len(of) == 0 {
		of = []string{"insert", "update", "delete"}
	}
	return options.Client().SetMonitor(&event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if end := c.end.Load(); end != nil && slices.Contains(of, e.CommandName) && c.count.Add(1) == c.nth {
				(*end)()
			}
		},
	})
}
