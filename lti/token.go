package lti

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	assertionLife = 5 * time.Minute
	backdate      = time.Minute // Moodle bears no iat in its future at all
	tokenMargin   = time.Minute // a token about to expire is not used
)

// tokens caches access tokens per (registration, deployment, scope).
type tokens struct {
	mu   sync.Mutex
	held map[string]*token
}

type token struct {
	mu      sync.Mutex // held while fetching, so that one request goes out
	value   string
	expires time.Time
}

func newTokens() *tokens { return &tokens{held: map[string]*token{}} }

func (c *tokens) of(key string) *token {
	c.mu.Lock()
	defer c.mu.Unlock()
	tok, ok := c.held[key]
	if !ok {
		tok = &token{}
		c.held[key] = tok
	}
	return tok
}

// access answers a token for the scope, to call services of a deployment (""
// if it is not known); spent is one that was just refused.
func (t *Tool) access(ctx context.Context, reg Registration, deployment, scope, spent string) (string, error) {
	tok := t.tokens.of(fmt.Sprintf("%q %q %q", reg.ID, deployment, scope))
	tok.mu.Lock()
	defer tok.mu.Unlock()
	now := t.now()
	if tok.value != "" && tok.value != spent && now.Before(tok.expires) && within(now, tok.expires.Add(-24*time.Hour), 24*time.Hour) {
		return tok.value, nil
	}
	value, life, err := t.fetchToken(ctx, reg, deployment, scope)
	if err != nil {
		return "", err
	}
	life = min(life, 24*time.Hour)
	tok.value, tok.expires = value, now.Add(life-min(tokenMargin, life/4))
	return value, nil
}

// fetchToken is the client credentials grant with a signed assertion. It names the
// deployment; where that is not known, the only one there is.
func (t *Tool) fetchToken(ctx context.Context, reg Registration, deployment, scope string) (string, time.Duration, error) {
	now := t.now()
	claims := map[string]any{
		"iss": reg.ClientID, "sub": reg.ClientID, "aud": cmp.Or(reg.TokenAudience, reg.TokenURL),
		"iat": now.Add(-backdate).Unix(), "exp": now.Add(assertionLife - backdate).Unix(), "jti": secret(),
	}
	if deployment == "" {
		deployments, err := t.store.Deployments(ctx, reg.ID)
		if err != nil {
			return "", 0, fmt.Errorf("lti: token: %w", err)
		}
		deployments = slices.DeleteFunc(deployments, func(d Deployment) bool { return d.Status != StatusActive })
		if len(deployments) == 1 {
			deployment = deployments[0].ID
		}
	}
	if deployment != "" {
		claims[claim+"deployment_id"] = deployment
	}
	assertion, err := t.sign(ctx, reg.ID, claims)
	if err != nil {
		return "", 0, err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
		"scope":                 {scope},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, reg.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, fmt.Errorf("lti: token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	res, body, err := t.do(req, "token") //nolint:bodyclose // do has read and closed it
	if err != nil {
		return "", 0, err
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		return "", 0, t.tokenRefused(res, body)
	}
	return readToken(body, reg, scope)
}

// tokenRefused explains a refusal by the token endpoint.
func (t *Tool) tokenRefused(res *http.Response, body []byte) error {
	if res.StatusCode == http.StatusNotFound && strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return &ServiceError{Op: "token", Status: res.StatusCode, Kind: ErrRetry, Cause: CauseKeys, After: 5 * time.Minute,
			Detail: "the platform answered a page instead of a token; Moodle does so when it cannot fetch our keys from " +
				t.o.PublicURL + "/lti/jwks (see its HTTP security settings: blocked hosts and allowed ports)"}
	}
	e := failed("token", res, body)
	if e.Cause == CauseToken || e.Cause == CauseForbidden || e.Cause == CauseGone {
		e.Cause, e.Detail = "", "the platform refused"
	}
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && oauthCode(answer.Error) {
		e.Detail += " (" + answer.Error + ")"
		e.Code = answer.Error
	}
	if errors.Is(e.Kind, ErrRefused) {
		if cause, detail := causeOfToken(answer.Error, body); cause != "" {
			e.Cause, e.Detail = cause, e.Detail+": "+detail
		}
	}
	return e
}

// causeOfToken reads the words of OAuth 2 (RFC 6749 §5.2) and those of Moodle, which
// writes them into JSON without escaping.
func causeOfToken(code string, body []byte) (cause Cause, detail string) {
	says := func(words string) bool { return bytes.Contains(body[:min(len(body), 4<<10)], []byte(words)) }
	switch {
	case code == "invalid_scope":
		return CauseScope, "it grants none of the scopes asked for; are its services switched on for this tool?"
	case says("iat prior to"), says("nbf prior to"), code == "Expired token":
		return CauseClock, "its clock and ours differ"
	case says("unable to lookup correct key"), says(`"kid" empty`):
		return CauseKeyUnknown, "it does not know the key that we sign with; it may hold an old copy of our key set"
	case says("Signature verification failed"):
		return CauseSignature, "it holds another key of ours"
	case code == "invalid_client", code == "unauthorized_client":
		return CauseClient, "it does not know our client id, or the tool is not activated there"
	}
	return "", ""
}

// oauthCode reports an error code like invalid_client; anything else a platform
// says may be about a person.
func oauthCode(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// readToken reads a token answer; platforms drop scopes that they do not grant.
func readToken(body []byte, reg Registration, scope string) (string, time.Duration, error) {
	refuse := func(detail string) (string, time.Duration, error) {
		return "", 0, &ServiceError{Op: "token", Status: http.StatusOK, Kind: ErrRefused, Cause: CauseAnswer, Detail: detail}
	}
	var answer struct {
		AccessToken string      `json:"access_token"`
		TokenType   string      `json:"token_type"`
		ExpiresIn   json.Number `json:"expires_in"`
		Scope       *string     `json:"scope"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return refuse("the answer is not the JSON of a token")
	}
	if answer.AccessToken == "" || len(answer.AccessToken) > 16<<10 || strings.ContainsAny(answer.AccessToken, " \r\n") {
		return refuse("the answer holds no usable access token")
	}
	if answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "bearer") {
		return refuse("the token is not a bearer token")
	}
	if answer.Scope != nil && *answer.Scope != "" && !slices.Contains(strings.Fields(*answer.Scope), scope) {
		e := missingScope("token", scope, reg.Family())
		e.Status = http.StatusOK
		return "", 0, e
	}
	life := 5 * time.Minute
	if s, err := answer.ExpiresIn.Float64(); err == nil && s > 0 && s < 1e9 {
		life = time.Duration(s * float64(time.Second))
	}
	return answer.AccessToken, life, nil
}
