package engine

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a definition. Depth and line length keep the YAML parser, which recurses, on a short stack.
const (
	MaxSource = 1 << 20
	maxDepth  = 40
	maxLine   = 8 << 10
	maxNodes  = 200_000
)

// tree is a YAML node without YAML: scalars are the text as it was written, aliases and tags are not allowed.
type tree struct {
	kind      treeKind
	text      string
	quoted    bool
	line, col int
	fields    []treeField // of a mapping
	items     []*tree     // of a sequence
}

type treeKind int

const (
	nullTree treeKind = iota
	scalarTree
	mapTree
	seqTree
)

func (k treeKind) String() string {
	return [...]string{"nothing", "a value", "a mapping", "a list"}[k]
}

type treeField struct {
	key       string
	line, col int
	value     *tree
}

// readTree parses YAML; a failure is one Problem.
func readTree(source []byte) (*tree, *Problem) {
	if len(source) > MaxSource {
		return nil, &Problem{Line: 1, Column: 1, What: fmt.Sprintf("the file is larger than %d bytes", MaxSource)}
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	if p := notText(source); p != nil {
		return nil, p
	}
	if p := tooDeep(source); p != nil {
		return nil, p
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, yamlProblem(err)
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			return nil, problemAt(d.Body, "a second document", "keep one workflow per file")
		}
		body = d.Body
	}
	if body == nil {
		return nil, &Problem{Line: 1, Column: 1, What: "the file is empty", Better: "start with `workflow: <id>`"}
	}
	c := converter{}
	t := c.convert(body, 0)
	return t, c.problem
}

// notText refuses what is not UTF-8, with the first byte that is not.
func notText(source []byte) *Problem {
	line, col := 1, 1
	for rest := source; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 || r == 0 {
			return &Problem{Line: line, Column: col, What: "the file is not text in UTF-8", Better: "save it as UTF-8"}
		}
		if col++; r == '\n' {
			line, col = line+1, 1
		}
		rest = rest[size:]
	}
	return nil
}

// tooDeep refuses what could only be nested absurdly, before the parser sees it. Brackets inside quotes count too:
// nobody writes forty of them unclosed.
func tooDeep(source []byte) *Problem {
	depth := 0
	for i, line := range bytes.Split(source, []byte("\n")) {
		if len(line) > maxLine {
			return &Problem{Line: i + 1, Column: 1, What: fmt.Sprintf("the line is longer than %d bytes", maxLine)}
		}
		lead, indicators := true, 0
		for j, b := range line {
			switch b {
			case '[', '{':
				if depth++; depth > maxDepth {
					return &Problem{Line: i + 1, Column: j + 1, What: "nested too deeply", Better: fmt.Sprintf("keep below %d levels", maxDepth)}
				}
			case ']', '}':
				depth = max(0, depth-1)
			}
			lead = lead && strings.IndexByte(" -?:&!*\t", b) >= 0
			if lead && b != ' ' {
				indicators++
			}
		}
		if indicators > maxDepth {
			return &Problem{Line: i + 1, Column: 1, What: "nested too deeply", Better: fmt.Sprintf("keep below %d levels", maxDepth)}
		}
	}
	return nil
}

func yamlProblem(err error) *Problem {
	p := &Problem{Line: 1, Column: 1, What: strings.SplitN(err.Error(), "\n", 2)[0]}
	var ye yaml.Error
	if errors.As(err, &ye) {
		p.What = ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = max(1, t.Position.Line), max(1, t.Position.Column)
		}
	}
	for trap, better := range map[string]string{
		"cannot start any token": "indent by spaces, never by tabs",
		"mapping value is not":   "put a text with `: ` in it into quotes",
		"reserved character":     "put the text into quotes",
		"must be specified":      "close the bracket; texts with , [ ] { } or ? need quotes inside one",
		"end token":              "close the bracket; texts with , [ ] { } or ? need quotes inside one",
		"end character":          "close the quote",
		"unknown escape":         `write \\ for a backslash, or use single quotes`,
		"already defined":        "keep one of the two",
		"corresponding to":       "a ? begins a key inside { }: put the text into quotes",
		"directive":              "put the text into quotes",
		"block sequence entries": "begin a list on a line of its own",
	} {
		if strings.Contains(p.What, trap) {
			p.Better = better
		}
	}
	if p.Better == "" {
		p.Better = "check indentation and quotes here"
	}
	return p
}

func problemAt(n ast.Node, what, better string) *Problem {
	line, col := start(n)
	return &Problem{Line: line, Column: col, What: what, Better: better}
}

// start is where a node begins; a mapping's own token is its first colon.
func start(n ast.Node) (line, col int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return position(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return position(n.Key.GetToken())
	}
	return position(n.GetToken())
}

func position(t *token.Token) (line, col int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(1, t.Position.Line), max(1, t.Position.Column)
}

type converter struct {
	problem *Problem
	nodes   int
}

func (c *converter) refuse(n ast.Node, what, better string) *tree {
	if c.problem == nil {
		c.problem = problemAt(n, what, better)
	}
	return &tree{line: c.problem.Line, col: c.problem.Column}
}

func (c *converter) convert(n ast.Node, depth int) *tree {
	if n == nil {
		return &tree{line: 1, col: 1}
	}
	if c.nodes++; c.nodes > maxNodes || depth > maxDepth {
		return c.refuse(n, "too many or too deeply nested values", "split the workflow")
	}
	line, col := start(n)
	t := &tree{line: line, col: col}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		t.kind = mapTree
		for _, v := range n.Values {
			c.field(t, v, depth)
		}
	case *ast.MappingValueNode:
		t.kind = mapTree
		c.field(t, n, depth)
	case *ast.SequenceNode:
		t.kind = seqTree
		for _, v := range n.Values {
			t.items = append(t.items, c.convert(v, depth+1))
		}
	case *ast.LiteralNode:
		t.kind, t.quoted = scalarTree, true
		if n.Value != nil {
			t.text = n.Value.Value
		}
	case *ast.StringNode:
		t.kind, t.text = scalarTree, n.Value
		t.quoted = n.Token.Type == token.DoubleQuoteType || n.Token.Type == token.SingleQuoteType
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		t.kind, t.text = scalarTree, n.GetToken().Value
	case *ast.MappingKeyNode:
		return c.refuse(n, "a `?` here begins a key", "put a text that begins with ? into quotes")
	default:
		return c.refuse(n, "anchors, aliases, tags and merge keys are not part of the format", "write the value out")
	}
	return t
}

func (c *converter) field(t *tree, v *ast.MappingValueNode, depth int) {
	key, ok := v.Key.(ast.Node)
	if !ok {
		return
	}
	k := c.convert(key, depth+1)
	if k.kind != scalarTree {
		c.refuse(key, "a key must be a plain word", "write `key: value`")
		return
	}
	for _, f := range t.fields {
		if f.key == k.text {
			c.refuse(key, fmt.Sprintf("%q stands here twice", k.text), "keep one of the two")
			return
		}
	}
	f := treeField{key: k.text, line: k.line, col: k.col, value: c.convert(v.Value, depth+1)}
	if f.value.kind == nullTree {
		f.value.line, f.value.col = k.line, k.col
	}
	t.fields = append(t.fields, f)
}
