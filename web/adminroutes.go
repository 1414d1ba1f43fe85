package web

import (
	"net/http"
	"slices"
)

// adminRoutes are the administration area; see the package comment.
func (s *Site) adminRoutes(get getter, post poster) {
	get("/admin", s.asAdmin(s.adminStart))
	get("/admin/", s.asAdmin(s.adminStart))
	get("/admin/signin", s.showAdminSignIn)
	post("/admin/signin", maxForm, s.adminSignIn)
	post("/admin/signout", maxForm, s.asAdmin(s.adminSignOut))
	get("/admin/install", s.asAdmin(s.showInstall))
	post("/admin/install/invitation", maxForm, s.asAdmin(s.makeInvitation))
	post("/admin/install/canvas", maxForm, s.asAdmin(s.makeCanvasAddress))
	post("/admin/install/registration", maxForm, s.asAdmin(s.enterRegistration))
	get("/admin/platforms", s.asAdmin(s.listPlatforms))
	get("/admin/platforms/{id}", s.asAdmin(s.showPlatform))
	post("/admin/platforms/{id}/tests", maxForm, s.asAdmin(s.testPlatform))
	post("/admin/platforms/{id}/change", maxForm, s.asAdmin(s.changePlatform))
	post("/admin/platforms/{id}/deployments", maxForm, s.asAdmin(s.changeDeployment))
	get("/admin/failures", s.asAdmin(s.listFailures))
	get("/admin/audit", s.asAdmin(s.listAudit))
	post("/s/{handle}/admin", maxForm, s.asStaff(s.toAdmin))
}

// adminNav is what the head of every administration page shows.
type adminNav struct {
	Here     string // "install", "platforms", "failures", "audit"
	Tenant   string
	Operator bool
}

func (s *Site) adminStart(w http.ResponseWriter, r *http.Request, _ *Session) error {
	seeOther(w, r, "/admin/platforms")
	return nil
}

// drawAdmin draws a page of the administration.
func (s *Site) drawAdmin(w http.ResponseWriter, r *http.Request, session *Session, status int, page string, body any) error {
	v := s.view(r).titled("admin." + page + ".title")
	v.Admin = &adminNav{Here: page, Tenant: session.Tenant, Operator: session.operator()}
	return s.draw(w, status, "admin_"+page, v, body)
}

// auditPage is the Body of the log of acts.
type auditPage struct{ Entries []AuditEntry }

const auditShown = 200

func (s *Site) listAudit(w http.ResponseWriter, r *http.Request, session *Session) error {
	entries, err := s.o.Store.Audit(r.Context(), session.Tenant, session.operator(), auditShown)
	if err != nil {
		return err
	}
	return s.drawAdmin(w, r, session, http.StatusOK, "audit", auditPage{Entries: entries})
}

// tenantsOf are the tenants an administrator may act for, by name.
func (s *Site) tenantsOf(r *http.Request, session *Session) ([]string, error) {
	if !session.operator() {
		return []string{session.Tenant}, nil
	}
	all, err := s.o.Store.Tenants(r.Context())
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(all))
	for _, tenant := range all {
		names = append(names, tenant.Name)
	}
	slices.Sort(names)
	return names, nil
}

// tenantAsked is the tenant a form names; who administers one only need not say.
func (s *Site) tenantAsked(r *http.Request, session *Session) (string, error) {
	names, err := s.tenantsOf(r, session)
	if err != nil {
		return "", err
	}
	asked := r.PostForm.Get("tenant")
	if asked == "" && len(names) == 1 {
		asked = names[0]
	}
	if !slices.Contains(names, asked) {
		return "", errNotYours
	}
	return asked, nil
}
