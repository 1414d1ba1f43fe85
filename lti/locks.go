package lti

import "sync"

// keyedLocks is a lock per key, made when wanted and dropped when free.
type keyedLocks struct {
	mu   sync.Mutex
	held map[string]*keyedLock
}

type keyedLock struct {
	sync.Mutex
	waiting int
}

func newKeyedLocks() *keyedLocks { return &keyedLocks{held: map[string]*keyedLock{}} }

// lock waits for the key and answers how to let go of it.
func (k *keyedLocks) lock(key string) (unlock func()) {
	k.mu.Lock()
	l, ok := k.held[key]
	if !ok {
		l = &keyedLock{}
		k.held[key] = l
	}
	l.waiting++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		if l.waiting--; l.waiting == 0 {
			delete(k.held, key)
		}
		k.mu.Unlock()
	}
}
