package lti_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestARotatedKeyWorksAtOnceAndStrangersCannotHammerThePlatform(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if got := w.attempt().post(); got.Page != "launched" {
		t.Fatal(got)
	}
	if n := len(w.platform.requests("/jwks")); n != 1 {
		t.Fatalf("%d fetches for one launch", n)
	}
	w.platform.key = testKey(t)
	w.platform.publish("kid-2", jwkOf(&w.platform.key.PublicKey, "kid-2"))
	if got := w.attempt().post(); got.Page != "launched" {
		t.Fatal(got)
	}
	for range 5 {
		a := w.attempt()
		a.header["kid"] = "made up"
		w.wantCode(a.post(), "kid_unknown")
	}
	if n := len(w.platform.requests("/jwks")); n != 2 {
		t.Fatalf("%d fetches, want the first and one for the rotated key", n)
	}
	w.clock.Advance(31 * time.Second)
	a := w.attempt()
	a.header["kid"] = "made up"
	w.wantCode(a.post(), "kid_unknown")
	if n := len(w.platform.requests("/jwks")); n != 3 {
		t.Fatalf("%d fetches after half a minute, want one more", n)
	}
}

func TestKnownKeysCarryThroughAnOutageOfADay(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if got := w.attempt().post(); got.Page != "launched" {
		t.Fatal(got)
	}
	w.platform.handle("/jwks", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	w.clock.Advance(20 * time.Hour)
	for range 3 {
		if got := w.attempt().post(); got.Page != "launched" {
			t.Fatal(got)
		}
	}
	if n := len(w.platform.requests("/jwks")); n != 2 {
		t.Fatalf("%d fetches, want one attempt during the outage", n)
	}
	w.clock.Advance(5 * time.Hour)
	for range 3 { // also while no new attempt is made
		w.wantCode(w.attempt().post(), "keys_unavailable")
	}
	if n := len(w.platform.requests("/jwks")); n != 3 {
		t.Fatalf("%d fetches, want one attempt more", n)
	}
}

func TestAnEmptyKeySetTakesNoGoodKeysAway(t *testing.T) {
	for _, empty := range []string{`{}`, `{"keys":[]}`, `{"keys":[{"kty":"RSA"}]}`} {
		w := newWorld(t, sqliteStore(t))
		good := w.platform.handlers["/jwks"]
		if got := w.attempt().post(); got.Page != "launched" {
			t.Fatal(got)
		}
		w.platform.handle("/jwks", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(empty)) })
		w.clock.Advance(2 * time.Hour)
		for range 3 {
			if got := w.attempt().post(); got.Page != "launched" {
				t.Fatalf("%s: %+v", empty, got)
			}
		}
		if n := len(w.platform.requests("/jwks")); n != 2 {
			t.Fatalf("%s: %d fetches, want one attempt more", empty, n)
		}
		w.clock.Advance(23 * time.Hour)
		w.wantCode(w.attempt().post(), "keys_unavailable")
		w.platform.handle("/jwks", good)
		w.clock.Advance(time.Minute)
		if got := w.attempt().post(); got.Page != "launched" {
			t.Fatalf("%s: %+v", empty, got)
		}
	}
}

func TestKeySetsThatCannotBeUsed(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[],"x":"` + strings.Repeat("x", 600<<10) + `"}`))
		},
		"too many": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat("{},", 200) + `{}]}`))
		},
		"out of order": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqliteStore(t))
			w.platform.handle("/jwks", answer)
			w.wantCode(w.attempt().post(), "keys_unavailable")
		})
	}
}

func TestOurKeySetPublishesOneKeyPerRegistrationAndNothingPrivate(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	second := w.reg
	second.ClientID = "client-2"
	if _, err := w.tool.Register(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(w.server.URL + "/lti/jwks")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var set struct{ Keys []map[string]any }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %v", set)
	}
	for _, k := range set.Keys {
		if k["kty"] != "RSA" || k["use"] != "sig" || k["alg"] != "RS256" || k["kid"] == "" || len(k) != 6 {
			t.Errorf("got key %v", k)
		}
	}
	kept, err := w.store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if strings.Contains(string(k.Sealed), "\x30\x82") && strings.Contains(string(k.Sealed), "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") {
			t.Error("a private key lies open in the store")
		}
	}
}
