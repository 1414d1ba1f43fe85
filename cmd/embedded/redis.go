package embedded

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Redis is an in-process Redis on a free port of 127.0.0.1.
type Redis struct {
	server *miniredis.Miniredis
	stop   context.CancelFunc
	ticked sync.WaitGroup
}

// tick is how often keys get older; miniredis does not age them by itself.
const tick = 100 * time.Millisecond

// StartRedis starts a Redis whose keys expire in real time. ctx bounds the
// starting only; Close stops it.
func StartRedis(ctx context.Context) (*Redis, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("embedded: start redis: %w", err)
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("embedded: start redis: %w", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Redis{server: server, stop: stop}
	r.ticked.Go(func() { r.age(ctx) })
	return r, nil
}

// age moves the keys' clock along with the wall's until ctx ends.
func (r *Redis) age(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			now := time.Now()
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// Addr is host:port.
func (r *Redis) Addr() string { return r.server.Addr() }

// Close stops the server and drops what it held. Closing again does nothing.
func (r *Redis) Close() {
	r.stop()
	r.ticked.Wait()
	r.server.Close()
}
