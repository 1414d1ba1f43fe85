package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/lti"
)

// changePlatform does what a button on the page of a registration asks for. Only
// who administers the registration's own tenant may.
func (s *Site) changePlatform(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	row, err := s.onePlatform(r, session)
	if err != nil {
		return err
	}
	if !row.Whole {
		return fmt.Errorf("web: change platform: it belongs to tenant %s: %w", row.Tenant, errNotYours)
	}
	ctx, do, back := r.Context(), r.PostForm.Get("do"), "/admin/platforms/"+string(row.ID)
	var act func() error
	switch do {
	case "suspend":
		act = func() error { return s.tool.SuspendRegistration(ctx, row.ID, session.authority()) }
	case "resume":
		act = func() error { return s.tool.ResumeRegistration(ctx, row.ID, session.authority()) }
	case "admins-on", "admins-off":
		if !session.operator() {
			return fmt.Errorf("web: change platform: only an operator decides who may administer: %w", errNotYours)
		}
		act = func() error { return s.tool.SetAdminLaunches(ctx, row.ID, do == "admins-on") }
	case "auto", "approve":
		act = func() error { return s.tool.SetAutoDeploy(ctx, row.ID, do == "auto") }
	case "rotate":
		act = func() error { _, err := s.tool.RotateKey(ctx, row.ID, false); return err }
	case "remove":
		if r.PostForm.Get("confirm") != "yes" {
			return fmt.Errorf("web: remove platform: not confirmed: %w", ErrUpload)
		}
		act, back = func() error { return s.tool.RemoveRegistration(ctx, row.ID, session.authority()) }, "/admin/platforms"
	case "frames", "live_events", "legacy_key.add", "legacy_key.remove":
		return s.setPlatform(w, r, session, row, do)
	default:
		return fmt.Errorf("web: change platform: %.20q is no act: %w", do, ErrUpload)
	}
	entry := AuditEntry{Act: "registration." + do, Tenant: row.Tenant, Object: string(row.ID), Detail: row.Issuer + " " + row.ClientID}
	if err := s.note(r, session, entry); err != nil {
		return err
	}
	if err := act(); err != nil && !(do == "remove" && errors.Is(err, lti.ErrNotFound)) {
		return fmt.Errorf("web: change platform: %w", err)
	}
	seeOther(w, r, back)
	return nil
}

// changeDeployment approves, suspends or moves one deployment. Who administers its
// tenant may suspend it, who administers the tenant of the registration may approve
// it too; only an operator moves it to another.
func (s *Site) changeDeployment(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	row, err := s.onePlatform(r, session)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(row.Deployments, func(d lti.Deployment) bool { return d.ID == r.PostForm.Get("deployment") })
	if i < 0 {
		return fmt.Errorf("web: change deployment: %w", errNoPage)
	}
	ctx, d, do := r.Context(), row.Deployments[i], r.PostForm.Get("do")
	entry := AuditEntry{Act: "deployment." + do, Tenant: d.Tenant, Object: string(row.ID), Detail: d.ID}
	var act func() error
	switch do {
	case "approve":
		if !row.Whole {
			return fmt.Errorf("web: approve deployment: the registration belongs to tenant %s: %w", row.Tenant, errNotYours)
		}
		act = func() error { return s.tool.ApproveDeployment(ctx, row.ID, d.ID, "", session.authority()) }
	case "suspend":
		act = func() error { return s.tool.SuspendDeployment(ctx, row.ID, d.ID, session.authority()) }
	case "move":
		if !session.operator() {
			return fmt.Errorf("web: move deployment: only an operator may: %w", errNotYours)
		}
		tenant, err := s.tenantAsked(r, session)
		if err != nil {
			return err
		}
		entry.Detail += " → " + tenant
		act = func() error { return s.tool.MoveDeployment(ctx, row.ID, d.ID, tenant) }
	default:
		return fmt.Errorf("web: change deployment: %.20q is no act: %w", do, ErrUpload)
	}
	if err := s.note(r, session, entry); err != nil {
		return err
	}
	if err := act(); err != nil {
		return fmt.Errorf("web: change deployment: %w", err)
	}
	seeOther(w, r, "/admin/platforms/"+string(row.ID)+"#deployments")
	return nil
}
