package xapi

import (
	"strings"
)

// Bounds of one document.
const (
	maxDepth = 100     // nesting of arrays and objects
	maxNodes = 200_000 // values in one statement
)

// kind is the JSON type of a node.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// node is one JSON value. text is the decoded string, or the literal of a
// number or boolean; raw is the value's span of the source, which begins at at.
type node struct {
	kind kind
	at   int
	text string
	raw  string
	kids []member
}

// end is where the value's span of the source ends.
func (n *node) end() int { return n.at + len(n.raw) }

// member is a value inside an object (with its key) or an array (without).
type member struct {
	key string
	val node
}

// get returns the member of an object, or nil.
func (n *node) get(key string) *node {
	for i := range n.kids {
		if n.kids[i].key == key {
			return &n.kids[i].val
		}
	}
	return nil
}

// parser reads strict JSON (RFC 8259) from src: UTF-8 only, no repeated keys,
// bounded depth and size.
type parser struct {
	src   string
	pos   int
	depth int
	nodes int
}

// parse reads the one JSON value of data.
func parse(data string) (*node, *Error) {
	p := parser{src: data}
	var n node
	if err := p.value(&n); err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return &n, nil
}

// end demands that nothing but space is left.
func (p *parser) end() *Error {
	p.space()
	if p.pos < len(p.src) {
		return p.fail("unexpected text after the end of the JSON value")
	}
	return nil
}

func (p *parser) fail(format string, args ...any) *Error {
	return fail("not JSON we can read: "+format+" (byte %d)", append(args, p.pos)...)
}

func (p *parser) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek skips space and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) value(n *node) *Error {
	if p.nodes++; p.nodes > maxNodes {
		return p.fail("more than %d values in one statement", maxNodes)
	}
	c := p.peek()
	start := p.pos
	var err *Error
	switch {
	case c == '{':
		err = p.object(n)
	case c == '[':
		err = p.array(n)
	case c == '"':
		n.kind = kindString
		n.text, err = p.str()
	case c == '-' || c >= '0' && c <= '9':
		err = p.number(n)
	default:
		err = p.literal(n)
	}
	n.at, n.raw = start, p.src[start:p.pos]
	return err
}

func (p *parser) literal(n *node) *Error {
	for _, lit := range [...]struct {
		text string
		kind kind
	}{{"true", kindBool}, {"false", kindBool}, {"null", kindNull}} {
		if strings.HasPrefix(p.src[p.pos:], lit.text) {
			n.kind, n.text = lit.kind, lit.text
			p.pos += len(lit.text)
			return nil
		}
	}
	if p.pos >= len(p.src) {
		return p.fail("the JSON ends too early")
	}
	return p.fail("a value cannot start with %q", p.src[p.pos])
}

func (p *parser) number(n *node) *Error {
	start := p.pos
	run := func() bool {
		from := p.pos
		for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
			p.pos++
		}
		return p.pos > from
	}
	at := func(set string) bool {
		if p.pos < len(p.src) && strings.IndexByte(set, p.src[p.pos]) >= 0 {
			p.pos++
			return true
		}
		return false
	}
	at("-")
	ok := true
	if !at("0") { // no leading zeros
		ok = run()
	}
	if ok && at(".") {
		ok = run()
	}
	if ok && at("eE") {
		at("+-")
		ok = run()
	}
	if !ok {
		return p.fail("a number is malformed")
	}
	n.kind, n.text = kindNumber, p.src[start:p.pos]
	return nil
}

func (p *parser) deeper() *Error {
	if p.depth++; p.depth > maxDepth {
		return p.fail("nested deeper than %d", maxDepth)
	}
	return nil
}

func (p *parser) array(n *node) *Error {
	n.kind = kindArray
	if err := p.deeper(); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	p.pos++ // [
	if p.peek() == ']' {
		p.pos++
		return nil
	}
	for {
		n.kids = append(n.kids, member{})
		if err := p.value(&n.kids[len(n.kids)-1].val); err != nil {
			return err.at(len(n.kids) - 1)
		}
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return nil
		default:
			return p.fail("an array needs a comma or ]")
		}
	}
}

func (p *parser) object(n *node) *Error {
	n.kind = kindObject
	if err := p.deeper(); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	p.pos++ // {
	if p.peek() == '}' {
		p.pos++
		return nil
	}
	var seen map[string]bool // only for large objects
	for {
		if p.peek() != '"' {
			return p.fail("an object needs a property name in quotes")
		}
		key, err := p.str()
		if err != nil {
			return err
		}
		if p.repeated(n, key, &seen) {
			return fail("property %s appears twice", quote(key))
		}
		if p.peek() != ':' {
			return p.fail("property %s needs a colon", quote(key))
		}
		p.pos++
		n.kids = append(n.kids, member{key: key})
		if err := p.value(&n.kids[len(n.kids)-1].val); err != nil {
			return err.in(key)
		}
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return nil
		default:
			return p.fail("an object needs a comma or }")
		}
	}
}

// repeated tells whether the object has the key already.
func (p *parser) repeated(n *node, key string, seen *map[string]bool) bool {
	if len(n.kids) < 16 {
		return n.get(key) != nil
	}
	if *seen == nil {
		*seen = make(map[string]bool, 32)
		for i := range n.kids {
			(*seen)[n.kids[i].key] = true
		}
	}
	if (*seen)[key] {
		return true
	}
	(*seen)[key] = true
	return false
}
