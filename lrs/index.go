package lrs

import (
	"fmt"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// IndexKey is one thing a statement is found by. The text is a kind and a value:
//
//	v verb   a agent (actor or object)   o activity (object)   r registration
//	A agent in any other place           O activity in any other place
//	u authority
//	f SHA-2 digest of an attachment, lower case, of the sub-statement too
//	~ agent of a voided statement, in any place; kept by stores that leave voided
//	  statements out of the other kinds
//	+ no value: there is more than it is found by
//	av ao ov  pairs of the narrow ones, since these are asked for together
//
// A and O hold only what a and o do not, so that "related" is either of two keys
// and a statement counts once.
type IndexKey string

// Own tells whether the key is the statement's alone: statements that refer to it
// are not found by it, and a voided statement still is.
func (k IndexKey) Own() bool {
	return strings.HasPrefix(string(k), "f ") || strings.HasPrefix(string(k), "u ") || k == overfull
}

func key(kind string, values ...string) IndexKey {
	return IndexKey(kind + " " + strings.Join(values, "\x00"))
}

// keySet collects keys once each, in order.
type keySet struct {
	keys []IndexKey
	has  map[IndexKey]bool
}

func (s *keySet) add(k IndexKey) {
	if !s.has[k] {
		s.has[k] = true
		s.keys = append(s.keys, k)
	}
}

// maxKeys bounds what one statement is found by (a group of 100,000 members). One
// that has more is found by overfull too.
const (
	maxKeys  = 2_000
	overfull = IndexKey("+")
)

// Kind is the kind of the key: its text up to the space.
func (k IndexKey) Kind() string {
	kind, _, _ := strings.Cut(string(k), " ")
	return kind
}

// agent is the key of the agent that the statement is found by, in any place.
func (k IndexKey) agent() (string, bool) {
	if kind, value, ok := strings.Cut(string(k), " "); ok && (kind == "a" || kind == "A") {
		return value, true
	}
	return "", false
}

// Hidden are the keys that a voided statement is still found by, of all its keys:
// those that are its own, and the agents it names as kind ~.
func Hidden(keys []IndexKey) []IndexKey {
	var out []IndexKey
	for _, k := range keys {
		if agent, ok := k.agent(); ok {
			k = key("~", agent)
		} else if !k.Own() {
			continue
		}
		out = append(out, k)
	}
	return out
}

// indexKeys is what the statement is found by.
func indexKeys(s *xapi.Statement) []IndexKey {
	keys, _ := bounded(allKeys(s))
	return keys
}

// bounded cuts the keys after the last that the statement is found by.
func bounded(keys []IndexKey) (kept, beyond []IndexKey) {
	if len(keys) <= maxKeys {
		return keys, nil
	}
	kept = append(keys[:maxKeys-1:maxKeys-1], overfull)
	return kept, keys[maxKeys-1:]
}

// allKeys is everything that is worth finding the statement by.
func allKeys(s *xapi.Statement) []IndexKey {
	set := keySet{has: make(map[IndexKey]bool, 16)}
	var agents, activities []string
	for _, a := range [...]*xapi.Agent{&s.Actor, s.Object.Agent} {
		if a != nil && a.Key() != "" {
			agents = append(agents, a.Key())
		}
	}
	if s.Object.Activity != nil {
		activities = append(activities, s.Object.Activity.ID)
	}
	set.add(key("v", s.Verb.ID))
	for _, a := range agents {
		set.add(key("a", a))
		set.add(key("av", a, s.Verb.ID))
		for _, o := range activities {
			set.add(key("ao", a, o))
		}
	}
	for _, o := range activities {
		set.add(key("o", o))
		set.add(key("ov", o, s.Verb.ID))
	}
	if s.Context != nil && s.Context.Registration != "" {
		set.add(key("r", s.Context.Registration))
	}
	if s.Authority != nil && s.Authority.Key() != "" {
		set.add(key("u", s.Authority.Key()))
	}
	for _, a := range attachments(s) {
		set.add(key("f", strings.ToLower(a.SHA2)))
	}
	relate(&set, s)
	return set.keys
}

// Reindex computes anew what a stored document is found by and which statement
// its object refers to ("" if none).
func Reindex(doc []byte) (keys []IndexKey, target string, err error) {
	s, err := xapi.DecodeStored(doc)
	if err != nil {
		return nil, "", fmt.Errorf("lrs: reindex: %w", err)
	}
	if s.Object.Ref != nil {
		target = s.Object.Ref.ID
	}
	return indexKeys(s), target, nil
}

// relate adds the agents and activities in all other places of the statement.
func relate(set *keySet, s *xapi.Statement) {
	agent := func(a *xapi.Agent) {
		if a == nil {
			return
		}
		all := append([]xapi.Agent{*a}, a.Member...)
		for i := range all {
			if k := all[i].Key(); k != "" && !set.has[key("a", k)] {
				set.add(key("A", k))
			}
		}
	}
	activity := func(id string) {
		if id != "" && !set.has[key("o", id)] {
			set.add(key("O", id))
		}
	}
	context := func(c *xapi.Context) {
		if c == nil {
			return
		}
		agent(c.Instructor)
		agent(c.Team)
		for i := range c.ContextAgents {
			agent(&c.ContextAgents[i].Agent)
		}
		for i := range c.ContextGroups {
			agent(&c.ContextGroups[i].Group)
		}
		if ca := c.ContextActivities; ca != nil {
			for _, list := range [...][]xapi.Activity{ca.Parent, ca.Grouping, ca.Category, ca.Other} {
				for i := range list {
					activity(list[i].ID)
				}
			}
		}
	}
	agent(&s.Actor)
	agent(s.Object.Agent)
	agent(s.Authority)
	context(s.Context)
	if sub := s.Object.Sub; sub != nil {
		agent(&sub.Actor)
		agent(sub.Object.Agent)
		if sub.Object.Activity != nil {
			activity(sub.Object.Activity.ID)
		}
		context(sub.Context)
	}
}
