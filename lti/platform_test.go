package lti_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	claim   = "https://purl.imsglobal.org/spec/lti/claim/"
	claimDL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
)

// platform is a small LMS of the standard library alone, so that its mistakes are
// not the tool's. Tests put handlers where they need other than the usual answers.
type platform struct {
	*httptest.Server
	key *rsa.PrivateKey
	now func() time.Time

	mu       sync.Mutex
	kid      string
	jwks     []map[string]any
	handlers map[string]http.HandlerFunc
	calls    []request
	issued   int
}

type request struct {
	Method, URI string
	Header      http.Header
	Body        string
}

func newPlatform(t *testing.T, now func() time.Time) *platform {
	t.Helper()
	p := &platform{key: testKey(t), now: now, kid: "kid-1", handlers: map[string]http.HandlerFunc{}}
	p.jwks = []map[string]any{jwkOf(&p.key.PublicKey, p.kid)}
	p.handle("/jwks", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": p.jwks})
	})
	p.handle("/token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.issued++
		n := p.issued
		p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": "token-" + strconv.Itoa(n), "token_type": "Bearer", "expires_in": 3600, "scope": r.FormValue("scope"),
		})
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		p.mu.Lock()
		p.calls = append(p.calls, request{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
		h := p.handlers[r.URL.Path]
		p.mu.Unlock()
		if h == nil {
			http.NotFound(w, r)
			return
		}
		h(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) handle(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlers[path] = h
}

func (p *platform) publish(kid string, keys ...map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kid, p.jwks = kid, keys
}

// requests lists the calls of a path so far.
func (p *platform) requests(path string) []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []request
	for _, c := range p.calls {
		if u, err := url.ParseRequestURI(c.URI); err == nil && u.Path == path {
			found = append(found, c)
		}
	}
	return found
}

// claims are those of a good resource link launch.
func (p *platform) claims(target, nonce string) map[string]any {
	now := p.now().Unix()
	return map[string]any{
		"iss": p.URL, "aud": "client-1", "sub": "5", "iat": now, "exp": now + 60, "nonce": nonce,
		"name": "Sam Sailor", "given_name": "Sam", "family_name": "Sailor", "email": "sam@example.org",
		claim + "message_type": "LtiResourceLinkRequest", claim + "version": "1.3.0", claim + "deployment_id": "1",
		claim + "target_link_uri": target, claim + "roles": []string{"http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"},
		claim + "resource_link":       map[string]any{"id": "10", "title": "First steps"},
		claim + "context":             map[string]any{"id": "2", "label": "NEG101", "title": "Negotiation skills"},
		claim + "tool_platform":       map[string]any{"product_family_code": "moodle", "guid": "g"},
		claim + "launch_presentation": map[string]any{"locale": "de", "document_target": "iframe", "return_url": p.URL + "/return"},
		claim + "custom":              map[string]any{"workflow": "first-steps", "unknown": "$Canvas.user.id", "rlid": nil, "count": 3},
		"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": map[string]any{
			"scope": []string{"https://purl.imsglobal.org/spec/lti-ags/scope/score"}, "lineitems": p.URL + "/2/lineitems?type_id=1", "lineitem": p.URL + "/2/lineitems/11/lineitem?type_id=1",
		},
		"https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": map[string]any{
			"context_memberships_url": p.URL + "/memberships", "service_versions": []string{"1.0", "2.0"},
		},
	}
}

func (p *platform) header() map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]any{"typ": "JWT", "alg": "RS256", "kid": p.kid}
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func jsonOf(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// signRS256 makes a compact JWS, whatever the header says.
func signRS256(key *rsa.PrivateKey, header, claims map[string]any) string {
	input := b64(jsonOf(header)) + "." + b64(jsonOf(claims))
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(sig)
}

func jwkOf(key *rsa.PublicKey, kid string) map[string]any {
	return map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid,
		"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
	}
}

func testKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
