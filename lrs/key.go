package lrs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a key may do.
const (
	ScopeAll      = "all"
	ScopeAllRead  = "all/read"
	ScopeWrite    = "statements/write"
	ScopeRead     = "statements/read"
	ScopeReadMine = "statements/read/mine" // statements this key wrote
	ScopeState    = "state"
	ScopeDefine   = "define"
	ScopeProfile  = "profile"
)

// ErrKey says that a key cannot be made as asked.
var ErrKey = errors.New("lrs: key")

// Key lets a client in. Its secret is known to the client only.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	SecretHash string     `json:"secret_hash"` // hex SHA-256 of the secret, which has 256 random bits
	Scopes     []string   `json:"scopes"`
	Tenant     string     `json:"tenant"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
}

// Credential is what the holder of a new key is told, once.
type Credential struct {
	ID     string `json:"key"`
	Secret string `json:"secret"`
}

// KeyStore keeps keys, in the control database. Key of an unknown id is
// ErrNotFound; deleting one is no error. Keys come in order of CreatedAt.
type KeyStore interface {
	PutKey(ctx context.Context, k Key) error
	Key(ctx context.Context, id string) (Key, error)
	Keys(ctx context.Context, tenant string) ([]Key, error)
	DeleteKey(ctx context.Context, id string) error
}

// CreateKey makes a key with a secret of 256 random bits. No scopes means all.
func CreateKey(ctx context.Context, keys KeyStore, tenant, name string, scopes []string, now time.Time) (Credential, error) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		return Credential{}, fmt.Errorf("%w: a name of up to 200 bytes is needed", ErrKey)
	}
	if tenant == "" {
		return Credential{}, fmt.Errorf("%w: a tenant is needed", ErrKey)
	}
	if len(scopes) == 0 {
		scopes = []string{ScopeAll}
	}
	known := []string{ScopeAll, ScopeAllRead, ScopeWrite, ScopeRead, ScopeReadMine, ScopeState, ScopeDefine, ScopeProfile}
	for _, s := range scopes {
		if !slices.Contains(known, s) {
			return Credential{}, fmt.Errorf("%w: no scope %q; there are %s", ErrKey, s, strings.Join(known, ", "))
		}
	}
	id, secret := make([]byte, 15), make([]byte, 32)
	rand.Read(id)
	rand.Read(secret)
	c := Credential{ID: base64.RawURLEncoding.EncodeToString(id), Secret: base64.RawURLEncoding.EncodeToString(secret)}
	err := keys.PutKey(ctx, Key{
		ID: c.ID, Name: name, SecretHash: hashSecret(c.Secret), Scopes: slices.Clone(scopes), Tenant: tenant, CreatedAt: now.UTC(),
	})
	if err != nil {
		return Credential{}, fmt.Errorf("lrs: create key: %w", err)
	}
	return c, nil
}

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// opens tells whether the secret is the key's and the key is still good at now.
// The comparison takes the same time whatever the secret is.
func (k Key) opens(secret string, now time.Time) bool {
	same := subtle.ConstantTimeCompare([]byte(hashSecret(secret)), []byte(k.SecretHash)) == 1
	return same && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt))
}

// may tells whether the key has one of the scopes.
func (k Key) may(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(k.Scopes, s) })
}
