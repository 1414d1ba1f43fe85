package lti

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

const (
	keySetLife    = time.Hour        // fresh this long
	keySetStale   = 24 * time.Hour   // usable this long while the platform is away
	keySetPause   = 30 * time.Second // between attempts, and between looks for an unknown kid
	keySetFirst   = 5 * time.Second  // between attempts while none has succeeded
	maxKeySet     = 512 << 10
	maxKeys       = 100
	maxKeysOfKid  = 2       // each is tried, so each costs
	maxKeyBits    = 4096    // of RSA; time grows with its square
	maxExponent   = 1 << 24 // of RSA; usual is 65537
	maxKeyMember  = 1 << 10 // characters
	maxKeySets    = 1000
	keySetTimeout = 10 * time.Second
)

// keySets caches the platforms' public keys by URL. A key id that is not in a
// cached set makes it look once more, at most every keySetPause, so that a rotated
// key works at once and a stranger cannot make us hammer a platform.
type keySets struct {
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	byURL map[string]*keySet
}

func newKeySets(client *http.Client, now func() time.Time) *keySets {
	return &keySets{client: client, now: now, byURL: map[string]*keySet{}}
}

type keySet struct {
	fetching chan struct{} // one fetch at a time; held without mu

	mu      sync.Mutex
	keys    []platformKey
	fetched time.Time // last success
	tried   time.Time // last attempt
	outcome error     // of it
	missed  time.Time // last attempt for an unknown kid

	attempts int
}

// find answers the keys with this id, usually one. Keys read longer ago than
// keySetStale answer nothing.
func (s *keySets) find(ctx context.Context, url, kid string) ([]platformKey, *Rejection) {
	set := s.set(url)
	now := s.now()
	set.mu.Lock()
	fetched, tried := set.fetched, set.tried
	set.mu.Unlock()

	fresh := !fetched.IsZero() && within(now, fetched, keySetLife)
	pause := keySetPause
	if fetched.IsZero() {
		pause = keySetFirst
	}
	looked := false
	var failed error
	if !fresh && (tried.IsZero() || !within(now, tried, pause)) {
		looked = true
		failed = s.refresh(ctx, url, set)
	}
	keys, fetched := set.with(kid)
	if !within(s.now(), fetched, keySetStale) {
		rej := reject("keys_unavailable", "the platform's keys could not be read from its key set URL")
		rej.cause = failed
		return nil, rej
	}
	if len(keys) == 0 && !looked && set.mayLook(now) {
		if err := s.refresh(ctx, url, set); err == nil {
			keys, _ = set.with(kid)
		}
	}
	if len(keys) > 0 {
		return keys, nil
	}
	return nil, reject("kid_unknown", "the platform's key set has no key %q", printable(kid, 64))
}

// within reports that now is less than d from at; a clock set back counts as later.
func within(now, at time.Time, d time.Duration) bool {
	passed := now.Sub(at)
	return passed >= 0 && passed < d
}

func (s *keySets) set(url string) *keySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	set, ok := s.byURL[url]
	if !ok {
		if len(s.byURL) >= maxKeySets {
			for old := range s.byURL { // any one; it is fetched again when needed
				delete(s.byURL, old)
				break
			}
		}
		set = &keySet{fetching: make(chan struct{}, 1)}
		s.byURL[url] = set
	}
	return set
}

func (k *keySet) with(kid string) ([]platformKey, time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []platformKey
	for _, key := range k.keys {
		if key.kid == kid {
			found = append(found, key)
		}
	}
	return found, k.fetched
}

func (k *keySet) mayLook(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.missed.IsZero() && within(now, k.missed, keySetPause) {
		return false
	}
	k.missed = now
	return true
}

// refresh fetches the set, or waits for whoever is at it and shares the outcome; a
// request that ends waits no longer. A fetch outlives the request that asked for it.
func (s *keySets) refresh(ctx context.Context, url string, set *keySet) error {
	set.mu.Lock()
	before := set.attempts
	set.mu.Unlock()
	select {
	case set.fetching <- struct{}{}:
		defer func() { <-set.fetching }()
	case <-ctx.Done():
		return fmt.Errorf("lti: key set: %w", ctx.Err())
	}
	set.mu.Lock()
	done, outcome := set.attempts != before, set.outcome
	set.mu.Unlock()
	if done {
		return outcome
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keySetTimeout)
	defer cancel()
	keys, err := s.fetch(ctx, url)
	now := s.now()
	set.mu.Lock()
	defer set.mu.Unlock()
	if err == nil && len(keys) == 0 && len(set.keys) > 0 {
		err = errors.New("lti: key set: empty, and it was not") // rather a fault of the platform's
	}
	set.tried, set.outcome = now, err
	set.attempts++
	if err != nil {
		return err
	}
	set.keys, set.fetched = keys, now
	return nil
}

