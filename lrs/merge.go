package lrs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// errNoObject says that a document is not a JSON object.
var errNoObject = errors.New("not a JSON object")

// property is one of a JSON object, name and value as they were written.
type property struct {
	key         string // the name, read
	name, value []byte
}

// maxProperties bounds the properties of an object that takes part in a merge.
const maxProperties = 100_000

// errManyProperties says that an object has more than that.
var errManyProperties = fmt.Errorf("a document has at most %d properties to be merged", maxProperties)

// mergeJSON is the object old with the given properties: those that old has are
// replaced, value for value, the others follow. It looks no deeper (1.0.3 Part
// Three 2.2). Names and values keep their bytes and order.
func mergeJSON(old []byte, with []property) ([]byte, error) {
	list, err := properties(old)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(list))
	for i, p := range list {
		at[p.key] = i
	}
	size := len(old) + 2
	for _, p := range with {
		size += len(p.name) + len(p.value) + 2
		if i, there := at[p.key]; there {
			list[i].value = p.value
		} else {
			list = append(list, p)
		}
	}
	if len(list) > maxProperties {
		return nil, errManyProperties
	}
	out := append(make([]byte, 0, size), '{')
	for i, p := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, p.name...), ':'), p.value...)
	}
	return append(out, '}'), nil
}

// properties reads a JSON object, its values only as far as to see that they are
// JSON: in time linear in its length. Of a name that comes twice the last value
// counts.
func properties(data []byte) ([]property, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errNoObject
	}
	in := scanner{data: data}
	if in.space(); in.data[in.at] != '{' {
		return nil, errNoObject
	}
	var list []property
	at := map[string]int{}
	for in.next() {
		name := in.value()
		key, err := unquote(name)
		if err != nil {
			return nil, errNoObject
		}
		in.next() // the colon
		p := property{key: key, name: name, value: in.value()}
		if i, twice := at[p.key]; twice {
			list[i] = p
			continue
		}
		if len(list) == maxProperties {
			return nil, errManyProperties
		}
		at[p.key] = len(list)
		list = append(list, p)
	}
	return list, nil
}

// unquote is the text of a JSON string.
func unquote(name []byte) (string, error) {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name[1 : len(name)-1]), nil
	}
	var text string
	err := json.Unmarshal(name, &text)
	return text, err
}

// scanner goes through what is known to be JSON.
type scanner struct {
	data []byte
	at   int
}

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.data) && strings.IndexByte(" \t\r\n", s.data[s.at]) >= 0 {
		s.at++
	}
}

// next skips the {, comma or colon before a value, and tells whether one follows.
func (s *scanner) next() bool {
	if s.space(); s.data[s.at] == '}' {
		return false
	}
	s.at++
	s.space()
	return s.data[s.at] != '}'
}

// value is the value that begins here.
func (s *scanner) value() []byte {
	from, depth := s.at, 0
	for s.at < len(s.data) {
		switch c := s.data[s.at]; c {
		case '"':
			s.text()
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // the object's own, after a number or word
				return s.data[from:s.at]
			}
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.data[from:s.at]
			}
			s.at++
			continue
		default:
			s.at++
			continue
		}
		if s.at++; depth == 0 {
			return s.data[from:s.at]
		}
	}
	return s.data[from:]
}

// text goes to the closing quote of a string.
func (s *scanner) text() {
	for s.at++; s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
}
