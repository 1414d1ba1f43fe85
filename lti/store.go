package lti

import (
	"context"
	"time"
)

// Store is the memory of the tool; it sits in the control database. Every
// method is one atomic act, safe from any number of processes. Not found is
// ErrNotFound, a lost race or a broken uniqueness ErrConflict, both wrapped.
// ltitest.Run is the contract every implementation passes.
type Store interface {
	Courses
	Leases
	Failures
	SigningKeys
	LegacyKeys
	Tickets

	// CreateRegistration adds r with its key; ErrConflict if the id or the
	// (issuer, client id) pair exists. A registration without its key is never seen.
	CreateRegistration(ctx context.Context, r Registration, k Key) error
	// SaveRegistration replaces the registration whose Rev is still r.Rev and
	// stores Rev+1; ErrConflict if someone else was faster. Issuer and client id stay.
	SaveRegistration(ctx context.Context, r Registration) error
	Registration(ctx context.Context, id RegistrationID) (Registration, error)
	// RegistrationFor finds the one registration of the pair.
	RegistrationFor(ctx context.Context, issuer, clientID string) (Registration, error)
	// RegistrationsOf lists the registrations of an issuer, oldest first.
	RegistrationsOf(ctx context.Context, issuer string) ([]Registration, error)
	// Registrations lists all, oldest first.
	Registrations(ctx context.Context) ([]Registration, error)

	// RemoveRegistration removes it with its keys, deployments, logins, score times
	// and known courses, the registration itself first; ids unknown or removed in
	// part are no error.
	RemoveRegistration(ctx context.Context, id RegistrationID) error

	// SaveDeployment replaces the deployment whose Rev is still d.Rev and stores
	// Rev+1; ErrConflict if someone else was faster or took it away.
	SaveDeployment(ctx context.Context, d Deployment) error
	// AddDeployment adds d unless it exists, and answers the one that stands.
	AddDeployment(ctx context.Context, d Deployment) (Deployment, error)
	Deployment(ctx context.Context, r RegistrationID, id string) (Deployment, error)
	Deployments(ctx context.Context, r RegistrationID) ([]Deployment, error)

	PutLogin(ctx context.Context, l Login) error
	Login(ctx context.Context, state string) (Login, error)
	LoginByNonce(ctx context.Context, nonce string) (Login, error)
	// UseLogin marks the login used, and so its state and its nonce in one act.
	// Of any number of callers exactly one gets nil, the others ErrConflict.
	UseLogin(ctx context.Context, state string, at time.Time) error

	PutTicket(ctx context.Context, t Ticket) error
	// TakeTicket removes and answers a ticket; exactly one caller gets it.
	// ErrNotFound for an unknown, taken or expired one, or another purpose.
	TakeTicket(ctx context.Context, purpose, hash string, now time.Time) (Ticket, error)

	// NextScoreTime answers the timestamp to send for (line item, user): at, or
	// step after the last one answered, whichever is later. Strictly increasing.
	NextScoreTime(ctx context.Context, r RegistrationID, lineItem, user string, at time.Time, step time.Duration) (time.Time, error)

	// Purge forgets tickets and unused logins that expired before unused, and used
	// logins, failures and leases that expired before used.
	Purge(ctx context.Context, unused, used time.Time) error
}

// Login is one login initiation on its way to a launch. State, Nonce and Browser
// are SHA-256 hashes in hex: reading the database lets nobody finish a login.
type Login struct {
	State         string         `json:"state"`
	Nonce         string         `json:"nonce"`
	Browser       string         `json:"browser"` // of the secret that the browser (cookie) or the platform's page (storage) keeps
	Registration  RegistrationID `json:"registration"`
	DeploymentID  string         `json:"deployment_id,omitempty"` // as named at login, often empty
	TargetLinkURI string         `json:"target_link_uri"`
	LoginHint     string         `json:"login_hint"`
	MessageHint   string         `json:"message_hint,omitempty"`
	StorageTarget string         `json:"storage_target,omitempty"` // frame that keeps values for us; empty: none was offered or needed
	StorageOrigin string         `json:"storage_origin,omitempty"` // the only one to send messages to and take them from
	CreatedAt     time.Time      `json:"created_at"`
	ExpiresAt     time.Time      `json:"expires_at"`
	UsedAt        time.Time      `json:"-"` // zero: not yet; kept by the store
}

// Ticket is anything that works once: an invitation to register, a restart of a
// login in a new window, the way back of a deep link.
type Ticket struct {
	Hash      string    `json:"hash"`    // SHA-256 in hex of what the bearer holds
	Purpose   string    `json:"purpose"` // "invite", "restart", "deeplink", "canvas"
	Tenant    string    `json:"tenant,omitempty"`
	Data      string    `json:"data,omitempty"` // JSON, at most 64 KiB
	ExpiresAt time.Time `json:"expires_at"`
}
