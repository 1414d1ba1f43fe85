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

// Archived lists the ids of a tenant's tasks that Asynq has given up by itself. A task that cannot be read names no tenant;
// it is everybody's, so that somebody can drop it.
func Archived(redisURL, tenant string) (ids []string, err error) {
	err = eachArchived(redisURL, tenant, func(_ *asynq.Inspector, t *asynq.TaskInfo) error {
		ids = append(ids, t.ID)
		return nil
	})
	return ids, err
}

// RunArchived runs an archived task of a tenant again; "" is all of them. It says how many.
func RunArchived(redisURL, tenant, id string) (n int, err error) {
	err = eachArchived(redisURL, tenant, func(i *asynq.Inspector, t *asynq.TaskInfo) error {
		if id != "" && t.ID != id {
			return nil
		}
		n++
		return i.RunTask(t.Queue, t.ID)
	})
	return n, err
}

// DropArchived forgets an archived task of a tenant, which frees its id. It says how many.
func DropArchived(redisURL, tenant, id string) (n int, err error) {
	err = eachArchived(redisURL, tenant, func(i *asynq.Inspector, t *asynq.TaskInfo) error {
		if t.ID != id {
			return nil
		}
		n++
		return i.DeleteTask(t.Queue, t.ID)
	})
	return n, err
}

// Asynq archives at most 10,000 tasks of a queue.
const (
	archivedPage  = 1000
	archivedPages = 10
)

// eachArchived visits the archived tasks of a tenant. All of a queue are read before the first is visited, since a visit
// may take it out of the list.
func eachArchived(redisURL, tenant string, visit func(*asynq.Inspector, *asynq.TaskInfo) error) error {
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
		var own []*asynq.TaskInfo
		for page := 1; page <= archivedPages; page++ {
			tasks, err := inspector.ListArchivedTasks(name, asynq.PageSize(archivedPage), asynq.Page(page))
			if err != nil {
				return fmt.Errorf("queue: list archived %s: %w", name, err)
			}
			for _, t := range tasks {
				if p, err := decodePayload(t.Payload); err != nil || p.Tenant == tenant {
					own = append(own, t)
				}
			}
			if len(tasks) < archivedPage {
				break
			}
		}
		for _, t := range own {
			if err := visit(inspector, t); err != nil {
				return fmt.Errorf("queue: archived task %s: %w", t.ID, err)
			}
		}
	}
	return nil
}
