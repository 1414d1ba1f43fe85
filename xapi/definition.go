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
// replaces the older's. If the type of interaction changes, all that belongs to
// the old type goes.
func MergeDefinition(old, newer []byte) ([]byte, error) {
	after, err := parse(string(newer))
	if err != nil {
		return nil, err
	}
	if after.kind != kindObject {
		return nil, fail("a definition is an object, not %s", after.kind)
	}
	if len(old) == 0 {
		old = []byte("{}")
	}
	before, err := parse(string(old))
	if err != nil {
		return nil, err
	}
	kind, was := after.get("interactionType"), before.get("interactionType")
	other := kind != nil && was != nil && kind.text != was.text
	e := &editor{out: make([]byte, 0, len(old)+len(newer))}
	e.merge(before, after, func(key string, old, newer *node) {
		switch {
		case newer == nil && other && ofInteraction(key):
		case newer == nil:
			e.member(key, old.raw)
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

func ofInteraction(key string) bool {
	switch key {
	case "correctResponsesPattern", "choices", "scale", "source", "target", "steps":
		return true
	}
	return false
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
