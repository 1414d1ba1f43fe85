package mail

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// line makes one line of foreign text: no control or invisible characters that
// could break a header or turn the reading direction, bounded in length.
func line(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r == unicode.ReplacementChar, unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return cut(strings.Join(strings.Fields(s), " "), limit)
}

// header is a line as it may stand in a header: a text that looks like an encoded
// word (RFC 2047) would be decoded by the reader's program, to what line took away.
func header(line string) string { return strings.ReplaceAll(line, "=?", "= ?") }

// block is foreign text that keeps its lines.
func block(s string, limit int) []string {
	var lines []string
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	for l := range strings.SplitSeq(cut(strings.TrimSpace(s), limit), "\n") {
		lines = append(lines, line(l, limit))
	}
	return lines
}

// cut shortens to a number of characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimRight(string(runes[:limit-1]), " ") + "…"
}

// link is a web address that may stand in a mail and in a header, else "".
func link(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(raw) > 2000 {
		return ""
	}
	s := u.String()
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' || r == '"' }) {
		return ""
	}
	return s
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func parsePort(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, errors.New("mail: SMTP URL: the port is none")
	}
	return n, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
