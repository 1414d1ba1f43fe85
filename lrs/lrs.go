package lrs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// What can go wrong with a request to the record store, apart from the store
// itself failing and *xapi.Error (a value that is not valid).
var (
	ErrNotFound = errors.New("lrs: not found")
	ErrConflict = errors.New("lrs: another statement has this id")
)

// takenError is the ErrConflict about one statement.
type takenError struct{ id string }

func (e *takenError) Error() string { return ErrConflict.Error() + ": " + e.id }
func (e *takenError) Unwrap() error { return ErrConflict }

// Options are what an LRS needs besides its store. The zero value works.
type Options struct {
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: discarded
	MaxBody  int64            // bytes of a request body for this tenant, at most Service.MaxBody; 0: that
	PageSize int              // most statements in one page; 0: 500
	Base     string           // path the service is mounted at, for more; "": "/xapi"
	Blobs    Blobs            // the bytes of attachments; nil: none are taken
	IRIBase  string           // home page of the tenant's accounts; erasure needs it

	MaxDocument  int64 // bytes of a state or profile, at most 14 MiB; 0: 8 MiB
	MaxStatement int64 // bytes of a statement as it comes, at most 12 MiB; 0: 8 MiB
}

const (
	defaultPage   = 500
	defaultBase   = "/xapi"
	defaultBody   = 16 << 20
	defaultUpload = 256 << 20
	pageBytes     = 8 << 20 // documents in one page
)

// LRS is the record store of one tenant. Its methods may be called concurrently.
type LRS struct {
	store Store
	o     Options

	mu      sync.Mutex
	changed chan struct{}
	passed  int64 // up to where Follow told what it passes over
}

// New makes the record store over store.
func New(store Store, o Options) *LRS {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.PageSize <= 0 {
		o.PageSize = defaultPage
	}
	if o.Base == "" {
		o.Base = defaultBase
	}
	if o.Blobs == nil {
		o.Blobs = noBlobs{}
	}
	if o.MaxDocument <= 0 {
		o.MaxDocument = defaultDocument
	}
	o.MaxDocument = min(o.MaxDocument, maxDocument)
	if o.MaxStatement <= 0 {
		o.MaxStatement = defaultStatement
	}
	o.MaxStatement = min(o.MaxStatement, maxStatement)
	return &LRS{store: store, o: o, changed: make(chan struct{})}
}

// Record writes statements that were composed in this process, all or none.
// Writing a statement again that is already there with this id is no error;
// another one with its id is ErrConflict, one that breaks the rules an
// *xapi.Error.
func (l *LRS) Record(ctx context.Context, authority xapi.Agent, statements []xapi.Statement) error {
	list := make([]*xapi.Statement, 0, len(statements))
	version := xapi.V103
	for i := range statements {
		if statements[i].Version == "2.0.0" {
			version = xapi.V200
		}
	}
	for i := range statements {
		data, err := json.Marshal(&statements[i])
		if err != nil {
			return fmt.Errorf("lrs: record: encode statement %d: %w", i, err)
		}
		s, err := xapi.Decode(data, version)
		if err != nil {
			return fmt.Errorf("lrs: record: statement %d: %w", i, err)
		}
		if err := l.fits(s); err != nil {
			return fmt.Errorf("lrs: record: statement %d: %w", i, err)
		}
		list = append(list, s)
	}
	if _, err := l.write(ctx, authority, list, version, true, nil); err != nil {
		return fmt.Errorf("lrs: record: %w", err)
	}
	return nil
}

// write stores decoded statements, all or none, and returns their ids in order.
// Those that are there already and mean the same count as written. define tells
// whether what they say of activities counts, came for which digests the bytes
// came with them, and are kept.
func (l *LRS) write(ctx context.Context, authority xapi.Agent, list []*xapi.Statement, v xapi.Version, define bool, came map[string]bool) ([]string, error) {
	todo, err := entries(list, authority, v, define)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(todo))
	for i := range todo {
		ids[i] = todo[i].ID
		todo[i].setCame(list[i], came)
	}
	err = l.bring(ctx, todo, v, func(e Entry, become outcome) error {
		if become == isTaken {
			return &takenError{e.ID}
		}
		return nil // what was erased counts as written, so that nobody sends it again
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// wake tells whoever waits on Changed.
func (l *LRS) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

// Changed returns a channel that is closed after the next write of this
// process: take it before Follow, wait on it after. Writes of other processes
// are seen by polling Follow only.
func (l *LRS) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}
