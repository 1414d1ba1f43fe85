package lrs

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Store keeps all that one tenant's record store holds. Several processes may
// write to one store at a time.
type Store interface {
	Statements
	Documents
	Definitions
	Upkeep
}

// Statements keeps statements.
//
// The order is the store's promise: Stored is strictly increasing over all
// entries ever inserted, within a batch in the order of the batch, and a row
// becomes readable only once no row with a smaller Stored can still appear. A
// batch appears whole or not at all.
//
// The store also keeps what statements say about each other:
//   - an entry that is Voiding sets Voided on the row of its Target, whichever of
//     the two comes first; a row that is Voiding itself is never voided;
//   - an entry with a Target is found by its target's keys too (and by those of
//     the target's target …), whichever of them comes first.
type Statements interface {
	// Insert writes the entries, all or none, in order. If some of their ids
	// are there already it writes nothing and returns those rows. now is asked
	// for the time when the order is assigned. If tombstones stand in the way of
	// some it writes nothing either: a *BuriedError.
	Insert(ctx context.Context, now func() time.Time, entries []Entry) (existing []Row, err error)

	// Get returns the row with the id, voided or not, or ErrNotFound.
	Get(ctx context.Context, id string) (Row, error)

	// Select returns the rows that match, and whether there are more.
	Select(ctx context.Context, s Selection) (rows []Row, more bool, err error)

	// Through returns a Stored that no future row will be at or below, and up
	// to which all rows are readable. With now it is about now if nothing is
	// being written, which may cost a write; without, it is that of the last row
	// or later.
	Through(ctx context.Context, now func() time.Time) (int64, error)
}

// Flags are what is known about a statement besides its bytes: the six below, and
// from the ninth bit on which bytes came with it (see cameWith). They fit into an
// int64.
type Flags uint64

// The flags of a statement.
const (
	Voided  Flags = 1 << iota // by another statement; set by the store
	Voiding                   // it voids its Target
	Stamp                     // it came without timestamp: that is Stored too
	Adapt                     // a reader of one of the versions must not get the bytes as they are
	_
	Defines // what it says of activities counts
)

// Has tells whether all of the bits are set.
func (f Flags) Has(bits Flags) bool { return f&bits == bits }

// Entry is a statement to insert.
type Entry struct {
	ID     string     // UUID, lower case
	Doc    []byte     // the statement without stored, and without timestamp if Stamp
	Flags  Flags      // all but Voided
	Target string     // id of the statement its object refers to, or ""
	Keys   []IndexKey // what it is found by, each once
	Beyond []IndexKey // what it is not found by, since there is too much of it
	At     int64      // its timestamp in nanoseconds since 1970; with Stamp it has no meaning

	// Definitions are what it says of activities, if that counts: then Flags has
	// Defines, and they are DefinitionsOf Doc.
	Definitions []Definition
}

// Row is a stored statement.
type Row struct {
	ID     string
	Stored int64 // nanoseconds since 1970
	Flags  Flags
	Doc    []byte // as in Entry
}

func (r Row) time() time.Time { return time.Unix(0, r.Stored) }

// JSON is the statement as the store returns it: the bytes of Doc and what was
// known only when it was stored.
func (r Row) JSON() []byte {
	if len(r.Doc) == 0 {
		return nil // which is damaged, and nobody can read
	}
	at := xapi.FormatTimestamp(r.time())
	out := make([]byte, 0, len(r.Doc)+2*len(at)+32)
	out = append(out, r.Doc[:len(r.Doc)-1]...)
	if r.Flags.Has(Stamp) {
		out = append(append(append(out, `,"timestamp":"`...), at...), '"')
	}
	return append(append(append(out, `,"stored":"`...), at...), `"}`...)
}

// Selection asks for rows that are not voided, in order of Stored.
type Selection struct {
	Terms     [][]IndexKey // all of the terms must match, of each at least one key; none: every row
	After     int64        // Stored > After
	Until     int64        // Stored ≤ Until
	Ascending bool         // oldest first
	Limit     int          // most rows, > 0
	MaxBytes  int          // stop once the documents reach this; at least one row is returned
	Voided    bool         // voided rows too
}
