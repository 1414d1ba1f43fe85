package lrs

import (
	"context"
	"sync"
	"time"
)

// useEvery is how often the use of a key is written down, and markWithin how long
// that may take.
const (
	useEvery   = time.Minute
	markWithin = 200 * time.Millisecond
)

// uses remembers which keys were marked as used lately. It grows with the number
// of keys, not with that of requests.
type uses struct {
	mu sync.Mutex
	at map[string]time.Time
}

// due tells whether it is time to mark the key, and if so counts it as marked.
func (u *uses) due(id string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if age := now.Sub(u.at[id]); age >= 0 && age < useEvery {
		return false
	}
	if u.at == nil {
		u.at = map[string]time.Time{}
	}
	u.at[id] = now
	return true
}

// used marks the key as used, at most once a minute. A store that fails or is slow
// costs the request little and never fails it.
func (h *handler) used(ctx context.Context, k Key, now time.Time) {
	if h.uses.due(k.ID, now) {
		h.markUsed(ctx, k, now)
	}
}

func (h *handler) markUsed(ctx context.Context, k Key, now time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWithin)
	defer cancel()
	if err := h.Keys.MarkUsed(ctx, k.ID, now); err != nil {
		h.Log.WarnContext(ctx, "the use of a key was not written down", "key", k.ID, "err", err)
	}
}
