package lti

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Deployment is one placing of the tool under a registration. Its tenant may
// differ from the registration's: one Canvas client id serves many customers.
//
//	(unknown) ──launch, Registration.AutoDeploy──▶ active   (tenant of the registration)
//	(unknown) ──launch, without──────────────────▶ pending  (refused until approved)
//	pending, suspended ──ApproveDeployment───────▶ active   (tenant as approved)
//	pending, active ──SuspendDeployment──────────▶ suspended
//
// What an operator has suspended only an operator approves.
type Deployment struct {
	Registration RegistrationID `json:"registration"`
	ID           string         `json:"id"`
	Tenant       string         `json:"tenant"`
	Status       string         `json:"status"`
	SuspendedBy  Authority      `json:"suspended_by,omitempty"`
	CreatedAt    time.Time      `json:"created_at"`
	Rev          int64          `json:"-"` // compare-and-swap counter, kept by the store
}

// maxPending bounds the deployments of a registration that wait for approval. Only
// a token that the platform signed adds one.
const maxPending = 100

// Deployments lists the deployments of a registration, oldest first; those that
// wait for approval too.
func (t *Tool) Deployments(ctx context.Context, r RegistrationID) ([]Deployment, error) {
	all, err := t.store.Deployments(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("lti: deployments: %w", err)
	}
	return all, nil
}

// ApproveDeployment lets a pending or suspended deployment launch, into tenant;
// "" leaves the tenant as it is. ErrForbidden if an operator suspended it and by is none.
func (t *Tool) ApproveDeployment(ctx context.Context, r RegistrationID, id, tenant string, by Authority) error {
	return t.changeDeployment(ctx, "approve deployment", r, id, func(d *Deployment) error {
		d.Tenant = cmp.Or(tenant, d.Tenant)
		return d.standing().admit(by)
	})
}

// SuspendDeployment refuses the launches of a deployment from now on, and whoever
// came by one before, where the caller asks for Standing.
func (t *Tool) SuspendDeployment(ctx context.Context, r RegistrationID, id string, by Authority) error {
	return t.changeDeployment(ctx, "suspend deployment", r, id, func(d *Deployment) error {
		d.standing().suspend(by)
		return nil
	})
}

// MoveDeployment makes another tenant the one that a deployment's launches go to.
func (t *Tool) MoveDeployment(ctx context.Context, r RegistrationID, id, tenant string) error {
	return t.changeDeployment(ctx, "move deployment", r, id, func(d *Deployment) error {
		if tenant == "" {
			return errors.New("a tenant is required")
		}
		d.Tenant = tenant
		return nil
	})
}

// changeDeployment changes the newest state; change may run more than once.
func (t *Tool) changeDeployment(ctx context.Context, op string, r RegistrationID, id string, change func(*Deployment) error) error {
	for ctx.Err() == nil {
		d, err := t.store.Deployment(ctx, r, id)
		if err != nil {
			return fmt.Errorf("lti: %s: %w", op, err)
		}
		if err := change(&d); err != nil {
			return fmt.Errorf("lti: %s: %w", op, err)
		}
		err = t.store.SaveDeployment(ctx, d)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("lti: %s: %w", op, err)
		}
		t.log.InfoContext(ctx, "audit", "act", op, "registration", r, "deployment", id, "tenant", d.Tenant, "status", d.Status)
		return nil
	}
	return fmt.Errorf("lti: %s: %w", op, ctx.Err())
}

// deploymentFor is the deployment of a launch that the platform signed; one not
// seen before is taken on, or listed for approval.
func (t *Tool) deploymentFor(ctx context.Context, reg Registration, id string) (Deployment, *Rejection) {
	d, err := t.store.Deployment(ctx, reg.ID, id)
	if errors.Is(err, ErrNotFound) {
		return t.newDeployment(ctx, reg, id)
	}
	if err != nil {
		return d, broken("reading the deployment", err)
	}
	return d, d.refusal()
}

// refusal is why a deployment may not launch; nil if it may.
func (d Deployment) refusal() *Rejection {
	switch d.Status {
	case StatusActive:
		return nil
	case StatusPending:
		return reject("deployment_pending", "the deployment %q waits for an administrator's approval", d.ID)
	}
	return reject("deployment_suspended", "the deployment %q is %s", d.ID, d.Status)
}

func (t *Tool) newDeployment(ctx context.Context, reg Registration, id string) (Deployment, *Rejection) {
	d := Deployment{Registration: reg.ID, ID: id, Tenant: reg.Tenant, Status: StatusActive, CreatedAt: t.now()}
	if !reg.AutoDeploy {
		d.Status = StatusPending
		all, err := t.store.Deployments(ctx, reg.ID)
		if err != nil {
			return d, broken("reading the deployments", err)
		}
		pending := 0
		for _, other := range all {
			if other.Status == StatusPending {
				pending++
			}
		}
		if pending >= maxPending {
			return d, reject("unknown_deployment", "the deployment %q is not known under this registration, and %d wait for approval already", id, pending)
		}
	}
	stands, err := t.store.AddDeployment(ctx, d)
	if err != nil {
		return d, broken("keeping the deployment", err)
	}
	t.log.InfoContext(ctx, "new deployment", "registration", reg.ID, "deployment", id, "tenant", stands.Tenant, "status", stands.Status)
	if stands.Status == StatusPending {
		return stands, reject("unknown_deployment", "the deployment %q was not known under this registration; an administrator can approve it now", id)
	}
	return stands, stands.refusal()
}
