package xapi

import "strings"

// Error says which value of a statement is wrong and why.
type Error struct {
	Path   string // e.g. "statements[3].result.duration"; "" is the whole document
	Reason string // what would be right
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// Bounds of what is decoded.
const (
	maxDepth = 100 // nesting of arrays and objects in one statement
)

// Decode reads one statement strictly by the rules of v. What it refuses is an
// *Error. The bytes are kept in Raw and must not be changed afterwards.
func Decode(data []byte, v Version) (*Statement, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	c := checker{version: v}
	if !c.statement(root) {
		return nil, c.err
	}
	s := buildStatement(root)
	s.Raw = trimSpace(data)
	return s, nil
}

// DecodeList reads a POST body: one statement or an array of them, which may be
// empty. Paths in errors start with "statements[n]" for an array.
func DecodeList(data []byte, v Version) ([]*Statement, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	c := checker{version: v}
	if root.kind != kindArray {
		if !c.statement(root) {
			return nil, c.err
		}
		s := buildStatement(root)
		s.Raw = root.raw
		return []*Statement{s}, nil
	}
	list := make([]*Statement, 0, len(root.items))
	for i := range root.items {
		c.path = append(c.path[:0], step{key: "statements", index: -1}, step{index: i})
		if !c.statement(&root.items[i]) {
			return nil, c.err
		}
		s := buildStatement(&root.items[i])
		s.Raw = root.items[i].raw
		list = append(list, s)
	}
	return list, nil
}

// DecodeStored reads a statement that was accepted before, leniently: what the
// model does not know is left out, nothing is judged.
func DecodeStored(data []byte) (*Statement, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	if root.kind != kindObject {
		return nil, &Error{Reason: "a statement is a JSON object"}
	}
	s := buildStatement(root)
	s.Raw = trimSpace(data)
	return s, nil
}

func trimSpace(b []byte) []byte {
	return []byte(strings.Trim(string(b), " \t\r\n"))
}
