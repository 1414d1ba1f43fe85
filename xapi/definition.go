package xapi

import (
	"iter"
	"strings"
)

// Definitions are the activity definitions a decoded statement holds anywhere
// (object, context activities, and both in a sub-statement), in their order: the
// activity's id and the definition as raw JSON.
func (s *Statement) Definitions() iter.Seq2[string, string] {
	return func(yield func(id, raw string) bool) {
		if s.Object.definitions(yield) && s.Context.definitions(yield) && s.Object.Sub != nil {
			_ = s.Object.Sub.Object.definitions(yield) && s.Object.Sub.Context.definitions(yield)
		}
	}
}

// definitions yields, and tells whether more are wanted.
func (o Object) definitions(yield func(id, raw string) bool) bool {
	return o.Activity == nil || o.Activity.definition(yield)
}

func (a Activity) definition(yield func(id, raw string) bool) bool {
	return a.Definition == nil || a.Definition.raw == "" || a.ID == "" || yield(a.ID, a.Definition.raw)
}

func (c *Context) definitions(yield func(id, raw string) bool) bool {
	if c == nil || c.ContextActivities == nil {
		return true
	}
	for _, list := range [...][]Activity{c.ContextActivities.Parent, c.ContextActivities.Grouping, c.ContextActivities.Category, c.ContextActivities.Other} {
		for i := range list {
			if !list[i].definition(yield) {
				return false
			}
		}
	}
	return true
}

// MergeDefinition puts what the newer definition of an activity says over the
// older one; both are raw JSON, old may be empty. Names and descriptions are
// merged by language, extensions by key; any other property of the newer one
// replaces the older's. But a question stays the question it is, as 1.0.3 Data
// 2.4.4.1 wants: once there is an interaction type, it and the correct responses
// and components that are there stay; of components only the texts are merged.
func MergeDefinition(old, newer []byte) ([]byte, error) {
	after, err := storedObject(newer)
	if err != nil {
		return nil, err
	}
	if len(old) == 0 {
		old = []byte("{}")
	}
	before, err := parseStored(old)
	if err != nil {
		return nil, err
	}
	kind, was := after.get("interactionType"), before.get("interactionType")
	another := was != nil && kind != nil && kind.text != was.text
	e := &editor{out: make([]byte, 0, len(old)+len(newer))}
	e.merge(before, after, func(key string, old, newer *node) {
		question := was != nil && ofInteraction(key)
		switch {
		case newer == nil, question && another:
			if old != nil {
				e.member(key, old.raw)
			}
		case question && old != nil:
			e.member(key, mergeComponents(old, newer))
		case old == nil || old.kind != kindObject || newer.kind != kindObject:
			e.member(key, newer.raw)
		case key == "name" || key == "description":
			e.member(key, mergeKeys(old, newer, strings.ToLower))
		case key == "extensions":
			e.member(key, mergeKeys(old, newer, func(s string) string { return s }))
		default:
			e.member(key, newer.raw)
		}
	})
	return e.out, nil
}

// ofInteraction tells whether the property says what a question is.
func ofInteraction(key string) bool {
	switch key {
	case "interactionType", "correctResponsesPattern", "choices", "scale", "source", "target", "steps":
		return true
	}
	return false
}

// mergeComponents is the older list of interaction components with the newer
// texts of those that have the same id. Anything else stays as it is.
func mergeComponents(old, newer *node) string {
	texts := make(map[string]*node, len(newer.kids))
	for i := range newer.kids {
		c := &newer.kids[i].val
		if d := objectNode(c, "description"); d != nil {
			texts[textAt(c, "id")] = c
		}
	}
	if old.kind != kindArray || len(texts) == 0 {
		return old.raw
	}
	e := &editor{out: []byte{'['}}
	for i := range old.kids {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		c := &old.kids[i].val
		more := texts[textAt(c, "id")]
		if more == nil || c.kind != kindObject {
			e.raw(c)
			continue
		}
		e.merge(c, more, func(key string, old, newer *node) {
			switch {
			case key == "description" && old != nil && old.kind == kindObject:
				e.member(key, mergeKeys(old, newer, strings.ToLower))
			case key == "description":
				e.member(key, newer.raw)
			case old != nil:
				e.member(key, old.raw)
			}
		})
	}
	return string(append(e.out, ']'))
}

// merge writes an object of the properties of both, those of before first. write
// is told what each of them has.
func (e *editor) merge(before, after *node, write func(key string, old, newer *node)) {
	e.out = append(e.out, '{')
	for i := range before.kids {
		write(before.kids[i].key, &before.kids[i].val, after.get(before.kids[i].key))
	}
	for i := range after.kids {
		if before.get(after.kids[i].key) == nil {
			write(after.kids[i].key, nil, &after.kids[i].val)
		}
	}
	e.out = append(e.out, '}')
}

// member writes a property of the object that was begun.
func (e *editor) member(key, raw string) {
	if e.out[len(e.out)-1] != '{' {
		e.out = append(e.out, ',')
	}
	e.key(key)
	e.out = append(e.out, raw...)
}

// mergeKeys is an object of the members of both; where two keys are the same in
// the form that fold gives them, the newer one.
func mergeKeys(old, newer *node, fold func(string) string) string {
	replaced := make(map[string]bool, len(newer.kids))
	for i := range newer.kids {
		replaced[fold(newer.kids[i].key)] = true
	}
	e := &editor{out: []byte{'{'}}
	for i := range old.kids {
		if !replaced[fold(old.kids[i].key)] {
			e.member(old.kids[i].key, old.kids[i].val.raw)
		}
	}
	for i := range newer.kids {
		e.member(newer.kids[i].key, newer.kids[i].val.raw)
	}
	return string(append(e.out, '}'))
}
