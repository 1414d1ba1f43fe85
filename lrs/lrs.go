package lrs

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// What can go wrong with a request to the record store, apart from the store
// itself failing and *xapi.Error (a value that is not valid).
var (
	ErrNotFound = errors.New("lrs: not found")
	ErrConflict = errors.New("lrs: another statement has this id")
)

// Options are what an LRS needs besides its store. The zero value works.
type Options struct {
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: discarded
	MaxBody  int64            // bytes of a request body; 0: 16 MiB
	PageSize int              // most statements in one page; 0: 500
	Base     string           // path the service is mounted at; "": "/xapi"
}

// LRS is the record store of one tenant.
type LRS struct {
	store Store
	o     Options
}

// New makes the record store over store.
func New(store Store, o Options) *LRS { return &LRS{store: store, o: o} }

// Record writes statements that were composed in this process, all or none.
// Writing a statement again that is already there with this id is no error.
func (l *LRS) Record(ctx context.Context, authority xapi.Agent, statements []xapi.Statement) error {
	return nil
}

// Record is one stored statement as Follow tells it.
type Record struct {
	Seq       int64 // stored, in nanoseconds; the cursor
	Statement *xapi.Statement
	Raw       []byte // the statement as it is returned by format=exact
	Authority xapi.Agent
}

// Follow returns up to limit statements stored after the cursor, in order. It
// does not wait: none means there is nothing new yet.
func (l *LRS) Follow(ctx context.Context, after int64, limit int) ([]Record, error) { return nil, nil }

// Changed returns a channel that is closed after the next write of this
// process. Writes of other processes are seen by polling Follow only.
func (l *LRS) Changed() <-chan struct{} { return nil }

// Service serves /xapi for all tenants: Basic credentials name a key, the key
// its tenant.
type Service struct {
	Keys    KeyStore
	Tenant  func(ctx context.Context, name string) (*LRS, error)
	IRIBase func(tenant string) string // home page of the authorities of a tenant's keys
	Now     func() time.Time
	Log     *slog.Logger
	Base    string // path it is mounted at; "": "/xapi"
	MaxBody int64  // bytes of a request body; 0: 16 MiB
}

// Handler is the service over HTTP.
func (s *Service) Handler() http.Handler { return http.NotFoundHandler() }
