package engine

import (
	"crypto/sha1"

	"github.com/google/uuid"
)

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

// idSpace is the name space of every id that is derived instead of drawn, so that doing a thing twice yields the same
// id: the bytes of 8d2b7f0e-0f5b-5a1c-9c3e-2a7d4c1b6e90.
const idSpace = "\x8d\x2b\x7f\x0e\x0f\x5b\x5a\x1c\x9c\x3e\x2a\x7d\x4c\x1b\x6e\x90"

// derivedID is a UUIDv5 of its parts. Parts are length-prefixed: ("a","bc") and ("ab","c") differ.
func derivedID(parts ...string) string {
	var few [512]byte
	b := append(few[:0], idSpace...)
	for _, p := range parts {
		b = append(b, byte(len(p)>>8), byte(len(p)))
		b = append(b, p...)
	}
	sum := sha1.Sum(b) // as RFC 9562 has it for version 5
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return id.String()
}
