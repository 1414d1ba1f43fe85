package lrs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a key may do (1.0.3 Part Three 4.2). README.md explains each to admins.
const (
	ScopeAll      = "all"
	ScopeAllRead  = "all/read"
	ScopeWrite    = "statements/write" // void too, whosever statement it is
	ScopeRead     = "statements/read"
	ScopeReadMine = "statements/read/mine" // statements this key wrote, see selectMine
	ScopeState    = "state"
	ScopeDefine   = "define" // what its statements say of activities counts
	ScopeProfile  = "profile"
)

// What a key may do by the API of workflows (web/api). The record store grants nothing for these, and the API nothing
// for those above: a reporting tool that may read all statements must not be able to remove people.
const (
	ScopeAPI             = "api/all"
	ScopeWorkflowsRead   = "workflows/read"
	ScopeWorkflowsWrite  = "workflows/write"
	ScopeEnrolmentsRead  = "enrolments/read"
	ScopeEnrolmentsWrite = "enrolments/write" // what a coach does
	ScopeEnrolmentsAct   = "enrolments/act"   // acts of learners, reviewers and those who post, in their place
	ScopePeopleRead      = "people/read"
	ScopePeopleWrite     = "people/write"
	ScopeEventsRead      = "events/read"
	ScopeEventsWrite     = "events/write"
	ScopeNudgesRead      = "nudges/read"
	ScopeNudgesWrite     = "nudges/write"
)

// APIScopes are the scopes of the API.
func APIScopes() []string {
	return []string{ScopeAPI, ScopeWorkflowsRead, ScopeWorkflowsWrite, ScopeEnrolmentsRead, ScopeEnrolmentsWrite, ScopeEnrolmentsAct, ScopePeopleRead, ScopePeopleWrite,
		ScopeEventsRead, ScopeEventsWrite, ScopeNudgesRead, ScopeNudgesWrite}
}

// ErrKey says that a key cannot be made as asked.
var ErrKey = errors.New("lrs: key")

