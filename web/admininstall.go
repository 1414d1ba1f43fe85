package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// installPage is the Body of the page that tells how to connect an LMS.
type installPage struct {
	Tenants    []string
	Invitation string // made just now, shown this once
	Canvas     string // likewise
	Setup      lti.Setup
	Custom     []string // name=value, sorted
	Presets    []lti.Preset
	Entered    registrationForm
	Form       *formView
}

// registrationForm is a registration as typed.
type registrationForm struct {
	Tenant, Preset, Host                        string
	Issuer, ClientID, AuthURL, TokenURL, KeyURL string
	Audience, Deployments                       string
}

func (s *Site) showInstall(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawInstall(w, r, session, http.StatusOK, installPage{}, nil)
}

func (s *Site) drawInstall(w http.ResponseWriter, r *http.Request, session *Session, status int, body installPage, problems engine.FieldErrors) error {
	var err error
	if body.Tenants, err = s.tenantsOf(r, session); err != nil {
		return err
	}
	body.Setup, body.Presets = s.tool.Setup(), lti.CanvasPresets("")
	for name, value := range body.Setup.Custom {
		body.Custom = append(body.Custom, name+"="+value)
	}
	slices.Sort(body.Custom)
	body.Form = newFormView(nil, nil, nil, problems)
	for i, p := range body.Form.Problems {
		body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = p.Field, "admin.install.field."+p.Field
	}
	return s.drawAdmin(w, r, session, status, "install", body)
}

// makeInvitation shows a new registration URL, once: the store keeps its hash alone.
func (s *Site) makeInvitation(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.makeAddress(w, r, session, "invitation.make", func(ctx context.Context, tenant string) (string, error) {
		return s.tool.InviteFor(ctx, tenant, lti.RegistrationID(session.Registration), session.Deployment)
	}, func(body *installPage, address string) { body.Invitation = address })
}

// makeCanvasAddress shows a new address of the configuration for Canvas.
func (s *Site) makeCanvasAddress(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.makeAddress(w, r, session, "canvas.make", s.tool.CanvasConfiguration, func(body *installPage, address string) { body.Canvas = address })
}

func (s *Site) makeAddress(w http.ResponseWriter, r *http.Request, session *Session, act string,
	make addressMaker, put func(*installPage, string)) error {
	if err := parseForm(r); err != nil {
		return err
	}
	tenant, err := s.tenantAsked(r, session)
	if err != nil {
		return err
	}
	if err := s.note(r, session, AuditEntry{Act: act, Tenant: tenant}); err != nil {
		return err
	}
	address, err := make(r.Context(), tenant)
	if err != nil {
		return fmt.Errorf("web: %s: %w", act, err)
	}
	body := installPage{Entered: registrationForm{Tenant: tenant}}
	put(&body, address)
	return s.drawInstall(w, r, session, http.StatusOK, body, nil)
}

// enterRegistration keeps a registration that was typed in, as Canvas by JSON
// needs it: there the client id comes last.
func (s *Site) enterRegistration(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	tenant, err := s.tenantAsked(r, session)
	if err != nil {
		return err
	}
	value := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	typed := registrationForm{
		Tenant: tenant, Preset: value("preset"), Host: strings.ToLower(value("host")), Issuer: value("issuer"), ClientID: value("client_id"),
		AuthURL: value("auth_url"), TokenURL: value("token_url"), KeyURL: value("jwks_url"), Audience: value("audience"), Deployments: value("deployments"),
	}
	reg, problems := s.registrationTyped(typed)
	if len(problems) > 0 {
		return s.drawInstall(w, r, session, http.StatusUnprocessableEntity, installPage{Entered: typed}, problems)
	}
	if err := s.note(r, session, AuditEntry{Act: "registration.add", Tenant: tenant, Detail: reg.Issuer + " " + reg.ClientID}); err != nil {
		return err
	}
	reg, err = s.tool.RegisterBy(r.Context(), session.authority(), reg, strings.Fields(typed.Deployments)...)
	if errors.Is(err, lti.ErrConflict) {
		return s.drawInstall(w, r, session, http.StatusUnprocessableEntity, installPage{Entered: typed},
			engine.FieldErrors{{Field: "client_id", Key: "admin.error.taken"}})
	}
	if errors.Is(err, lti.ErrIssuer) {
		return s.drawInstall(w, r, session, http.StatusUnprocessableEntity, installPage{Entered: typed},
			engine.FieldErrors{{Field: "jwks_url", Key: "admin.error.issuer_taken"}})
	}
	if err != nil {
		return fmt.Errorf("web: enter registration: %w", err)
	}
	seeOther(w, r, "/admin/platforms/"+string(reg.ID))
	return nil
}

// registrationTyped checks what was typed and fills in what the preset knows.
func (s *Site) registrationTyped(typed registrationForm) (lti.Registration, engine.FieldErrors) {
	var problems engine.FieldErrors
	wrong := func(field, key string) { problems = append(problems, engine.FieldError{Field: field, Key: key}) }
	reg := lti.Registration{
		Issuer: typed.Issuer, ClientID: typed.ClientID, AuthURL: typed.AuthURL, TokenURL: typed.TokenURL, JWKSURL: typed.KeyURL,
		TokenAudience: typed.Audience, Tenant: typed.Tenant,
	}
	if typed.Preset != "" {
		if u, err := url.Parse("https://" + typed.Host); typed.Preset == "selfhosted" && (err != nil || typed.Host == "" || u.Host != typed.Host) {
			wrong("host", "admin.error.host")
		}
		i := slices.IndexFunc(lti.CanvasPresets(typed.Host), func(p lti.Preset) bool { return p.Name == typed.Preset })
		if i < 0 {
			if len(problems) == 0 {
				wrong("preset", "admin.error.preset")
			}
			return reg, problems
		}
		p := lti.CanvasPresets(typed.Host)[i]
		reg.ProductFamily = string(p.Family)
		fill := func(to *string, value string) {
			if *to == "" {
				*to = value
			}
		}
		fill(&reg.Issuer, p.Issuer)
		fill(&reg.AuthURL, p.AuthURL)
		fill(&reg.TokenURL, p.TokenURL)
		fill(&reg.JWKSURL, p.JWKSURL)
	}
	for _, f := range []struct{ field, value string }{{"issuer", reg.Issuer}, {"client_id", reg.ClientID}} {
		switch {
		case f.value == "":
			wrong(f.field, "error.required")
		case len(f.value) > 255 || strings.ContainsFunc(f.value, func(r rune) bool { return r <= ' ' || r > '~' }):
			wrong(f.field, "admin.error.id")
		}
	}
	for _, f := range []struct{ field, value string }{{"auth_url", reg.AuthURL}, {"token_url", reg.TokenURL}, {"jwks_url", reg.JWKSURL}} {
		switch {
		case f.value == "":
			wrong(f.field, "error.required")
		case !s.tool.AcceptsURL(f.value):
			wrong(f.field, "admin.error.url")
		}
	}
	if len(typed.Audience) > 1024 {
		wrong("audience", "admin.error.id")
	}
	ids := strings.Fields(typed.Deployments)
	if len(ids) > 100 || slices.ContainsFunc(ids, func(id string) bool { return len(id) > 255 }) {
		wrong("deployments", "admin.error.deployments")
	}
	return reg, problems
}

type addressMaker = func(ctx context.Context, tenant string) (string, error)
