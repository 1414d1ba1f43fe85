package web

import (
	"context"
	"errors"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// The sentinels of this package. Store implementations return ErrNotFound.
var (
	// ErrNotFound says that there is no such session, ticket or tenant.
	ErrNotFound = errors.New("web: not found")
	// ErrNoSession says that a request came without a session that still counts.
	ErrNoSession = errors.New("web: no session")
	// ErrToken says that a personal link is not one of ours.
	ErrToken = errors.New("web: not a link of ours")
	// ErrUpload says that a form or a file in it cannot be taken.
	ErrUpload = errors.New("web: unusable form")
)

// Role is what a session lets its owner do.
type Role string

// The roles of a session.
const (
	// RoleLearner works on one enrolment.
	RoleLearner Role = "learner"
	// RoleStaff sees the board of one course.
	RoleStaff Role = "staff"
	// RoleVisitor has nothing to do here but was told so (a mentor, an observer).
	RoleVisitor Role = "visitor"
	// RoleDesigner chooses what to place in a course.
	RoleDesigner Role = "designer"
	// RoleReviewer looks at one learner's enrolment, opened from the gradebook.
	RoleReviewer Role = "reviewer"
)

// Session is what one launch earned. Its id is known to the browser alone; the
// store holds the hash.
type Session struct {
	IDHash        string             `json:"id_hash"` // hex SHA-256 of the cookie's value
	Handle        string             `json:"handle"`  // public: stands in URLs and in the cookie's name
	Tenant        string             `json:"tenant"`
	Registration  string             `json:"registration"`         // lti.RegistrationID of the launch; empty: it came by none
	Deployment    string             `json:"deployment,omitempty"` // of the launch
	Role          Role               `json:"role"`
	Person        engine.PersonID    `json:"person"`
	Enrolment     engine.EnrolmentID `json:"enrolment,omitempty"`
	Course        engine.Course      `json:"course"`
	Ancestors     []string           `json:"ancestors,omitempty"`     // origins that may frame its pages
	Administrator bool               `json:"administrator,omitempty"` // of the platform: may administer the tenant
	Locale        string             `json:"locale,omitempty"`
	Zone          string             `json:"zone,omitempty"`
	ReturnURL     string             `json:"return_url,omitempty"`
	RelaunchURL   string             `json:"relaunch_url,omitempty"`
	Landing       string             `json:"landing,omitempty"` // where the launch leads, below the session's start; empty: to it
	Pick          *Picking           `json:"pick,omitempty"`    // of a designer
	CreatedAt     time.Time          `json:"created_at"`
	ExpiresAt     time.Time          `json:"expires_at"`
}

// Ticket carries a session into another window, once. Its secret stands on one
// page; the store holds the hash.
type Ticket struct {
	Hash      string    `json:"hash"`
	Session   Session   `json:"session"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Tenant is one customer: a database of its own. IRIBase is fixed when the tenant
// is first seen and survives a changed public URL.
type Tenant struct {
	Name      string    `json:"name"`
	IRIBase   string    `json:"iri_base"`
	CreatedAt time.Time `json:"created_at"`
}

// Store keeps what pages need on the control database. webtest.Run says what an
// implementation must do. All methods may be called concurrently, from several
// processes.
type Store interface {
	Audit
	Installations

	// PutSession inserts a session or replaces the one with the same IDHash.
	PutSession(ctx context.Context, s Session) error
	// Session finds a session, expired or not; ErrNotFound if there is none.
	Session(ctx context.Context, idHash string) (Session, error)
	// DeleteSession forgets a session; one that is not there is no error.
	DeleteSession(ctx context.Context, idHash string) error
	// Purge forgets sessions and tickets that expired before t, and counts them.
	Purge(ctx context.Context, t time.Time) (int, error)

	// PutTicket inserts a ticket.
	PutTicket(ctx context.Context, t Ticket) error
	// Ticket finds a ticket, expired or not, and leaves it; ErrNotFound if there is none.
	Ticket(ctx context.Context, hash string) (Ticket, error)
	// TakeTicket removes a ticket and returns it: of many callers one wins, the
	// others get ErrNotFound. An expired ticket is returned too.
	TakeTicket(ctx context.Context, hash string) (Ticket, error)

	// EnsureTenant stores t unless a tenant of that name exists; either way it
	// returns the stored one. The first write wins.
	EnsureTenant(ctx context.Context, t Tenant) (Tenant, error)
	// Tenant finds a tenant; ErrNotFound if there is none.
	Tenant(ctx context.Context, name string) (Tenant, error)
	// Tenants lists all tenants by name.
	Tenants(ctx context.Context) ([]Tenant, error)
}
