package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxProblems bounds what one file is told.
const maxProblems = 200

// reader walks a tree and collects what is wrong.
type reader struct {
	file     string
	format   map[string]mapping
	problems Problems
	strict   Problems // what is readable, but not acceptable in a new import
}

// refuseNew refuses what can be read but should not be written: a version that was imported before runs on.
func (r *reader) refuseNew(n *tree, path, what, better string) {
	if len(r.strict) < maxProblems {
		r.strict = append(r.strict, Problem{File: r.file, Line: n.line, Column: n.col, Path: path, What: what, Better: better})
	}
}

func (r *reader) warn(n *tree, path, what, better string) {
	r.add(n.line, n.col, path, what, better, true)
}

func (r *reader) add(line, col int, path, what, better string, warning bool) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{File: r.file, Line: line, Column: col, Path: path, What: what, Better: better, Warning: warning})
	}
}

func (r *reader) refuse(n *tree, path, what, better string) {
	r.add(n.line, n.col, path, what, better, false)
}

// object is a mapping whose keys are known.
type object struct {
	r    *reader
	path string
	n    *tree
	keys map[string]*tree
}

// mapping reads n as the mapping of that name in the table of the format.
func (r *reader) mapping(n *tree, path, name string) object {
	m := r.format[name]
	o := r.object(n, path, m.names())
	if n.kind == mapTree {
		for _, k := range m {
			if k.required && !slices.ContainsFunc(n.fields, func(f treeField) bool { return f.key == k.name }) {
				r.refuse(n, path, fmt.Sprintf("%q is missing", k.name), k.example())
			}
		}
	}
	return o
}

// object reads n as a mapping of known keys. Unknown keys are refused. What is read from an object that is no mapping is
// empty.
func (r *reader) object(n *tree, path string, known []string) object {
	o := object{r: r, path: path, n: n, keys: map[string]*tree{}}
	if n.kind != mapTree {
		r.refuse(n, path, "expected a mapping, found "+n.kind.String(), "write "+strings.Join(known[:min(3, len(known))], ", ")+" …")
		return o
	}
	for _, f := range n.fields {
		if !slices.Contains(known, f.key) {
			r.add(f.line, f.col, o.at(f.key), fmt.Sprintf("unknown key %q", f.key), suggestOrList(f.key, known), false)
			continue
		}
		o.keys[f.key] = f.value
		if f.value.kind == nullTree {
			r.add(f.line, f.col, o.at(f.key), "has no value", "give it one, or leave the key out", false)
			delete(o.keys, f.key)
			o.keys[f.key] = nil
		}
	}
	for k, v := range o.keys {
		if v == nil {
			delete(o.keys, k)
		}
	}
	return o
}

