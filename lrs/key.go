package lrs

import (
	"context"
	"time"
)

// Key lets a client in. Its secret is known to the client only.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	SecretHash string     `json:"secret_hash"` // hex SHA-256 of the secret
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
// ErrNotFound; deleting one is no error.
type KeyStore interface {
	PutKey(ctx context.Context, k Key) error
	Key(ctx context.Context, id string) (Key, error)
	Keys(ctx context.Context, tenant string) ([]Key, error)
	DeleteKey(ctx context.Context, id string) error
}

// CreateKey makes a key with a secret of 256 random bits.
func CreateKey(ctx context.Context, keys KeyStore, tenant, name string, scopes []string, now time.Time) (Credential, error) {
	return Credential{}, nil
}
