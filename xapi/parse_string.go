package xapi

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string, quotes and escapes resolved. A lone surrogate (text cut
// in the middle of an emoji by its sender) reads as U+FFFD.
func (p *parser) str() (string, *Error) {
	p.pos++ // "
	start := p.pos
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			s := p.src[start:p.pos]
			p.pos++
			if !utf8.ValidString(s) {
				return "", p.fail("text is not UTF-8")
			}
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return "", p.fail("a control character in a string must be escaped")
		}
		p.pos++
	}
	return "", p.fail("a string has no end")
}

// escaped reads on from the first backslash of a string that began at start.
func (p *parser) escaped(start int) (string, *Error) {
	var b strings.Builder
	b.WriteString(p.src[start:p.pos])
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		switch {
		case c == '"':
			p.pos++
			s := b.String()
			if !utf8.ValidString(s) {
				return "", p.fail("text is not UTF-8")
			}
			return s, nil
		case c < 0x20:
			return "", p.fail("a control character in a string must be escaped")
		case c != '\\':
			b.WriteByte(c)
			p.pos++
			continue
		}
		if p.pos+1 >= len(p.src) {
			break
		}
		c = p.src[p.pos+1]
		p.pos += 2
		switch c {
		case '"', '\\', '/':
			b.WriteByte(c)
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r, ok := p.hex4()
			if !ok {
				return "", p.fail(`\u needs four hexadecimal digits`)
			}
			if utf16.IsSurrogate(r) {
				r = p.surrogate(r)
			}
			b.WriteRune(r)
		default:
			return "", p.fail("unknown escape in a string")
		}
	}
	return "", p.fail("a string has no end")
}

// surrogate joins the first half r with the second that should follow.
func (p *parser) surrogate(r rune) rune {
	if strings.HasPrefix(p.src[p.pos:], `\u`) {
		back := p.pos
		p.pos += 2
		if low, ok := p.hex4(); ok {
			if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
				return whole
			}
		}
		p.pos = back
	}
	return utf8.RuneError
}

func (p *parser) hex4() (rune, bool) {
	if p.pos+4 > len(p.src) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.src[p.pos : p.pos+4]) {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	p.pos += 4
	return r, true
}
