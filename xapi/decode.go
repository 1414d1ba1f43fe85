package xapi

import "errors"

// Decode reads one statement strictly by the rules of v. What it refuses is an
// *Error. The bytes are kept in Raw.
func Decode(data []byte, v Version) (*Statement, error) {
	return decodeMost(data, v, maxNodes)
}

// DecodeExported is Decode of a statement with what a record store added to it.
func DecodeExported(data []byte, v Version) (*Statement, error) {
	return decodeMost(data, v, maxNodes+maxAdded)
}

func decodeMost(data []byte, v Version, most int) (*Statement, error) {
	root, err := parseMost(string(data), most)
	if err != nil {
		return nil, err
	}
	s, err := decode(root, v)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func decode(n *node, v Version) (*Statement, *Error) {
	if err := (checker{version: v}).statement(n); err != nil {
		return nil, err
	}
	return buildStatement(n), nil
}

// What bounds a list: MaxStatements, and MaxValues in all of them.
const (
	MaxStatements = 10_000
	MaxValues     = 1_000_000
)

// ErrTooMany says that a list has more than MaxStatements statements,
// ErrTooLarge that it has more than MaxValues values.
var (
	ErrTooMany  = errors.New("xapi: more than 10000 statements at once")
	ErrTooLarge = errors.New("xapi: more than 1000000 values (texts, numbers, lists …) at once")
)

// DecodeList reads a POST body: one statement, or an array of them that may be
// empty. Paths in errors start with "statements[n]" for an array. Statements are
// read one by one, in room that is used again: what stays is the result, which has
// the bytes of data twice (in Raw, and in its texts) and the model of each
// statement without its extensions. A value takes at most some 350 bytes while
// its statement is read, and a few hundred in the model.
func DecodeList(data []byte, v Version) ([]*Statement, error) {
	p := parser{src: string(data), deep: maxDepth}
	if p.peek() != '[' {
		s, err := Decode(data, v)
		if err != nil {
			return nil, err
		}
		return []*Statement{s}, nil
	}
	p.pos++ // [
	list := []*Statement{}
	if p.peek() == ']' {
		p.pos++
		return list, p.end().asError()
	}
	left := MaxValues
	for {
		if len(list) == MaxStatements {
			return nil, ErrTooMany
		}
		p.nodes = min(left, maxNodes)
		before := p.nodes
		s, err := p.statement(v)
		if left -= before - p.nodes; left < 0 {
			return nil, ErrTooLarge
		}
		if err != nil {
			return nil, err.at(len(list)).under("statements")
		}
		list = append(list, s)
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return list, p.end().asError()
		default:
			return nil, p.fail("an array needs a comma or ]")
		}
	}
}

// statement reads the next statement. Its tree is gone afterwards.
func (p *parser) statement(v Version) (*Statement, *Error) {
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	s, err := decode(&n, v)
	p.slab = p.slab[:0] // nothing of the model points into the tree
	return s, err
}

// DecodeStored reads a statement that was accepted before, leniently: what the
// model does not know is left out, nothing is judged. What is no JSON object is
// ErrStored.
func DecodeStored(data []byte) (*Statement, error) {
	root, err := storedObject(data)
	if err != nil {
		return nil, err
	}
	return buildStatement(root), nil
}

// ParseAgent reads an Agent or Group, as it stands in a query parameter.
func ParseAgent(data string, v Version) (Agent, error) {
	root, err := parse(data)
	if err == nil {
		err = (checker{version: v}).actor(root)
	}
	if err != nil {
		return Agent{}, err
	}
	return buildAgent(root), nil
}
