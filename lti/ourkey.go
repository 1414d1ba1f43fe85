package lti

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const keyBits = 2048

// Key is a signing key of ours; a registration has one that signs, and during a
// rotation others beside it. The private half is sealed with Options.Secret before
// it reaches a store.
type Key struct {
	ID           string         `json:"id"` // the kid
	Registration RegistrationID `json:"registration"`
	Public       []byte         `json:"public"` // JWK, JSON
	Sealed       []byte         `json:"sealed"` // PKCS #8, AES-256-GCM: nonce ‖ ciphertext
	CreatedAt    time.Time      `json:"created_at"`
	// Overlap is how long the key is published before it signs, and how long its
	// predecessor stays published afterwards.
	Overlap time.Duration `json:"overlap,omitempty"`
}

// sealer keeps private keys unreadable at rest.
type sealer struct {
	aead     cipher.AEAD
	previous cipher.AEAD // opens what was sealed before the secret changed; may be nil
}

func newSealer(secret, previous []byte) (*sealer, error) {
	aead, err := newAEAD(secret)
	if err != nil {
		return nil, err
	}
	s := &sealer{aead: aead}
	if len(previous) > 0 {
		if s.previous, err = newAEAD(previous); err != nil {
			return nil, fmt.Errorf("previous: %w", err)
		}
	}
	return s, nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	if len(secret) != 32 {
		return nil, fmt.Errorf("the secret has %d bytes, not 32", len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts plain; it opens with the same label only, so a sealed key cannot
// be moved to another registration.
func (s *sealer) seal(plain []byte, label string) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return s.aead.Seal(nonce, nonce, plain, []byte(label))
}

// open decrypts what was sealed with the secret or with the previous one; ErrSecret
// if neither opens it.
func (s *sealer) open(sealed []byte, label string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("sealed text is too short: %w", ErrSecret)
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(label))
	if err != nil && s.previous != nil {
		plain, err = s.previous.Open(nil, sealed[:n], sealed[n:], []byte(label))
	}
	if err != nil {
		return nil, ErrSecret
	}
	return plain, nil
}

// again seals anew what only the previous secret opens.
func (s *sealer) again(sealed []byte, label string) (fresh []byte, changed bool, err error) {
	if n := s.aead.NonceSize(); len(sealed) >= n {
		if _, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(label)); err == nil {
			return sealed, false, nil
		}
	}
	plain, err := s.open(sealed, label)
	if err != nil {
		return nil, false, err
	}
	return s.seal(plain, label), true, nil
}

func sealLabel(reg RegistrationID, kid string) string {
	return "lti-key\n" + string(reg) + "\n" + kid
}

// newKey makes a signing key for a registration.
func (t *Tool) newKey(reg RegistrationID) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Key{}, fmt.Errorf("lti: make key: %w", err)
	}
	kid := secret()[:22]
	public, err := jwk.FromRaw(private.Public())
	if err != nil {
		return Key{}, fmt.Errorf("lti: make key: %w", err)
	}
	for name, value := range map[string]any{jwk.KeyIDKey: kid, jwk.AlgorithmKey: jwa.RS256, jwk.KeyUsageKey: "sig"} {
		if err := public.Set(name, value); err != nil {
			return Key{}, fmt.Errorf("lti: make key: %w", err)
		}
	}
	published, err := json.Marshal(public)
	if err != nil {
		return Key{}, fmt.Errorf("lti: make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("lti: make key: %w", err)
	}
	return Key{
		ID: kid, Registration: reg, Public: published,
		Sealed: t.seal.seal(der, sealLabel(reg, kid)), CreatedAt: t.now(),
	}, nil
}

// sign makes a compact JWS of the claims with the registration's key that signs now.
func (t *Tool) sign(ctx context.Context, reg RegistrationID, claims map[string]any) (string, error) {
	k, err := t.signingKey(ctx, reg)
	if err != nil {
		return "", fmt.Errorf("lti: sign: %w", err)
	}
	der, err := t.seal.open(k.Sealed, sealLabel(reg, k.ID))
	if err != nil {
		return "", fmt.Errorf("lti: sign: open our key %s: %w", k.ID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return "", fmt.Errorf("lti: sign: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("lti: sign: %w", err)
	}
	head := jws.NewHeaders()
	for name, value := range map[string]any{jws.KeyIDKey: k.ID, jws.TypeKey: "JWT"} {
		if err := head.Set(name, value); err != nil {
			return "", fmt.Errorf("lti: sign: %w", err)
		}
	}
	out, err := jws.Sign(payload, jws.WithKey(jwa.RS256, private, jws.WithProtectedHeaders(head)))
	if err != nil {
		return "", fmt.Errorf("lti: sign: %w", err)
	}
	return string(out), nil
}

// serveJWKS publishes our public keys.
func (t *Tool) serveJWKS(w http.ResponseWriter, r *http.Request) {
	keys, err := t.store.Keys(r.Context())
	if err != nil {
		id := requestID(w)
		t.logRejection(r, "key set", broken("reading the keys", err), id)
		http.Error(w, "internal error "+id, http.StatusInternalServerError)
		return
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: make([]json.RawMessage, 0, len(keys))}
	of, now := map[RegistrationID][]Key{}, t.now()
	for _, k := range keys {
		of[k.Registration] = append(of[k.Registration], k)
	}
	expired := map[string]bool{}
	for _, keys := range of {
		_, states := statesOf(keys, now)
		for _, s := range states {
			expired[s.ID] = s.State == keyExpired
		}
	}
	for _, k := range keys {
		if !expired[k.ID] {
			set.Keys = append(set.Keys, k.Public)
		}
	}
	body, err := json.Marshal(set)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=60") // a new registration's key is wanted at once
	_, _ = w.Write(body)                                  // the reader went away; nothing to do
}

// derived is a text that only who knows the secret can make, for one purpose and
// value: 43 characters of base64url.
func derived(secret []byte, purpose, value string) string {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, sha256.Size)
	if err != nil {
		panic(err) // a length that no hash allows
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
