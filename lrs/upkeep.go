package lrs

import (
	"context"
	"crypto/sha256"
	"strings"
)

// Upkeep is what erasure, retention and verification need of the store.
type Upkeep interface {
	// Replace rewrites and removes statements, each whole or not at all, in
	// order. Afterwards everything is as if they had come in like this from the
	// start: what refers to them is found by what they say now, and what one
	// that is removed had voided is not voided any more. A change whose statement
	// is not there any more, or not as it Was, is left out (but for its
	// tombstone). When it fails some changes may be made and others not; making
	// all of them again completes it.
	Replace(ctx context.Context, changes []Change) error

	// Bury keeps tombstones, in the place of those with the same names. When it
	// returns every batch that was let in without regard to them is readable.
	Bury(ctx context.Context, tombstones []Tombstone) error

	// Tombstone returns the tombstone with the name, or ErrNotFound.
	Tombstone(ctx context.Context, name string) (Tombstone, error)

	// Inspect calls f with every row, in order of Stored, and with what is wrong
	// around it as far as the store can tell. What is being written meanwhile is
	// not reported. It ends when f fails.
	Inspect(ctx context.Context, f func(Image) error) error

	// Setting returns the document kept under the name, nil if there is none.
	Setting(ctx context.Context, name string) ([]byte, error)

	// SwapSetting keeps doc under the name if what is there is old (nil: nothing),
	// and tells whether it was.
	SwapSetting(ctx context.Context, name string, old, doc []byte) (bool, error)
}

// Change is what becomes of one stored statement.
type Change struct {
	ID   string
	Was  []byte // Doc of the row as it was read
	Doc  []byte // Doc from now on, with the same Flags and Target; nil: the statement is removed
	Bury int64  // nanoseconds since 1970: a tombstone for the id is left; 0: none
}

// Tombstone stands where something was erased, so that it does not come back.
// Stores keep a salted hash of its name only.
type Tombstone struct {
	Name string // "id <statement id>", or "agent <key of an agent>"
	At   int64  // time of the erasure, nanoseconds since 1970
	Keep bool   // statements about the agent live on under the pseudonym
}

const (
	buriedID    = "id "
	buriedAgent = "agent "
)

// BuriedID is the name of the tombstone of a statement.
func BuriedID(id string) string { return buriedID + id }

// BuriedError says that tombstones stand in the way of a batch, of which nothing
// was written.
type BuriedError struct {
	Found map[string]Tombstone // by name; those that concern the batch
}

func (e *BuriedError) Error() string { return "lrs: the batch holds what was erased" }

// Names are the names of all tombstones that could stand in the way of the entry.
func (e Entry) Names() []string {
	names := []string{BuriedID(e.ID)}
	for _, keys := range [...][]IndexKey{e.Keys, e.Beyond} {
		for _, k := range keys {
			if agent, ok := k.agent(); ok {
				names = append(names, buriedAgent+agent)
			}
		}
	}
	return names
}

// Buried returns a *BuriedError if one of the tombstones stands in the way of one
// of the entries, else nil. Stores call it inside Insert.
func Buried(entries []Entry, found map[string]Tombstone) error {
	for _, e := range entries {
		if len(e.buried(found)) > 0 {
			return &BuriedError{Found: found}
		}
	}
	return nil
}

// buried are the tombstones that stand in the way of the entry: that of its id,
// and those of agents it names, if it tells of a time before their erasure. What
// tells of a time after it is a new beginning.
func (e Entry) buried(found map[string]Tombstone) []Tombstone {
	if len(found) == 0 {
		return nil
	}
	var out []Tombstone
	for _, name := range e.Names() {
		t, ok := found[name]
		if ok && (strings.HasPrefix(name, buriedID) || !e.Flags.Has(Stamp) && e.At < t.At) {
			out = append(out, t)
		}
	}
	return out
}

// Image is a row as verification sees it.
type Image struct {
	Row               // ID "": what follows is about no row
	Sum      []byte   // checksum as kept
	VoidedBy bool     // there is a statement that voids it
	Problems []string // what is wrong, in words without personal data
}

// Checksum is what stores keep beside a document to know that it is intact: the
// first 16 bytes of its SHA-256.
func Checksum(doc []byte) []byte {
	sum := sha256.Sum256(doc)
	return sum[:16]
}
