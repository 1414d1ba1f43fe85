// Package queue is the engine's alarm clock: Asynq on Redis.
//
// The truth is in the engine's store. Redis holds only the alarms of the next
// hour, so that things happen on time instead of at the next sweep. Losing Redis,
// a task that is stuck, an alarm that was never set: all are repaired by the
// sweep, which claims what is due and runs it itself.
//
//	queue    task id                                  does
//	wake     wake:<tenant>:<enrolment>:<unix second>  Service.Wake
//	deliver  deliver:<tenant>:<person>                Service.Deliver
//	relay    relay:<tenant>:<enrolment>               Service.RelayGrade
//	sync     sync:<tenant>:<registration>             WorkerOptions.Sync, the hourly pass over a platform's courses
//
// An alarm that stands already is not set twice (Asynq refuses its id). While a
// task runs its id is taken too; then the alarm is set once more behind it, with
// ":again" after the id. Tasks are never kept: not when done, and not when their
// retries are used up, since the id of a kept task could not be used again. What is
// out of retries becomes a dead letter of the engine (docs/decisions/019-dead-letters.md).
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// The queues, and the types of their tasks.
const (
	wake    = "wake"
	deliver = "deliver"
	relay   = "relay"
	syncs   = "sync"
)

const (
	maxRetry    = 6
	taskTimeout = 2 * time.Minute
	syncTimeout = time.Hour
	syncWidth   = 4         // registrations that one worker goes through at a time
	horizon     = time.Hour // alarms further ahead are the sweep's to set
	againAfter  = 2 * time.Second
)

// payload is what a task carries: ids only.
type payload struct {
	Tenant string `json:"tenant"`
	ID     string `json:"id"`
}

func (p payload) encode() []byte {
	data, _ := json.Marshal(p) // two strings always marshal
	return data
}

func decodePayload(data []byte) (payload, error) {
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		return payload{}, fmt.Errorf("queue: payload: %w", err)
	}
	if p.Tenant == "" || p.ID == "" {
		return payload{}, errors.New("queue: payload: tenant or id is missing")
	}
	return p, nil
}

// task makes one with its queue and limits.
func task(kind string, p payload) *asynq.Task {
	tries, timeout := maxRetry, taskTimeout
	if kind == syncs { // the next pass is its second try
		tries, timeout = 0, syncTimeout
	}
	return asynq.NewTask(kind, p.encode(), asynq.Queue(kind), asynq.MaxRetry(tries), asynq.Timeout(timeout), asynq.Retention(0))
}

// quiet stops the Redis client from writing to standard error, once for the
// process as the library wants it: every failure reaches us as an error too.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
