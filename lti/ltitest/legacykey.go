package ltitest

import (
	"context"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func legacyKeysAreKept(t *testing.T, ctx context.Context, s lti.Store) {
	first := lti.LegacyKey{Tenant: "main", ConsumerKey: "key & co", Sealed: []byte{0, 255}, CreatedAt: start()}
	other := lti.LegacyKey{Tenant: "north", ConsumerKey: "key & co", Sealed: []byte{1}, CreatedAt: start().Add(time.Second)}
	ok(t, s.PutLegacyKey(ctx, first))
	ok(t, s.PutLegacyKey(ctx, other))
	first.Sealed = []byte{7}
	ok(t, s.PutLegacyKey(ctx, first))
	got, err := s.LegacyKey(ctx, "main", "key & co")
	ok(t, err)
	same(t, got, first)
	_, err = s.LegacyKey(ctx, "main", "another")
	is(t, err, lti.ErrNotFound)
	all, err := s.LegacyKeys(ctx)
	ok(t, err)
	same(t, all, []lti.LegacyKey{first, other})
	for range 2 {
		ok(t, s.RemoveLegacyKey(ctx, "main", "key & co"))
	}
	_, err = s.LegacyKey(ctx, "main", "key & co")
	is(t, err, lti.ErrNotFound)
	_, err = s.LegacyKey(ctx, "north", "key & co")
	ok(t, err)
}
