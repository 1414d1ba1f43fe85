package lti

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RegistrationID is our own random name of a registration; it says nothing about the platform.
type RegistrationID string

// Status of a registration or a deployment.
const (
	StatusActive    = "active"
	StatusSuspended = "suspended"
	StatusPending   = "pending" // a deployment that waits for approval
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
	EventKeysURL  string         `json:"event_keys_url,omitempty"` // of Canvas Live Events; empty: LiveEventKeys
	Algorithms    []string       `json:"algorithms,omitempty"`     // allowed for id_tokens; empty: RS256
	ProductFamily string         `json:"product_family,omitempty"` // as the platform names it; see Family
	Frames        []string       `json:"frames,omitempty"`         // further origins that may frame our pages, named by an administrator
	Tenant        string         `json:"tenant"`
	Status        string         `json:"status"`
	SuspendedBy   Authority      `json:"suspended_by,omitempty"`
	AutoDeploy    bool           `json:"auto_deploy,omitempty"`    // an unknown deployment is taken on for Tenant; else it waits for approval
	AdminLaunches string         `json:"admin_launches,omitempty"` // AdminLaunchesOn, AdminLaunchesOff; empty: see LetsAdministratorsIn
	Rev           int64          `json:"-"`                        // compare-and-swap counter, kept by the store
	CreatedAt     time.Time      `json:"created_at"`
}

// Registration finds a registration by its id.
func (t *Tool) Registration(ctx context.Context, id RegistrationID) (Registration, error) {
	reg, err := t.store.Registration(ctx, id)
	if err != nil {
		return Registration{}, fmt.Errorf("lti: registration: %w", err)
	}
	return reg, nil
}

// SuspendRegistration refuses the platform's logins and launches, and stops our
// calls of its services. Whoever came by a launch of it is turned away too, where
// the caller asks for Standing.
func (t *Tool) SuspendRegistration(ctx context.Context, id RegistrationID, by Authority) error {
	return t.changeRegistration(ctx, "suspend registration", id, func(r *Registration) error {
		r.standing().suspend(by)
		return nil
	})
}

// ResumeRegistration ends a suspension; ErrForbidden if an operator ordered it and
// by is none.
func (t *Tool) ResumeRegistration(ctx context.Context, id RegistrationID, by Authority) error {
	return t.changeRegistration(ctx, "resume registration", id, func(r *Registration) error { return r.standing().admit(by) })
}

// SetAutoDeploy says whether deployments not seen before are taken on for the
// registration's tenant, or wait for approval.
func (t *Tool) SetAutoDeploy(ctx context.Context, id RegistrationID, auto bool) error {
	return t.changeRegistration(ctx, "set auto deploy", id, func(r *Registration) error { r.AutoDeploy = auto; return nil })
}

// RemoveRegistration forgets a registration with its keys, deployments, logins and
// known courses. What people did stays with their tenants. Removing what is not
// there does nothing; what an operator has suspended is removed by operators only
// (ErrForbidden): it could be registered anew.
func (t *Tool) RemoveRegistration(ctx context.Context, id RegistrationID, by Authority) error {
	switch reg, err := t.store.Registration(ctx, id); {
	case err == nil && reg.LockedTo(by):
		return fmt.Errorf("lti: remove registration: an operator has suspended it: %w", ErrForbidden)
	case err != nil && !errors.Is(err, ErrNotFound):
		return fmt.Errorf("lti: remove registration: %w", err)
	}
	if err := t.store.RemoveRegistration(ctx, id); err != nil {
		return fmt.Errorf("lti: remove registration: %w", err)
	}
	t.log.InfoContext(ctx, "audit", "act", "remove registration", "registration", id)
	return nil
}

// changeRegistration changes the newest state; change may run more than once.
func (t *Tool) changeRegistration(ctx context.Context, op string, id RegistrationID, change func(*Registration) error) error {
	for ctx.Err() == nil {
		r, err := t.store.Registration(ctx, id)
		if err != nil {
			return fmt.Errorf("lti: %s: %w", op, err)
		}
		if err := change(&r); err != nil {
			return fmt.Errorf("lti: %s: %w", op, err)
		}
		err = t.store.SaveRegistration(ctx, r)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("lti: %s: %w", op, err)
		}
		t.log.InfoContext(ctx, "audit", "act", op, "registration", id, "tenant", r.Tenant, "status", r.Status, "auto_deploy", r.AutoDeploy)
		return nil
	}
	return fmt.Errorf("lti: %s: %w", op, ctx.Err())
}
