package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// Links makes and reads personal links. A link is a bearer token that names what
// it is for and nothing else: it opens one request (or one person's
// unsubscription), and the engine decides whether that still counts. It
// implements engine.Links.
//
//	/r/{token}   a request to a reviewer: tenant, enrolment, request
//	/u/{token}   unsubscription: tenant, person, channel
//	/w/{token}   all that waits for a reviewer: tenant, person, generation and time
//
// A token is base64url(fields joined by NUL, then 16 bytes of HMAC-SHA256).
type Links struct {
	PublicURL string
	Secret    []byte
}

var _ engine.Links = Links{}

// NewLinks checks what links are made of: secret has at least 32 bytes.
func NewLinks(publicURL string, secret []byte) (Links, error) {
	if len(secret) < 32 {
		return Links{}, fmt.Errorf("web: links: the secret has %d bytes, 32 are needed", len(secret))
	}
	return Links{PublicURL: strings.TrimRight(publicURL, "/"), Secret: secret}, nil
}

const (
	macSize      = 16
	maxToken     = 1024 // characters
	purposeAsk   = "r1"
	purposeLeave = "u1"
)

// RequestToken is what the link of a request names.
type RequestToken struct {
	Tenant    string
	Enrolment engine.EnrolmentID
	Request   engine.RequestID
}

// LeaveToken is what an unsubscribe link names.
type LeaveToken struct {
	Tenant  string
	Person  engine.PersonID
	Channel string
}

// Request is the address of the page that answers a request.
func (l Links) Request(tenant string, e engine.EnrolmentID, r engine.RequestID) string {
	return l.PublicURL + "/r/" + l.seal(purposeAsk, tenant, string(e), string(r))
}

// Unsubscribe is the address that ends the mails of a channel to a person.
func (l Links) Unsubscribe(tenant string, p engine.PersonID, channel string) string {
	return l.PublicURL + "/u/" + l.seal(purposeLeave, tenant, string(p), channel)
}

// ReadRequest opens the token of a request link; ErrToken if it is not ours.
func (l Links) ReadRequest(token string) (RequestToken, error) {
	f, err := l.open(token, purposeAsk)
	if err != nil {
		return RequestToken{}, err
	}
	return RequestToken{Tenant: f[0], Enrolment: engine.EnrolmentID(f[1]), Request: engine.RequestID(f[2])}, nil
}

// ReadUnsubscribe opens the token of an unsubscribe link; ErrToken if it is not ours.
func (l Links) ReadUnsubscribe(token string) (LeaveToken, error) {
	f, err := l.open(token, purposeLeave)
	if err != nil {
		return LeaveToken{}, err
	}
	return LeaveToken{Tenant: f[0], Person: engine.PersonID(f[1]), Channel: f[2]}, nil
}

func (l Links) seal(fields ...string) string {
	payload := []byte(strings.Join(fields, "\x00"))
	return base64.RawURLEncoding.EncodeToString(append(payload, l.mac(payload)...))
}

// open gives the three fields behind the purpose.
func (l Links) open(token, purpose string) ([]string, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("read link: too long: %w", ErrToken)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= macSize {
		return nil, fmt.Errorf("read link: %w", ErrToken)
	}
	payload, sum := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(sum, l.mac(payload)) {
		return nil, fmt.Errorf("read link: forged or damaged: %w", ErrToken)
	}
	fields := strings.Split(string(payload), "\x00")
	if len(fields) != 4 || fields[0] != purpose {
		return nil, fmt.Errorf("read link: for another purpose: %w", ErrToken)
	}
	return fields[1:], nil
}

// mac is keyed for this use alone, so that the secret may serve others too.
func (l Links) mac(payload []byte) []byte {
	derive := hmac.New(sha256.New, l.Secret)
	derive.Write([]byte("cairn: personal links"))
	h := hmac.New(sha256.New, derive.Sum(nil))
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}
