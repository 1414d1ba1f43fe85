package lti

import "context"

// Whether an administrator of the platform, coming by a launch, may administer the
// registration's tenant here (Registration.AdminLaunches).
const (
	AdminLaunchesOn  = "on"
	AdminLaunchesOff = "off"
)

// LetsAdministratorsIn reports whether those who administer the platform may
// administer the tenant. Unless somebody decided, only Moodle's may: it gives the
// role of institution or system to site administrators, but Canvas gives
// institution#Administrator to everybody with any role in an account, be it a
// sub-account's help desk (LTI Core 1.3 §A.2 leaves the meaning to the platform).
func (r Registration) LetsAdministratorsIn() bool {
	switch r.AdminLaunches {
	case AdminLaunchesOn:
		return true
	case AdminLaunchesOff:
		return false
	}
	return r.Family() == FamilyMoodle
}

// SetAdminLaunches decides whether administrators of the platform may administer
// the tenant.
func (t *Tool) SetAdminLaunches(ctx context.Context, id RegistrationID, let bool) error {
	return t.changeRegistration(ctx, "set admin launches", id, func(r *Registration) error {
		r.AdminLaunches = AdminLaunchesOff
		if let {
			r.AdminLaunches = AdminLaunchesOn
		}
		return nil
	})
}
