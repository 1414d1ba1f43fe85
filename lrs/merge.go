package lrs

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// errNoObject says that a document is not a JSON object.
var errNoObject = errors.New("not a JSON object")

// property is one of a JSON object, name and value as they were written.
type property struct {
	key         string // the name, read
	name, value []byte
}

// mergeJSON is the object old with the properties of the object change: those
// that old has are replaced, value for value, the others follow. It looks no
// deeper (1.0.3 Part Three 2.2). Names and values keep their bytes and order.
func mergeJSON(old, change []byte) ([]byte, error) {
	list, err := properties(old)
	if err != nil {
		return nil, err
	}
	with, err := properties(change)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(list))
	for i, p := range list {
		at[p.key] = i
	}
	for _, p := range with {
		if i, there := at[p.key]; there {
			list[i].value = p.value
		} else {
			list = append(list, p)
		}
	}
	out := make([]byte, 0, len(old)+len(change)+1)
	out = append(out, '{')
	for i, p := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, p.name...), ':'), p.value...)
	}
	return append(out, '}'), nil
}

// properties reads a JSON object, its values only as far as to see that they are
// JSON. Of a name that comes twice the last value counts.
func properties(data []byte) ([]property, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errNoObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errNoObject
	}
	var list []property
	at := map[string]int{}
	for d.More() {
		from := d.InputOffset()
		key, err := d.Token()
		if err != nil {
			return nil, errNoObject
		}
		p := property{key: key.(string), name: bytes.TrimLeft(data[from:d.InputOffset()], ", \t\r\n")}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errNoObject
		}
		p.value = value
		if i, twice := at[p.key]; twice {
			list[i] = p
			continue
		}
		at[p.key] = len(list)
		list = append(list, p)
	}
	return list, nil
}
