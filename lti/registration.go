package lti

import "time"

// RegistrationID is our own random name of a registration; it says nothing about the platform.
type RegistrationID string

// Status of a registration or a deployment.
const (
	StatusActive    = "active"
	StatusSuspended = "suspended"
)

// Registration is what a platform and this tool know of each other: one
// (issuer, client id) pair with the platform's endpoints. Canvas shares one
// issuer among all its cloud accounts, so the pair is the key and the endpoints
// are stored, never derived.
type Registration struct {
	ID            RegistrationID `json:"id"`
	Issuer        string         `json:"issuer"`
	ClientID      string         `json:"client_id"`
	AuthURL       string         `json:"auth_url"`
	TokenURL      string         `json:"token_url"`
	JWKSURL       string         `json:"jwks_url"`
	TokenAudience string         `json:"token_audience,omitempty"` // empty: the token URL
	Scopes        []string       `json:"scopes,omitempty"`         // what the platform granted
	Algorithms    []string       `json:"algorithms,omitempty"`     // allowed for id_tokens; empty: RS256
	ProductFamily string         `json:"product_family,omitempty"` // "moodle", "canvas" …
	Tenant        string         `json:"tenant"`
	Status        string         `json:"status"`
	AutoDeploy    bool           `json:"auto_deploy,omitempty"` // an unknown deployment is taken on for Tenant
	Rev           int64          `json:"-"`                     // compare-and-swap counter, kept by the store
	CreatedAt     time.Time      `json:"created_at"`
}

// Deployment is one placing of the tool under a registration. Its tenant may
// differ from the registration's: one Canvas client id serves many customers.
type Deployment struct {
	Registration RegistrationID `json:"registration"`
	ID           string         `json:"id"`
	Tenant       string         `json:"tenant"`
	Status       string         `json:"status"`
	CreatedAt    time.Time      `json:"created_at"`
}

// Key is a signing key of ours, one per registration. The private half is sealed
// with Options.Secret before it reaches a store.
type Key struct {
	ID           string         `json:"id"` // the kid
	Registration RegistrationID `json:"registration"`
	Public       []byte         `json:"public"` // JWK, JSON
	Sealed       []byte         `json:"sealed"` // PKCS #8, AES-256-GCM: nonce ‖ ciphertext
	CreatedAt    time.Time      `json:"created_at"`
}
