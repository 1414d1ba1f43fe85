package xapi

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func isHex(s string) bool {
	for i := range len(s) {
		if _, ok := hexDigit(s[i]); !ok {
			return false
		}
	}
	return true
}

// ValidUUID tells whether s is a UUID in its standard text form (RFC 4122);
// upper and lower case are the same.
func ValidUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

// ValidIRI tells whether s is an absolute IRI (RFC 3987): a scheme, something
// after it, and no space, control character or delimiter that must be escaped.
func ValidIRI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || !validScheme(scheme) || !utf8.ValidString(s) {
		return false
	}
	ascii := true
	for i := range len(rest) {
		switch c := rest[i]; c {
		case '<', '>', '"', '{', '}', '|', '\\', '^', '`', 0x7f:
			return false
		default:
			if c <= 0x20 {
				return false
			}
			ascii = ascii && c < utf8.RuneSelf
		}
	}
	if !ascii && strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return false
	}
	switch strings.ToLower(scheme) {
	case "http", "https": // these have an authority with a host
		host, ok := strings.CutPrefix(rest, "//")
		if !ok || host == "" || strings.IndexByte("/?#:", host[0]) >= 0 {
			return false
		}
	}
	return true
}

func validScheme(s string) bool {
	if s == "" || s[0]|0x20 < 'a' || s[0]|0x20 > 'z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// validMbox tells whether s is a mailto IRI with one address.
func validMbox(s string) bool {
	address, ok := strings.CutPrefix(s, "mailto:")
	if !ok || !utf8.ValidString(address) {
		return false
	}
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return false
	}
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '<' || r == '>' }) {
		return false
	}
	domain := address[at+1:]
	return !strings.ContainsAny(domain, ",;:?\"\\()") && !strings.Contains(domain, "..") &&
		domain[0] != '.' && domain[0] != '-' && !strings.Contains(address[:at], "@")
}

// validSHA2 tells whether s is the hex digest of SHA-224, 256, 384 or 512.
func validSHA2(s string) bool {
	switch len(s) {
	case 56, 64, 96, 128:
		return isHex(s)
	}
	return false
}

// validMediaType tells whether s is type/subtype with optional parameters.
func validMediaType(s string) bool {
	base, _, _ := strings.Cut(s, ";")
	typ, sub, ok := strings.Cut(strings.TrimRight(base, " \t"), "/")
	return ok && mediaToken(typ) && mediaToken(sub)
}

func mediaToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?=", s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// ValidLanguage tells whether s is a well-formed language tag (RFC 5646, 2.1).
// It asks for the form only: a subtag need not be registered.
func ValidLanguage(s string) bool {
	if len(s) > 255 || grandfathered(s) {
		return len(s) <= 255
	}
	tags := strings.Split(s, "-")
	for _, t := range tags {
		if !alphanumeric(t) || len(t) > 8 {
			return false
		}
	}
	if strings.EqualFold(tags[0], "x") {
		return len(tags) > 1
	}
	return langtag(tags)
}

// langtag follows: language[-extlang]{0,3}[-script][-region]*[-variant]*[-extension][-privateuse].
func langtag(tags []string) bool {
	first := tags[0]
	if !alphabetic(first) || len(first) < 2 {
		return false
	}
	i := 1
	next := func(ok func(string) bool) bool {
		if i < len(tags) && ok(tags[i]) {
			i++
			return true
		}
		return false
	}
	if len(first) <= 3 {
		for range 3 {
			if !next(func(t string) bool { return len(t) == 3 && alphabetic(t) }) {
				break
			}
		}
	}
	next(func(t string) bool { return len(t) == 4 && alphabetic(t) })
	next(func(t string) bool { return len(t) == 2 && alphabetic(t) || len(t) == 3 && numeric(t) })
	variants := map[string]bool{}
	for next(func(t string) bool { return len(t) >= 5 || len(t) == 4 && t[0] >= '0' && t[0] <= '9' }) {
		v := strings.ToLower(tags[i-1])
		if variants[v] {
			return false
		}
		variants[v] = true
	}
	singletons := map[string]bool{}
	for next(func(t string) bool { return len(t) == 1 && !strings.EqualFold(t, "x") }) {
		s := strings.ToLower(tags[i-1])
		if singletons[s] || !next(func(t string) bool { return len(t) >= 2 }) {
			return false
		}
		singletons[s] = true
		for next(func(t string) bool { return len(t) >= 2 }) {
		}
	}
	if next(func(t string) bool { return strings.EqualFold(t, "x") }) {
		return i < len(tags) // the rest is private
	}
	return i == len(tags)
}

// grandfathered tells whether s is one of the irregular tags of RFC 5646 that
// do not follow its grammar.
func grandfathered(s string) bool {
	switch strings.ToLower(s) {
	case "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux", "i-mingo",
		"i-navajo", "i-pwn", "i-tao", "i-tay", "i-tsu", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de":
		return true
	}
	return false
}

func alphabetic(s string) bool {
	for i := range len(s) {
		if s[i]|0x20 < 'a' || s[i]|0x20 > 'z' {
			return false
		}
	}
	return s != ""
}

func numeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		if (s[i]|0x20 < 'a' || s[i]|0x20 > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}
