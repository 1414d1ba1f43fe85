package lrs

import (
	"context"
	"crypto/sha1" //nolint:gosec // xAPI says SHA-1; it guards nothing
	"encoding/hex"
)

// DocumentResource is one of the three resources that keep documents.
type DocumentResource string

// The document resources (1.0.3 Part Three 2.3, 2.6, 2.7; 2.0 4.1.6.2, .5, .6).
const (
	StateDocuments           DocumentResource = "state"
	ActivityProfileDocuments DocumentResource = "activity profile"
	AgentProfileDocuments    DocumentResource = "agent profile"
)

// DocumentSet is what names of documents are unique in. No registration is a
// registration of its own: documents with one are in other sets.
type DocumentSet struct {
	Resource     DocumentResource
	Activity     string // its IRI; "" of an agent profile
	Agent        string // xapi.Agent.Key; "" of an activity profile
	Registration string // UUID, lower case, or ""; of states only
}

// DocumentID is one document's place.
type DocumentID struct {
	DocumentSet
	Name string // its stateId or profileId
}

// Document is what a client left at a place, byte for byte.
type Document struct {
	Type    string // Content-Type
	Updated int64  // nanoseconds since 1970
	Body    []byte
}

// ETag is the entity tag of the document: the SHA-1 of its bytes in hex, quoted.
func (d Document) ETag() string {
	sum := sha1.Sum(d.Body) //nolint:gosec // see the import
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// DocumentName is a document as lists show it.
type DocumentName struct {
	Name    string
	Updated int64
}

// Documents keeps documents. Each change is of one document, whole or not at
// all, and seen by whoever reads after it has returned.
type Documents interface {
	// Document returns the document, or ErrNotFound.
	Document(ctx context.Context, id DocumentID) (Document, error)

	// ChangeDocument puts what change makes of the document in its place: nil is
	// no document, before and after. If another change comes between, change
	// runs again; its last run holds. Its error leaves all as it was and is
	// returned as it is.
	ChangeDocument(ctx context.Context, id DocumentID, change func(old *Document) (*Document, error)) error

	// DocumentNames lists the documents of the set whose Updated is after since,
	// oldest first.
	DocumentNames(ctx context.Context, set DocumentSet, since int64) ([]DocumentName, error)

	// DeleteDocuments removes all documents of the set.
	DeleteDocuments(ctx context.Context, set DocumentSet) error

	// AgentDocuments lists the places of all documents with the agent key, in no
	// order.
	AgentDocuments(ctx context.Context, agent string) ([]DocumentID, error)

	// DeleteAgentDocuments removes them and returns how many there were.
	DeleteAgentDocuments(ctx context.Context, agent string) (int, error)

	// MoveAgentDocuments gives them another agent key and returns how many there
	// were. Where that key has a document of the name already, the one that was
	// updated last stays. Interrupted, it may be done again.
	MoveAgentDocuments(ctx context.Context, from, to string) (int, error)
}