// Key lets a client in. Its secret is known to the client only. A revoked key is
// kept: statements name it as their authority.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	SecretHash string     `json:"secret_hash"` // hex SHA-256 of the secret, which has 260 random bits
	Scopes     []string   `json:"scopes"`
	Origins    []string   `json:"origins,omitempty"` // of web pages that may read answers, as browsers send them
	Tenant     string     `json:"tenant"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	UsedAt     *time.Time `json:"used_at,omitempty"` // last, give or take a minute; in whole seconds
}

// Credential is what the holder of a new key is told, once.
type Credential struct {
	ID     string `json:"key"`
	Secret string `json:"secret"`
}

// KeyStore keeps keys, in the control database. An id that is unknown is
// ErrNotFound everywhere but in MarkUsed.
type KeyStore interface {
	// PutKey adds a key, or replaces the one with its id.
	PutKey(ctx context.Context, k Key) error

	// Key returns the key with the id, good or not.
	Key(ctx context.Context, id string) (Key, error)

	// Keys returns a tenant's keys, good or not, in order of CreatedAt.
	Keys(ctx context.Context, tenant string) ([]Key, error)

	// KeysWithOrigins returns the keys of all tenants that have Origins.
	KeysWithOrigins(ctx context.Context) ([]Key, error)

	// RevokeKey ends a tenant's key for good. Again is no error and changes nothing.
	RevokeKey(ctx context.Context, tenant, id string, at time.Time) error

	// MarkUsed moves UsedAt forward, never back. It brings no key into being
	// and undoes no RevokeKey that runs beside it.
	MarkUsed(ctx context.Context, id string, at time.Time) error
}

// Scopes are all the scopes there are.
func Scopes() []string {
	return append([]string{ScopeAll, ScopeAllRead, ScopeWrite, ScopeRead, ScopeReadMine, ScopeState, ScopeDefine, ScopeProfile}, APIScopes()...)
}

// maxOrigins bounds the origins of one key.
const maxOrigins = 20

// CreateKey makes a key of Name, Tenant, Scopes, Origins and ExpiresAt, with a
// secret of 260 random bits; what else k says does not count. No scopes means
// all. What cannot be is ErrKey.
func CreateKey(ctx context.Context, keys KeyStore, k Key, now time.Time) (Credential, error) {
	k = Key{Name: strings.TrimSpace(k.Name), Tenant: k.Tenant, Scopes: slices.Clone(k.Scopes), Origins: slices.Clone(k.Origins),
		ExpiresAt: k.ExpiresAt, CreatedAt: now.UTC()}
	if len(k.Scopes) == 0 {
		k.Scopes = []string{ScopeAll}
	}
	if err := k.check(); err != nil {
		return Credential{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	// Letters and digits only, so that nothing on their way takes them for a flag.
	c := Credential{ID: strings.ToLower(rand.Text()), Secret: strings.ToLower(rand.Text() + rand.Text())}
	k.ID, k.SecretHash = c.ID, hashSecret(c.Secret)
	if err := keys.PutKey(ctx, k); err != nil {
		return Credential{}, fmt.Errorf("lrs: create key: %w", err)
	}
	return c, nil
}

// check tells what a new key lacks. Scopes and origins are put in order.
func (k *Key) check() error {
	switch {
	case k.Name == "" || len(k.Name) > 200:
		return errors.New("a name of up to 200 bytes is needed")
	case !utf8.ValidString(k.Name) || strings.ContainsFunc(k.Name, unicode.IsControl):
		return errors.New("a name is a line of text")
	case k.Tenant == "":
		return errors.New("a tenant is needed")
	case k.ExpiresAt != nil && !k.ExpiresAt.After(k.CreatedAt):
		return errors.New("it would have expired already")
	case len(k.Origins) > maxOrigins:
		return fmt.Errorf("more than %d origins", maxOrigins)
	}
	for _, s := range k.Scopes {
		if !slices.Contains(Scopes(), s) {
			return fmt.Errorf("no scope %q; there are %s", s, strings.Join(Scopes(), ", "))
		}
	}
	for i, origin := range k.Origins {
		var err error
		if k.Origins[i], err = parseOrigin(origin); err != nil {
			return err
		}
	}
	slices.Sort(k.Scopes)
	slices.Sort(k.Origins)
	k.Scopes, k.Origins = slices.Compact(k.Scopes), slices.Compact(k.Origins)
	return nil
}

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// opens tells whether the secret is the key's and the key is good at now. The
// comparison takes the same time whatever the secret is.
func (k Key) opens(secret string, now time.Time) bool {
	same := subtle.ConstantTimeCompare([]byte(hashSecret(secret)), []byte(k.SecretHash)) == 1
	return same && k.Good(now)
}

// Good tells whether the key is neither revoked nor expired.
func (k Key) Good(now time.Time) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt))
}

// may tells whether the key has one of the scopes.
func (k Key) may(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(k.Scopes, s) })
}

// Door lets the holders of keys in. It may be used by several requests at once.
type Door struct {
	Keys KeyStore
	Now  func() time.Time
	Log  *slog.Logger

	uses uses
}

// Open finds the key with the id and tells whether the secret is its secret and it is good. The use is written down, at
// most once a minute.
func (d *Door) Open(ctx context.Context, id, secret string) (Key, bool, error) {
	now := d.Now()
	key, err := d.Keys.Key(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Key{}, false, nil
	}
	if err != nil {
		return Key{}, false, fmt.Errorf("lrs: open door: %w", err)
	}
	if !key.opens(secret, now) {
		return Key{}, false, nil
	}
	h := handler{Service: Service{Keys: d.Keys, Log: d.Log}}
	if d.uses.due(key.ID, now) {
		h.markUsed(ctx, key, now)
	}
	return key, true, nil
}

// May tells whether the key has one of the scopes.
func (k Key) May(scopes ...string) bool { return k.may(scopes...) }

// CanonicalOrigin is an origin as keys have it; "" for what is none.
func CanonicalOrigin(text string) string {
	origin, err := parseOrigin(text)
	if err != nil {
		return ""
	}
	return origin
}
