package lti

import (
	"context"
	"fmt"
)

// Authority is on whose behalf an administrator acts. It is kept with a suspension:
// what an operator has suspended only an operator lets in again.
type Authority string

// The authorities.
const (
	ByTenant   Authority = "tenant"   // administers the tenant that the registration belongs to
	ByOperator Authority = "operator" // administers the whole installation
)

// standing is a status with who set it.
type standing struct {
	status *string
	by     *Authority
}

func (r *Registration) standing() standing { return standing{&r.Status, &r.SuspendedBy} }
func (d *Deployment) standing() standing   { return standing{&d.Status, &d.SuspendedBy} }

// locked reports whether by may not end the suspension. One of which nobody knows
// who ordered it is an operator's.
func (s standing) locked(by Authority) bool {
	return *s.status == StatusSuspended && *s.by != ByTenant && by != ByOperator
}

// suspend sets the status. An operator's suspension stays one.
func (s standing) suspend(by Authority) {
	if !s.locked(by) {
		*s.status, *s.by = StatusSuspended, by
	}
}

// admit ends a suspension, or is ErrForbidden.
func (s standing) admit(by Authority) error {
	if s.locked(by) {
		return fmt.Errorf("an operator has suspended it: %w", ErrForbidden)
	}
	*s.status, *s.by = StatusActive, ""
	return nil
}

// LockedTo reports whether the registration is suspended in a way that by cannot lift.
func (r Registration) LockedTo(by Authority) bool { return r.standing().locked(by) }

// LockedTo reports whether the deployment is suspended in a way that by cannot lift.
func (d Deployment) LockedTo(by Authority) bool { return d.standing().locked(by) }

// Standing is what a launch of before rests on: the registration and, unless it is
// "", the deployment. ErrForbidden if either is suspended or the deployment is now
// another tenant's, ErrNotFound if it is gone: whoever came by that launch is to be
// turned away.
func (t *Tool) Standing(ctx context.Context, id RegistrationID, deployment, tenant string) (Registration, error) {
	const op = "lti: standing"
	reg, err := t.store.Registration(ctx, id)
	if err != nil {
		return reg, fmt.Errorf("%s: %w", op, err)
	}
	if reg.Status != StatusActive {
		return reg, fmt.Errorf("%s: the registration is %s: %w", op, reg.Status, ErrForbidden)
	}
	if deployment == "" {
		return reg, nil
	}
	d, err := t.store.Deployment(ctx, id, deployment)
	if err != nil {
		return reg, fmt.Errorf("%s: deployment: %w", op, err)
	}
	if d.Status != StatusActive || d.Tenant != tenant {
		return reg, fmt.Errorf("%s: the deployment is %s for tenant %s: %w", op, d.Status, d.Tenant, ErrForbidden)
	}
	return reg, nil
}
