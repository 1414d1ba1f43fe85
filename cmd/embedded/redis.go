package embedded

import "context"

// Redis is an in-process Redis.
type Redis struct{}

func StartRedis(ctx context.Context) (*Redis, error) { return nil, nil }
func (r *Redis) Addr() string                        { return "" }
func (r *Redis) Close()                              {}
