package platform

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Scopes that the platform serves.
const (
	scopeLineItem         = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
	scopeLineItemReadonly = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
	scopeResult           = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
	scopeScore            = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	scopeNRPS             = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
)

// servedScopes in the order Moodle grants them.
func servedScopes() []string {
	return []string{scopeScore, scopeResult, scopeLineItemReadonly, scopeLineItem, scopeNRPS}
}

const tokenLifetime = time.Hour

// accessToken is what a token lets its tool do; kept by the hash of the token.
type accessToken struct {
	clientID string
	scopes   []string
	expires  time.Time
}

// token is the OAuth 2 token endpoint: client credentials proved by a JWT that
// the tool's JWKS verifies. Like Moodle it labels its JSON text/html, and
// writes errors into JSON without escaping them.
//
//	POST /mod/lti/token.php
func (p *Platform) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(reason string) {
		p.log.Info("token refused", "reason", reason)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "{\n  \"error\" : \"%s\"\n}", reason) //nolint:gosec // as Moodle does
	}
	if err := r.ParseForm(); err != nil {
		refuse("invalid_request")
		return
	}
	f := r.PostForm
	assertion := f.Get("client_assertion")
	claims, readable := peekClaims(assertion)
	clientID, _ := claims["sub"].(string)
	if f.Get("scope") == "" || !readable || clientID == "" ||
		f.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		refuse("invalid_request")
		return
	}
	if f.Get("grant_type") != "client_credentials" {
		refuse("unsupported_grant_type")
		return
	}
	var tool Tool
	var found bool
	p.view(func(w *world) { tool, found = w.tool(clientID) })
	if !found {
		refuse("invalid_client")
		return
	}
	keys, err := p.toolKeys(r.Context(), tool)
	if errors.Is(err, errUnreachable) {
		p.log.Warn("cannot fetch the tool's JWKS", "client", clientID, "error", err)
		p.errorPage(w, r, http.StatusNotFound, "Unable to reach the tool's public keyset")
		return
	}
	if err == nil {
		claims, err = verifyJWT(assertion, keys, p.now())
	}
	if err == nil {
		err = p.strict(claims)
	}
	if err != nil {
		refuse(err.Error())
		return
	}
	q := p.Quirks()
	var granted []string
	for _, s := range strings.Fields(f.Get("scope")) {
		if slices.Contains(tool.Scopes, s) && !slices.Contains(granted, s) && !q.NoServices {
			granted = append(granted, s)
		}
	}
	if len(granted) == 0 {
		refuse("invalid_scope")
		return
	}
	secret := randomHex(16)
	p.mu.Lock()
	p.tokens.put(hashOf(secret), accessToken{clientID: clientID, scopes: granted, expires: p.time().Add(tokenLifetime)})
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = fmt.Fprintf(w, "{\n  \"access_token\" : \"%s\",\n  \"token_type\" : \"Bearer\",\n  \"expires_in\" : %d,\n  \"scope\" : \"%s\"\n}",
		secret, int(tokenLifetime/time.Second), strings.Join(granted, " "))
}

// strict checks what only other platforms check.
func (p *Platform) strict(claims map[string]any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quirks.TokenAudience != "" && claims["aud"] != p.quirks.TokenAudience {
		return errors.New("invalid_audience")
	}
	if p.quirks.StrictAudience && claims["aud"] != p.issuer+"/mod/lti/token.php" {
		return errors.New("invalid_audience")
	}
	if p.quirks.StrictJTI {
		jti, _ := claims["jti"].(string)
		if _, seen := p.jtis.get(jti); seen || jti == "" {
			return errors.New("jti_reused")
		}
		p.jtis.put(jti, true)
	}
	return nil
}

// errUnreachable: the tool's keys could not be fetched at all.
var errUnreachable = errors.New("platform: tool unreachable")

// toolKeys fetches a tool's JWKS. It is not cached: a tool asks once an hour,
// and a rotated key works at once.
func (p *Platform) toolKeys(ctx context.Context, t Tool) (map[string]*rsa.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.JWKSURL, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	req.Header.Set("User-Agent", userAgent)
	res, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errUnreachable, res.StatusCode)
	}
	return parseKeySet(data)
}

// userAgent is sent with every request of ours.
const userAgent = "MoodleBot/4.5 (lti/platform)"

// bearer is what the request's token allows; ok is false without a good one.
func (p *Platform) bearer(r *http.Request) (accessToken, bool) {
	scheme, secret, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return accessToken{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.tokens.get(hashOf(strings.TrimSpace(secret)))
	return t, ok && p.time().Before(t.expires)
}

// allows says whether the token carries one of the scopes.
func (t accessToken) allows(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(t.scopes, s) })
}

// scopes are the ones that a platform with these quirks serves.
func (q Quirks) scopes() []string {
	scopes := servedScopes()
	if q.Groups {
		scopes = append(scopes, scopeGroups)
	}
	if q.Notices {
		scopes = append(scopes, scopeNotices)
	}
	return scopes
}
