package xapi

import (
	"slices"
	"strconv"
	"strings"
)

// Document is a stored statement that was read, to be shown.
type Document struct{ root *node }

// ReadDocument reads a stored statement, or fails with ErrStored.
func ReadDocument(doc []byte) (Document, error) {
	root, err := storedObject(doc)
	if err != nil {
		return Document{}, err
	}
	return Document{root}, nil
}

// Activities are the ids of the activities in the document, as often as they are
// there.
func (d Document) Activities() []string { return activityIDs(nil, d.root) }

func activityIDs(ids []string, n *node) []string {
	add := func(n *node) {
		if id := textAt(n, "id"); id != "" {
			ids = append(ids, id)
		}
	}
	if o := objectNode(n, "object"); o != nil {
		switch objectTypeOf(o) {
		case ObjectTypeActivity:
			add(o)
		case ObjectTypeSubStatement:
			ids = activityIDs(ids, o)
		}
	}
	c := objectNode(n, "context")
	if c == nil {
		return ids
	}
	if a := objectNode(c, "contextActivities"); a != nil {
		for i := range a.kids {
			switch v := &a.kids[i].val; v.kind {
			case kindObject:
				add(v)
			case kindArray:
				for j := range v.kids {
					add(&v.kids[j].val)
				}
			default:
			}
		}
	}
	return ids
}

// Canonical shows statements with format=canonical: of each text of activities
// and verbs the language that suits best, and activities as Define said, or else as
// the statement does. It is not for concurrent use.
type Canonical struct {
	ranges      languageRanges
	definitions map[string]string // in one language, by activity
	most        int               // bytes of what is being shown
	short       bool              // it was not enough
}

// NewCanonical shows statements to whom sent the Accept-Language header.
func NewCanonical(accept string) *Canonical {
	return &Canonical{ranges: parseRanges(accept), definitions: map[string]string{}}
}

// Define gives the definition of an activity, raw JSON. size is how many bytes of
// it each mention gets.
func (c *Canonical) Define(activity string, definition []byte) (size int, err error) {
	root, err := storedObject(definition)
	if err != nil {
		return 0, err
	}
	e := &editor{out: make([]byte, 0, len(definition))}
	e.members(root, c.definition)
	c.definitions[activity] = string(e.out)
	return len(e.out), nil
}

// Show is the document with format=canonical. Once it has grown to most bytes the
// other activities are shown as the document does, and whole is false.
func (c *Canonical) Show(d Document, most int) (doc []byte, whole bool) {
	c.most, c.short = most, false
	e := &editor{out: make([]byte, 0, min(2*len(d.root.raw), max(most, len(d.root.raw))))}
	e.members(d.root, c.property)
	return e.out, !c.short
}

// property writes one of a statement, sub-statement or context.
func (c *Canonical) property(e *editor, key string, n *node) bool {
	switch key {
	case "verb":
		return e.inside(n, c.definition)
	case "context", "contextActivities":
		return e.inside(n, c.property)
	case "parent", "grouping", "category", "other":
		if n.kind != kindArray {
			return c.activity(e, n)
		}
		e.out = append(e.out, '[')
		for i := range n.kids {
			if i > 0 {
				e.out = append(e.out, ',')
			}
			c.activity(e, &n.kids[i].val)
		}
		e.out = append(e.out, ']')
		return true
	case "object":
		switch objectTypeOf(n) {
		case ObjectTypeActivity:
			return c.activity(e, n)
		case ObjectTypeSubStatement:
			return e.inside(n, c.property)
		}
	}
	return e.raw(n)
}

// activity writes an activity with its canonical definition, if there is one.
func (c *Canonical) activity(e *editor, n *node) bool {
	canonical, known := c.definitions[textAt(n, "id")]
	known = known && n.kind == kindObject
	if known && len(e.out)+len(canonical) > c.most {
		known, c.short = false, true
	}
	e.members(n, func(e *editor, key string, n *node) bool {
		if key != "definition" {
			return e.raw(n)
		}
		return !known && e.inside(n, c.definition)
	})
	if known {
		e.out = e.out[:len(e.out)-1] // the brace; the id stands before it
		e.member("definition", canonical)
		e.out = append(e.out, '}')
	}
	return true
}

// definition writes a property of a definition, an interaction component or a
// verb: of each text one language.
func (c *Canonical) definition(e *editor, key string, n *node) bool {
	switch key {
	case "choices", "scale", "source", "target", "steps":
		return e.each(n, c.definition)
	case "display", "name", "description":
		if n.kind == kindObject && len(n.kids) > 1 {
			best := c.ranges.best(n)
			e.out = append(e.out, '{')
			e.member(best.key, best.val.raw)
			e.out = append(e.out, '}')
			return true
		}
	}
	return e.raw(n)
}

// languageRanges are the ranges of an Accept-Language header, best first, and
// those that are not wanted at all.
type languageRanges struct {
	wanted, unwanted []string
}

// best picks one member of a language map (RFC 4647 lookup, but a range matches
// longer tags too): if none suits, the first that is not refused.
func (r languageRanges) best(n *node) *member {
	for _, want := range r.wanted {
		for {
			for i := range n.kids {
				if matches(n.kids[i].key, want) && (want != "*" || !r.refused(n.kids[i].key)) {
					return &n.kids[i]
				}
			}
			cut := strings.LastIndexByte(want, '-')
			if cut < 0 {
				break
			}
			want = want[:cut]
		}
	}
	for i := range n.kids {
		if !r.refused(n.kids[i].key) {
			return &n.kids[i]
		}
	}
	return &n.kids[0]
}

// refused tells whether the tag is one of the unwanted ranges, or longer.
func (r languageRanges) refused(tag string) bool {
	return slices.ContainsFunc(r.unwanted, func(want string) bool { return want != "*" && matches(tag, want) })
}

func matches(tag, want string) bool {
	return want == "*" || strings.EqualFold(tag, want) ||
		len(tag) > len(want) && tag[len(want)] == '-' && strings.EqualFold(tag[:len(want)], want)
}

// maxRanges bounds what is read of an Accept-Language header.
const maxRanges = 30

// parseRanges reads an Accept-Language header; what is malformed in it is left out.
func parseRanges(accept string) languageRanges {
	type weighed struct {
		tag string
		q   float64
	}
	var list []weighed
	var r languageRanges
	parts := strings.SplitN(accept, ",", maxRanges+1)
	for _, part := range parts[:min(len(parts), maxRanges)] {
		tag, params, _ := strings.Cut(part, ";")
		w := weighed{strings.TrimSpace(tag), 1}
		if q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			f, err := strconv.ParseFloat(q, 64)
			if err != nil || !(f >= 0 && f <= 1) {
				continue
			}
			w.q = f
		}
		switch {
		case w.tag == "" || len(w.tag) > 100:
		case w.q == 0:
			r.unwanted = append(r.unwanted, w.tag)
		default:
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b weighed) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	for _, w := range list {
		r.wanted = append(r.wanted, w.tag)
	}
	return r
}
