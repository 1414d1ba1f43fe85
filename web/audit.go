package web

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// How somebody came to be an administrator; AuditEntry.By.
const (
	ByLink    = "link"    // the one-time link that cairn admin link prints
	ByLaunch  = "launch"  // an administrator's launch from the LMS
	ByCommand = "command" // the command line
)

// auditMemory is how long acts are kept: over a year, so that a yearly audit sees them.
const auditMemory = 400 * 24 * time.Hour

// AuditEntry is one act of an administrator. It is written before the act is
// done, so that nothing is done which nobody can find again. It names a person by
// our own id only.
type AuditEntry struct {
	ID        string          `json:"id"` // ours, random
	At        time.Time       `json:"at"`
	Tenant    string          `json:"tenant"` // that the act concerns; empty: the installation
	By        string          `json:"by"`     // ByLink, ByLaunch, ByCommand
	Operator  bool            `json:"operator,omitempty"`
	Session   string          `json:"session,omitempty"` // its hash, shortened: tells sessions apart
	Person    engine.PersonID `json:"person,omitempty"`
	Act       string          `json:"act"`              // "registration.suspend"
	Object    string          `json:"object,omitempty"` // what it was done to
	Detail    string          `json:"detail,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
}

// Audit is the log of administrators' acts.
type Audit interface {
	// AddAudit appends an entry.
	AddAudit(ctx context.Context, e AuditEntry) error
	// Audit lists the entries of a tenant, or of all and the installation with
	// everything, newest first, at most limit.
	Audit(ctx context.Context, tenant string, everything bool, limit int) ([]AuditEntry, error)
	// PurgeAudit forgets entries older than t.
	PurgeAudit(ctx context.Context, t time.Time) error
}
