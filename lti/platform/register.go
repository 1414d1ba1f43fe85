package platform

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// toolConfiguration is the LTI part of the tool's client metadata.
const (
	toolConfiguration     = "https://purl.imsglobal.org/spec/lti-tool-configuration"
	platformConfiguration = "https://purl.imsglobal.org/spec/lti-platform-configuration"
	registrationLifetime  = time.Hour
	maxRegistrationBody   = 256 << 10
	maxRedirectURIs       = 50
	configurationPath     = "/mod/lti/openid-configuration.php"
	registrationPath      = "/mod/lti/openid-registration.php"
)

// addTool keeps a tool, with an ID and a deployment if it has none.
func (w *world) addTool(t Tool) (Tool, error) {
	if len(w.Tools) >= maxTools {
		return Tool{}, errFull
	}
	for what, s := range map[string]string{"login URL": t.LoginURL, "JWKS URL": t.JWKSURL, "target link URI": t.TargetLinkURI} {
		if originOf(s) == "" {
			return Tool{}, fmt.Errorf("%s %q is no http(s) URL", what, s)
		}
	}
	if len(t.RedirectURIs) == 0 || len(t.RedirectURIs) > maxRedirectURIs {
		return Tool{}, fmt.Errorf("%d redirect URIs", len(t.RedirectURIs))
	}
	for _, s := range t.RedirectURIs {
		if originOf(s) == "" {
			return Tool{}, fmt.Errorf("redirect URI %q is no http(s) URL", s)
		}
	}
	if t.ClientID == "" {
		t.ClientID = newClientID()
	}
	if _, taken := w.tool(t.ClientID); taken {
		return Tool{}, fmt.Errorf("tool %q is there already", t.ClientID)
	}
	if t.DeploymentID == "" {
		w.Last.Deployment++
		t.DeploymentID = strconv.Itoa(w.Last.Deployment)
	}
	w.Tools = append(w.Tools, t)
	return t, nil
}

// newClientID looks like Moodle's: fifteen letters and digits.
func newClientID() string { return randomHex(8)[:15] }

// originOf is the origin of an http(s) URL, "" if it is none. Its host is safe
// in a policy header.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsAny(u.Host, "*;,'\" ") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// configuration is the platform's OpenID configuration.
//
//	GET /mod/lti/openid-configuration.php
func (p *Platform) configuration(w http.ResponseWriter, _ *http.Request) {
	base := p.issuer + "/mod/lti/"
	conf := map[string]any{
		"issuer":                                p.iss(),
		"token_endpoint":                        base + "token.php",
		"token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256"},
		"jwks_uri":                              base + "certs.php",
		"authorization_endpoint":                base + "auth.php",
		"registration_endpoint":                 base + "openid-registration.php",
		"scopes_supported":                      append(p.Quirks().scopes(), "openid"),
		"response_types_supported":              []string{"id_token"},
		"subject_types_supported":               []string{"public", "pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"claims_supported":                      []string{"sub", "iss", "name", "given_name", "family_name", "email"},
		platformConfiguration: map[string]any{
			"product_family_code": "moodle",
			"version":             moodleVersion,
			"messages_supported":  p.Quirks().messages(),
			"variables": []string{
				"Context.id", "Context.title", "Context.label", "Context.id.history", "Context.sourcedId",
				"CourseSection.title", "CourseSection.label", "CourseSection.sourcedId",
				"CourseSection.timeFrame.begin", "CourseSection.timeFrame.end",
				"ResourceLink.id", "ResourceLink.title", "ResourceLink.description", "User.id", "User.username",
				"Person.name.full", "Person.name.given", "Person.name.family", "Person.email.primary", "Person.sourcedId",
				"Person.address.timezone", "Membership.role", "Moodle.Person.userGroupIds",
			},
		},
	}
	if aud := p.Quirks().TokenAudience; aud != "" {
		conf["authorization_server"] = aud
	}
	p.writeForged(w, func(f *Forgery) func(map[string]any) { return f.Configuration }, conf)
}

const moodleVersion = "4.5.5+ (Build: 20250613)"

