package xapi

import (
	"encoding/json"
	"errors"
	"time"
)

// Object is what a statement is about. Exactly one of the four fields is set.
type Object struct {
	Activity *Activity
	Agent    *Agent // an Agent or a Group
	Ref      *StatementRef
	Sub      *SubStatement
}

// ActivityObject is an activity as object.
func ActivityObject(a Activity) Object { return Object{Activity: &a} }

// AgentObject is an agent or group as object.
func AgentObject(a Agent) Object {
	if a.ObjectType == "" {
		a.ObjectType = ObjectTypeAgent // without it the object would read as an activity
	}
	return Object{Agent: &a}
}

// RefObject is a reference to the statement id as object.
func RefObject(id string) Object {
	return Object{Ref: &StatementRef{ObjectType: ObjectTypeStatementRef, ID: id}}
}

// SubObject is a statement inside a statement as object.
func SubObject(s SubStatement) Object {
	s.ObjectType = ObjectTypeSubStatement
	return Object{Sub: &s}
}

// MarshalJSON writes the one that is set.
func (o Object) MarshalJSON() ([]byte, error) {
	switch {
	case o.Activity != nil:
		return json.Marshal(o.Activity)
	case o.Agent != nil:
		return json.Marshal(o.Agent)
	case o.Ref != nil:
		return json.Marshal(o.Ref)
	case o.Sub != nil:
		return json.Marshal(o.Sub)
	}
	return nil, errors.New("xapi: a statement needs an object")
}

// Object types that are not agents.
const (
	ObjectTypeActivity     = "Activity"
	ObjectTypeStatementRef = "StatementRef"
	ObjectTypeSubStatement = "SubStatement"
)

// Activity is something that can be done, named by an IRI.
type Activity struct {
	ObjectType string      `json:"objectType,omitempty"` // "" means Activity
	ID         string      `json:"id"`
	Definition *Definition `json:"definition,omitempty"`

	written string // as Compose writes it, see Written
}

// Definition describes an activity.
type Definition struct {
	Name        LanguageMap    `json:"name,omitempty"`
	Description LanguageMap    `json:"description,omitempty"`
	Type        string         `json:"type,omitempty"`
	MoreInfo    string         `json:"moreInfo,omitempty"`
	Extensions  map[string]any `json:"extensions,omitempty"` // composed; of a decoded statement, Raw has them

	// Interaction activities (quiz questions).
	InteractionType         string                 `json:"interactionType,omitempty"`
	CorrectResponsesPattern []string               `json:"correctResponsesPattern,omitempty"`
	Choices                 []InteractionComponent `json:"choices,omitempty"`
	Scale                   []InteractionComponent `json:"scale,omitempty"`
	Source                  []InteractionComponent `json:"source,omitempty"`
	Target                  []InteractionComponent `json:"target,omitempty"`
	Steps                   []InteractionComponent `json:"steps,omitempty"`

	raw        string // as decoded
	extensions extensions
}

// InteractionComponent is one choice, scale point, source, target or step.
type InteractionComponent struct {
	ID          string      `json:"id"`
	Description LanguageMap `json:"description,omitempty"`
}

// StatementRef points at another statement.
type StatementRef struct {
	ObjectType string `json:"objectType"` // always "StatementRef"
	ID         string `json:"id"`
}

// SubStatement is a statement as the object of another; it has no id of its own
// and holds no further sub-statement.
type SubStatement struct {
	ObjectType  string       `json:"objectType"` // always "SubStatement"
	Actor       Agent        `json:"actor"`
	Verb        Verb         `json:"verb"`
	Object      Object       `json:"object"`
	Result      *Result      `json:"result,omitempty"`
	Context     *Context     `json:"context,omitempty"`
	Timestamp   time.Time    `json:"timestamp,omitzero"`
	Attachments []Attachment `json:"attachments,omitempty"`
}
