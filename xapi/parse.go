package xapi

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of one document.
const (
	maxDepth = 100     // nesting of arrays and objects
	maxNodes = 200_000 // values in one statement
	maxAdded = 100     // values that record stores add to a statement
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
	deep  int // how deep depth may be
	nodes int // values that may still come

	open []member // of the arrays and objects around pos, innermost last
	slab []member // room for those that are closed
}

// kids takes the members that were opened since base, for good.
func (p *parser) kids(base int) []member {
	found := p.open[base:]
	if len(found) == 0 {
		return nil
	}
	from := len(p.slab)
	if cap(p.slab)-from < len(found) {
		const typical = 24 // bytes of JSON for each member
		p.slab = make([]member, 0, max(len(found), min((len(p.src)-p.pos)/typical, 500)+4))
		from = 0
	}
	p.slab = append(p.slab, found...)
	clear(found)
	p.open = p.open[:base]
	return p.slab[from:len(p.slab):len(p.slab)]
}

// parse reads the one JSON value of data, which comes from outside.
func parse(data string) (*node, *Error) { return parseMost(data, maxNodes) }

// parseMost is parse with another bound of the values.
func parseMost(data string, most int) (*node, *Error) {
	p := parser{src: data, deep: maxDepth, nodes: most}
	return p.whole()
}

// ErrStored says that what is stored cannot be read. It tells where, but nothing
// of what is there.
var ErrStored = errors.New("xapi: a stored document cannot be read")

// parseStored reads the one JSON value of data, which was accepted before. How
// many values it has was bounded then, and is not again: it has grown by what
// record stores add, and deeper by the list that Adapt makes of one activity.
// What it cannot read is ErrStored.
func parseStored(data []byte) (*node, error) {
	p := parser{src: string(data), deep: maxDepth + 10, nodes: len(data)}
	n, err := p.whole()
	if err != nil {
		return nil, fmt.Errorf("%w (byte %d)", ErrStored, p.pos)
	}
	return n, nil
}

// storedObject is parseStored of an object.
func storedObject(data []byte) (*node, error) {
	n, err := parseStored(data)
	if err == nil && n.kind != kindObject {
		return nil, fmt.Errorf("%w: it is %s", ErrStored, n.kind)
	}
	return n, err
}

// whole reads the one value that there is.
func (p *parser) whole() (*node, *Error) {
	n, err := p.value()
	if err == nil {
		err = p.end()
	}
	if err != nil {
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

func (p *parser) value() (n node, err *Error) {
	if p.nodes--; p.nodes < 0 {
		return n, p.fail("more than %d values in one statement", maxNodes)
	}
	c := p.peek()
	n.at = p.pos
	switch {
	case c == '{':
		n.kind = kindObject
		n.kids, err = p.object()
	case c == '[':
		n.kind = kindArray
		n.kids, err = p.array()
	case c == '"':
		n.kind = kindString
		n.text, err = p.str()
	case c == '-' || c >= '0' && c <= '9':
		n.kind = kindNumber
		n.text, err = p.number()
	default:
		n.kind, n.text, err = p.literal()
	}
	n.raw = p.src[n.at:p.pos]
	return n, err
}

func (p *parser) literal() (kind, string, *Error) {
	for _, lit := range [...]struct {
		text string
		kind kind
	}{{"true", kindBool}, {"false", kindBool}, {"null", kindNull}} {
		if strings.HasPrefix(p.src[p.pos:], lit.text) {
			p.pos += len(lit.text)
			return lit.kind, lit.text, nil
		}
	}
	if p.pos >= len(p.src) {
		return kindNull, "", p.fail("the JSON ends too early")
	}
	return kindNull, "", p.fail("a value cannot start with %q", p.src[p.pos])
}

func (p *parser) number() (string, *Error) {
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
		return "", p.fail("a number is malformed")
	}
	return p.src[start:p.pos], nil
}

func (p *parser) deeper() *Error {
	if p.open == nil {
		p.open = make([]member, 0, 24)
	}
	if p.depth++; p.depth > p.deep {
		return p.fail("nested deeper than %d", p.deep)
	}
	return nil
}

func (p *parser) array() ([]member, *Error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.pos++ // [
	if p.peek() == ']' {
		p.pos++
		return nil, nil
	}
	base := len(p.open)
	for {
		v, err := p.value()
		if err != nil {
			return nil, err.at(len(p.open) - base)
		}
		p.open = append(p.open, member{val: v})
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return p.kids(base), nil
		default:
			return nil, p.fail("an array needs a comma or ]")
		}
	}
}

func (p *parser) object() ([]member, *Error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.pos++ // {
	if p.peek() == '}' {
		p.pos++
		return nil, nil
	}
	base := len(p.open)
	var seen map[string]bool // only for large objects
	for {
		if p.peek() != '"' {
			return nil, p.fail("an object needs a property name in quotes")
		}
		key, err := p.str()
		if err != nil {
			return nil, err
		}
		if repeated(p.open[base:], key, &seen) {
			return nil, fail("property %s appears twice", quote(key))
		}
		if p.peek() != ':' {
			return nil, p.fail("property %s needs a colon", quote(key))
		}
		p.pos++
		v, err := p.value()
		if err != nil {
			return nil, err.in(key)
		}
		p.open = append(p.open, member{key: key, val: v})
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return p.kids(base), nil
		default:
			return nil, p.fail("an object needs a comma or }")
		}
	}
}

// repeated tells whether the key is among the members already.
func repeated(members []member, key string, seen *map[string]bool) bool {
	if len(members) < 16 {
		for i := range members {
			if members[i].key == key {
				return true
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]bool, 32)
		for i := range members {
			(*seen)[members[i].key] = true
		}
	}
	if (*seen)[key] {
		return true
	}
	(*seen)[key] = true
	return false
}
