package engine

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// leaf is a scalar to be written: bare as it stands, or a text that is quoted where YAML asks for it.
type leaf struct {
	text string
	bare bool // a number, true or false
}

// branch is a mapping to be written, its keys in order. Nil values are left out.
type branch struct {
	keys   []string
	values []any // leaf, *branch or []any
}

// put adds a key; nothing (nil, an empty list or branch) is left out.
func (b *branch) put(key string, v any) {
	switch v := v.(type) {
	case nil:
		return
	case []any:
		if len(v) == 0 {
			return
		}
	case *branch:
		if v == nil || len(v.keys) == 0 {
			return
		}
	case leaf:
		if v.text == "" {
			return
		}
	}
	b.must(key, v)
}

// must adds a key even if its value is empty.
func (b *branch) must(key string, v any) {
	b.keys, b.values = append(b.keys, key), append(b.values, v)
}

// writeYAML is a mapping in block style, which every YAML reader understands the same way.
func writeYAML(b *branch) []byte {
	var w strings.Builder
	writeBranch(&w, b, 0)
	return []byte(w.String())
}

func writeBranch(w *strings.Builder, b *branch, indent int) {
	for i, k := range b.keys {
		if i > 0 {
			w.WriteString(strings.Repeat(" ", indent))
		}
		w.WriteString(quoteYAML(k, indent) + ":")
		writeValue(w, b.values[i], indent+2)
	}
}

// writeValue writes what stands behind a colon, and the end of the line.
func writeValue(w *strings.Builder, v any, indent int) {
	lead := strings.Repeat(" ", indent)
	switch v := v.(type) {
	case leaf:
		w.WriteString(" " + leafYAML(v, indent) + "\n")
	case *branch:
		w.WriteString("\n" + lead)
		writeBranch(w, v, indent)
	case []any:
		if len(v) == 0 {
			w.WriteString(" []\n")
			return
		}
		w.WriteString("\n")
		for _, item := range v {
			w.WriteString(lead + "-")
			switch item := item.(type) {
			case *branch:
				w.WriteString(" ")
				writeBranch(w, item, indent+2)
			default:
				writeValue(w, item, indent+2)
			}
		}
	}
}

func leafYAML(l leaf, indent int) string {
	if l.bare {
		return l.text
	}
	return quoteYAML(l.text, indent)
}

var (
	plainYAML    = regexp.MustCompile(`^\p{L}[\p{L}\p{N} _\-./,;()+&!?'%=]*$`)
	durationYAML = regexp.MustCompile(`^\d{1,6}(h|d|wd|w)$`)
	wordYAML     = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null|nan|inf)$`) // some reader takes these for something else
)

// quoteYAML is a text as it has to stand so that it is read back the same: plain, as a block of lines, or in quotes.
func quoteYAML(s string, indent int) string {
	switch {
	case len(s) < 2000 && plainYAML.MatchString(s) && !strings.HasSuffix(s, " ") && !wordYAML.MatchString(s), durationYAML.MatchString(s):
		return s
	case strings.Contains(s, "\n") && blockable(s):
		return blockYAML(s, indent)
	}
	return doubleQuoted(s, indent)
}

// blockable tells whether every line of a text can stand as it is.
func blockable(s string) bool {
	if depth := 0; s[0] == '\n' || s[0] == ' ' || !balanced(s, &depth) || !utf8.ValidString(s) {
		return false
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		indicators := 0
		for _, r := range line {
			if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
				return false
			}
			if strings.ContainsRune("-?:&!*", r) {
				indicators++
			}
		}
		if strings.TrimRight(line, " ") != line || len(line) > maxLine/2 || indicators > maxDepth/2 {
			return false
		}
	}
	return !strings.HasSuffix(s, "\n\n")
}

// balanced tells whether no bracket is left open or closed twice: the reader counts them (see tooDeep).
func balanced(s string, depth *int) bool {
	for _, b := range []byte(s) {
		switch b {
		case '[', '{':
			*depth++
		case ']', '}':
			*depth--
		}
		if *depth < 0 || *depth > 5 {
			return false
		}
	}
	return *depth == 0
}

func blockYAML(s string, indent int) string {
	head := "|-"
	if strings.HasSuffix(s, "\n") {
		head, s = "|", strings.TrimSuffix(s, "\n")
	}
	var w strings.Builder
	w.WriteString(head)
	for line := range strings.SplitSeq(s, "\n") {
		w.WriteString("\n")
		if line != "" {
			w.WriteString(strings.Repeat(" ", indent) + line)
		}
	}
	return w.String()
}

// doubleQuoted escapes what may not stand in double quotes, and breaks what would make too long a line.
func doubleQuoted(s string, indent int) string {
	depth := 0
	escapeBrackets := !balanced(s, &depth)
	var w strings.Builder
	w.WriteByte('"')
	column := 0
	for _, r := range s {
		before := w.Len()
		if column > maxLine/4 && r != ' ' && !strings.ContainsRune("-?:&!*", r) {
			w.WriteString("\\\n" + strings.Repeat(" ", indent))
			before, column = w.Len(), 0
		}
		switch {
		case r == '"' || r == '\\':
			w.WriteString(`\` + string(r))
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\t':
			w.WriteString(`\t`)
		case r == '\r':
			w.WriteString(`\r`)
		case escapeBrackets && strings.ContainsRune("[]{}", r):
			w.WriteString(`\x` + strconv.FormatInt(int64(r), 16))
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			hex := strconv.FormatInt(int64(r), 16)
			w.WriteString(`\u` + strings.Repeat("0", 4-len(hex)) + hex)
		default:
			w.WriteRune(r)
		}
		column += w.Len() - before
	}
	w.WriteByte('"')
	return w.String()
}
