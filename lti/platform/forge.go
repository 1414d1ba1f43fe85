package platform

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
	// ReuseNonce puts the nonce of the platform's previous token in this one.
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
	// KeyPublicAsSecret is HS256 with the PEM of the published key as secret.
	KeyPublicAsSecret ForgeryKey = "public-as-secret"
	// KeyNone leaves the signature empty and says alg none.
	KeyNone ForgeryKey = "none"
)

// Launch says which message Forge starts from.
type Launch struct {
	UserID         string
	ResourceLinkID string
	Nonce          string
	DocumentTarget string // "" means iframe
	DeepLinking    bool
}