func (o object) at(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

func (o object) has(key string) bool { return o.keys[key] != nil }

func (o object) refuse(key, what, better string) {
	n := o.keys[key]
	if n == nil {
		n = o.n
	}
	o.r.refuse(n, o.at(key), what, better)
}

// str is a scalar as text; "" when missing.
func (o object) str(key string) string {
	n := o.keys[key]
	if n == nil {
		return ""
	}
	if n.kind == scalarTree && n.text == "" {
		o.r.refuseNew(n, o.at(key), "is empty", "leave it out, or say something")
	}
	return o.r.scalar(n, o.at(key))
}

func (r *reader) scalar(n *tree, path string) string {
	if n.kind != scalarTree {
		r.refuse(n, path, "expected a text, found "+n.kind.String(), "")
		return ""
	}
	if len(n.text) > 20_000 {
		r.refuse(n, path, "the text is longer than 20,000 bytes", "put it into the file of an aid")
		return ""
	}
	if !n.quoted && dateShape.MatchString(n.text) {
		r.warn(n, path, "a date without quotes, which other YAML tools take for a time", fmt.Sprintf("write %q", n.text))
	}
	return n.text
}

var (
	dateShape = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	boolShape = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false)$`)
)

// text is a string or a mapping of languages.
func (o object) text(key string) Text {
	if n := o.keys[key]; n != nil {
		return o.r.text(n, o.at(key))
	}
	return nil
}

func (r *reader) text(n *tree, path string) Text {
	if n.kind != mapTree {
		s := r.scalar(n, path)
		if n.kind == scalarTree && strings.TrimSpace(n.text) == "" {
			r.refuseNew(n, path, "has no text", "")
		}
		if !n.quoted && boolShape.MatchString(s) {
			r.warn(n, path, fmt.Sprintf("%s without quotes, which other YAML tools take for true or false", s), fmt.Sprintf("write %q", s))
		}
		if s != "" {
			return Text{"": s}
		}
		return nil
	}
	t := Text{}
	for _, f := range n.fields {
		tag := strings.ToLower(f.key)
		if !isLanguage(tag) {
			r.add(f.line, f.col, path+"."+f.key, fmt.Sprintf("%q is not a language", f.key), "write a tag as en, de or pt-br", false)
			continue
		}
		s := r.scalar(f.value, path+"."+f.key)
		if f.value.kind == nullTree || f.value.kind == scalarTree && strings.TrimSpace(f.value.text) == "" {
			r.refuseNew(f.value, path+"."+f.key, "has no text", "")
		}
		if _, ok := t[""]; !ok {
			t[""] = s
		}
		t[tag] = s
	}
	if len(n.fields) == 0 {
		r.refuse(n, path, "has no text", "write {en: …, de: …}")
	}
	return t
}

func isLanguage(tag string) bool {
	parts := strings.Split(tag, "-")
	if len(parts[0]) < 2 || len(parts[0]) > 3 {
		return false
	}
	for _, p := range parts {
		if p == "" || len(p) > 8 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

// item is one entry of a list with its path.
type item struct {
	n    *tree
	path string
}

// list is a sequence; a single value counts as a list of one.
func (o object) list(key string) []item {
	n := o.keys[key]
	if n == nil {
		return nil
	}
	if n.kind != seqTree {
		return []item{{n, o.at(key)}}
	}
	items := make([]item, 0, len(n.items))
	seen := map[string]bool{}
	for i, v := range n.items {
		at := fmt.Sprintf("%s[%d]", o.at(key), i)
		if v.kind == scalarTree {
			if seen[v.text] {
				o.r.refuseNew(v, at, fmt.Sprintf("%q stands here twice", v.text), "once is enough")
			}
			seen[v.text] = true
		}
		items = append(items, item{v, at})
	}
	return items
}

func (o object) strs(key string) []string {
	var out []string
	for _, it := range o.list(key) {
		out = append(out, o.r.scalar(it.n, it.path))
	}
	return out
}

// oneOf is a scalar that must be one of some words.
func (o object) oneOf(key string, words ...string) string {
	n := o.keys[key]
	if n == nil {
		return ""
	}
	s := o.r.scalar(n, o.at(key))
	if n.kind == scalarTree && !slices.Contains(words, s) {
		o.refuse(key, fmt.Sprintf("%q is not known here", s), suggestOrList(s, words))
		return ""
	}
	return s
}

func (o object) integer(key string, low, high int) int {
	n := o.keys[key]
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(o.r.scalar(n, o.at(key)))
	if err != nil || v < low || v > high {
		o.refuse(key, fmt.Sprintf("expected a whole number from %d to %d", low, high), fmt.Sprintf("write it as %d", max(low, min(high, 1))))
		return low
	}
	return v
}

func (o object) number(key string) float64 {
	n := o.keys[key]
	if n == nil {
		return 0
	}
	v, err := strconv.ParseFloat(o.r.scalar(n, o.at(key)), 64)
	if err != nil || v != v || v > 1e15 || v < -1e15 {
		o.refuse(key, "expected a number", "write it as 14 or 0.8")
		return 0
	}
	return v
}

func (o object) yes(key string) bool {
	n := o.keys[key]
	if n == nil {
		return false
	}
	switch o.r.scalar(n, o.at(key)) {
	case "true":
		return true
	case "false":
	case "yes", "on", "y":
		o.refuse(key, "expected true or false", "write true")
	case "no", "off", "n":
		o.refuse(key, "expected true or false", "write false")
	default:
		o.refuse(key, "expected true or false", "write one of the two, without quotes")
	}
	return false
}

func (o object) duration(key string) Duration {
	n := o.keys[key]
	if n == nil {
		return Duration{}
	}
	return o.r.duration(n, o.at(key))
}

func (r *reader) duration(n *tree, path string) Duration {
	d, err := parseDuration(r.scalar(n, path))
	if err != nil {
		r.refuse(n, path, err.Error(), "write a number and h, d, wd or w, as 10wd")
	}
	return d
}

// time is a time expression; its anchor is judged by the linter.
func (o object) time(key string) *TimeExpr {
	n := o.keys[key]
	if n == nil {
		return nil
	}
	t, ok := o.r.time(n, o.at(key))
	if !ok {
		return nil
	}
	return &t
}

func (r *reader) time(n *tree, path string) (TimeExpr, bool) {
	t, err := parseTimeExpr(r.scalar(n, path))
	if err != nil {
		r.refuse(n, path, err.Error(), "write `anchor + 2wd at 09:00`")
		return TimeExpr{}, false
	}
	t.Line, t.Column, t.path = n.line, n.col, path
	return t, true
}

func (o object) condition(key string) *Condition {
	n := o.keys[key]
	if n == nil {
		return nil
	}
	c, err := parseCondition(o.r.scalar(n, o.at(key)))
	if err != nil {
		ce := err.(*condError) //nolint:errorlint // parseCondition returns no other
		col := n.col + ce.Column
		if n.quoted {
			col++
		}
		o.r.add(n.line, col, o.at(key), ce.What, "write it as rating.<behaviour>.manager >= 4 and <step>.state == done", false)
		return nil
	}
	c.line, c.col, c.path = n.line, n.col, o.at(key)
	if n.quoted {
		c.col++
	}
	return c
}
