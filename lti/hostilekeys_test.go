package lti

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// rsaJWK is a key of that many bits and that exponent. Nobody has its private half.
func rsaJWK(kid string, bits int, e int64) string {
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":%q}`, kid, b64(n.Bytes()), b64(big.NewInt(e).Bytes()))
}

func TestAKeyThatIsDearToComputeWithIsNotUsed(t *testing.T) {
	for _, c := range []struct {
		what string
		bits int
		e    int64
		code string
	}{
		{"a usual key", 2048, 65537, ""},
		{"a long key", 4096, 65537, ""},
		{"a small exponent", 2048, 3, ""},
		{"too long", 4097, 65537, "key_malformed"},
		{"far too long", 16384, 65537, "key_malformed"},
		{"a large exponent", 2048, 1<<24 + 1, "key_malformed"},
		{"the largest exponent", 2048, 1<<31 - 1, "key_malformed"},
		{"an even exponent", 2048, 65536, "key_malformed"},
		{"no exponent", 2048, 1, "key_malformed"},
		{"an exponent of 64 bits", 2048, 1<<62 + 1, "key_malformed"},
	} {
		keys, err := parseKeySet([]byte(`{"keys":[` + rsaJWK("k", c.bits, c.e) + `]}`))
		if err != nil || len(keys) != 1 {
			t.Fatalf("%s: %d keys, %v", c.what, len(keys), err)
		}
		code := ""
		if _, rej := keys[0].forAlg("RS256"); rej != nil {
			code = rej.Code
		}
		if code != c.code {
			t.Errorf("%s: refused with %q, want %q", c.what, code, c.code)
		}
	}
}

func TestOneKeyIDHasAtMostTwoKeys(t *testing.T) {
	one := rsaJWK("k", 2048, 65537) + ","
	keys, err := parseKeySet([]byte(`{"keys":[` + strings.Repeat(one, 40) + rsaJWK("other", 2048, 65537) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	set := &keySet{keys: keys}
	if k, _ := set.with("k"); len(k) != 2 {
		t.Errorf("%d keys of one id are tried", len(k))
	}
	if k, _ := set.with("other"); len(k) != 1 {
		t.Errorf("%d keys of the other id are left", len(k))
	}
}

// brokenKeys is a platform whose key set has never been readable.
func brokenKeys(t *testing.T, answer http.HandlerFunc) (sets *keySets, url string, asked *atomic.Int32, move func(time.Duration)) {
	t.Helper()
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	at := atomic.Pointer[time.Time]{}
	start := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	at.Store(&start)
	return newKeySets(server.Client(), func() time.Time { return *at.Load() }), server.URL, asked,
		func(d time.Duration) { now := at.Load().Add(d); at.Store(&now) }
}

func TestAKeySetThatWasNeverReadIsAskedForEveryFewSecondsOnly(t *testing.T) {
	sets, url, asked, move := brokenKeys(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	find := func() {
		t.Helper()
		if _, rej := sets.find(t.Context(), url, "k"); rej == nil || rej.Code != "keys_unavailable" || rej.Status != http.StatusBadGateway {
			t.Fatalf("got %+v", rej)
		}
	}
	for range 20 {
		find()
	}
	if n := asked.Load(); n != 1 {
		t.Fatalf("%d fetches at one moment, want 1", n)
	}
	move(6 * time.Second)
	for range 20 {
		find()
	}
	if n := asked.Load(); n != 2 {
		t.Fatalf("%d fetches after the pause, want 2", n)
	}
}

func TestManyWhoWaitForOneFetchShareItsOutcomeAndMayLeave(t *testing.T) {
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	sets, url, asked, _ := brokenKeys(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	outcome := make(chan *Rejection, 20)
	find := func(ctx context.Context) {
		_, rej := sets.find(ctx, url, "k")
		outcome <- rej
	}
	go find(t.Context())
	<-arrived // the first holds the fetch

	leaving, leave := context.WithCancel(t.Context())
	go find(leaving)
	leave()
	select {
	case rej := <-outcome:
		if rej == nil || rej.Code != "keys_unavailable" {
			t.Fatalf("got %+v", rej)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("whoever left is still waiting for the fetch of another")
	}
	for range 10 {
		go find(t.Context())
	}
	close(release)
	for range 11 {
		if rej := <-outcome; rej == nil || rej.Code != "keys_unavailable" {
			t.Fatalf("got %+v", rej)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Fatalf("%d fetches for many at one moment, want 1", n)
	}
}
