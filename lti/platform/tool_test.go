package platform_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

const claim = "https://purl.imsglobal.org/spec/lti/claim/"

// tool is the smallest LTI tool that works, for the platform to launch.
type tool struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu     sync.Mutex
	last   url.Values // the last login initiation
	landed url.Values // the last launch
	down   bool       // JWKS unreachable
	reply  []byte     // of the registration
	auth   string     // the platform's authorization endpoint
}

var toolKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func startTool(t *testing.T) *tool {
	t.Helper()
	tl := &tool{key: toolKey()}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", tl.login)
	mux.HandleFunc("POST /launch", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		tl.mu.Lock()
		tl.landed = r.PostForm
		tl.mu.Unlock()
		_, _ = io.WriteString(w, "launched")
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		tl.mu.Lock()
		down := tl.down
		tl.mu.Unlock()
		if down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "kid": "tool-1", "use": "sig",
			"n": b64(tl.key.N.Bytes()), "e": b64(big.NewInt(int64(tl.key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("GET /register", tl.register)
	tl.Server = httptest.NewServer(mux)
	t.Cleanup(tl.Close)
	return tl
}

func (tl *tool) login(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	tl.mu.Lock()
	tl.last = r.Form
	auth := tl.auth
	tl.mu.Unlock()
	http.Redirect(w, r, auth+"?"+tl.authRequest(r.Form).Encode(), http.StatusFound)
}

// authRequest answers a login initiation as the specification says.
func (tl *tool) authRequest(login url.Values) url.Values {
	return url.Values{
		"scope": {"openid"}, "response_type": {"id_token"}, "response_mode": {"form_post"}, "prompt": {"none"},
		"client_id": {login.Get("client_id")}, "redirect_uri": {tl.URL + "/launch"}, "login_hint": {login.Get("login_hint")},
		"lti_message_hint": {login.Get("lti_message_hint")}, "state": {"state-1"}, "nonce": {"nonce-1"},
	}
}

func (tl *tool) metadata() map[string]any {
	return map[string]any{
		"application_type": "web", "response_types": []string{"id_token"}, "grant_types": []string{"implicit", "client_credentials"},
		"initiate_login_uri": tl.URL + "/login", "redirect_uris": []string{tl.URL + "/launch"}, "client_name": "Probe tool",
		"jwks_uri": tl.URL + "/jwks", "token_endpoint_auth_method": "private_key_jwt",
		"scope": strings.Join(allScopes, " ") + " https://purl.imsglobal.org/spec/lti-bo/scope/basicoutcome",
		"https://purl.imsglobal.org/spec/lti-tool-configuration": map[string]any{
			"domain": strings.TrimPrefix(tl.URL, "http://"), "description": "Learning workflows", "target_link_uri": tl.URL + "/launch",
			"custom_parameters": map[string]string{"unknown": "$Canvas.user.id", "rlid": "$ResourceLink.id", "lit": "literal"},
			"claims":            []string{"iss", "sub", "name", "given_name", "family_name", "email"},
			"messages":          []map[string]any{{"type": "LtiDeepLinkingRequest", "target_link_uri": tl.URL + "/launch"}},
		},
	}
}

func (tl *tool) register(w http.ResponseWriter, r *http.Request) {
	var conf struct {
		Issuer string `json:"issuer"`
		URL    string `json:"registration_endpoint"`
		Auth   string `json:"authorization_endpoint"`
	}
	res, err := http.Get(r.URL.Query().Get("openid_configuration")) //nolint:noctx // a test
	if err == nil {
		err = json.NewDecoder(res.Body).Decode(&conf)
		_ = res.Body.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	body, _ := json.Marshal(tl.metadata())
	req, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, conf.URL, strings.NewReader(string(body)))
	req.Header.Set("Authorization", "Bearer "+r.URL.Query().Get("registration_token"))
	res, err = http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	tl.mu.Lock()
	tl.reply, _ = io.ReadAll(res.Body)
	tl.auth = conf.Auth
	tl.mu.Unlock()
	if res.StatusCode != http.StatusOK {
		http.Error(w, "the platform said no", http.StatusBadGateway)
	}
}

func (tl *tool) sign(header, claims map[string]any) string {
	h := map[string]any{"alg": "RS256", "kid": "tool-1", "typ": "JWT"}
	for k, v := range header {
		h[k] = v
	}
	hb, _ := json.Marshal(h)
	cb, _ := json.Marshal(claims)
	signing := b64(hb) + "." + b64(cb)
	sum := sha256.Sum256([]byte(signing))
	sig, err := rsa.SignPKCS1v15(rand.Reader, tl.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signing + "." + b64(sig)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// verify checks an id_token against the platform's published key and returns
// its claims.
func verify(t *testing.T, p *platform.Platform, token string) (map[string]any, error) {
	t.Helper()
	var set struct {
		Keys []struct{ N, E, Kid string } `json:"keys"`
	}
	_, body := fetch(t, http.DefaultClient, p.URL()+"/mod/lti/certs.php")
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	n, _ := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	pub := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("no token")
	}
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	var header struct{ Alg, Kid string }
	_ = json.Unmarshal(head, &header)
	if header.Alg != "RS256" || header.Kid != set.Keys[0].Kid {
		return nil, errors.New("wrong alg or kid")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], sig); err != nil {
		return nil, err
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	return claims, nil
}

var allScopes = []string{
	"https://purl.imsglobal.org/spec/lti-ags/scope/score",
	"https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
	"https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
	"https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
	"https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
}

// campus is a platform with a registered tool and one activity.
type campus struct {
	*platform.Platform
	tool     *tool
	toolInfo platform.Tool
	link     platform.ResourceLink
}

func startCampus(t *testing.T, o platform.Options) *campus {
	t.Helper()
	p, err := platform.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSoon(t, p) })
	c := &campus{Platform: p, tool: startTool(t)}
	if c.toolInfo, err = p.RegisterTool(t.Context(), c.tool.URL+"/register?code=invite"); err != nil {
		t.Fatal(err)
	}
	if c.link, err = p.AddResourceLink(t.Context(), platform.DefaultActivity(c.toolInfo)); err != nil {
		t.Fatal(err)
	}
	return c
}

func closeSoon(t *testing.T, p *platform.Platform) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// browser keeps cookies and follows redirects.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second}
}

func fetch(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	res, err := c.Get(url) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func post(t *testing.T, c *http.Client, url string, form url.Values) (*http.Response, string) {
	t.Helper()
	res, err := c.PostForm(url, form) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t *testing.T, res *http.Response) (*http.Response, string) {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func signIn(t *testing.T, p *platform.Platform, user string) *http.Client {
	t.Helper()
	b := browser(t)
	if res, body := post(t, b, p.URL()+"/login/index.php", url.Values{"user": {user}}); res.StatusCode != http.StatusOK {
		t.Fatalf("sign in: %d %s", res.StatusCode, body)
	}
	return b
}

var (
	actions = regexp.MustCompile(`<form action="([^"]*)"`)
	inputs  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// form reads the self-posting form of a page.
func form(t *testing.T, page string) (action string, fields url.Values) {
	t.Helper()
	m := actions.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no form in %s", page)
	}
	fields = url.Values{}
	for _, in := range inputs.FindAllStringSubmatch(page, -1) {
		fields.Add(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
	}
	return html.UnescapeString(m[1]), fields
}

// launch goes the whole way of a browser and returns what reached the tool.
func (c *campus) launch(t *testing.T, b *http.Client, path string) url.Values {
	t.Helper()
	_, page := fetch(t, b, c.URL()+path)
	action, fields := form(t, page)
	_, page = post(t, b, action, fields) // tool's login → auth.php
	action, fields = form(t, page)
	if res, body := post(t, b, action, fields); res.StatusCode != http.StatusOK || body != "launched" {
		t.Fatalf("the launch answered %d: %s", res.StatusCode, body)
	}
	c.tool.mu.Lock()
	defer c.tool.mu.Unlock()
	return c.tool.landed
}
