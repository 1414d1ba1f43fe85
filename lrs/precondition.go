package lrs

import (
	"errors"
	"net/http"
	"strings"
)

// precondition is what a request demands of the document it is about (RFC 9110
// 13.1): If-Match and If-None-Match.
type precondition struct {
	match, noneMatch *tags // nil: not given
}

// tags is the value of one of the two headers.
type tags struct {
	any  bool // "*"
	list []tag
}

// tag is an entity tag. Text is without its quotes.
type tag struct {
	text string
	weak bool
}

func parsePrecondition(h http.Header) (precondition, error) {
	var p precondition
	for name, to := range map[string]**tags{"If-Match": &p.match, "If-None-Match": &p.noneMatch} {
		lines := h.Values(name)
		if len(lines) == 0 {
			continue
		}
		t, err := parseTags(strings.Join(lines, ","))
		if err != nil {
			return precondition{}, &problem{http.StatusBadRequest, name, err.Error()}
		}
		*to = &t
	}
	return p, nil
}

var errTags = errors.New(`expected * or entity tags such as "da39a3ee5e6b4b0d3255bfef95601890afd80709", in quotes, between commas`)

// parseTags reads "*" or a list of entity tags. A tag may lack its quotes: there
// are clients that send the bare digest.
func parseTags(s string) (tags, error) {
	var t tags
	if strings.Trim(s, " \t,") == "*" {
		return tags{any: true}, nil
	}
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			break
		}
		var one tag
		s, one.weak = strings.CutPrefix(s, "W/")
		var ok bool
		if rest, quoted := strings.CutPrefix(s, `"`); quoted {
			one.text, s, ok = strings.Cut(rest, `"`)
			s = strings.TrimLeft(s, " \t")
			ok = ok && (s == "" || s[0] == ',')
		} else {
			one.text, s, _ = strings.Cut(s, ",")
			one.text = strings.TrimRight(one.text, " \t")
			ok = one.text != "" && one.text != "*" && !strings.ContainsAny(one.text, `"`)
		}
		if !ok || strings.ContainsFunc(one.text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return tags{}, errTags
		}
		t.list = append(t.list, one)
	}
	if len(t.list) == 0 {
		return tags{}, errTags
	}
	return t, nil
}

// given tells whether the request demands anything.
func (p precondition) given() bool { return p.match != nil || p.noneMatch != nil }

// holds tells whether the document, nil if there is none, is as demanded.
func (p precondition) holds(d *Document) bool {
	return (p.match == nil || p.match.name(d, false)) && (p.noneMatch == nil || !p.noneMatch.name(d, true))
}

// name tells whether the tags name the document. Weak tags count only in a weak
// comparison, which If-None-Match is and If-Match is not.
func (t tags) name(d *Document, weakly bool) bool {
	if d == nil || t.any {
		return d != nil
	}
	etag := strings.Trim(d.ETag(), `"`)
	for _, one := range t.list {
		if one.text == etag && (weakly || !one.weak) {
			return true
		}
	}
	return false
}
