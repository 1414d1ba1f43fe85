package engine

import "github.com/google/uuid"

// Distinct ids are distinct types. Workflow and step ids are chosen by authors, all others by us.
type (
	WorkflowID     string
	StepID         string
	BehaviourID    string
	EnrolmentID    string
	PersonID       string
	MessageID      string
	RequestID      string
	ContributionID string
)

// Role is what a person is to a learner: the learner, or one of the three relations.
type Role string

const (
	Learner Role = "learner"
	Manager Role = "manager"
	Peer    Role = "peer"
	Coach   Role = "coach"
)

// idSpace is the name space of every id that is derived instead of drawn, so that doing a thing twice yields the same id.
const idSpace = "8d2b7f0e-0f5b-5a1c-9c3e-2a7d4c1b6e90"

// derivedID is a UUIDv5 of its parts. Parts are length-prefixed: ("a","bc") and ("ab","c") differ.
func derivedID(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = append(b, byte(len(p)>>8), byte(len(p)))
		b = append(b, p...)
	}
	return uuid.NewSHA1(uuid.MustParse(idSpace), b).String()
}
