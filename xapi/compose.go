package xapi

import (
	"encoding/json"
	"time"
)

// Compose writes a statement that was built, not decoded: what json.Marshal writes, in half the time. The types have
// methods of their own for what decoded statements keep, and json.Marshal reads again whatever such a method wrote,
// at each level; here there is none.
func Compose(s Statement) ([]byte, error) {
	if s.Context != nil && s.Context.extensions != "" || s.Result != nil && s.Result.extensions != "" || s.Raw != nil {
		return json.Marshal(s)
	}
	p := plainStatement{
		ID: s.ID, Actor: s.Actor, Verb: s.Verb, Object: s.Object, Result: (*plainResult)(s.Result), Timestamp: s.Timestamp, Stored: s.Stored,
		Authority: s.Authority, Version: s.Version, Attachments: s.Attachments,
	}
	switch o := s.Object; {
	case o.Activity != nil:
		p.Object = plain(*o.Activity)
	case o.Agent != nil:
		p.Object = o.Agent
	}
	if c := s.Context; c != nil {
		p.Context = &plainContext{
			Registration: c.Registration, Instructor: c.Instructor, Team: c.Team, ContextAgents: c.ContextAgents, ContextGroups: c.ContextGroups,
			Revision: c.Revision, Platform: c.Platform, Language: c.Language, Statement: c.Statement, Extensions: c.Extensions,
		}
		if a := c.ContextActivities; a != nil {
			p.Context.ContextActivities = &plainContextActivities{plains(a.Parent), plains(a.Grouping), plains(a.Category), plains(a.Other)}
		}
	}
	return json.Marshal(p)
}

// The plain types are those of the same name, without methods.
type (
	plainStatement struct {
		ID          string        `json:"id,omitempty"`
		Actor       Agent         `json:"actor"`
		Verb        Verb          `json:"verb"`
		Object      any           `json:"object"`
		Result      *plainResult  `json:"result,omitempty"`
		Context     *plainContext `json:"context,omitempty"`
		Timestamp   time.Time     `json:"timestamp,omitzero"`
		Stored      *time.Time    `json:"stored,omitempty"`
		Authority   *Agent        `json:"authority,omitempty"`
		Version     string        `json:"version,omitempty"`
		Attachments []Attachment  `json:"attachments,omitempty"`
	}
	plainContext struct {
		Registration      string                  `json:"registration,omitempty"`
		Instructor        *Agent                  `json:"instructor,omitempty"`
		Team              *Agent                  `json:"team,omitempty"`
		ContextActivities *plainContextActivities `json:"contextActivities,omitempty"`
		ContextAgents     []ContextAgent          `json:"contextAgents,omitempty"`
		ContextGroups     []ContextGroup          `json:"contextGroups,omitempty"`
		Revision          string                  `json:"revision,omitempty"`
		Platform          string                  `json:"platform,omitempty"`
		Language          string                  `json:"language,omitempty"`
		Statement         *StatementRef           `json:"statement,omitempty"`
		Extensions        map[string]any          `json:"extensions,omitempty"`
	}
	plainContextActivities struct {
		Parent   []plainActivity `json:"parent,omitempty"`
		Grouping []plainActivity `json:"grouping,omitempty"`
		Category []plainActivity `json:"category,omitempty"`
		Other    []plainActivity `json:"other,omitempty"`
	}
	plainActivity struct {
		ObjectType string           `json:"objectType,omitempty"`
		ID         string           `json:"id"`
		Definition *plainDefinition `json:"definition,omitempty"`
	}
	plainDefinition Definition
	plainResult     Result
)

func plain(a Activity) plainActivity {
	return plainActivity{a.ObjectType, a.ID, (*plainDefinition)(a.Definition)}
}

func plains(all []Activity) []plainActivity {
	if len(all) == 0 {
		return nil
	}
	out := make([]plainActivity, len(all))
	for i, a := range all {
		out[i] = plain(a)
	}
	return out
}
