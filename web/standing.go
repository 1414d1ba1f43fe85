package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/cairn-lms/cairn/lti"
)

// admitted asks whether what a session came by still stands: its registration and
// its deployment, and for an administrator's session that administrators of that
// platform may come in. errCutOff if not. Sessions that came by a link of the
// command line rest on nothing of a platform.
func (s *Site) admitted(ctx context.Context, session *Session) error {
	if session.Registration == "" || s.tool == nil {
		return nil
	}
	reg, err := s.tool.Standing(ctx, lti.RegistrationID(session.Registration), session.Deployment, session.Tenant)
	switch {
	case errors.Is(err, lti.ErrForbidden), errors.Is(err, lti.ErrNotFound):
		return fmt.Errorf("a session of a %s: %w: %w", session.Role, errCutOff, err)
	case err != nil:
		return fmt.Errorf("web: session: %w", err)
	case session.Role.administers() && !reg.LetsAdministratorsIn():
		return fmt.Errorf("a session of an administrator of a platform whose administrators may not administer: %w", errCutOff)
	}
	return nil
}

// mayAdminister tells whether a launch may lead to the administration of its tenant.
func mayAdminister(l *lti.Launch) bool {
	return l.AdministersPlatform() && l.Registration.LetsAdministratorsIn()
}

// authority is on whose behalf an administrator's session acts.
func (s *Session) authority() lti.Authority {
	if s.operator() {
		return lti.ByOperator
	}
	return lti.ByTenant
}
