package xapi

import (
	"encoding/json"
	"errors"
)

// ReplaceAgent writes with in the place of whoever is known by key (see
// Agent.Key) wherever a stored statement names agents: actor, object,
// instructor, team, context agents and groups, members of groups, and all of
// these in a sub-statement. The authority stays. Of the agent replaced only
// objectType and members remain. n is how often it was named; all other bytes
// of the statement stay as they are.
func ReplaceAgent(doc []byte, key string, with Agent) (out []byte, n int, err error) {
	if key == "" || with.Key() == "" {
		return nil, 0, errors.New("xapi: an agent is replaced by one identifier for another")
	}
	with.ObjectType, with.Member = "", nil
	identity, err := json.Marshal(with)
	if err != nil {
		return nil, 0, err
	}
	root, err := storedObject(doc)
	if err != nil {
		return nil, 0, err
	}
	r := replacer{src: string(doc), key: key, identity: string(identity[1 : len(identity)-1])}
	r.agentsOf(root)
	return r.done(), r.n, nil
}

// DropAttachments leaves out the attachments of a stored statement and its
// sub-statement that drop chooses, and a list of which none remains. n is how
// many; all other bytes stay as they are.
func DropAttachments(doc []byte, drop func(Attachment) bool) (out []byte, n int, err error) {
	root, err := storedObject(doc)
	if err != nil {
		return nil, 0, err
	}
	r := replacer{src: string(doc)}
	r.attachmentsOf(root, drop)
	return r.done(), r.n, nil
}

// splice puts text in the place of the bytes from … to.
type splice struct {
	from, to int
	text     string
}

// replacer collects changes to a document, in the order of their places.
type replacer struct {
	src      string
	key      string // whom to replace
	identity string // by what: properties without braces
	n        int
	splices  []splice
}

func (r *replacer) done() []byte {
	out := make([]byte, 0, len(r.src)+64)
	at := 0
	for _, s := range r.splices {
		out = append(append(out, r.src[at:s.from]...), s.text...)
		at = s.to
	}
	return append(out, r.src[at:]...)
}

// agentsOf replaces in a statement or sub-statement, and in a context.
func (r *replacer) agentsOf(n *node) {
	for i := range n.kids {
		v := &n.kids[i].val
		switch n.kids[i].key {
		case "actor", "instructor", "team", "agent", "group":
			r.agent(v)
		case "context":
			r.agentsOf(v)
		case "contextAgents", "contextGroups":
			for j := range v.kids {
				r.agentsOf(&v.kids[j].val)
			}
		case "object":
			switch objectTypeOf(v) {
			case ObjectTypeAgent, ObjectTypeGroup:
				r.agent(v)
			case ObjectTypeSubStatement:
				r.agentsOf(v)
			}
		}
	}
}

// agent replaces an agent or group if it is the one, and its members if they are.
func (r *replacer) agent(n *node) {
	if n.kind != kindObject {
		return
	}
	found := buildAgent(n).Key() == r.key
	if !found {
		r.members(n.get("member"))
		return
	}
	r.n++
	r.splices = append(r.splices, splice{n.at, n.at, "{" + r.identity}) // grows by what remains
	last := n.at
	for i := range n.kids {
		v := &n.kids[i].val
		switch key := n.kids[i].key; key {
		case "objectType", "member":
			r.splices = append(r.splices, splice{last, v.at, `,"` + key + `":`})
			if key == "member" {
				r.members(v)
			}
			last = v.end()
		}
	}
	r.splices = append(r.splices, splice{last, n.end(), "}"})
}

func (r *replacer) members(n *node) {
	if n == nil {
		return
	}
	for i := range n.kids {
		r.agent(&n.kids[i].val)
	}
}

// attachmentsOf drops from a statement and its sub-statement.
func (r *replacer) attachmentsOf(n *node, drop func(Attachment) bool) {
	for i := range n.kids {
		v := &n.kids[i].val
		switch n.kids[i].key {
		case "attachments":
			r.without(n, i, drop)
		case "object":
			if objectTypeOf(v) == ObjectTypeSubStatement {
				r.attachmentsOf(v, drop)
			}
		}
	}
}

// without drops elements of the list that is member i of n, or all of it.
func (r *replacer) without(n *node, i int, drop func(Attachment) bool) {
	list := &n.kids[i].val
	var gone []int
	for j := range list.kids {
		if drop(buildAttachment(&list.kids[j].val)) {
			gone = append(gone, j)
		}
	}
	if len(gone) == 0 {
		return
	}
	r.n += len(gone)
	if len(gone) == len(list.kids) {
		r.cut(n, i)
		return
	}
	kept := -1 // the last element before that stays
	for j := range list.kids {
		if len(gone) == 0 || gone[0] != j {
			kept = j
			continue
		}
		gone = gone[1:]
		switch {
		case kept >= 0: // with the comma before it
			r.splices = append(r.splices, splice{list.kids[j-1].val.end(), list.kids[j].val.end(), ""})
		default: // with the comma after it: one that stays follows
			r.splices = append(r.splices, splice{list.kids[j].val.at, list.kids[j+1].val.at, ""})
		}
	}
}

// cut takes member i of an object out, with one comma.
func (r *replacer) cut(n *node, i int) {
	v := &n.kids[i].val
	switch {
	case i > 0:
		r.splices = append(r.splices, splice{n.kids[i-1].val.end(), v.end(), ""})
	case len(n.kids) > 1:
		p := parser{src: r.src, pos: v.end()}
		p.peek() // the comma
		r.splices = append(r.splices, splice{n.at + 1, p.pos + 1, ""})
	default:
		r.splices = append(r.splices, splice{n.at + 1, v.end(), ""})
	}
}
