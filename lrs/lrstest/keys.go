package lrstest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// RunKeys holds a key store against its contract. newStore returns an empty one.
func RunKeys(t *testing.T, newStore func(t *testing.T) lrs.KeyStore) {
	t.Run("a created key is found, without its secret", func(t *testing.T) {
		s := newStore(t)
		now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		c, err := lrs.CreateKey(t.Context(), s, "main", "Moodle", []string{lrs.ScopeWrite}, now)
		if err != nil {
			t.Fatal(err)
		}
		k, err := s.Key(t.Context(), c.ID)
		if err != nil || k.Name != "Moodle" || k.Tenant != "main" || !k.CreatedAt.Equal(now) || len(k.Scopes) != 1 {
			t.Errorf("got %+v, %v", k, err)
		}
		if k.SecretHash == c.Secret || len(k.SecretHash) != 64 || len(c.Secret) < 43 {
			t.Errorf("secret %q is kept as %q", c.Secret, k.SecretHash)
		}
	})
	t.Run("keys are listed by tenant, oldest first", func(t *testing.T) {
		s := newStore(t)
		at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		var want []string
		for i := range 3 {
			c, err := lrs.CreateKey(t.Context(), s, "main", "k", nil, at.Add(time.Duration(i)*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, c.ID)
		}
		if _, err := lrs.CreateKey(t.Context(), s, "other", "k", nil, at); err != nil {
			t.Fatal(err)
		}
		keys, err := s.Keys(t.Context(), "main")
		var got []string
		for _, k := range keys {
			got = append(got, k.ID)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
	t.Run("a key is replaced and deleted", func(t *testing.T) {
		s := newStore(t)
		soon := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		k := lrs.Key{ID: "k", Name: "a", Tenant: "main", CreatedAt: soon}
		for range 2 {
			if err := s.PutKey(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			k.ExpiresAt = &soon
		}
		if got, err := s.Key(t.Context(), "k"); err != nil || got.ExpiresAt == nil || !got.ExpiresAt.Equal(soon) {
			t.Errorf("got %+v, %v", got, err)
		}
		for range 2 { // deleting twice is no error
			if err := s.DeleteKey(t.Context(), "k"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Key(t.Context(), "k"); !errors.Is(err, lrs.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
}
