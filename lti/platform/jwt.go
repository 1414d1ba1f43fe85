package platform

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// maxToken bounds a JWT we are handed.
const maxToken = 128 << 10

var b64 = base64.RawURLEncoding

// jwk is the only kind of key we publish and accept: an RSA public key.
type jwk struct {
	Kty    string   `json:"kty"`
	Alg    string   `json:"alg,omitempty"`
	Kid    string   `json:"kid"`
	E      string   `json:"e"`
	N      string   `json:"n"`
	Use    string   `json:"use,omitempty"`
	KeyOps []string `json:"key_ops,omitempty"`
}

type jwkSet struct {
	Keys []jwk `json:"keys"`
}

// publicJWK writes a public key; the kid is made of the key, so it survives a
// restart and changes with the key.
func publicJWK(key *rsa.PublicKey) jwk {
	n := key.N.Bytes()
	sum := sha256.Sum256(n)
	return jwk{
		Kty: "RSA", Alg: "RS256", Use: "sig",
		Kid: hex.EncodeToString(sum[:10]),
		N:   b64.EncodeToString(n),
		E:   b64.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

func (k jwk) publicKey() (*rsa.PublicKey, error) {
	n, err := b64.DecodeString(strings.TrimRight(k.N, "="))
	if err != nil {
		return nil, err
	}
	e, err := b64.DecodeString(strings.TrimRight(k.E, "="))
	if err != nil {
		return nil, err
	}
	if len(n) < 128 || len(n) > 1024 || len(e) == 0 || len(e) > 4 {
		return nil, errors.New("unusable RSA key")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
}

// parseKeySet reads a JWKS and keeps what can verify RS256, by kid.
func parseKeySet(data []byte) (map[string]*rsa.PublicKey, error) {
	var set jwkSet
	if err := json.Unmarshal(data, &set); err != nil || len(set.Keys) == 0 {
		return nil, errors.New("JWK Set did not contain any keys")
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if k.Kty != "RSA" || (k.Alg != "" && k.Alg != "RS256") || (k.Use != "" && k.Use != "sig") {
			continue
		}
		if key, err := k.publicKey(); err == nil {
			keys[k.Kid] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("No supported algorithms found in JWK Set") //nolint:staticcheck // Moodle's words
	}
	return keys, nil
}

// signJWT makes a compact token. How it is signed follows key, not the header,
// so that a forgery can contradict itself.
func signJWT(header, claims map[string]any, key ForgeryKey, with *rsa.PrivateKey) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("platform: sign: %w", err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("platform: sign: %w", err)
	}
	signing := b64.EncodeToString(h) + "." + b64.EncodeToString(c)
	var sig []byte
	switch key {
	case KeyNone:
	case KeyPublicAsSecret:
		der, err := x509.MarshalPKIXPublicKey(&with.PublicKey)
		if err != nil {
			return "", fmt.Errorf("platform: sign: %w", err)
		}
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		mac.Write([]byte(signing))
		sig = mac.Sum(nil)
	default:
		sum := sha256.Sum256([]byte(signing))
		sig, err = rsa.SignPKCS1v15(rand.Reader, with, crypto.SHA256, sum[:])
		if err != nil {
			return "", fmt.Errorf("platform: sign: %w", err)
		}
	}
	return signing + "." + b64.EncodeToString(sig), nil
}

// errKid is the one verification error whose words break Moodle's JSON.
var errKid = errors.New(`"kid" invalid, unable to lookup correct key`)

// peekClaims reads the claims of a token without believing them.
func peekClaims(token string) (map[string]any, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken {
		return nil, false
	}
	data, err := b64.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, false
	}
	var claims map[string]any
	if json.Unmarshal(data, &claims) != nil || claims == nil {
		return nil, false
	}
	return claims, true
}

// verifyJWT checks an RS256 token as Moodle's JWT library does, in its order
// and words: exp and iat count only if present, without any leeway.
func verifyJWT(token string, keys map[string]*rsa.PublicKey, now time.Time) (map[string]any, error) {
	claims, ok := peekClaims(token)
	if !ok {
		return nil, errors.New("Wrong number of segments") //nolint:staticcheck // Moodle's words
	}
	parts := strings.Split(token, ".")
	head, err := b64.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil {
		return nil, errors.New("Invalid header encoding") //nolint:staticcheck // Moodle's words
	}
	var header struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
	}
	if json.Unmarshal(head, &header) != nil {
		return nil, errors.New("Invalid header encoding") //nolint:staticcheck // Moodle's words
	}
	if header.Alg != "RS256" {
		return nil, errors.New("Algorithm not supported") //nolint:staticcheck // Moodle's words
	}
	if header.Kid == "" {
		return nil, errors.New(`"kid" empty, unable to lookup correct key`)
	}
	key, ok := keys[header.Kid]
	if !ok {
		return nil, errKid
	}
	sig, err := b64.DecodeString(strings.TrimRight(parts[2], "="))
	if err != nil {
		return nil, errors.New("Invalid signature encoding") //nolint:staticcheck // Moodle's words
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) != nil {
		return nil, errors.New("Signature verification failed") //nolint:staticcheck // Moodle's words
	}
	if iat, ok := claims["iat"].(float64); ok && iat > float64(now.Unix()) {
		return nil, fmt.Errorf("Cannot handle token with iat prior to %s", //nolint:staticcheck // Moodle's words
			time.Unix(int64(iat), 0).UTC().Format("2006-01-02T15:04:05-0700"))
	}
	if exp, ok := claims["exp"].(float64); ok && float64(now.Unix()) >= exp {
		return nil, errors.New("Expired token") //nolint:staticcheck // Moodle's words
	}
	return claims, nil
}

// randomHex is n random bytes in hex.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand.Read never fails
	return hex.EncodeToString(b)
}

// hashOf is how secrets (session cookies, access tokens) are kept.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
