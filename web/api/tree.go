package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// node is one JSON value with the place where it stands.
type node struct {
	kind   byte // o object, a array, s string, n number, b boolean, 0 null
	offset int
	raw    []byte
	text   string // of strings, numbers and booleans
	fields []field
	items  []*node
}

type field struct {
	name   string
	offset int
	value  *node
}

// maxDepth bounds how deep values may be nested.
const maxDepth = 64

// member is the value of a name; nil when there is none.
func (n *node) member(name string) *node {
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// parseTree reads one JSON value, strictly: valid UTF-8, nothing behind it, no name twice in one object.
func parseTree(data []byte) (*node, faults) {
	if !utf8.Valid(data) {
		return nil, faults{fault{Detail: "the body is not UTF-8"}}
	}
	p := &treeParser{data: data, in: json.NewDecoder(bytes.NewReader(data))}
	p.in.UseNumber()
	n := p.value("", 0)
	if len(p.faults) > 0 {
		return nil, p.faults.placed(data)
	}
	if _, err := p.in.Token(); !errors.Is(err, io.EOF) {
		return nil, faults{fault{Detail: "there is something behind the value", offset: int(p.in.InputOffset())}}.placed(data)
	}
	return n, nil
}

type treeParser struct {
	data   []byte
	in     *json.Decoder
	faults faults
}

// start is where the next token begins.
func (p *treeParser) start() int {
	i := int(p.in.InputOffset())
	for i < len(p.data) && bytes.IndexByte([]byte(" \t\r\n,:"), p.data[i]) >= 0 {
		i++
	}
	return i
}

func (p *treeParser) refuse(pointer, detail string, offset int) *node {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, fault{Pointer: pointer, Detail: detail, offset: offset})
	}
	return nil
}

func (p *treeParser) value(pointer string, depth int) *node {
	at := p.start()
	if depth > maxDepth {
		return p.refuse(pointer, fmt.Sprintf("nested deeper than %d", maxDepth), at)
	}
	token, err := p.in.Token()
	if err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return p.refuse(pointer, "no JSON: "+syntax.Error(), int(syntax.Offset))
		}
		return p.refuse(pointer, "no JSON: it ends too early", len(p.data))
	}
	n := &node{offset: at}
	switch t := token.(type) {
	case json.Delim:
		ok := false
		if t == '{' {
			n.kind = 'o'
			ok = p.object(n, pointer, depth)
		} else {
			n.kind = 'a'
			ok = p.array(n, pointer, depth)
		}
		if !ok {
			return nil
		}
	case string:
		n.kind, n.text = 's', t
	case json.Number:
		n.kind, n.text = 'n', t.String()
	case bool:
		n.kind, n.text = 'b', strconv.FormatBool(t)
	default:
		n.kind = '0'
	}
	n.raw = p.data[at:p.in.InputOffset()]
	return n
}

func (p *treeParser) object(n *node, pointer string, depth int) bool {
	seen := map[string]bool{}
	for p.in.More() {
		at := p.start()
		token, err := p.in.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			p.refuse(pointer, "no JSON: a name is missing", at)
			return false
		}
		below := pointer + "/" + escape(name)
		if seen[name] {
			p.refuse(below, "the name stands there twice", at)
			return false
		}
		seen[name] = true
		v := p.value(below, depth+1)
		if v == nil {
			return false
		}
		n.fields = append(n.fields, field{name, at, v})
	}
	return p.end(pointer)
}

func (p *treeParser) array(n *node, pointer string, depth int) bool {
	for p.in.More() {
		v := p.value(pointer+"/"+strconv.Itoa(len(n.items)), depth+1)
		if v == nil {
			return false
		}
		n.items = append(n.items, v)
	}
	return p.end(pointer)
}

func (p *treeParser) end(pointer string) bool {
	if _, err := p.in.Token(); err != nil {
		at := len(p.data)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = int(syntax.Offset)
		}
		p.refuse(pointer, "no JSON: it ends too early or is not well-formed", at)
		return false
	}
	return true
}
