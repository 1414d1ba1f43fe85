package engine

import (
	"fmt"
	"slices"
	"sort"
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
	return r.object(n, path, m.names(), m.required()...)
}

// object reads n as a mapping of known keys. Unknown keys and missing required ones are refused. What is read from an
// object that is no mapping is empty.
func (r *reader) object(n *tree, path string, known []string, required ...string) object {
	o := object{r: r, path: path, n: n, keys: map[string]*tree{}}
	if n.kind != mapTree {
		r.refuse(n, path, "expected a mapping, found "+n.kind.String(), "write "+strings.Join(known[:min(3, len(known))], ", ")+" …")
		return o
	}
	for _, f := range n.fields {
		if !slices.Contains(known, f.key) {
			r.add(f.line, f.col, o.at(f.key), fmt.Sprintf("unknown key %q", f.key), suggest(f.key, known), false)
			continue
		}
		o.keys[f.key] = f.value
		if f.value.kind == nullTree {
			r.add(f.line, f.col, o.at(f.key), "has no value", "", false)
			delete(o.keys, f.key)
			o.keys[f.key] = nil
		}
	}
	for _, k := range required {
		if _, ok := o.keys[k]; !ok {
			r.refuse(n, path, fmt.Sprintf("%q is missing", k), "")
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
	if n := o.keys[key]; n != nil {
		return o.r.scalar(n, o.at(key))
	}
	return ""
}

func (r *reader) scalar(n *tree, path string) string {
	if n.kind != scalarTree {
		r.refuse(n, path, "expected a text, found "+n.kind.String(), "")
		return ""
	}
	if len(n.text) > 20_000 {
		r.refuse(n, path, "the text is longer than 20,000 bytes", "")
		return ""
	}
	return n.text
}

// text is a string or a mapping of languages.
func (o object) text(key string) Text {
	if n := o.keys[key]; n != nil {
		return o.r.text(n, o.at(key))
	}
	return nil
}

func (r *reader) text(n *tree, path string) Text {
	if n.kind != mapTree {
		if s := r.scalar(n, path); s != "" {
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
		if _, ok := t[""]; !ok {
			t[""] = s
		}
		t[tag] = s
	}
	if len(n.fields) == 0 {
		r.refuse(n, path, "has no text", "")
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
	for i, v := range n.items {
		items = append(items, item{v, fmt.Sprintf("%s[%d]", o.at(key), i)})
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
	s := o.str(key)
	if s != "" && !slices.Contains(words, s) {
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
		o.refuse(key, fmt.Sprintf("expected a whole number from %d to %d", low, high), "")
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
		o.refuse(key, "expected a number", "")
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
	default:
		o.refuse(key, "expected true or false", "")
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
		o.r.add(n.line, col, o.at(key), ce.What, "", false)
		return nil
	}
	c.line, c.col, c.path = n.line, n.col, o.at(key)
	if n.quoted {
		c.col++
	}
	return c
}

// suggest is `did you mean "x"?` for the nearest word, or "".
func suggest(s string, words []string) string {
	best, distance := "", max(1, len(s)/3)+1
	sorted := append([]string(nil), words...)
	sort.Strings(sorted)
	for _, w := range sorted {
		if d := editDistance(strings.ToLower(s), strings.ToLower(w)); d < distance {
			best, distance = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// suggestOrList names the nearest word, else all of them.
func suggestOrList(s string, words []string) string {
	if better := suggest(s, words); better != "" {
		return better
	}
	if len(words) == 0 || len(words) > 20 {
		return ""
	}
	return "write one of " + strings.Join(words, ", ")
}

// editDistance is the Levenshtein distance; very long words are far from everything.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1000
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
