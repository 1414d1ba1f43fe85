package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/cairn-lms/cairn/engine"
)

// Client sets alarms. It implements engine.Alarms, is safe for concurrent use and
// best effort: while Redis is away its methods fail fast.
type Client struct {
	redis redis.UniversalClient
	asynq *asynq.Client
	now   func() time.Time
	down  atomic.Int64 // unix nanoseconds until which Redis counts as away
}

var _ engine.Alarms = (*Client)(nil)

// ClientOption changes a Client.
type ClientOption func(*Client)

// WithNow gives the engine's time, against which alarms are set; default time.Now.
func WithNow(now func() time.Time) ClientOption {
	return func(c *Client) {
		if now != nil {
			c.now = now
		}
	}
}

const (
	clientPatience = time.Second     // for one alarm
	downFor        = 3 * time.Second // after a failure, without trying
)

var errDown = errors.New("Redis was away a moment ago") //nolint:staticcheck // a name

// NewClient checks the URL; it does not connect.
func NewClient(redisURL string, options ...ClientOption) (*Client, error) {
	r, err := connect(redisURL, clientPatience)
	if err != nil {
		return nil, err
	}
	c := &Client{redis: r, asynq: asynq.NewClientFromRedisClient(r), now: time.Now}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// Close ends the connections.
func (c *Client) Close() error { return c.redis.Close() }

// Wake sets the alarm of an enrolment for a time of the engine, if it is within
// the next hour. It never rings early.
func (c *Client) Wake(ctx context.Context, tenant string, e engine.EnrolmentID, at time.Time) error {
	ahead := at.Sub(c.now())
	if ahead > horizon {
		return nil
	}
	second := at.Unix()
	if at.Nanosecond() > 0 {
		second++
	}
	id := "wake:" + tenant + ":" + string(e) + ":" + strconv.FormatInt(second, 10)
	return c.set(ctx, wake, id, payload{Tenant: tenant, ID: string(e)}, ahead)
}

// Deliver has the due messages of a person sent now.
func (c *Client) Deliver(ctx context.Context, tenant string, p engine.PersonID) error {
	return c.set(ctx, deliver, "deliver:"+tenant+":"+string(p), payload{Tenant: tenant, ID: string(p)}, 0)
}

// RelayGrade has the grade of an enrolment passed back now.
func (c *Client) RelayGrade(ctx context.Context, tenant string, e engine.EnrolmentID) error {
	return c.set(ctx, relay, "relay:"+tenant+":"+string(e), payload{Tenant: tenant, ID: string(e)}, 0)
}

// Sync has the known courses of a registration gone through by some worker. A task that stands or runs is enough.
func (c *Client) Sync(ctx context.Context, tenant, registration string) error {
	ctx, cancel := context.WithTimeout(ctx, clientPatience)
	defer cancel()
	err := c.enqueue(ctx, syncs, "sync:"+tenant+":"+registration, payload{Tenant: tenant, ID: registration}, 0)
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("queue: %s: %w", syncs, err)
	}
	return nil
}

// set enqueues a task, or a second one behind it when the first is there already
// and may be running.
func (c *Client) set(ctx context.Context, kind, id string, p payload, ahead time.Duration) error {
	if p.Tenant == "" || p.ID == "" {
		return fmt.Errorf("queue: %s: %w: tenant or id is missing", kind, engine.ErrInvalid)
	}
	if time.Now().UnixNano() < c.down.Load() {
		return fmt.Errorf("queue: %s: %w", kind, errDown)
	}
	ctx, cancel := context.WithTimeout(ctx, clientPatience)
	defer cancel()
	err := c.enqueue(ctx, kind, id, p, ahead)
	if errors.Is(err, asynq.ErrTaskIDConflict) && ahead <= againAfter {
		err = c.enqueue(ctx, kind, id+":again", p, max(ahead, againAfter))
	}
	switch {
	case err == nil, errors.Is(err, asynq.ErrTaskIDConflict):
		return nil
	default:
		c.down.Store(time.Now().Add(downFor).UnixNano())
		return fmt.Errorf("queue: %s: %w", kind, err)
	}
}

func (c *Client) enqueue(ctx context.Context, kind, id string, p payload, ahead time.Duration) error {
	options := []asynq.Option{asynq.TaskID(id)}
	if ahead > 0 {
		// Asynq keeps whole seconds, cut off: round up so that nothing rings early.
		at := time.Now().Add(ahead)
		options = append(options, asynq.ProcessAt(at.Truncate(time.Second).Add(time.Second)))
	}
	_, err := c.asynq.EnqueueContext(ctx, task(kind, p), options...)
	return err
}