// inviteTool makes the URL that a browser opens to register a tool: the tool's
// own registration URL, with our configuration and a token that works once.
func (p *Platform) inviteTool(registrationURL string) (full, clientID string, err error) {
	u, err := url.Parse(registrationURL)
	if err != nil || originOf(registrationURL) == "" {
		return "", "", fmt.Errorf("platform: registration URL %q is no http(s) URL", registrationURL)
	}
	clientID = newClientID()
	now := p.now()
	token, err := p.sign(p.header(KeyPlatform), map[string]any{
		"sub": clientID, "scope": "reg", "iat": now.Unix(), "exp": now.Add(registrationLifetime).Unix(),
	}, KeyPlatform)
	if err != nil {
		return "", "", err
	}
	p.mu.Lock()
	p.invites.put(clientID, false)
	p.mu.Unlock()
	q := u.Query()
	q.Set("openid_configuration", p.issuer+"/mod/lti/openid-configuration.php")
	q.Set("registration_token", token)
	p.mu.Lock()
	if p.hostile != nil && p.hostile.Invite != nil {
		p.hostile.Invite(q)
	}
	p.mu.Unlock()
	u.RawQuery = q.Encode()
	return u.String(), clientID, nil
}

// RegisterTool does what an administrator does for Dynamic Registration: opens
// the tool's registration URL with a fresh token, and activates the tool that
// registered. It fails, with what the tool answered, if none did.
func (p *Platform) RegisterTool(ctx context.Context, registrationURL string) (Tool, error) {
	full, clientID, err := p.inviteTool(registrationURL)
	if err != nil {
		return Tool{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, full, nil)
	if err != nil {
		return Tool{}, fmt.Errorf("platform: register tool: %w", err)
	}
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Header.Set("User-Agent", userAgent)
	res, err := p.client.Do(req)
	if err != nil {
		return Tool{}, fmt.Errorf("platform: register tool: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return Tool{}, fmt.Errorf("platform: register tool: %w", err)
	}
	tool, err := p.activate(clientID)
	if err != nil {
		return Tool{}, fmt.Errorf("platform: the tool did not register; its page answered %d: %s", res.StatusCode, excerpt(body))
	}
	return tool, nil
}

// activate lets a pending tool work.
func (p *Platform) activate(clientID string) (tool Tool, err error) {
	err = p.change(func(w *world) error {
		for i, t := range w.Tools {
			if t.ClientID == clientID {
				w.Tools[i].Active = true
				tool = w.Tools[i]
				return nil
			}
		}
		return fmt.Errorf("platform: no tool %q", clientID)
	})
	return tool, err
}

func excerpt(body []byte) string {
	s := strings.Join(strings.Fields(string(body)), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// clientMetadata is what a tool registers with.
type clientMetadata struct {
	ApplicationType string   `json:"application_type"`
	ResponseTypes   []string `json:"response_types"`
	LoginURL        string   `json:"initiate_login_uri"`
	RedirectURIs    []string `json:"redirect_uris"`
	Name            string   `json:"client_name"`
	JWKSURL         string   `json:"jwks_uri"`
	LogoURL         string   `json:"logo_uri"`
	AuthMethod      string   `json:"token_endpoint_auth_method"`
	Scope           string   `json:"scope"`
	LTI             *struct {
		Domain        string            `json:"domain"`
		Description   string            `json:"description"`
		TargetLinkURI string            `json:"target_link_uri"`
		Custom        map[string]string `json:"custom_parameters"`
		Claims        []string          `json:"claims"`
		Messages      []struct {
			Type          string `json:"type"`
			TargetLinkURI string `json:"target_link_uri"`
		} `json:"messages"`
	} `json:"https://purl.imsglobal.org/spec/lti-tool-configuration"`
}

// problem is what Moodle says is wrong with the metadata, "" if nothing is.
func (m clientMetadata) problem() string {
	missing := ""
	switch {
	case m.AuthMethod != "private_key_jwt":
		return "invalid_token_endpoint_auth_method"
	case m.ApplicationType != "" && m.ApplicationType != "web":
		return "invalid_application_type"
	case len(m.ResponseTypes) == 0:
		missing = "response_types"
	case m.LoginURL == "":
		missing = "initiate_login_uri"
	case len(m.RedirectURIs) == 0:
		missing = "redirect_uris"
	case m.Name == "":
		missing = "client_name"
	case m.JWKSURL == "":
		missing = "jwks_uri"
	case m.LTI == nil:
		missing = toolConfiguration
	}
	if missing != "" {
		return "missing required attribute " + missing
	}
	if m.LTI.Domain == "" {
		return "missing_domain"
	}
	if m.LTI.TargetLinkURI != "" {
		if u, err := url.Parse(m.LTI.TargetLinkURI); err != nil || u.Host != m.LTI.Domain {
			return "domain_targetlinkuri_mismatch"
		}
	}
	return ""
}

// tool is the tool that the metadata describes.
func (m clientMetadata) tool(clientID string, scopes []string) Tool {
	t := Tool{
		ClientID: clientID, Name: m.Name, Description: m.LTI.Description, LogoURL: m.LogoURL,
		LoginURL: m.LoginURL, RedirectURIs: m.RedirectURIs, JWKSURL: m.JWKSURL,
		TargetLinkURI: m.LTI.TargetLinkURI, Domain: m.LTI.Domain, Custom: maps.Clone(m.LTI.Custom), Claims: []string{"sub", "iss"},
	}
	if t.TargetLinkURI == "" {
		t.TargetLinkURI = "https://" + t.Domain
	}
	asked := strings.Fields(m.Scope)
	for _, s := range scopes {
		if slices.Contains(asked, s) {
			t.Scopes = append(t.Scopes, s)
		}
	}
	for _, c := range []string{"name", "family_name", "given_name", "email"} {
		if slices.Contains(m.LTI.Claims, c) {
			t.Claims = append(t.Claims, c)
		}
	}
	for _, msg := range m.LTI.Messages {
		if msg.Type == messageDeepLinking {
			t.DeepLinking, t.DeepLinkURL = true, msg.TargetLinkURI
		}
	}
	return t
}

// register is the registration endpoint; the tool stays pending until it is
// activated.
//
//	POST /mod/lti/openid-registration.php
func (p *Platform) register(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, reason string) {
		p.log.Info("registration refused", "reason", reason)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reason)
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		refuse(http.StatusUnauthorized, "missing_registration_token")
		return
	}
	own := map[string]*rsa.PublicKey{publicJWK(&p.key.PublicKey).Kid: &p.key.PublicKey}
	claims, err := verifyJWT(strings.TrimSpace(token), own, p.now())
	clientID, _ := claims["sub"].(string)
	if err != nil || claims["scope"] != "reg" || clientID == "" {
		p.errorPage(w, r, http.StatusNotFound, "Invalid registration token")
		return
	}
	var m clientMetadata
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRegistrationBody)).Decode(&m); err != nil {
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	if problem := m.problem(); problem != "" {
		refuse(http.StatusBadRequest, problem)
		return
	}
	p.mu.Lock()
	used, known := p.invites.get(clientID)
	if known && !used {
		p.invites.values[clientID] = true
	}
	p.mu.Unlock()
	if used || !known {
		refuse(http.StatusUnauthorized, "token_already_used")
		return
	}
	t := m.tool(clientID, p.Quirks().scopes())
	if err := p.change(func(w *world) error { t, err = w.addTool(t); return err }); err != nil {
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	p.log.Info("tool registered", "client", t.ClientID, "domain", t.Domain)
	lti := map[string]any{
		"version": "1.3.0", "deployment_id": t.DeploymentID, "target_link_uri": t.TargetLinkURI,
		"domain": t.Domain, "description": t.Description, "claims": t.Claims,
	}
	if t.DeepLinking {
		lti["messages"] = []map[string]any{{"type": messageDeepLinking, "target_link_uri": t.deepLinkTarget()}}
	}
	if len(t.Custom) > 0 {
		lti["custom_parameters"] = t.Custom
	}
	p.writeForged(w, func(f *Forgery) func(map[string]any) { return f.Registered }, map[string]any{
		"client_id": t.ClientID, "response_types": []string{"id_token"}, "jwks_uri": t.JWKSURL,
		"initiate_login_uri": t.LoginURL, "grant_types": []string{"client_credentials", "implicit"},
		"redirect_uris": t.RedirectURIs, "application_type": "web", "token_endpoint_auth_method": "private_key_jwt",
		"client_name": t.Name, "logo_uri": t.LogoURL, "scope": strings.Join(t.Scopes, " "), toolConfiguration: lti,
	})
}
