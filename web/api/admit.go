package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/lrs"
)

// admit finds the key of a request: Basic key:secret, or Bearer key.secret. It grants the origin of the key's web pages,
// and counts the request.
func (a *API) admit(c *call) error {
	if tenant, yes := c.operates(); yes {
		return a.admitOperator(c, tenant)
	}
	id, secret, ok := credentials(c.Request)
	if !ok {
		a.openTo(c)
		return refuse(http.StatusUnauthorized, "unauthorized", "send a key of cairn key create: Basic key:secret, or Bearer key.secret")
	}
	key, good, err := a.door.Open(c.Context(), id, secret)
	if err != nil {
		return err
	}
	if !good {
		a.openTo(c)
		return refuse(http.StatusUnauthorized, "unauthorized", "there is no such key, its secret is another, or it has ended")
	}
	if origin := c.Header.Get("Origin"); origin != "" {
		c.w.Header().Add("Vary", "Origin")
		if slices.Contains(key.Origins, lrs.CanonicalOrigin(origin)) {
			grant(c.w.Header(), origin)
		}
	}
	if wait := a.limits.take("key/"+key.ID, a.o.PerMinute, a.o.Wall()); wait > 0 {
		return tooMany(wait)
	}
	if c.engine, err = a.o.Engine(c.Context(), key.Tenant); err != nil {
		return err
	}
	c.key, c.from = key, "key:"+key.ID
	return nil
}

func credentials(r *http.Request) (id, secret string, ok bool) {
	if id, secret, ok = r.BasicAuth(); ok {
		return id, secret, id != ""
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(token) > 1000 {
		return "", "", false
	}
	id, secret, ok = strings.Cut(strings.TrimSpace(token), ".")
	return id, secret, ok && id != ""
}

func tooMany(wait time.Duration) *problem {
	p := refuse(http.StatusTooManyRequests, "too-many", "the quota of a minute is used up")
	p.retry = strconv.Itoa(int(wait/time.Second) + 1)
	return p
}

// limits counts requests by who makes them, in this process: a bucket that fills at an even rate.
type limits struct {
	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds what is remembered. Of those who may spend a quota only keys and sources that exist are counted.
const maxBuckets = 10_000

// take takes one of perMinute; above zero it says how long to wait instead.
func (l *limits) take(who string, perMinute int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil || len(l.buckets) > maxBuckets {
		l.buckets = map[string]bucket{}
	}
	most := float64(perMinute)
	b, known := l.buckets[who]
	if !known {
		b = bucket{left: most, at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left, b.at = min(most, b.left+passed.Minutes()*most), now
	}
	defer func() { l.buckets[who] = b }()
	if b.left < 1 {
		return time.Duration((1 - b.left) / most * float64(time.Minute))
	}
	b.left--
	return 0
}

// originList remembers for a while which origins keys of the installation allow: a preflight has no key.
type originList struct {
	mu    sync.Mutex
	at    time.Time
	known []string
}

const originsFor = 10 * time.Second

func (l *originList) allows(ctx context.Context, keys lrs.KeyStore, origin string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.at) > originsFor || now.Before(l.at) {
		if all, err := keys.KeysWithOrigins(ctx); err == nil {
			l.at, l.known = now, nil
			for _, k := range all {
				if k.Good(now) {
					l.known = append(l.known, k.Origins...)
				}
			}
		}
	}
	return slices.Contains(l.known, lrs.CanonicalOrigin(origin))
}

func grant(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, X-Request-Id, Idempotency-Replayed")
}

// openTo lets pages of an origin that some key allows read why they were refused.
func (a *API) openTo(c *call) {
	if origin := c.Header.Get("Origin"); origin != "" {
		c.w.Header().Add("Vary", "Origin")
		if a.origins.allows(c.Context(), a.o.Keys, origin, a.o.Now()) {
			grant(c.w.Header(), origin)
		}
	}
}

func (a *API) preflight(w http.ResponseWriter, r *http.Request, methods []string) {
	w.Header().Set("Allow", strings.Join(append(slices.Clone(methods), http.MethodOptions), ", "))
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Add("Vary", "Origin")
		if a.origins.allows(r.Context(), a.o.Keys, origin, a.o.Now()) {
			grant(w.Header(), origin)
			w.Header().Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Idempotency-Key")
			w.Header().Set("Access-Control-Max-Age", "600")
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// cursor makes an opaque place of a list.
func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

// place reads a cursor of n parts; nil when none was sent.
func (c *call) place(n int) ([]string, error) {
	sent := c.URL.Query().Get("cursor")
	if sent == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(sent)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || !utf8.Valid(raw) || len(parts) != n {
		return nil, malformed(faults{{Pointer: "cursor", Detail: "is none that this list gave"}})
	}
	return parts, nil
}

func stamp(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 36) }

func (c *call) unstamp(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 36, 64)
	if err != nil {
		return time.Time{}, malformed(faults{{Pointer: "cursor", Detail: "is none that this list gave"}})
	}
	return time.Unix(0, n).UTC(), nil
}
