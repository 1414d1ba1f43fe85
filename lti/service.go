package lti

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Scopes of the services.
const (
	scopeLineItem     = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
	scopeLineItemRead = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
	scopeScore        = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	scopeResult       = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
	scopeMembers      = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
)

const (
	assertionLife = 5 * time.Minute
	backdate      = time.Minute // Moodle bears no iat in its future at all
	tokenMargin   = time.Minute // a token about to expire is not used
	retryAfter    = 30 * time.Second
	retryAtMost   = time.Hour
)

// tokens caches access tokens per (registration, scopes).
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

// access answers a token for the scope; spent is one that was just refused.
func (t *Tool) access(ctx context.Context, reg Registration, scope, spent string) (string, error) {
	tok := t.tokens.of(string(reg.ID) + " " + scope)
	tok.mu.Lock()
	defer tok.mu.Unlock()
	now := t.now()
	if tok.value != "" && tok.value != spent && now.Before(tok.expires) && within(now, tok.expires.Add(-24*time.Hour), 24*time.Hour) {
		return tok.value, nil
	}
	value, life, err := t.fetchToken(ctx, reg, scope)
	if err != nil {
		return "", err
	}
	tok.value, tok.expires = value, now.Add(min(life, 24*time.Hour)-tokenMargin)
	return value, nil
}

// fetchToken is the client credentials grant with a signed assertion.
func (t *Tool) fetchToken(ctx context.Context, reg Registration, scope string) (string, time.Duration, error) {
	now := t.now()
	claims := map[string]any{
		"iss": reg.ClientID, "sub": reg.ClientID, "aud": cmp.Or(reg.TokenAudience, reg.TokenURL),
		"iat": now.Add(-backdate).Unix(), "exp": now.Add(assertionLife - backdate).Unix(), "jti": secret(),
	}
	deployments, err := t.store.Deployments(ctx, reg.ID)
	if err != nil {
		return "", 0, fmt.Errorf("lti: token: %w", err)
	}
	deployments = slices.DeleteFunc(deployments, func(d Deployment) bool { return d.Status != StatusActive })
	if len(deployments) == 1 {
		claims[claim+"deployment_id"] = deployments[0].ID
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
	return readToken(body, scope)
}

// tokenRefused explains a refusal by the token endpoint.
func (t *Tool) tokenRefused(res *http.Response, body []byte) error {
	if res.StatusCode == http.StatusNotFound && strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return &ServiceError{Op: "token", Status: res.StatusCode, Kind: ErrRetry, After: 5 * time.Minute, Code: "our_keys_not_fetched",
			Detail: "the platform answered a page instead of a token; Moodle does so when it cannot fetch our keys from " +
				t.o.PublicURL + "/lti/jwks (see its HTTP security settings: blocked hosts and allowed ports)"}
	}
	e := failed("token", res)
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && oauthCode(answer.Error) {
		e.Detail += " (" + answer.Error + ")"
		e.Code = answer.Error
	}
	return e
}

