package lti

import (
	"context"
	"errors"
	"fmt"
)

// ErrIssuer says that an issuer is registered already, with another key set. Whoever holds an
// issuer's keys can sign for each of its people, and people are known by issuer and
// subject: within a tenant an issuer has one key set. Another tenant may use another
// one if an operator says so, as with platforms whose keys are per client.
var ErrIssuer = errors.New("lti: the issuer is registered with another key set")

// admitIssuer checks a registration that by is about to enter or to change against
// the others of its issuer, suspended or not.
func (t *Tool) admitIssuer(ctx context.Context, reg Registration, by Authority) error {
	others, err := t.store.RegistrationsOf(ctx, reg.Issuer)
	if err != nil {
		return fmt.Errorf("lti: registrations of the issuer: %w", err)
	}
	for _, other := range others {
		if other.ClientID != reg.ClientID && other.JWKSURL != reg.JWKSURL && (other.Tenant == reg.Tenant || by != ByOperator) {
			return ErrIssuer
		}
	}
	return nil
}

// active are those that a login can mean; all of them if none is active, so that it
// is told that they are suspended.
func active(regs []Registration) []Registration {
	var all []Registration
	for _, reg := range regs {
		if reg.Status == StatusActive {
			all = append(all, reg)
		}
	}
	if len(all) == 0 {
		return regs
	}
	return all
}

func issuerTaken() *Rejection {
	return reject("issuer_taken", "the platform's issuer is registered already, with another key set URL than the platform announces now; an operator has to look")
}
