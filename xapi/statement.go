package xapi

import (
	"time"
)

// Statement is one xAPI statement: an actor did (verb) something (object).
//
// The zero values of optional fields are left out when it is marshalled, so a
// statement composed from this type is valid JSON for both versions as long as
// actor, verb and object are set and no version 2.0 field is used.
type Statement struct {
	ID          string       `json:"id,omitempty"` // UUID, lower case when decoded
	Actor       Agent        `json:"actor"`
	Verb        Verb         `json:"verb"`
	Object      Object       `json:"object"`
	Result      *Result      `json:"result,omitempty"`
	Context     *Context     `json:"context,omitempty"`
	Timestamp   time.Time    `json:"timestamp,omitzero"`
	Stored      *time.Time   `json:"stored,omitempty"` // set by the record store only
	Authority   *Agent       `json:"authority,omitempty"`
	Version     string       `json:"version,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`

	// Raw is the JSON the statement was decoded from, byte for byte; empty on
	// a composed statement.
	Raw []byte `json:"-"`

	members []Member // of Raw
	adapt   bool
}

// MustAdapt tells whether readers of one of the versions must not get Raw as it
// is, but through Adapt.
func (s *Statement) MustAdapt() bool { return s.adapt }

// Members are the top-level properties of Raw in their order.
func (s *Statement) Members() []Member { return s.members }

// Member is one property of a JSON object: its name and its value as raw JSON.
type Member struct {
	Key   string
	Value string
}

// UnmarshalJSON decodes leniently: unknown members are ignored and wrong ones
// left out. What comes from outside is for Decode.
func (s *Statement) UnmarshalJSON(data []byte) error {
	got, err := DecodeStored(data)
	if err != nil {
		return err
	}
	*s = *got
	return nil
}

// LanguageMap holds one text in several languages, by RFC 5646 tag.
type LanguageMap map[string]string

// En is the language map of one English text.
func En(text string) LanguageMap { return LanguageMap{"en": text} }

// Verb says what was done.
type Verb struct {
	ID      string      `json:"id"`
	Display LanguageMap `json:"display,omitempty"`
}

// Result is the outcome of what was done.
type Result struct {
	Score      *Score         `json:"score,omitempty"`
	Success    *bool          `json:"success,omitempty"`
	Completion *bool          `json:"completion,omitempty"`
	Response   string         `json:"response,omitempty"`
	Duration   string         `json:"duration,omitempty"`   // ISO 8601, e.g. "PT90S"
	Extensions map[string]any `json:"extensions,omitempty"` // composed; of a decoded statement, Raw has them

	extensions extensions // decoded
}

// Score is a result in numbers; Scaled runs from -1 to 1.
type Score struct {
	Scaled *float64 `json:"scaled,omitempty"`
	Raw    *float64 `json:"raw,omitempty"`
	Min    *float64 `json:"min,omitempty"`
	Max    *float64 `json:"max,omitempty"`
}

// Context says in which surroundings it was done.
type Context struct {
	Registration      string             `json:"registration,omitempty"` // UUID
	Instructor        *Agent             `json:"instructor,omitempty"`
	Team              *Agent             `json:"team,omitempty"` // a Group
	ContextActivities *ContextActivities `json:"contextActivities,omitempty"`
	ContextAgents     []ContextAgent     `json:"contextAgents,omitempty"` // 2.0 only
	ContextGroups     []ContextGroup     `json:"contextGroups,omitempty"` // 2.0 only
	Revision          string             `json:"revision,omitempty"`      // not with an Agent as object
	Platform          string             `json:"platform,omitempty"`      // not with an Agent as object
	Language          string             `json:"language,omitempty"`
	Statement         *StatementRef      `json:"statement,omitempty"`
	Extensions        map[string]any     `json:"extensions,omitempty"` // composed; of a decoded statement, Raw has them

	extensions extensions // decoded
}

// ContextActivities are the activities a statement belongs to, by kind.
type ContextActivities struct {
	Parent   []Activity `json:"parent,omitempty"`
	Grouping []Activity `json:"grouping,omitempty"`
	Category []Activity `json:"category,omitempty"`
	Other    []Activity `json:"other,omitempty"`
}

// ContextAgent relates an agent to a statement (2.0).
type ContextAgent struct {
	ObjectType    string   `json:"objectType"` // "contextAgent"
	Agent         Agent    `json:"agent"`
	RelevantTypes []string `json:"relevantTypes,omitempty"`
}

// ContextGroup relates a group to a statement (2.0).
type ContextGroup struct {
	ObjectType    string   `json:"objectType"` // "contextGroup"
	Group         Agent    `json:"group"`
	RelevantTypes []string `json:"relevantTypes,omitempty"`
}

// Attachment describes bytes that belong to a statement.
type Attachment struct {
	UsageType   string      `json:"usageType"`
	Display     LanguageMap `json:"display"`
	Description LanguageMap `json:"description,omitempty"`
	ContentType string      `json:"contentType"`
	Length      int64       `json:"length"`
	SHA2        string      `json:"sha2"` // hex
	FileURL     string      `json:"fileUrl,omitempty"`
}