// oauthCode reports an error code like invalid_client; anything else a platform
// says may be about a person.
func oauthCode(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// readToken reads a token answer; platforms drop scopes that they do not grant.
func readToken(body []byte, scope string) (string, time.Duration, error) {
	refuse := func(detail string) (string, time.Duration, error) {
		return "", 0, &ServiceError{Op: "token", Status: http.StatusOK, Kind: ErrRefused, Detail: detail}
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
		return "", 0, &ServiceError{Op: "token", Status: http.StatusOK, Kind: ErrRefused, Code: "scope_not_granted",
			Detail: "the platform did not grant the scope " + scope}
	}
	life := 5 * time.Minute
	if s, err := answer.ExpiresIn.Float64(); err == nil && s > 0 && s < 1e9 {
		life = time.Duration(s * float64(time.Second))
	}
	return answer.AccessToken, life, nil
}

// call is one call of a service.
type call struct {
	op, scope, method, url string
	accept, contentType    string
	body                   []byte
}

// call sends a request with a token, once more with a new token after a 401, and
// answers what came back if its status is one of the good ones.
func (t *Tool) call(ctx context.Context, id RegistrationID, c call) (*http.Response, []byte, error) {
	reg, err := t.store.Registration(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("lti: %s: %w", c.op, err)
	}
	refuse := func(detail string) error {
		return &ServiceError{Op: c.op, Kind: ErrRefused, Detail: detail}
	}
	switch {
	case reg.Status != StatusActive:
		return nil, nil, refuse("this registration is " + reg.Status)
	case !t.platformURL(c.url):
		return nil, nil, refuse("the platform named no https URL for this service")
	case len(reg.Scopes) > 0 && !slices.Contains(reg.Scopes, c.scope):
		return nil, nil, refuse("the platform's administrator did not grant the scope " + c.scope)
	}
	spent := ""
	for {
		access, err := t.access(ctx, reg, c.scope, spent)
		if err != nil {
			return nil, nil, err
		}
		req, err := http.NewRequestWithContext(ctx, c.method, c.url, bytes.NewReader(c.body))
		if err != nil {
			return nil, nil, fmt.Errorf("lti: %s: %w", c.op, err)
		}
		req.Header.Set("Authorization", "Bearer "+access)
		if c.accept != "" {
			req.Header.Set("Accept", c.accept)
		}
		if c.contentType != "" {
			req.Header.Set("Content-Type", c.contentType)
		}
		res, body, err := t.do(req, c.op)
		if err != nil {
			return nil, nil, err
		}
		if res.StatusCode == http.StatusUnauthorized && spent == "" {
			spent = access
			continue
		}
		if res.StatusCode < 200 || res.StatusCode > 299 {
			e := failed(c.op, res)
			if res.StatusCode == http.StatusForbidden && bytes.Contains(body, []byte("Rate Limit Exceeded")) { // Canvas
				e.Kind, e.After = ErrRetry, retryAfter
			}
			return nil, nil, e
		}
		return res, body, nil
	}
}

// do sends a request and reads a bounded answer.
func (t *Tool) do(req *http.Request, op string) (*http.Response, []byte, error) {
	retry := func(status int, err error) error {
		return &ServiceError{Op: op, Status: status, Kind: ErrRetry, After: retryAfter, Detail: "no answer from the platform", Err: err}
	}
	res, err := t.o.Client.Do(req)
	if err != nil {
		return nil, nil, retry(0, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, retry(res.StatusCode, err)
	}
	if len(body) > maxAnswer {
		return nil, nil, &ServiceError{Op: op, Status: res.StatusCode, Kind: ErrRefused, Detail: "the answer is too long"}
	}
	return res, body, nil
}

// failed turns a status into an error that says whether to try again. The body is
// left out: it may speak of a person.
func failed(op string, res *http.Response) *ServiceError {
	e := &ServiceError{Op: op, Status: res.StatusCode, Kind: ErrRefused, Detail: "the platform refused"}
	switch s := res.StatusCode; {
	case s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusLocked, s >= 500 && s != http.StatusNotImplemented:
		e.Kind, e.Detail, e.After = ErrRetry, "the platform is not ready", retryAfter
		if after, ok := readRetryAfter(res.Header); ok {
			e.After = after
		}
	case s == http.StatusUnauthorized:
		e.Detail = "the platform does not accept our token; are the service and the tool switched on there?"
	case s >= 300 && s < 400:
		e.Detail = "the platform redirects its service, which is not followed"
	}
	return e
}

// readRetryAfter reads the header as seconds or as a date against the answer's own Date.
func readRetryAfter(h http.Header) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.Atoi(v); err == nil && s >= 0 {
		return min(time.Duration(min(s, 1<<20))*time.Second, retryAtMost), true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	sent, err := http.ParseTime(h.Get("Date"))
	if err != nil || at.Before(sent) {
		return 0, false
	}
	return min(at.Sub(sent), retryAtMost), true
}

// After answers how long to wait before trying err's call again; false if that
// would not help.
func After(err error) (time.Duration, bool) {
	if !errors.Is(err, ErrRetry) {
		return 0, false
	}
	var e *ServiceError
	if errors.As(err, &e) {
		return e.After, true
	}
	return retryAfter, true
}
