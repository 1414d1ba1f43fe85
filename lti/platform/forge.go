package platform

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Forgery says how a forged id_token differs from the true one. The zero value
// is the true one.
type Forgery struct {
	// Header and Claims change the JOSE header and the claims before signing.
	Header func(map[string]any)
	Claims func(map[string]any)
	// Key signs; "" is the platform's own.
	Key ForgeryKey
	// Token changes the finished compact token.
	Token func(string) string
	// ReuseNonce puts the nonce of the tool's previous token in this one.
	ReuseNonce bool
}

// ForgeryKey names what signs a forged token.
type ForgeryKey string

// The keys a forgery can use.
const (
	// KeyPlatform is the published key.
	KeyPlatform ForgeryKey = ""
	// KeyWrong is another RSA key under the published kid.
	KeyWrong ForgeryKey = "wrong"
	// KeyPublicAsSecret is HMAC with the PEM of the published key as secret;
	// the header says HS256.
	KeyPublicAsSecret ForgeryKey = "public-as-secret"
	// KeyNone leaves the signature empty; the header says alg none.
	KeyNone ForgeryKey = "none"
)

// Launch says which message Forge starts from.
type Launch struct {
	UserID         string
	ResourceLinkID string
	ClientID       string // only needed for DeepLinking; else the link's
	Nonce          string
	DocumentTarget string // "" means iframe
	DeepLinking    bool
}

// Forge makes the id_token that the platform would answer a login of this
// launch with, changed by f. It needs no browser: the caller has done the
// login and knows its nonce (the state travels beside the token).
func (p *Platform) Forge(l Launch, f Forgery) (string, error) {
	m := message{UserID: l.UserID, LinkID: l.ResourceLinkID, ClientID: l.ClientID, Target: l.DocumentTarget, Nonce: l.Nonce}
	if m.Target == "" {
		m.Target = targetIframe
	}
	if l.DeepLinking {
		m.Type, m.PickID = messageDeepLinking, "forged"
	}
	return p.idToken(m, &f)
}

// ForgeToken signs any header and claims. A nil header is the true one.
func (p *Platform) ForgeToken(header, claims map[string]any, key ForgeryKey) (string, error) {
	if header == nil {
		header = p.header(key)
	}
	return p.sign(header, claims, key)
}

// header is the JOSE header that goes with a key.
func (p *Platform) header(key ForgeryKey) map[string]any {
	h := map[string]any{"typ": "JWT", "alg": "RS256", "kid": publicJWK(&p.key.PublicKey).Kid}
	switch key {
	case KeyNone:
		h["alg"] = "none"
	case KeyPublicAsSecret:
		h["alg"] = "HS256"
	}
	return h
}

func (p *Platform) sign(header, claims map[string]any, key ForgeryKey) (string, error) {
	with := p.key
	if key == KeyWrong {
		var err error
		if with, err = p.wrong(); err != nil {
			return "", err
		}
	}
	return signJWT(header, claims, key, with)
}

func makeWrongKey() (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("platform: make wrong key: %w", err)
	}
	return key, nil
}

// idToken composes and signs a message, as f says (nil: honestly).
func (p *Platform) idToken(m message, f *Forgery) (string, error) {
	claims, err := p.claims(m)
	if err != nil {
		return "", err
	}
	if f == nil {
		f = &Forgery{}
	}
	client, _ := claims[claimClient].(string)
	delete(claims, claimClient)
	p.mu.Lock()
	previous := p.nonces[client]
	if nonce, ok := claims["nonce"].(string); ok {
		p.nonces[client] = nonce
	}
	p.mu.Unlock()
	if f.ReuseNonce {
		if previous == "" {
			return "", errors.New("platform: no earlier nonce to reuse")
		}
		claims["nonce"] = previous
	}
	header := p.header(f.Key)
	if f.Header != nil {
		f.Header(header)
	}
	if f.Claims != nil {
		f.Claims(claims)
	}
	token, err := p.sign(header, claims, f.Key)
	if err != nil {
		return "", err
	}
	if f.Token != nil {
		token = f.Token(token)
	}
	return token, nil
}

