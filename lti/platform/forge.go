package platform

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
)

// Forgery says how a launch, or a registration, differs from the true one. The
// zero value is the true one.
type Forgery struct {
	// Login changes the fields of the login initiation, Answer the form that
	// carries the id_token.
	Login  func(url.Values)
	Answer func(url.Values)
	// Enctype of the form that carries the id_token, when not the usual one.
	Enctype string
	// ReuseMigration puts the migration claim of the tool's previous token in this one.
	ReuseMigration bool
	// ReuseState answers with the state of the tool's previous launch.
	ReuseState bool
	// DeepLinking says that the forgery is one of a deep linking request.
	DeepLinking bool
	// Down are the paths that answer 503 Service Unavailable.
	Down []string
	// Invite changes the query that the tool's registration page is opened with,
	// Configuration the platform's OpenID configuration, Registered the answer to
	// the tool's registration.
	Invite        func(url.Values)
	Configuration func(map[string]any)
	Registered    func(map[string]any)
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
	// The following are published, while the forgery is in force, next to the
	// true key under kids of their own: a symmetric key, RSA of 1024 bits, keys for
	// encryption (by use and by key_ops), a key for RS512, one that is no number.
	KeyOct        ForgeryKey = "oct"
	KeyShort      ForgeryKey = "rsa-1024"
	KeyEncrypting ForgeryKey = "use-enc"
	KeyOpsEncrypt ForgeryKey = "ops-encrypt"
	KeyOtherAlg   ForgeryKey = "alg-rs512"
	KeyUnreadable ForgeryKey = "unreadable"
)

// Launch says which message Forge starts from.
type Launch struct {
	UserID         string
	ResourceLinkID string
	ClientID       string // of a deep linking request; "" is the link's
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
	if l.DeepLinking || f.DeepLinking {
		if m.ClientID == "" {
			p.view(func(w *world) {
				link, _ := w.link(l.ResourceLinkID)
				m.ClientID = link.ClientID
			})
		}
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
	case KeyOct, KeyShort, KeyEncrypting, KeyOpsEncrypt, KeyOtherAlg, KeyUnreadable:
		h["kid"] = string(key)
	}
	return h
}

func (p *Platform) sign(header, claims map[string]any, key ForgeryKey) (string, error) {
	with, err := p.key, error(nil)
	switch key {
	case KeyPlatform, KeyPublicAsSecret, KeyNone:
	case KeyShort:
		with, err = p.short()
	default:
		with, err = p.wrong()
	}
	if err != nil {
		return "", err
	}
	return signJWT(header, claims, key, with)
}

func makeWrongKey() (*rsa.PrivateKey, error) { return makeForgersKey(2048) }

func makeShortKey() (*rsa.PrivateKey, error) { return makeForgersKey(1024) }

func makeForgersKey(bits int) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits) //nolint:gosec // a forger's key may be weak
	if err != nil {
		return nil, fmt.Errorf("platform: make the forger's key: %w", err)
	}
	return key, nil
}

// forgedKey is the key that a forgery publishes, nil if none.
func (p *Platform) forgedKey(key ForgeryKey) (map[string]any, error) {
	public := func(make func() (*rsa.PrivateKey, error), name string, value any) (map[string]any, error) {
		private, err := make()
		if err != nil {
			return nil, err
		}
		k := publicJWK(&private.PublicKey)
		out := map[string]any{"kty": k.Kty, "n": k.N, "e": k.E, "kid": string(key)}
		if name != "" {
			out[name] = value
		}
		return out, nil
	}
	switch key {
	case KeyOct:
		return map[string]any{"kty": "oct", "k": "c2VjcmV0", "kid": string(key), "alg": "HS256"}, nil
	case KeyShort:
		return public(p.short, "use", "sig")
	case KeyEncrypting:
		return public(p.wrong, "use", "enc")
	case KeyOpsEncrypt:
		return public(p.wrong, "key_ops", []string{"encrypt"})
	case KeyOtherAlg:
		return public(p.wrong, "alg", "RS512")
	case KeyUnreadable:
		return map[string]any{"kty": "RSA", "n": "!", "e": "AQAB", "kid": string(key)}, nil
	}
	return nil, nil
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
	previous, migrated := p.nonces[client], p.migrated[client]
	p.migrated[client] = claims[claimMigration]
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
	if f.ReuseMigration {
		claims[claimMigration] = migrated
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
