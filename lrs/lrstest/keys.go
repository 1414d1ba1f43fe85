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
		c, err := lrs.CreateKey(t.Context(), s, lrs.Key{Tenant: "main", Name: "Moodle", Scopes: []string{lrs.ScopeWrite}}, now)
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
			c, err := lrs.CreateKey(t.Context(), s, lrs.Key{Tenant: "main", Name: "k"}, at.Add(time.Duration(i)*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, c.ID)
		}
		if _, err := lrs.CreateKey(t.Context(), s, lrs.Key{Tenant: "other", Name: "k"}, at); err != nil {
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
	t.Run("a key is replaced", func(t *testing.T) {
		s := newStore(t)
		at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		k := lrs.Key{ID: "k", Name: "a", Tenant: "main", CreatedAt: at}
		must(t, s.PutKey(t.Context(), k))
		k.ExpiresAt, k.RevokedAt, k.UsedAt, k.Origins = &at, &at, &at, []string{"https://a.example"}
		must(t, s.PutKey(t.Context(), k))
		if got := keyOf(t, s, "k"); !reflect.DeepEqual(got, k) {
			t.Errorf("got %+v, want %+v", got, k)
		}
		if _, err := s.Key(t.Context(), "unknown"); !errors.Is(err, lrs.ErrNotFound) {
			t.Errorf("an unknown key: %v", err)
		}
	})
	t.Run("a key is revoked once, by its own tenant", func(t *testing.T) {
		s := newStore(t)
		at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		must(t, s.PutKey(t.Context(), lrs.Key{ID: "k", Name: "a", Tenant: "main", CreatedAt: at}))
		for _, unknown := range [][2]string{{"other", "k"}, {"main", "x"}} {
			if err := s.RevokeKey(t.Context(), unknown[0], unknown[1], at); !errors.Is(err, lrs.ErrNotFound) {
				t.Errorf("revoking %v: %v, want ErrNotFound", unknown, err)
			}
		}
		if k := keyOf(t, s, "k"); k.RevokedAt != nil {
			t.Errorf("another tenant revoked it: %+v", k)
		}
		must(t, s.RevokeKey(t.Context(), "main", "k", at))
		must(t, s.RevokeKey(t.Context(), "main", "k", at.Add(time.Hour)))
		must(t, s.MarkUsed(t.Context(), "k", at.Add(time.Hour)))
		if k := keyOf(t, s, "k"); k.RevokedAt == nil || !k.RevokedAt.Equal(at) || k.Name != "a" {
			t.Errorf("got %+v, want it revoked at %v", k, at)
		}
	})
	t.Run("use moves forward only", func(t *testing.T) {
		s := newStore(t)
		at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		must(t, s.PutKey(t.Context(), lrs.Key{ID: "k", Name: "a", Tenant: "main", CreatedAt: at}))
		for _, when := range []time.Duration{time.Hour, 0, 2*time.Hour + time.Nanosecond} {
			must(t, s.MarkUsed(t.Context(), "k", at.Add(when)))
		}
		if k := keyOf(t, s, "k"); k.UsedAt == nil || !k.UsedAt.Equal(at.Add(2*time.Hour)) {
			t.Errorf("got %+v", k)
		}
		must(t, s.MarkUsed(t.Context(), "x", at))
		if _, err := s.Key(t.Context(), "x"); !errors.Is(err, lrs.ErrNotFound) {
			t.Errorf("a key came into being by its use: %v", err)
		}
	})
	t.Run("keys with origins are found over all tenants", func(t *testing.T) {
		s := newStore(t)
		at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		must(t, s.PutKey(t.Context(), lrs.Key{ID: "a", Tenant: "main", CreatedAt: at, Origins: []string{"https://a.example"}}))
		must(t, s.PutKey(t.Context(), lrs.Key{ID: "b", Tenant: "other", CreatedAt: at, Origins: []string{"https://b.example", "https://a.example"}}))
		must(t, s.PutKey(t.Context(), lrs.Key{ID: "c", Tenant: "main", CreatedAt: at}))
		keys, err := s.KeysWithOrigins(t.Context())
		if err != nil || len(keys) != 2 || keys[0].ID == "c" || keys[1].ID == "c" {
			t.Errorf("got %+v, %v", keys, err)
		}
	})
}

func keyOf(t *testing.T, s lrs.KeyStore, id string) lrs.Key {
	t.Helper()
	k, err := s.Key(t.Context(), id)
	must(t, err)
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
