package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hibiken/asynq"
)

// Depth is what one queue holds in Redis. Retry are tasks that failed and will be tried again, Archived those that a
// worker died with too often (they block their id until they are dropped; the sweep does their work meanwhile).
type Depth struct {
	Queue                                       string
	Pending, Active, Scheduled, Retry, Archived int
	Oldest                                      time.Duration // how long the oldest that could run has waited
}

// Depths looks into all queues.
func Depths(ctx context.Context, redisURL string) ([]Depth, error) {
	r, err := connect(redisURL, workerPatience)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	inspector := asynq.NewInspectorFromRedisClient(r)
	known, err := inspector.Queues()
	if err != nil {
		return nil, fmt.Errorf("queue: list queues: %w", err)
	}
	var all []Depth
	for _, name := range []string{deliver, wake, relay, syncs} {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !slices.Contains(known, name) { // nothing was ever in it
			all = append(all, Depth{Queue: name})
			continue
		}
		info, err := inspector.GetQueueInfo(name)
		if err != nil {
			return nil, fmt.Errorf("queue: look into %s: %w", name, err)
		}
		all = append(all, Depth{Queue: name, Pending: info.Pending, Active: info.Active, Scheduled: info.Scheduled, Retry: info.Retry,
			Archived: info.Archived, Oldest: info.Latency})
	}
	return all, nil
}

// Archived lists the ids of tasks that Asynq has given up by itself, at most 1,000 a queue.
func Archived(redisURL string) (ids []string, err error) {
	err = eachArchived(redisURL, func(_ *asynq.Inspector, t *asynq.TaskInfo) error {
		ids = append(ids, t.ID)
		return nil
	})
	return ids, err
}

// RunArchived runs an archived task again; "" is all of them. It says how many.
func RunArchived(redisURL, id string) (n int, err error) {
	err = eachArchived(redisURL, func(i *asynq.Inspector, t *asynq.TaskInfo) error {
		if id != "" && t.ID != id {
			return nil
		}
		n++
		return i.RunTask(t.Queue, t.ID)
	})
	return n, err
}

// DropArchived forgets an archived task, which frees its id. It says how many.
func DropArchived(redisURL, id string) (n int, err error) {
	err = eachArchived(redisURL, func(i *asynq.Inspector, t *asynq.TaskInfo) error {
		if t.ID != id {
			return nil
		}
		n++
		return i.DeleteTask(t.Queue, t.ID)
	})
	return n, err
}

func eachArchived(redisURL string, visit func(*asynq.Inspector, *asynq.TaskInfo) error) error {
	r, err := connect(redisURL, workerPatience)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	inspector := asynq.NewInspectorFromRedisClient(r)
	known, err := inspector.Queues()
	if err != nil {
		return fmt.Errorf("queue: list queues: %w", err)
	}
	for _, name := range known {
		tasks, err := inspector.ListArchivedTasks(name, asynq.PageSize(1000))
		if err != nil {
			return fmt.Errorf("queue: list archived %s: %w", name, err)
		}
		for _, t := range tasks {
			if err := visit(inspector, t); err != nil {
				return fmt.Errorf("queue: archived task %s: %w", t.ID, err)
			}
		}
	}
	return nil
}
