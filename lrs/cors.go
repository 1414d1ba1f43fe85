package lrs

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Web pages of other origins may use the record store if a key says so (Fetch
// Standard, "CORS protocol"):
//
//   - A preflight has no credentials, so it cannot say which key will follow. It is
//     granted to every origin that some good key of the installation allows.
//   - An error before the key is known is readable by those origins too: a page must
//     be able to tell a wrong secret from a server that is down.
//   - Once the key is known, only the origins of this key may read the answer.
//
// The answer names the one origin, never *, and never allows cookies.

// parseOrigin puts an origin as browsers send it: scheme and host in lower case,
// and the port unless it is the scheme's own.
func parseOrigin(text string) (string, error) {
	wrong := fmt.Errorf("origin %.100q: give scheme and host only, as in https://reports.example.org", text)
	u, err := url.Parse(text)
	if err != nil || len(text) > 255 || u.Opaque != "" || u.User != nil || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(text, "?#*") {
		return "", wrong
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	switch {
	case host == "" || strings.HasSuffix(u.Host, ":"):
		return "", wrong
	case strings.ContainsFunc(host, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-_:", r) }):
		return "", fmt.Errorf("%w; a host in its ASCII form", wrong)
	case scheme != "https" && scheme != "http":
		return "", wrong
	}
	if port == map[string]string{"https": "443", "http": "80"}[scheme] {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return scheme + "://" + host, nil
}

// What pages may send and read beyond what the Fetch Standard grants everyone.
const (
	corsMethods  = "GET, HEAD, POST, PUT, DELETE"
	corsRequest  = "Authorization, Content-Type, If-Match, If-None-Match, Accept-Language, " + versionHeader
	corsResponse = "ETag, Last-Modified, Content-Length, WWW-Authenticate, Allow, " + versionHeader + ", X-Experience-API-Consistent-Through"
	corsMaxAge   = "600"
)

// originsFor is how long the installation's origins are remembered, askWithin how
// long the store may take to tell them.
const (
	originsFor = 10 * time.Second
	askWithin  = 2 * time.Second
)

// origins remembers which origins the keys of the installation allow. Asking the
// store once in a while bounds what preflights, which need no key, can cost. One
// request asks; the others go by what was known before, and wait only if nothing
// was.
type origins struct {
	mu     sync.Mutex
	asked  time.Time // zero: never with success
	known  []string
	asking chan struct{} // closed when the request that asks has its answer; nil: none does
}

// allows tells whether some good key allows the origin. With an error it goes by
// what was known before.
func (o *origins) allows(ctx context.Context, keys KeyStore, origin string, now time.Time) (bool, error) {
	o.mu.Lock()
	age := now.Sub(o.asked)
	first, wait := o.asked.IsZero(), o.asking
	stale := first || age >= originsFor || age < 0
	if stale && wait == nil {
		o.asking = make(chan struct{})
	}
	o.mu.Unlock()
	var err error
	switch {
	case stale && wait == nil:
		err = o.ask(ctx, keys, now)
	case first:
		select {
		case <-wait:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.known, origin), err
}

// ask asks the store, for the request that has set asking.
func (o *origins) ask(ctx context.Context, keys KeyStore, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	list, err := keys.KeysWithOrigins(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.asking)
	o.asking = nil
	if err != nil {
		return err
	}
	o.known, o.asked = nil, now
	for _, k := range list {
		if k.Good(now) {
			o.known = append(o.known, k.Origins...)
		}
	}
	return nil
}

// openTo lets a page of the request's origin read the answer, for now: it holds
// unless narrow takes it back.
func (h *handler) openTo(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	allowed, err := h.origins.allows(r.Context(), h.Keys, origin, h.Now())
	if err != nil {
		h.Log.WarnContext(r.Context(), "the allowed origins are not known", "err", err)
	}
	if allowed {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", corsResponse)
	}
}

// narrow lets a page read the answer only if the key allows its origin.
func (k Key) narrow(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if slices.Contains(k.Origins, origin) { // also if the key is too new to be remembered
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", corsResponse)
		return
	}
	w.Header().Del("Access-Control-Allow-Origin")
	w.Header().Del("Access-Control-Expose-Headers")
}

// preflight answers OPTIONS, which needs neither key nor version.
func (h *handler) preflight(w http.ResponseWriter, r *http.Request, path string) {
	methods, _, found := h.resource(path)
	if !found && path != "/about" {
		h.fail(w, r, refuse(http.StatusNotFound, "no such resource"))
		return
	}
	if path == "/about" {
		methods = map[string]method{http.MethodGet: nil}
	}
	w.Header().Set("Allow", allow(methods))
	if w.Header().Get("Access-Control-Allow-Origin") != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		w.Header().Del("Access-Control-Expose-Headers")
		w.Header().Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
		w.Header().Set("Access-Control-Allow-Methods", corsMethods)
		w.Header().Set("Access-Control-Allow-Headers", corsRequest)
		w.Header().Set("Access-Control-Max-Age", corsMaxAge)
	}
	w.WriteHeader(http.StatusNoContent)
}
