package web

import (
	"testing"
	"time"
)

// No role sees more because a tenant is missing, and none because one is there.
func TestNoRoleIsWidenedByATenantThatIsMissing(t *testing.T) {
	for _, test := range []struct {
		session                  Session
		operator, administrative bool
		main, other              bool // administers
	}{
		{session: Session{Role: RoleOperator}, operator: true, administrative: true, main: true, other: true},
		{session: Session{Role: RoleAdmin, Tenant: "main"}, administrative: true, main: true},
		{session: Session{Role: RoleAdmin}},
		{session: Session{Role: RoleOperator, Tenant: "main"}},
		{session: Session{}},
		{session: Session{Tenant: "main"}},
		{session: Session{Role: RoleStaff, Tenant: "main", Administrator: true}},
		{session: Session{Role: RoleStaff, Administrator: true}},
	} {
		s := test.session
		if s.operator() != test.operator || s.administrative() != test.administrative || s.administers("main") != test.main || s.administers("other") != test.other {
			t.Errorf("a %q of tenant %q: operator %v, administrative %v, main %v, other %v", s.Role, s.Tenant, s.operator(), s.administrative(), s.administers("main"), s.administers("other"))
		}
		if s.Role != RoleOperator && s.administers("") {
			t.Errorf("a %q of tenant %q administers what has no tenant", s.Role, s.Tenant)
		}
		site := &Site{o: Options{Now: time.Now}}
		if !s.administrative() {
			if link, err := site.adminLink(t.Context(), s); err == nil {
				t.Errorf("a %q of tenant %q got the link %s", s.Role, s.Tenant, link)
			}
		}
	}
}
