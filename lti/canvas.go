package lti

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	canvasPurpose = "canvas"
	canvasLife    = time.Hour
)

// CanvasConfiguration makes the address of our developer-key configuration for
// Canvas. Canvas reads it more than once while the admin saves the key, so its
// code works for an hour, however often; what it guards holds no secret.
func (t *Tool) CanvasConfiguration(ctx context.Context, tenant string) (string, error) {
	if tenant == "" {
		return "", errors.New("lti: canvas configuration: a tenant is required")
	}
	code := secret()
	if err := t.store.PutTicket(ctx, Ticket{
		Hash: hash(code), Purpose: canvasPurpose, Tenant: tenant, ExpiresAt: t.now().Add(canvasLife),
	}); err != nil {
		return "", fmt.Errorf("lti: canvas configuration: %w", err)
	}
	return t.o.PublicURL + "/lti/canvas.json?code=" + code, nil
}

// serveCanvas answers the configuration to who has a code that still counts.
func (t *Tool) serveCanvas(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	code := r.URL.Query().Get("code")
	err := ErrNotFound
	if code != "" && len(code) <= maxID {
		_, err = t.store.Ticket(r.Context(), canvasPurpose, hash(code), t.now())
	}
	switch {
	case errors.Is(err, ErrNotFound):
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintln(w, `{"error":"the code in this address is unknown or older than an hour; make a new one on the install page"}`)
	case err != nil:
		id := requestID(w)
		t.logRejection(r, "canvas configuration", broken("reading the code", err), id)
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, `{"error":"internal error %s"}`+"\n", id)
	default:
		body, err := json.MarshalIndent(t.canvasDocument(), "", "  ")
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(append(body, '\n')) // the reader went away; nothing to do
	}
}

// canvasDocument is the one-paste configuration of an LTI developer key.
func (t *Tool) canvasDocument() map[string]any {
	launch := t.o.PublicURL + "/lti/launch"
	placement := func(name, message string) map[string]any {
		return map[string]any{"placement": name, "message_type": message, "target_link_uri": launch, "text": t.o.ToolName, "enabled": true}
	}
	navigation := placement("course_navigation", MessageResourceLink)
	navigation["default"], navigation["visibility"] = "disabled", "admins" // the board, for staff, where a course switches it on
	if len(t.o.Announced.Menu) > 0 {
		navigation["custom_fields"] = t.o.Announced.Menu
	}
	return map[string]any{
		"title":               t.o.ToolName,
		"description":         cmp.Or(t.o.Announced.Description[""], t.o.ToolName),
		"oidc_initiation_url": t.o.PublicURL + "/lti/login",
		"target_link_uri":     launch,
		"redirect_uris":       []string{launch},
		"scopes":              toolScopes(),
		"public_jwk_url":      t.o.PublicURL + "/lti/jwks",
		"custom_fields":       t.Setup().Custom,
		"extensions": []map[string]any{{
			"platform": "canvas.instructure.com", "domain": t.public.Host, "tool_id": t.toolID(), "privacy_level": "public",
			"settings": map[string]any{
				"text": t.o.ToolName,
				"placements": []map[string]any{
					navigation,
					placement("assignment_selection", MessageDeepLinking),
					placement("link_selection", MessageDeepLinking),
				},
			},
		}},
	}
}

// Setup is what an admin types into a platform that is set up by hand.
type Setup struct {
	Name, LaunchURL, LoginURL, KeySetURL, Domain string
	MenuURL                                      string // target of a link in the course's menu, which has no parameters of its own there
	Scopes                                       []string
	Custom                                       map[string]string
}

// Setup answers the values for setting up by hand. The key set answers before any
// registration exists, as Canvas and Moodle want its address first.
func (t *Tool) Setup() Setup {
	s := Setup{
		Name: t.o.ToolName, LaunchURL: t.o.PublicURL + "/lti/launch", LoginURL: t.o.PublicURL + "/lti/login",
		KeySetURL: t.o.PublicURL + "/lti/jwks", Domain: t.public.Host, Scopes: toolScopes(), Custom: map[string]string{},
	}
	menu := url.Values{}
	for name, value := range t.o.Announced.Menu {
		menu.Set(name, value)
	}
	if s.MenuURL = s.LaunchURL; len(menu) > 0 {
		s.MenuURL += "?" + menu.Encode()
	}
	for name, value := range t.o.CustomParameters {
		s.Custom[name] = value
	}
	return s
}

// AcceptsURL reports whether a platform's URL may be registered: absolute, and
// https unless in development.
func (t *Tool) AcceptsURL(u string) bool { return t.platformURL(u) }

// Preset are the addresses that all registrations of one kind of platform share.
type Preset struct {
	Name                               string
	Family                             Family
	Issuer, AuthURL, TokenURL, JWKSURL string
}

// CanvasPresets are Canvas in the cloud, its beta and test environments, and one
// on a host of its own: for that, host is needed, and its issuer may have been
// left at the cloud's (config/security.yml).
func CanvasPresets(host string) []Preset {
	cloud := func(name, sub string) Preset {
		issuer, sso := "https://canvas."+sub+"instructure.com", "https://sso."+sub+"canvaslms.com"
		return Preset{Name: name, Family: FamilyCanvas, Issuer: issuer,
			AuthURL: sso + "/api/lti/authorize_redirect", TokenURL: issuer + "/login/oauth2/token", JWKSURL: sso + "/api/lti/security/jwks"}
	}
	presets := []Preset{cloud("production", ""), cloud("beta", "beta."), cloud("test", "test.")}
	if host != "" {
		base := "https://" + host
		presets = append(presets, Preset{Name: "selfhosted", Family: FamilyCanvas, Issuer: base,
			AuthURL: base + "/api/lti/authorize_redirect", TokenURL: base + "/login/oauth2/token", JWKSURL: base + "/api/lti/security/jwks"})
	}
	return presets
}