func (s *keySets) fetch(ctx context.Context, url string) ([]platformKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("lti: key set: %w", err)
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("lti: key set: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("lti: key set: HTTP %d", res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("lti: key set: %w", err)
	}
	if len(data) > maxKeySet {
		return nil, fmt.Errorf("lti: key set: longer than %d bytes", maxKeySet)
	}
	return parseKeySet(data)
}

// platformKey is one key of a platform, as published; judged when it is used.
type platformKey struct {
	kid string
	doc object
}

// parseKeySet reads a JWK set. Keys that are no objects or have no kid are left
// out, and so are further ones of a kid that has two already; what is wrong with a
// key is said when a token names it.
func parseKeySet(data []byte) ([]platformKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("lti: key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("lti: key set: more than %d keys", maxKeys)
	}
	keys, of := make([]platformKey, 0, len(set.Keys)), map[string]int{}
	for _, raw := range set.Keys {
		doc, err := parseObject(raw)
		if err != nil {
			continue
		}
		if kid, ok, err := doc.text("kid"); err == nil && ok && kid != "" && of[kid] < maxKeysOfKid {
			of[kid]++
			keys = append(keys, platformKey{kid: kid, doc: doc})
		}
	}
	return keys, nil
}

// forAlg is the public key, if it may verify signatures of alg. A key without
// alg or use (Open edX) may.
func (k platformKey) forAlg(alg string) (any, *Rejection) {
	kty, _, _ := k.doc.text("kty")
	want := "RSA"
	if strings.HasPrefix(alg, "ES") {
		want = "EC"
	}
	if kty != want {
		return nil, reject("key_wrong_type", "the platform's key is of type %q, not %s", printable(kty, 16), want)
	}
	if use, ok, err := k.doc.text("use"); err != nil || ok && use != "sig" {
		return nil, reject("key_not_for_signing", "the platform's key is published for another use than signing")
	}
	if ops, ok, err := k.doc.texts("key_ops"); err != nil || ok && !slices.Contains(ops, "verify") {
		return nil, reject("key_not_for_signing", "the platform's key is not published for verifying")
	}
	if own, ok, err := k.doc.text("alg"); err != nil || ok && own != alg {
		return nil, reject("key_other_alg", "the platform's key is published for another algorithm")
	}
	parsed, err := k.parse()
	if err != nil {
		return nil, reject("key_malformed", "the platform's key cannot be read")
	}
	public, err := jwk.PublicRawKeyOf(parsed)
	if err != nil {
		return nil, reject("key_malformed", "the platform's key cannot be read")
	}
	switch public := public.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 {
			return nil, reject("key_too_short", "the platform's key has %d bits; 2048 are required", public.N.BitLen())
		}
		if public.N.BitLen() > maxKeyBits || public.E < 3 || public.E > maxExponent || public.E%2 == 0 {
			return nil, reject("key_malformed", "the platform's key has %d bits and the exponent %d; at most %d bits and an odd exponent from 3 to %d are used",
				public.N.BitLen(), public.E, maxKeyBits, maxExponent)
		}
	case *ecdsa.PublicKey:
		if bits := map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[alg]; public.Curve.Params().BitSize != bits {
			return nil, reject("key_other_alg", "the platform's key is on another curve")
		}
	default:
		return nil, reject("key_wrong_type", "the platform's key is of an unknown type")
	}
	return public, nil
}

// parse reads what makes the key, and nothing else that may stand with it: no
// certificates, no private half.
func (k platformKey) parse() (jwk.Key, error) {
	only := map[string]string{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y"} {
		v, ok, err := k.doc.text(name)
		switch {
		case err != nil:
			return nil, err
		case len(v) > maxKeyMember || name == "e" && len(v) > 8:
			return nil, fmt.Errorf("lti: key: %s is too long", name)
		case ok:
			only[name] = v
		}
	}
	data, err := json.Marshal(only)
	if err != nil {
		return nil, err
	}
	return jwk.ParseKey(data)
}
