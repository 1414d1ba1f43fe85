package lrs

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// The alternate request syntax of xAPI 1.0.3 (Part Three, 1.3), for clients that
// can POST forms only: POST ?method=PUT, where the form has the headers, the query
// parameters and, as content, the body. xAPI 2.0 has no such thing.

// maxForm bounds a form that comes without an Authorization header: it is read
// before its sender is known.
const maxForm = 2 << 20

// isAlternate tells whether the request is one in this syntax, well-formed or not.
func isAlternate(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Contains(r.URL.RawQuery, "method") && r.URL.Query().Has("method")
}

// alternate returns the request that the form stands for.
func (h *handler) alternate(w http.ResponseWriter, r *http.Request, path string) (*http.Request, error) {
	if v, err := xapi.ParseVersion(r.Header.Get(versionHeader)); err == nil && v == xapi.V200 {
		return nil, invalid("method", "xAPI 2.0 has no alternate request syntax; send the request itself")
	}
	most := h.MaxBody
	if r.Header.Get("Authorization") == "" {
		most = min(most, maxForm)
	}
	if typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || typ != "application/x-www-form-urlencoded" {
		return nil, invalid("Content-Type", "expected application/x-www-form-urlencoded, as the parameter method says")
	}
	form, err := readBody(w, r, most)
	if err != nil {
		return nil, err
	}
	inner, err := unfold(r.Context(), r.URL, r.Header, form, path == "/statements")
	if err != nil {
		return nil, err
	}
	if v, err := xapi.ParseVersion(inner.Header.Get(versionHeader)); err == nil && v == xapi.V200 {
		return nil, invalid(versionHeader, "xAPI 2.0 has no alternate request syntax; send the request itself")
	}
	inner.RemoteAddr, inner.Host = r.RemoteAddr, r.Host
	return inner, nil
}

// formHeaders are the headers that a form may have. Any other name that is not
// content is a query parameter.
func formHeaders() []string {
	return []string{"Authorization", versionHeader, "Content-Type", "Content-Length", "If-Match", "If-None-Match", "Accept", "Accept-Language"}
}

// unfold makes the request that a form in the alternate syntax stands for, sent to
// target. What the form says of headers comes before outer. Its content is a
// statement or several, or else a document.
func unfold(ctx context.Context, target *url.URL, outer http.Header, form []byte, statements bool) (*http.Request, error) {
	query, err := url.ParseQuery(target.RawQuery)
	if err != nil {
		return nil, invalid("query", "the query string is not well-formed")
	}
	for name := range query {
		if name != "method" {
			return nil, invalid(name, "the form has the parameters; the query string has method only")
		}
	}
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete}
	if len(query["method"]) != 1 || !slices.Contains(methods, query.Get("method")) {
		return nil, invalid("method", "expected one of "+strings.Join(methods, ", ")+", once")
	}
	values, err := url.ParseQuery(string(form))
	if err != nil {
		return nil, invalid("body", "the form is not well-formed")
	}
	r := (&http.Request{Method: query.Get("method"), Header: outer.Clone(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	r.Header.Del("Content-Type") // they are the form's
	r.Header.Del("Content-Length")
	params := url.Values{}
	content, writes := values["content"], r.Method == http.MethodPut || r.Method == http.MethodPost
	delete(values, "content")
	for name, list := range values {
		if len(list) != 1 {
			return nil, invalid(name, "given more than once")
		}
		if header := textproto.CanonicalMIMEHeaderKey(name); slices.ContainsFunc(formHeaders(), func(h string) bool { return strings.EqualFold(h, name) }) {
			if strings.ContainsAny(list[0], "\r\n\x00") {
				return nil, invalid(name, "is no header")
			}
			r.Header.Set(header, list[0])
			continue
		}
		params.Set(name, list[0])
	}
	switch {
	case writes && len(content) != 1:
		return nil, invalid("content", "expected once in the form, as what is sent with "+r.Method)
	case !writes && len(content) > 0:
		return nil, invalid("content", r.Method+" sends nothing")
	case writes:
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(content[0]))), int64(len(content[0]))
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/octet-stream"}[statements])
		}
	default:
		r.Body = http.NoBody
	}
	r.Header.Del("Content-Length") // that of content is known
	u := *target
	u.RawQuery = params.Encode()
	r.URL, r.RequestURI = &u, u.RequestURI()
	return r, nil
}

// bodiless answers a POST that stands for HEAD: its answer has no body, and so no
// length of one.
type bodiless struct{ http.ResponseWriter }

func (w bodiless) WriteHeader(status int) {
	w.Header().Set("Content-Length", "0")
	w.ResponseWriter.WriteHeader(status)
}

func (w bodiless) Write(p []byte) (int, error) { return len(p), nil }

// Unwrap serves http.ResponseController.
func (w bodiless) Unwrap() http.ResponseWriter { return w.ResponseWriter }
