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

// MaxStatements is how many statements DecodeList takes; ErrTooMany refuses more.
const MaxStatements = 10_000

// ErrTooMany says that a list has more than MaxStatements statements.
var ErrTooMany = errors.New("xapi: more than 10000 statements at once")

// DecodeList reads a POST body: one statement, or an array of them that may be
// empty. Paths in errors start with "statements[n]" for an array. Elements are
// read one by one, so memory is that of the largest statement plus the result.
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
	for {
		if len(list) == MaxStatements {
			return nil, ErrTooMany
		}
		p.nodes = maxNodes
		n, err := p.value()
		if err == nil {
			var s *Statement
			if s, err = decode(&n, v); err == nil {
				list = append(list, s)
			}
		}
		if err != nil {
			return nil, err.at(len(list)).under("statements")
		}
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
