package ltitest

import (
	"context"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func keysAreKept(t *testing.T, ctx context.Context, s lti.Store) {
	create(t, ctx, s, 1)
	create(t, ctx, s, 2)
	_, first := registration(1)
	_, others := registration(2)
	second := first
	second.ID, second.CreatedAt, second.Overlap = "key-later", first.CreatedAt.Add(time.Hour), 24*time.Hour
	ok(t, s.PutKey(ctx, second))
	of, err := s.KeysOf(ctx, "reg-1")
	ok(t, err)
	same(t, of, []lti.Key{first, second})
	second.Sealed = []byte{3}
	ok(t, s.PutKey(ctx, second))
	all, err := s.Keys(ctx)
	ok(t, err)
	same(t, all, []lti.Key{first, others, second})
	for range 2 {
		ok(t, s.RemoveKey(ctx, first.ID))
	}
	of, err = s.KeysOf(ctx, "reg-1")
	ok(t, err)
	same(t, of, []lti.Key{second})
	of, err = s.KeysOf(ctx, "nobody")
	ok(t, err)
	if len(of) != 0 {
		t.Fatalf("got %+v", of)
	}
}
