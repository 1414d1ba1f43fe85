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
func (t *Tool) pages(ctx context.Context, course CourseKey, c call, take func(res *http.Response, body []byte) (more bool, err error)) error {
	seen := map[string]bool{}
	for {
		if seen[c.url] || len(seen) >= maxPages {
			return refused(c.op, CauseAnswer, "the platform's pages never end")
		}
		seen[c.url] = true
		res, body, err := t.call(ctx, course, c) //nolint:bodyclose // call has read and closed it
		if err != nil {
			return err
		}
		more, err := take(res, body)
		if err != nil || !more {
			return err
		}
		next, ok := linkOf(res.Header.Values("Link"), "next")
		if !ok {
			return nil
		}
		here, err := url.Parse(c.url)
		if err != nil {
			return err
		}
		there, err := here.Parse(next)
		if err != nil || !sameOrigin(here, there) || there.User != nil {
			return refused(c.op, CauseRedirect, "the platform's next page is on another host")
		}
		c.url = there.String()
		if c.method != http.MethodGet {
			return nil
		}
	}
}

// linkOf finds the target of a relation in Link headers. It reads what RFC 8288
// allows, and Moodle's own spelling: curly quotes around the relation, and &amp;
// for & in the target.
func linkOf(headers []string, rel string) (string, bool) {
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
		if isRel(params, rel) {
			return strings.ReplaceAll(strings.TrimSpace(target), "&amp;", "&"), true
		}
		if rest == "" {
			return "", false
		}
	}
}

// isRel reports whether the parameters of a link hold the relation.
func isRel(params, rel string) bool {
	for _, p := range strings.Split(params, ";") {
		name, value, ok := strings.Cut(p, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		// Whatever is no letter ends a word: straight, curly or mangled quotes, spaces, the comma.
		for _, word := range strings.FieldsFunc(value, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == ':' || r == '/' || r == '.')
		}) {
			if strings.EqualFold(word, rel) {
				return true
			}
		}
		return false // only the first rel counts
	}
	return false
}
