package lti_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

// migrated gives an attempt the claim of a platform that holds the secret.
func (a *attempt) migrated(key, secret string) {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s&%v&%s&%s&%v&%s", key, a.claims[claim+"deployment_id"], a.claims["iss"], "client-1", a.claims["exp"], a.claims["nonce"])
	a.claims[claim+"lti1p1"] = map[string]any{
		"oauth_consumer_key": key, "oauth_consumer_key_sign": base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"user_id": "old-5", "context_id": "old-2", "resource_link_id": "old-10",
	}
}

func TestALaunchProvesItsLTI11Past(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		if err := w.tool.AddLegacyKey(t.Context(), "main", "key-1", "the secret"); err != nil {
			t.Fatal(err)
		}
		a := w.attempt()
		a.migrated("key-1", "the secret")
		got := a.post()
		if got.Page != "launched" || got.Launch.Migrated == nil {
			t.Fatalf("got %+v", got)
		}
		if m := *got.Launch.Migrated; !m.Verified || m.ConsumerKey != "key-1" || m.UserID != "old-5" || m.ContextID != "old-2" || m.ResourceLinkID != "old-10" {
			t.Fatalf("got %+v", m)
		}
		if strings.Contains(w.log.String(), "old-5") {
			t.Error("who it is stands in the log")
		}
		if !strings.Contains(w.log.String(), "migration claim verified") {
			t.Error("the log says nothing of it")
		}
		used := a.claims[claim+"lti1p1"]
		for name, spoil := range map[string]func(*attempt){
			"replayed from another launch": func(a *attempt) { a.claims[claim+"lti1p1"] = used },
			"made with another secret":     func(a *attempt) { a.migrated("key-1", "a guess") },
			"of another deployment": func(a *attempt) {
				a.claims[claim+"deployment_id"] = "2"
				a.migrated("key-1", "the secret")
				a.claims[claim+"deployment_id"] = "1"
			},
			"no base64": func(a *attempt) {
				a.claims[claim+"lti1p1"] = map[string]any{"oauth_consumer_key": "key-1", "oauth_consumer_key_sign": "%"}
			},
		} {
			t.Run(name, func(t *testing.T) {
				a := w.in(t).attempt()
				spoil(a)
				w.in(t).wantCode(a.post(), "migration_signature")
			})
		}
		a = w.attempt()
		a.claims[claim+"lti1p1"] = map[string]any{"oauth_consumer_key_sign": "x"}
		w.wantCode(a.post(), "migration_key_missing")
	})
}

func TestAnUnprovenLTI11PastIsToldAsSuch(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for name, change := range map[string]func(*attempt){
		"unknown key": func(a *attempt) { a.migrated("key-9", "x") },
		"no signature": func(a *attempt) {
			a.claims[claim+"lti1p1"] = map[string]any{"oauth_consumer_key": "key-1", "user_id": "old-5"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.in(t).attempt()
			change(a)
			if got := a.post(); got.Page != "launched" || got.Launch.Migrated == nil || got.Launch.Migrated.Verified || got.Launch.Migrated.UserID != "old-5" {
				t.Fatalf("got %+v", got)
			}
		})
	}
	if got := w.attempt().post(); got.Launch == nil || got.Launch.Migrated != nil {
		t.Fatalf("got %+v", got)
	}
}

func TestLegacySecretsAreSealedPerTenantAndResealed(t *testing.T) {
	s := sqliteStore(t)
	w := newWorld(t, s)
	if err := w.tool.AddLegacyKey(t.Context(), "main", "key-1", "the secret"); err != nil {
		t.Fatal(err)
	}
	if err := w.tool.AddLegacyKey(t.Context(), "north", "key-2", "x"); err != nil {
		t.Fatal(err)
	}
	names, err := w.tool.LegacyKeys(t.Context(), "main")
	if err != nil || len(names) != 1 || names[0] != "key-1" {
		t.Fatalf("got %v, %v", names, err)
	}
	kept, err := s.LegacyKey(t.Context(), "main", "key-1")
	if err != nil || bytes.Contains(kept.Sealed, []byte("secret")) {
		t.Fatalf("got %q, %v", kept.Sealed, err)
	}
	o := w.options
	o.Secret, o.PreviousSecret = bytes.Repeat([]byte{9}, 32), o.Secret
	again, err := lti.New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := again.Reseal(t.Context()); n != 3 || err != nil {
		t.Fatalf("resealed %d, %v; want one private key and two secrets", n, err)
	}
	if err := w.tool.RemoveLegacyKey(t.Context(), "main", "key-1"); err != nil {
		t.Fatal(err)
	}
	if names, err := w.tool.LegacyKeys(t.Context(), "main"); err != nil || len(names) != 0 {
		t.Fatalf("got %v, %v", names, err)
	}
	if err := w.tool.AddLegacyKey(t.Context(), "main", "", "x"); err == nil {
		t.Error("a key without name was taken")
	}
}
