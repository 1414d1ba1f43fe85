package lti

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

const maxPages = 500

// pages calls take for every page, following Link "next" on the same host, until
// take answers false or the pages end. A roster cut short would be taken for the
// whole, so a next page elsewhere is an error.
func (t *Tool) pages(ctx context.Context, reg RegistrationID, c call, take func(body []byte) (more bool, err error)) error {
	seen := map[string]bool{}
	for {
		if seen[c.url] || len(seen) >= maxPages {
			return &ServiceError{Op: c.op, Kind: ErrRefused, Detail: "the platform's pages never end"}
		}
		seen[c.url] = true
		res, body, err := t.call(ctx, reg, c) //nolint:bodyclose // call has read and closed it
		if err != nil {
			return err
		}
		more, err := take(body)
		if err != nil || !more {
			return err
		}
		next, ok := nextLink(res.Header.Values("Link"))
		if !ok {
			return nil
		}
		here, err := url.Parse(c.url)
		if err != nil {
			return err
		}
		there, err := here.Parse(next)
		if err != nil || !sameOrigin(here, there) || there.User != nil {
			return &ServiceError{Op: c.op, Status: res.StatusCode, Kind: ErrRefused, Detail: "the platform's next page is on another host"}
		}
		c.url = there.String()
		if c.method != http.MethodGet {
			return nil
		}
	}
}

// nextLink finds the target of rel=next in Link headers. It reads what RFC 8288
// allows, and Moodle's own spelling: curly quotes around the relation, and &amp;
// for & in the target.
func nextLink(headers []string) (string, bool) {
	rest := strings.Join(headers, ", ")
	for {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			return "", false
		}
		target, after, ok := strings.Cut(after, ">")
		if !ok {
			return "", false
		}
		params := after
		if i := strings.Index(after, "<"); i >= 0 {
			params, rest = after[:i], after[i:]
		} else {
			rest = ""
		}
		if isNext(params) {
			return strings.ReplaceAll(strings.TrimSpace(target), "&amp;", "&"), true
		}
		if rest == "" {
			return "", false
		}
	}
}

// isNext reports whether the parameters of a link hold the relation "next".
func isNext(params string) bool {
	for _, p := range strings.Split(params, ";") {
		name, value, ok := strings.Cut(p, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		// Whatever is no letter ends a word: straight, curly or mangled quotes, spaces, the comma.
		for _, word := range strings.FieldsFunc(value, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == ':' || r == '/' || r == '.')
		}) {
			if strings.EqualFold(word, "next") {
				return true
			}
		}
		return false // only the first rel counts
	}
	return false
}
