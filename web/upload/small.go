package upload

import (
	"container/list"
	"context"
	"strconv"
	"sync"
)

// Bounds of the small pictures that are kept.
const (
	maxSmallKept = 8 << 20  // bytes of all
	maxSmall     = 64 << 10 // bytes of one
)

// smalls are the small pictures that were made or asked for last, so that a list of pictures that is looked at again
// loads and decodes none of them anew. Who may see a picture is for who asks to know.
type smalls struct {
	mu     sync.Mutex
	size   int
	latest *list.List // of smallPicture, the latest first
	by     map[string]*list.Element
}

type smallPicture struct {
	key  string
	data []byte
}

func newSmalls() *smalls { return &smalls{latest: list.New(), by: map[string]*list.Element{}} }

func (s *smalls) get(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.by[key]
	if at == nil {
		return nil
	}
	s.latest.MoveToFront(at)
	return at.Value.(smallPicture).data
}

func (s *smalls) keep(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[key] != nil || len(data) > maxSmall {
		return
	}
	s.by[key] = s.latest.PushFront(smallPicture{key, data})
	for s.size += len(data); s.size > maxSmallKept; {
		oldest := s.latest.Remove(s.latest.Back()).(smallPicture)
		delete(s.by, oldest.key)
		s.size -= len(oldest.data)
	}
}

// Small is a stored picture, named by the hash of what is in it, with at most side pixels at its longer side: as it was
// made before, else as Smaller makes it of what load gives. Nil: there is none of such a file.
func (t *Taker) Small(ctx context.Context, sha256, contentType string, side int, load func(context.Context) ([]byte, error)) ([]byte, error) {
	if _, ok := codecs[contentType]; !ok {
		return nil, nil
	}
	key := sha256 + " " + strconv.Itoa(side)
	if small := t.smalls.get(key); small != nil {
		return small, nil
	}
	data, err := load(ctx)
	if err != nil {
		return nil, err
	}
	small := t.Smaller(ctx, data, contentType, side)
	if small != nil {
		t.smalls.keep(key, small)
	}
	return small, nil
}
