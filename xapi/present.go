package xapi

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Adapt returns the statement as a reader of version v may see it: every kind of
// context activities is an array, 2.0 readers get times in UTC, 1.0.3 readers no
// context agents and groups. All other bytes stay.
func Adapt(doc []byte, v Version) ([]byte, error) {
	return rewrite(doc, func(e *editor, key string, n *node) bool { return e.adapt(key, n, v) })
}

// IDsOnly returns the statement with format=ids: agents, groups, verbs and
// activities hold only what identifies them.
func IDsOnly(doc []byte) ([]byte, error) { return rewrite(doc, (*editor).idsOnly) }

// editor writes a document anew, most of it with the bytes it had.
type editor struct {
	out []byte
}

// rewriter writes the value of a property, or returns false to leave it out.
type rewriter func(e *editor, key string, n *node) bool

func rewrite(doc []byte, f rewriter) ([]byte, error) {
	root, err := storedObject(doc)
	if err != nil {
		return nil, err
	}
	e := &editor{out: make([]byte, 0, len(doc))}
	e.members(root, f)
	return e.out, nil
}

// members writes an object, each property by f; other values as they are.
func (e *editor) members(n *node, f rewriter) {
	if n.kind != kindObject {
		e.raw(n)
		return
	}
	e.out = append(e.out, '{')
	first := true
	for i := range n.kids {
		m := &n.kids[i]
		back := len(e.out)
		if !first {
			e.out = append(e.out, ',')
		}
		e.key(m.key)
		if f(e, m.key, &m.val) {
			first = false
		} else {
			e.out = e.out[:back]
		}
	}
	e.out = append(e.out, '}')
}

// key writes the name of a property and the colon.
func (e *editor) key(name string) {
	if plainKey(name) {
		e.out = append(append(append(e.out, '"'), name...), '"', ':')
		return
	}
	text, _ := json.Marshal(name) // a string: cannot fail
	e.out = append(append(e.out, text...), ':')
}

func (e *editor) raw(n *node) bool {
	e.out = append(e.out, n.raw...)
	return true
}

// each writes a list, or the single value that stands for one.
func (e *editor) each(n *node, f rewriter) bool {
	if n.kind != kindArray {
		e.members(n, f)
		return true
	}
	e.out = append(e.out, '[')
	for i := range n.kids {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.members(&n.kids[i].val, f)
	}
	e.out = append(e.out, ']')
	return true
}

// inside writes an object and says that it was written.
func (e *editor) inside(n *node, f rewriter) bool {
	e.members(n, f)
	return true
}

func objectTypeOf(n *node) string {
	if t := n.get("objectType"); t != nil {
		return t.text
	}
	return ObjectTypeActivity
}

func (e *editor) adapt(key string, n *node, v Version) bool {
	again := func(e *editor, key string, n *node) bool { return e.adapt(key, n, v) }
	switch {
	case key == "timestamp" && v == V200:
		if t, ok := ParseTimestamp(n.text); ok && !strings.HasSuffix(n.text, "Z") {
			e.out = strconv.AppendQuote(e.out, FormatTimestamp(t))
			return true
		}
	case key == "object" && objectTypeOf(n) == ObjectTypeSubStatement:
		return e.inside(n, again)
	case key == "context":
		return e.inside(n, again)
	case key == "contextActivities":
		return e.inside(n, (*editor).asList)
	case key == "contextAgents" || key == "contextGroups":
		return v != V103 && e.raw(n)
	}
	return e.raw(n)
}

// asList writes a list, of one if it is a single value.
func (e *editor) asList(_ string, n *node) bool {
	if n.kind == kindArray {
		return e.raw(n)
	}
	e.out = append(append(append(e.out, '['), n.raw...), ']')
	return true
}

// mustAdapt tells whether Adapt would change a statement or sub-statement for
// readers of some version.
func mustAdapt(n *node) bool {
	if t := n.get("timestamp"); t != nil && !strings.HasSuffix(t.text, "Z") {
		return true
	}
	if o := objectNode(n, "object"); o != nil && objectTypeOf(o) == ObjectTypeSubStatement && mustAdapt(o) {
		return true
	}
	c := objectNode(n, "context")
	if c == nil {
		return false
	}
	if a := objectNode(c, "contextActivities"); a != nil {
		for i := range a.kids {
			if a.kids[i].val.kind != kindArray {
				return true
			}
		}
	}
	return c.get("contextAgents") != nil || c.get("contextGroups") != nil
}

// idOf keeps what identifies an agent, group, verb or activity.
func (e *editor) idOf(key string, n *node) bool {
	switch key {
	case "objectType":
		return n.text != ObjectTypeActivity && e.raw(n)
	case "id", "mbox", "mbox_sha1sum", "openid", "account":
		return e.raw(n)
	}
	return false
}

// agentID keeps what identifies an agent or group: for an anonymous group, its
// members.
func (e *editor) agentID(n *node) bool {
	anonymous := isGroup(n) && identifiers(n) == 0
	return e.inside(n, func(e *editor, key string, v *node) bool {
		if key == "member" && anonymous {
			return e.each(v, (*editor).idOf)
		}
		return e.idOf(key, v)
	})
}

func (e *editor) idsOnly(key string, n *node) bool {
	switch key {
	case "actor", "authority", "instructor", "team", "agent", "group":
		return e.agentID(n)
	case "verb":
		return e.inside(n, (*editor).idOf)
	case "parent", "grouping", "category", "other":
		return e.each(n, (*editor).idOf)
	case "context", "contextActivities":
		return e.inside(n, (*editor).idsOnly)
	case "contextAgents", "contextGroups":
		return e.each(n, (*editor).idsOnly)
	case "object":
		switch objectTypeOf(n) {
		case ObjectTypeSubStatement:
			return e.inside(n, (*editor).idsOnly)
		case ObjectTypeAgent, ObjectTypeGroup:
			return e.agentID(n)
		}
		return e.inside(n, (*editor).idOf)
	}
	return e.raw(n)
}
