package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// SourceSecret is the secret of an event source, made from a secret of the installation and kept nowhere.
func SourceSecret(installation []byte, tenant string, src engine.EventSource) string {
	mac := hmac.New(sha256.New, installation)
	mac.Write([]byte("cairn event source\x00" + tenant + "\x00" + src.ID + "\x00" + src.Salt))
	return secretPrefix + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

const secretPrefix = "whsec_"

// SourceName is how a source stands in the address of its events.
func SourceName(tenant string, src engine.EventSource) string { return tenant + "." + src.ID }

// The bounds of signed messages, by Standard Webhooks.
const (
	maxAge       = 5 * time.Minute // by webhook-timestamp, either way
	maxSignature = 20              // signatures in one header
	seenFor      = 2*maxAge + time.Minute
)

// admitSource finds the event source of a request and checks its signature: HMAC-SHA256 over id, timestamp and body.
func (c *call) admitSource() error {
	err := c.openSource()
	if p, ok := errors.AsType[*problem](err); ok && p.Status == http.StatusUnauthorized {
		address, _, _ := net.SplitHostPort(c.RemoteAddr)
		if wait := c.api.failures.take(address, failuresPerMinute, c.api.o.Wall()); wait > 0 {
			return tooMany(wait)
		}
	}
	return err
}

// failuresPerMinute bounds what one address may get wrong. It costs a source nothing: only what is signed counts as its.
const failuresPerMinute = 60

func (c *call) openSource() error {
	denied := refuse(http.StatusUnauthorized, "signature", "the source is not known, has ended, or the signature is another; see docs/events.md")
	source := c.PathValue("source")
	dot := strings.LastIndexByte(source, '.')
	if dot < 0 {
		return denied
	}
	tenant, id := source[:dot], source[dot+1:]
	if len(id) > 64 || c.api.o.Tenant != nil && !c.api.o.Tenant(c.Context(), tenant) {
		return denied
	}
	service, err := c.api.o.Engine(c.Context(), tenant)
	if err != nil {
		return err
	}
	src, err := service.EventSource(c.Context(), id)
	if errors.Is(err, engine.ErrNotFound) {
		return denied
	}
	if err != nil {
		return err
	}
	if !src.RevokedAt.IsZero() {
		return denied
	}
	if err := c.verify(tenant, src, denied); err != nil {
		return err
	}
	if wait := c.api.limits.take("source/"+tenant+"/"+id, src.PerMinute, c.api.o.Wall()); wait > 0 {
		return tooMany(wait)
	}
	sum := sha256.Sum256(c.raw)
	key := "webhook/" + src.ID + "/" + c.Header.Get("Webhook-Id")
	if _, err := service.Seen(c.Context(), key, hex.EncodeToString(sum[:]), c.api.o.Wall().Add(seenFor)); err != nil {
		if errors.Is(err, engine.ErrConflict) {
			return refuse(http.StatusConflict, "idempotency", "webhook-id stands for another message")
		}
		return err
	}
	c.engine, c.from = service, "source:"+src.ID
	return nil
}

// verify checks the headers of Standard Webhooks.
func (c *call) verify(tenant string, src engine.EventSource, denied error) error {
	id, stamp := c.Header.Get("Webhook-Id"), c.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || len(id) > 256 || err != nil || strconv.FormatInt(seconds, 10) != stamp {
		return refuse(http.StatusUnauthorized, "signature", "webhook-id (up to 256 characters), webhook-timestamp (seconds since 1970) and webhook-signature are needed")
	}
	signatures := strings.Fields(c.Header.Get("Webhook-Signature"))
	fits := false
	for _, installation := range c.api.o.Secrets {
		want := sign(SourceSecret(installation, tenant, src), id, stamp, c.raw)
		for i, s := range signatures {
			version, given, _ := strings.Cut(s, ",")
			sent, err := base64.StdEncoding.DecodeString(given)
			if i < maxSignature && version == "v1" && err == nil && hmac.Equal(sent, want) {
				fits = true
			}
		}
	}
	if !fits {
		return denied
	}
	if age := c.api.o.Wall().Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return refuse(http.StatusUnauthorized, "signature", "webhook-timestamp is more than five minutes off; sign the message again")
	}
	return nil
}

// sign makes a signature by Standard Webhooks.
func sign(secret, id, timestamp string, body []byte) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return nil // of a secret that is none of ours
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Sign makes the headers of a signed message: what a sender of events does.
func Sign(h http.Header, secret, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(sign(secret, id, timestamp, body)))
}
