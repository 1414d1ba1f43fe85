package xapi

import (
	"iter"
	"strings"
)

// Object types that name agents.
const (
	ObjectTypeAgent = "Agent"
	ObjectTypeGroup = "Group"
)

// Agent is a person, a system or (ObjectType "Group") a group of them. An agent
// has exactly one inverse functional identifier: Mbox, MboxSHA1Sum, OpenID or
// Account; an anonymous group has none, but members.
type Agent struct {
	ObjectType  string   `json:"objectType,omitempty"` // "" means Agent
	Name        string   `json:"name,omitempty"`
	Mbox        string   `json:"mbox,omitempty"` // with its "mailto:"
	MboxSHA1Sum string   `json:"mbox_sha1sum,omitempty"`
	OpenID      string   `json:"openid,omitempty"`
	Account     *Account `json:"account,omitempty"`
	Member      []Agent  `json:"member,omitempty"`
}

// Account is an agent's name in a system.
type Account struct {
	HomePage string `json:"homePage"`
	Name     string `json:"name"`
}

// AccountAgent is the agent that the system homePage knows by name.
func AccountAgent(homePage, name string) Agent {
	return Agent{ObjectType: ObjectTypeAgent, Account: &Account{HomePage: homePage, Name: name}}
}

// IsGroup tells whether the agent is a group.
func (a Agent) IsGroup() bool { return a.ObjectType == ObjectTypeGroup }

// Key is the canonical text of the agent's identifier ("account|home|name",
// "mbox|mailto:…", "mbox_sha1sum|…", "openid|…"), "" for an anonymous group.
// Two agents are the same for the record store when their keys are.
func (a Agent) Key() string {
	switch {
	case a.Account != nil:
		return "account|" + a.Account.HomePage + "|" + a.Account.Name
	case a.Mbox != "":
		return "mbox|" + a.Mbox
	case a.MboxSHA1Sum != "":
		return "mbox_sha1sum|" + strings.ToLower(a.MboxSHA1Sum)
	case a.OpenID != "":
		return "openid|" + a.OpenID
	}
	return ""
}

// Agents are all agents and groups the statement names, members of groups and
// those of a sub-statement too, in no order that means something.
func (s *Statement) Agents() iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		_ = s.Authority.each(yield) && s.Actor.each(yield) && s.Object.Agent.each(yield) && s.Context.agents(yield) &&
			(s.Object.Sub == nil || s.Object.Sub.Actor.each(yield) && s.Object.Sub.Object.Agent.each(yield) && s.Object.Sub.Context.agents(yield))
	}
}

// each yields the agent, which may be nil, and its members, and tells whether
// more are wanted.
func (a *Agent) each(yield func(*Agent) bool) bool {
	if a == nil {
		return true
	}
	if !yield(a) {
		return false
	}
	for i := range a.Member {
		if !a.Member[i].each(yield) {
			return false
		}
	}
	return true
}

func (c *Context) agents(yield func(*Agent) bool) bool {
	if c == nil {
		return true
	}
	for i := range c.ContextAgents {
		if !c.ContextAgents[i].Agent.each(yield) {
			return false
		}
	}
	for i := range c.ContextGroups {
		if !c.ContextGroups[i].Group.each(yield) {
			return false
		}
	}
	return c.Instructor.each(yield) && c.Team.each(yield)
}
