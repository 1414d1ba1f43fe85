package engine

import (
	"net/url"
	"slices"
	"strings"
)

// fallsShort tells what a hand-in lacks of a step's `done`; nil: nothing that a hand-in could bring. Of a score it is
// not refused. Of several rules of which any will do, what the first one that a hand-in can meet lacks is told.
func fallsShort(r Rule, s *Step, c Contribution) FieldErrors {
	switch r.Name {
	case "words":
		if c.Words >= int(r.N) {
			return nil
		}
		field := "comment"
		if asks := s.Asks(); len(asks) > 0 {
			field = asks[0].ID
		}
		return FieldErrors{{Field: field, Key: "error.words_missing", Args: map[string]any{"words": c.Words, "min": int(r.N)}}}
	case "evidence":
		if n := len(c.Files) + len(c.Links); n < int(r.N) {
			return FieldErrors{{Field: "files", Key: "error.files_missing", Args: map[string]any{"files": n, "min": int(r.N)}}}
		}
	case "all":
		var bad FieldErrors
		for _, p := range r.Parts {
			bad = append(bad, fallsShort(p, s, c)...)
		}
		return bad
	case "any":
		var first FieldErrors
		for _, p := range r.Parts {
			if !p.Has("words") && !p.Has("evidence") && !p.Has("response") && !p.Has("score") {
				continue
			}
			bad := fallsShort(p, s, c)
			if len(bad) == 0 {
				return nil
			}
			if first == nil {
				first = bad
			}
		}
		return first
	}
	return nil
}

// The bounds of links.
const (
	maxLinks = 10
	maxLink  = 2_000
)

// webLinks checks addresses of evidence. They are not fetched.
func webLinks(given []string) ([]string, FieldErrors) {
	var out []string
	for _, l := range given {
		l = strings.TrimSpace(l)
		if l == "" || slices.Contains(out, l) {
			continue
		}
		if len(l) > maxLink || len(out) == maxLinks {
			return nil, FieldErrors{{Field: "links", Key: "error.too_long", Args: map[string]any{"max": maxLink}}}
		}
		u, err := url.Parse(l)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsFunc(l, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, FieldErrors{{Field: "links", Key: "error.not_a_link"}}
		}
		out = append(out, l)
	}
	return out, nil
}