// Forgeries are the tokens a tool must refuse, by name: certification's list
// and the usual attacks. Each differs from the true token in one thing.
func Forgeries() map[string]Forgery {
	header := func(key string, value any) Forgery {
		return Forgery{Header: func(h map[string]any) { put(h, key, value) }}
	}
	claim := func(key string, value any) Forgery {
		return Forgery{Claims: func(c map[string]any) { put(c, key, value) }}
	}
	shift := func(iat, exp time.Duration) Forgery {
		return Forgery{Claims: func(c map[string]any) {
			now, _ := c["iat"].(int64)
			c["iat"] = now + int64(iat/time.Second)
			c["exp"] = now + int64(exp/time.Second)
		}}
	}
	link := func(value any) Forgery { return claim(claimResourceLink, value) }
	return map[string]Forgery{
		"wrong_key":               {Key: KeyWrong},
		"alg_none":                {Key: KeyNone},
		"public_key_as_secret":    {Key: KeyPublicAsSecret},
		"alg_rs512":               header("alg", "RS512"),
		"no_kid":                  header("kid", nil),
		"unknown_kid":             header("kid", "ffffffffffffffffffff"),
		"embedded_key":            header("jwk", map[string]any{"kty": "RSA", "e": "AQAB", "n": "AQAB"}),
		"jku":                     header("jku", "https://attacker.example/jwks.json"),
		"wrong_issuer":            claim("iss", "https://other.example"),
		"no_issuer":               claim("iss", nil),
		"wrong_audience":          claim("aud", "someone-else"),
		"no_audience":             claim("aud", nil),
		"extra_audience":          {Claims: func(c map[string]any) { c["aud"] = []any{c["aud"], "someone-else"}; c["azp"] = c["aud"].([]any)[0] }},
		"audience_array_no_azp":   {Claims: func(c map[string]any) { c["aud"] = []any{c["aud"], "someone-else"}; delete(c, "azp") }},
		"wrong_azp":               claim("azp", "someone-else"),
		"expired":                 shift(-time.Hour-time.Minute, -time.Hour),
		"too_old":                 shift(-48*time.Hour, time.Hour),
		"future":                  shift(time.Hour, time.Hour+time.Minute),
		"no_exp":                  claim("exp", nil),
		"no_iat":                  claim("iat", nil),
		"exp_text":                claim("exp", "tomorrow"),
		"exp_1970":                claim("exp", 22222),
		"no_nonce":                claim("nonce", nil),
		"wrong_nonce":             claim("nonce", "never-asked-for"),
		"nonce_reused":            {ReuseNonce: true},
		"wrong_version":           claim(claimVersion, "1.2.0"),
		"no_version":              claim(claimVersion, nil),
		"no_message_type":         claim(claimMessageType, nil),
		"unknown_message_type":    claim(claimMessageType, "LtiSurpriseRequest"),
		"no_deployment":           claim(claimDeployment, nil),
		"wrong_deployment":        claim(claimDeployment, "999"),
		"deployment_number":       claim(claimDeployment, 1),
		"no_roles":                claim(claimRoles, nil),
		"roles_text":              claim(claimRoles, "Learner"),
		"no_resource_link":        link(nil),
		"resource_link_no_id":     link(map[string]any{"title": "No id"}),
		"resource_link_text":      link("1"),
		"resource_link_id_long":   link(map[string]any{"id": strings.Repeat("x", 256)}),
		"no_target":               claim(claimTargetLinkURI, nil),
		"target_elsewhere":        claim(claimTargetLinkURI, "https://attacker.example/launch"),
		"no_sub":                  claim("sub", nil),
		"empty_sub":               claim("sub", ""),
		"sub_long":                claim("sub", strings.Repeat("5", 256)),
		"sub_number":              claim("sub", 5),
		"context_text":            claim(claimContext, "2"),
		"custom_text":             claim(claimCustom, "workflow=first-steps"),
		"not_a_token":             {Token: func(string) string { return "hello" }},
		"payload_changed":         {Token: changePayload},
		"signature_missing":       {Token: func(t string) string { return t[:strings.LastIndex(t, ".")] }},
		"signature_of_other_text": {Token: func(t string) string { return t[:len(t)-8] + "AAAAAAAA" }},
	}
}

// ForgeryNames are the names of Forgeries, sorted.
func ForgeryNames() []string { return slices.Sorted(maps.Keys(Forgeries())) }

func put(m map[string]any, key string, value any) {
	if value == nil {
		delete(m, key)
		return
	}
	m[key] = value
}

// changePayload makes everyone an instructor, under the old signature.
func changePayload(token string) string {
	parts := strings.Split(token, ".")
	data, err := b64.DecodeString(parts[1])
	if err != nil {
		return token
	}
	parts[1] = b64.EncodeToString([]byte(strings.ReplaceAll(string(data), "#Learner", "#Instructor") + " "))
	return strings.Join(parts, ".")
}
