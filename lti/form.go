package lti

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// readForm parses a GET's query or a POST's urlencoded body of at most max bytes.
func readForm(w http.ResponseWriter, r *http.Request, max int64) (url.Values, *Rejection) {
	if r.Method == http.MethodGet {
		if int64(len(r.URL.RawQuery)) > max {
			return nil, reject("body_too_large", "the query is longer than %d bytes", max)
		}
		v, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, reject("bad_form", "the query cannot be read")
		}
		return v, nil
	}
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/x-www-form-urlencoded" {
		return nil, reject("bad_form", "the content type must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, max)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, reject("body_too_large", "the body is longer than %d bytes", max)
		}
		return nil, reject("bad_form", "the form cannot be read")
	}
	return r.PostForm, nil
}

// single answers the values of the named fields and refuses a field given twice.
func single(v url.Values, names ...string) (map[string]string, *Rejection) {
	out := make(map[string]string, len(names))
	for _, name := range names {
		if len(v[name]) > 1 {
			return nil, reject("duplicate_parameter", "the parameter %s was given %d times", name, len(v[name]))
		}
		out[name] = v.Get(name)
	}
	return out, nil
}

// secret is 256 random bits, URL-safe.
func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// hash is what stores keep of a secret. Secrets are random, so no salt is needed.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// sameOrigin compares scheme, host and port; default ports are the same as none.
func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && hostPort(a) == hostPort(b)
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		switch strings.ToLower(u.Scheme) {
		case "https":
			port = "443"
		case "http":
			port = "80"
		}
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// webURL parses an absolute http(s) URL without user info.
func webURL(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, false
	}
	return u, true
}

// requestID is the id of this request in log and page: the one that a middleware
// put on the answer, or a new one.
func requestID(w http.ResponseWriter) string {
	const header = "X-Request-Id"
	if id := w.Header().Get(header); id != "" {
		return id
	}
	id := secret()[:16]
	w.Header().Set(header, id)
	return id
}
