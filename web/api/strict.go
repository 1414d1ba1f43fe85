package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decode reads a body into v, a pointer to a struct, strictly: names exactly as documented, none unknown, none twice,
// none missing that is required, values of the right type. What is wrong is told with its JSON pointer, line and column.
func decode(data []byte, v any) faults {
	tree, bad := parseTree(data)
	if bad != nil {
		return bad
	}
	c := checker{}
	c.check(tree, reflect.TypeOf(v).Elem(), "", "")
	if len(c.faults) > 0 {
		return c.faults.placed(data)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return faults{fault{Detail: err.Error()}}.placed(data)
	}
	return nil
}

// checker compares a tree with a type.
type checker struct{ faults faults }

func (c *checker) refuse(n *node, pointer, format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fault{Pointer: pointer, Detail: fmt.Sprintf(format, args...), offset: n.offset})
	}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

func (c *checker) check(n *node, t reflect.Type, pointer, enum string) {
	if t == rawType || t.Kind() == reflect.Interface {
		return
	}
	if t.Kind() == reflect.Pointer {
		if n.kind != '0' {
			c.check(n, t.Elem(), pointer, enum)
		}
		return
	}
	if t == timeType {
		if _, err := time.Parse(time.RFC3339, n.text); n.kind != 's' || err != nil {
			c.refuse(n, pointer, "expected an instant by RFC 3339, as 2026-11-21T09:00:00Z")
		}
		return
	}
	want := func(kind byte, name string) bool {
		if n.kind != kind {
			c.refuse(n, pointer, "expected %s", name)
		}
		return n.kind == kind
	}
	switch t.Kind() {
	case reflect.Struct:
		if want('o', "an object") {
			c.object(n, t, pointer)
		}
	case reflect.Map:
		if want('o', "an object") {
			for _, f := range n.fields {
				c.check(f.value, t.Elem(), pointer+"/"+escape(f.name), "")
			}
		}
	case reflect.Slice:
		if want('a', "a list") {
			for i, item := range n.items {
				c.check(item, t.Elem(), pointer+"/"+strconv.Itoa(i), enum)
			}
		}
	case reflect.String:
		if want('s', "a text") && enum != "" && !slices.Contains(strings.Split(enum, ","), n.text) {
			c.refuse(n, pointer, "%.60q is none of %s", n.text, strings.ReplaceAll(enum, ",", ", "))
		}
	case reflect.Bool:
		want('b', "true or false")
	case reflect.Int, reflect.Int64:
		if _, err := strconv.ParseInt(n.text, 10, 64); want('n', "a whole number") && err != nil {
			c.refuse(n, pointer, "expected a whole number")
		}
	case reflect.Float64:
		if _, err := strconv.ParseFloat(n.text, 64); want('n', "a number") && err != nil {
			c.refuse(n, pointer, "the number is too large")
		}
	}
}

func (c *checker) object(n *node, t reflect.Type, pointer string) {
	fields := fieldsOf(t)
	for _, f := range n.fields {
		i := slices.IndexFunc(fields, func(k known) bool { return k.name == f.name })
		if i < 0 {
			detail := fmt.Sprintf("there is no %.60q here", f.name)
			for _, k := range fields {
				if strings.EqualFold(k.name, f.name) {
					detail = fmt.Sprintf("write %q", k.name)
				}
			}
			c.refuse(&node{offset: f.offset}, pointer+"/"+escape(f.name), "%s", detail)
			continue
		}
		c.check(f.value, fields[i].typ, pointer+"/"+escape(f.name), fields[i].enum)
	}
	for _, k := range fields {
		if k.required && n.member(k.name) == nil {
			c.refuse(n, pointer+"/"+escape(k.name), "is missing")
		}
	}
}

// known is a field of a type as JSON has it.
type known struct {
	name, doc, enum string
	typ             reflect.Type
	required        bool
	index           int
	omit            bool
}

// fieldsOf lists the fields of a struct. One without a json tag goes by its name in snake_case, and is left out when it
// is empty text, list, map, time or nothing.
func fieldsOf(t reflect.Type) []known {
	var out []known
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = -1 // found by name
				out = append(out, inner)
			}
			continue
		}
		k := known{name: name, doc: f.Tag.Get("doc"), enum: f.Tag.Get("enum"), typ: f.Type, index: i}
		if name == "" {
			k.name = snake(f.Name)
		}
		if tagged {
			k.omit = strings.Contains(options, "omit")
		} else {
			switch f.Type.Kind() {
			case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
			default:
				k.omit = true
			}
		}
		k.required = !k.omit
		out = append(out, k)
	}
	return out
}

// snake is a Go name as JSON writes it: LineItemsURL is line_items_url.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	upper := func(i int) bool { return i >= 0 && i < len(runes) && runes[i] >= 'A' && runes[i] <= 'Z' }
	for i, r := range runes {
		if upper(i) && i > 0 && (!upper(i-1) || i+1 < len(runes) && !upper(i+1) && runes[i+1] != 's') {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}
