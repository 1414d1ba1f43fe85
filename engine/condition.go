package engine

import (
	"fmt"
	"strconv"
	"strings"
)

// Condition is a parsed `if` or `until`: comparisons joined by and, or, not and parentheses. A comparison is
// `name op value`, where the name is a dotted path (rating.trade.manager, quiz.score, event.data.amount) or
// count(<path>), the op one of < <= > >= == !=, the value a number, a quoted or bare word, true or false.
type Condition struct {
	Source string
	root   node
	refs   []condRef

	line, col int
	path      string
}

// condRef is a name a condition looks up. Column counts from 0 within Source.
type condRef struct {
	Count  bool
	Path   string
	Column int
}

// lookup finds the value of a name: a float64, string or bool; nil when there is none.
type lookup func(count bool, path string) any

// Holds judges the condition. A comparison with a missing value is false.
func (c *Condition) holds(get lookup) bool { return c.root.holds(get) }

type node interface{ holds(lookup) bool }

type (
	andNode struct{ a, b node }
	orNode  struct{ a, b node }
	notNode struct{ a node }
	cmpNode struct {
		ref   condRef
		op    string
		value any
	}
)

func (n andNode) holds(get lookup) bool { return n.a.holds(get) && n.b.holds(get) }
func (n orNode) holds(get lookup) bool  { return n.a.holds(get) || n.b.holds(get) }
func (n notNode) holds(get lookup) bool { return !n.a.holds(get) }

func (n cmpNode) holds(get lookup) bool {
	got := get(n.ref.Count, n.ref.Path)
	if got == nil {
		return false
	}
	if a, ok := got.(float64); ok {
		b, ok := n.value.(float64)
		if !ok {
			return false
		}
		return ordered(n.op, a, b)
	}
	if a, ok := got.(bool); ok {
		b, ok := n.value.(bool)
		return ok && (n.op == "==" && a == b || n.op == "!=" && a != b)
	}
	return ordered(n.op, fmt.Sprint(got), fmt.Sprint(n.value))
}

func ordered[T float64 | string](op string, a, b T) bool {
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "==":
		return a == b
	}
	return a != b
}

// condError says at which byte of the source a condition goes wrong.
type condError struct {
	Column int
	What   string
}

func (e *condError) Error() string { return e.What }

// The bounds of a condition.
const (
	maxCondition = 2000
	maxNesting   = 50
)

// parseCondition reads a condition; a failure is a *condError.
func parseCondition(s string) (*Condition, error) {
	if len(s) > maxCondition {
		return nil, &condError{0, fmt.Sprintf("longer than %d bytes", maxCondition)}
	}
	p := condParser{src: s}
	p.next()
	root, err := p.or(0)
	if err == nil && p.tok != "" {
		err = p.unexpected("and, or, or the end")
	}
	if err != nil {
		return nil, err
	}
	return &Condition{Source: s, root: root, refs: p.refs}, nil
}

type condParser struct {
	src  string
	pos  int
	at   int    // where tok begins
	tok  string // "" at the end
	word bool   // tok is a name or number, not a sign
	lit  bool   // tok was quoted
	refs []condRef
}

func isWord(b byte) bool {
	return b == '.' || b == '_' || b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func (p *condParser) next() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
	p.at, p.tok, p.word, p.lit = p.pos, "", false, false
	if p.pos >= len(p.src) {
		return
	}
	b := p.src[p.pos]
	switch {
	case isWord(b):
		for p.pos < len(p.src) && isWord(p.src[p.pos]) {
			p.pos++
		}
		p.word = true
	case b == '"' || b == '\'':
		end := strings.IndexByte(p.src[p.pos+1:], b)
		if end < 0 {
			end = len(p.src) - p.pos - 1
		}
		p.tok, p.word, p.lit = p.src[p.pos+1:p.pos+1+end], true, true
		p.pos = min(p.pos+end+2, len(p.src))
		return
	case strings.IndexByte("<>=!", b) >= 0:
		p.pos++
		if p.pos < len(p.src) && p.src[p.pos] == '=' {
			p.pos++
		}
	default:
		p.pos++
	}
	p.tok = p.src[p.at:p.pos]
}

func (p *condParser) unexpected(want string) error {
	got := fmt.Sprintf("%q", p.tok)
	if p.tok == "" {
		got = "the end"
	}
	return &condError{p.at, fmt.Sprintf("expected %s, found %s", want, got)}
}

func (p *condParser) or(depth int) (node, error) {
	a, err := p.and(depth)
	for err == nil && p.tok == "or" && !p.lit {
		p.next()
		var b node
		if b, err = p.and(depth); err == nil {
			a = orNode{a, b}
		}
	}
	return a, err
}

func (p *condParser) and(depth int) (node, error) {
	a, err := p.not(depth)
	for err == nil && p.tok == "and" && !p.lit {
		p.next()
		var b node
		if b, err = p.not(depth); err == nil {
			a = andNode{a, b}
		}
	}
	return a, err
}

func (p *condParser) not(depth int) (node, error) {
	if depth > maxNesting {
		return nil, &condError{p.at, "nested too deeply"}
	}
	switch {
	case p.tok == "not" && !p.lit:
		p.next()
		a, err := p.not(depth + 1)
		return notNode{a}, err
	case p.tok == "(" && !p.word:
		p.next()
		a, err := p.or(depth + 1)
		if err == nil && (p.tok != ")" || p.word) {
			err = p.unexpected(`")"`)
		}
		p.next()
		return a, err
	}
	return p.comparison()
}

func (p *condParser) comparison() (node, error) {
	ref, err := p.ref()
	if err != nil {
		return nil, err
	}
	switch p.tok {
	case "<", "<=", ">", ">=", "==", "!=":
	default:
		return nil, p.unexpected("a comparison (<, <=, >, >=, ==, !=)")
	}
	n := cmpNode{ref: ref, op: p.tok}
	p.next()
	if !p.word {
		return nil, p.unexpected("a value")
	}
	n.value = p.tok
	if f, err := strconv.ParseFloat(p.tok, 64); err == nil && !p.lit {
		n.value = f
	} else if !p.lit && (p.tok == "true" || p.tok == "false") {
		n.value = p.tok == "true"
	}
	p.next()
	return n, nil
}

func (p *condParser) ref() (condRef, error) {
	if !p.word || p.lit {
		return condRef{}, p.unexpected("a name")
	}
	r := condRef{Path: p.tok, Column: p.at}
	p.next()
	if r.Path == "count" && p.tok == "(" && !p.word {
		p.next()
		if !p.word || p.lit {
			return r, p.unexpected("a name")
		}
		r = condRef{Count: true, Path: p.tok, Column: p.at}
		p.next()
		if p.tok != ")" {
			return r, p.unexpected(`")"`)
		}
		p.next()
	}
	p.refs = append(p.refs, r)
	return r, nil
}
