package lti

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Migration is what a launch says of its LTI 1.1 time (claim lti1p1): the ids by
// which the tool knew the person, the course and the link then. An id that did not
// change may be missing.
//
//	no signature, or a consumer key unknown to the tenant   kept, Verified is false
//	signature fits this very launch                         Verified
//	anything else (forged, or replayed from another launch) refused
type Migration struct {
	ConsumerKey    string
	UserID         string
	ContextID      string
	ResourceLinkID string
	// Verified: whoever sent it holds the secret of the consumer key. Only then may
	// what belongs to the old ids be given to the new ones.
	Verified bool

	signature string
}

// LegacyKey is an LTI 1.1 consumer key of a tenant, known so that launches can
// prove where they come from. Its secret is sealed as private keys are.
type LegacyKey struct {
	Tenant      string    `json:"tenant"`
	ConsumerKey string    `json:"consumer_key"`
	Sealed      []byte    `json:"sealed"`
	CreatedAt   time.Time `json:"created_at"`
}

// LegacyKeys keeps LTI 1.1 consumer keys; there are few.
type LegacyKeys interface {
	// PutLegacyKey adds or replaces the key of (tenant, consumer key).
	PutLegacyKey(ctx context.Context, k LegacyKey) error
	LegacyKey(ctx context.Context, tenant, consumerKey string) (LegacyKey, error)
	// LegacyKeys lists the keys of all tenants, oldest first.
	LegacyKeys(ctx context.Context) ([]LegacyKey, error)
	// RemoveLegacyKey removes a key; an unknown one is none.
	RemoveLegacyKey(ctx context.Context, tenant, consumerKey string) error
}

func legacyLabel(tenant, consumerKey string) string {
	return "lti-1p1\n" + tenant + "\n" + consumerKey
}

// AddLegacyKey makes an LTI 1.1 consumer key and its secret known for a tenant, or
// replaces the secret.
func (t *Tool) AddLegacyKey(ctx context.Context, tenant, consumerKey, secret string) error {
	if tenant == "" || consumerKey == "" || len(consumerKey) > maxID || secret == "" || len(secret) > maxText {
		return errors.New("lti: add legacy key: a tenant, a consumer key and its secret are required")
	}
	if err := t.store.PutLegacyKey(ctx, LegacyKey{
		Tenant: tenant, ConsumerKey: consumerKey, Sealed: t.seal.seal([]byte(secret), legacyLabel(tenant, consumerKey)), CreatedAt: t.now(),
	}); err != nil {
		return fmt.Errorf("lti: add legacy key: %w", err)
	}
	t.log.InfoContext(ctx, "audit", "act", "add legacy key", "tenant", tenant, "consumer_key", consumerKey)
	return nil
}

// LegacyKeys lists the LTI 1.1 consumer keys of a tenant, oldest first.
func (t *Tool) LegacyKeys(ctx context.Context, tenant string) ([]string, error) {
	all, err := t.store.LegacyKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("lti: legacy keys: %w", err)
	}
	var names []string
	for _, k := range all {
		if k.Tenant == tenant {
			names = append(names, k.ConsumerKey)
		}
	}
	return names, nil
}

// RemoveLegacyKey forgets a consumer key; an unknown one is none.
func (t *Tool) RemoveLegacyKey(ctx context.Context, tenant, consumerKey string) error {
	if err := t.store.RemoveLegacyKey(ctx, tenant, consumerKey); err != nil {
		return fmt.Errorf("lti: remove legacy key: %w", err)
	}
	t.log.InfoContext(ctx, "audit", "act", "remove legacy key", "tenant", tenant, "consumer_key", consumerKey)
	return nil
}

// readMigration reads the claim lti1p1; nil without it.
func readMigration(rd *reader, c object) *Migration {
	o, ok := rd.object(c, claim+"lti1p1")
	if !ok {
		return nil
	}
	return &Migration{
		ConsumerKey: rd.id(o, "oauth_consumer_key"), UserID: rd.id(o, "user_id"),
		ContextID: rd.id(o, "context_id"), ResourceLinkID: rd.id(o, "resource_link_id"),
		signature: rd.text(o, "oauth_consumer_key_sign"),
	}
}

// checkMigration verifies the signature of a launch's migration claim.
func (t *Tool) checkMigration(ctx context.Context, l *Launch, c object) *Rejection {
	m := l.Migrated
	if m == nil || m.signature == "" {
		return nil
	}
	if m.ConsumerKey == "" {
		return reject("migration_key_missing", "the lti1p1 claim is signed, but names no oauth_consumer_key")
	}
	k, err := t.store.LegacyKey(ctx, l.Tenant, m.ConsumerKey)
	if errors.Is(err, ErrNotFound) {
		t.log.InfoContext(ctx, "migration claim of an unknown LTI 1.1 key", "tenant", l.Tenant, "consumer_key", printable(m.ConsumerKey, 64))
		return nil
	}
	if err != nil {
		return broken("reading the LTI 1.1 key", err)
	}
	secret, err := t.seal.open(k.Sealed, legacyLabel(k.Tenant, k.ConsumerKey))
	if err != nil {
		return broken("opening the LTI 1.1 key", err)
	}
	nonce, _, _ := c.text("nonce") // checked before
	want := signMigration(string(secret), m.ConsumerKey, l.DeploymentID, l.Registration.Issuer, l.Registration.ClientID, strings.TrimSpace(string(c["exp"])), nonce)
	if !hmac.Equal([]byte(want), []byte(m.signature)) {
		return reject("migration_signature", "the lti1p1 claim is not signed for this launch with the secret of %q: forged, or replayed from another launch",
			printable(m.ConsumerKey, 64))
	}
	m.Verified = true
	t.log.InfoContext(ctx, "migration claim verified", "tenant", l.Tenant, "registration", l.Registration.ID, "consumer_key", m.ConsumerKey)
	return nil
}

// signMigration is the signature of the claim; exp as it stands in the token.
func signMigration(secret, consumerKey, deployment, issuer, clientID, exp, nonce string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join([]string{consumerKey, deployment, issuer, clientID, exp, nonce}, "&")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
