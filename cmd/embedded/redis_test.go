package embedded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

func TestKeysOfTheEmbeddedRedisExpire(t *testing.T) {
	r, err := embedded.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := redis.NewClient(&redis.Options{Addr: r.Addr()})
	defer c.Close()
	if err := c.Set(t.Context(), "short", "x", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "long", "x", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for poll := time.NewTicker(20 * time.Millisecond); ; {
		if err := c.Get(t.Context(), "short").Err(); errors.Is(err, redis.Nil) {
			break
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatal("the key did not expire")
		}
	}
	if err := c.Get(t.Context(), "long").Err(); err != nil {
		t.Errorf("a key with an hour to live answers %v", err)
	}
}

func TestClosingTheEmbeddedRedisTwiceDoesNoHarm(t *testing.T) {
	r, err := embedded.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	r.Close()
}
