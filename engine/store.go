package engine

import (
	"context"
	"time"
)

// WorkflowFile is one imported version with the files its aids name: Aids maps the path as written in the workflow
// ("aids/manager.md"; a translation stands beside it as "aids/manager.de.md") to its text. Media are the files that steps
// show, by their paths; Files their bytes where they travel along.
type WorkflowFile struct {
	ID         WorkflowID        `json:"id"`
	Version    int               `json:"version"`
	Source     []byte            `json:"source"`
	Aids       map[string]string `json:"aids,omitempty"` // keys hold dots: keep as JSON, not as keys of a document
	Media      map[string]Media  `json:"media,omitempty"`
	Files      map[string][]byte `json:"-"`
	ImportedAt time.Time         `json:"imported_at"`
}

// Due is an enrolment whose clock rings at At.
type Due struct {
	ID EnrolmentID
	At time.Time
}

// Store keeps the engine's documents. Every method is one atomic change or one read. Missing documents are
// ErrNotFound; a lost compare-and-swap or a broken uniqueness is ErrConflict. Times are UTC, exact to the millisecond
// at least. What a method returns is the caller's own copy.
type Store interface {
	RosterStore
	CohortStore
	PostStore
	EndpointStore
	EnrolmentLister
	EventStore
	MetricStore
	EventSourceStore
	ReceiptStore
	CourseLinkStore
	WaitingStore
	StandingStore
	BarrierStore
	ErasureStore
	DeadLetterStore
	PortfolioLinkStore

	// PutWorkflow keeps a version. Same Source, Aids and Media again: nil and untouched. Others for the same
	// (id, version): ErrConflict.
	PutWorkflow(ctx context.Context, f WorkflowFile) error
	// Workflow is one version; version 0 is the highest.
	Workflow(ctx context.Context, id WorkflowID, version int) (WorkflowFile, error)
	// Workflows is the highest version of each id, by id.
	Workflows(ctx context.Context) ([]WorkflowFile, error)

	// CreatePerson stores p with Rev 1; ErrConflict if the id, the account or (without account) the e-mail is taken.
	CreatePerson(ctx context.Context, p Person) error
	// SavePerson replaces the document whose Rev is p.Rev and stores it with Rev+1.
	SavePerson(ctx context.Context, p Person) error
	Person(ctx context.Context, id PersonID) (Person, error)
	PersonByAccount(ctx context.Context, issuer, subject string) (Person, error)
	// PersonByEmail finds only people without account; the case of email does not matter.
	PersonByEmail(ctx context.Context, email string) (Person, error)

	// AddStaff upserts by (issuer, course, person, role).
	AddStaff(ctx context.Context, s Staff) error
	// StaffOf lists the staff of a course by Seen, oldest first (at most 100).
	StaffOf(ctx context.Context, c Course) ([]Staff, error)

	// PutAlias upserts by (name, account).
	PutAlias(ctx context.Context, a Alias) error
	// AliasesOf lists the accounts that have gone by a name, last seen first (at most 10).
	AliasesOf(ctx context.Context, name Identity) ([]Alias, error)

	// PutSignal keeps a signal; the same id again: nil, untouched.
	PutSignal(ctx context.Context, s Signal) error
	// ForgetSignals removes those whose ExpiresAt is set and before the time, and says how many.
	ForgetSignals(ctx context.Context, before time.Time) (int, error)
	// SignalsOf lists a person's signals, oldest first (at most 1,000).
	SignalsOf(ctx context.Context, issuer, subject string) ([]Signal, error)

	// CreateEnrolment stores e with Rev 1 and sets e.Rev; ErrConflict if the id or the combination of workflow,
	// learner, course issuer, course id is taken.
	CreateEnrolment(ctx context.Context, e *Enrolment) error
	// SaveEnrolment replaces the document whose Rev is e.Rev; on success e.Rev is the new one.
	SaveEnrolment(ctx context.Context, e *Enrolment) error
	Enrolment(ctx context.Context, id EnrolmentID) (*Enrolment, error)
	FindEnrolment(ctx context.Context, w WorkflowID, learner PersonID, c Course) (*Enrolment, error)
	EnrolmentsOf(ctx context.Context, learner PersonID) ([]*Enrolment, error)
	// EnrolmentsIn lists those of a course (issuer and id), oldest first.
	EnrolmentsIn(ctx context.Context, c Course, limit int) ([]*Enrolment, error)
	// DueEnrolments lists those with a WakeAt that is set and not after until, earliest first.
	DueEnrolments(ctx context.Context, until time.Time, limit int) ([]Due, error)
	// UnrelayedEnrolments lists those whose outbox holds statements or messages, by Enrolment.OutboxSince.
	UnrelayedEnrolments(ctx context.Context, limit int) ([]EnrolmentID, error)
	// DueGrades lists those whose grade waits and is to be passed back by until, by Enrolment.GradeAt.
	DueGrades(ctx context.Context, until time.Time, limit int) ([]EnrolmentID, error)

	// PutContribution upserts by id.
	PutContribution(ctx context.Context, c Contribution) error
	Contribution(ctx context.Context, id ContributionID) (Contribution, error)
	// Contributions lists all of an enrolment, drafts too, oldest first.
	Contributions(ctx context.Context, e EnrolmentID) ([]Contribution, error)
	// PutBlob keeps at most MaxBlob bytes under their hash; the same hash again: nil.
	PutBlob(ctx context.Context, sha256 string, data []byte) error
	Blob(ctx context.Context, sha256 string) ([]byte, error)
	// HasBlob tells whether those bytes are there.
	HasBlob(ctx context.Context, sha256 string) (bool, error)

	// AddMessage stores m with Rev 1; an existing id: nil, untouched.
	AddMessage(ctx context.Context, m Message) error
	Message(ctx context.Context, id MessageID) (Message, error)
	// SaveMessage replaces the document whose Rev is m.Rev and stores it with Rev+1.
	SaveMessage(ctx context.Context, m Message) error
	// DueMessages lists what waits with DueAt not after until, or is sending with ClaimedUntil not after until;
	// earliest of these first.
	DueMessages(ctx context.Context, until time.Time, limit int) ([]Message, error)
	// DueMessagesTo lists those of one person that wait with DueAt not after until, or are sending with ClaimedUntil not
	// after until; earliest of these first.
	DueMessagesTo(ctx context.Context, p PersonID, until time.Time, limit int) ([]Message, error)
	// SentMessagesTo lists what was sent to a person since, to the second; the latest first.
	SentMessagesTo(ctx context.Context, p PersonID, since time.Time, limit int) ([]Message, error)
	// MessagesTo lists a person's messages in any state, latest DueAt first.
	MessagesTo(ctx context.Context, p PersonID, limit int) ([]Message, error)

	// Cursor is 0 for a name never saved.
	Cursor(ctx context.Context, name string) (int64, error)
	// SaveCursor only ever raises a cursor; a lower seq: nil, untouched.
	SaveCursor(ctx context.Context, name string, seq int64) error
	// TakeLease is true if the lease is free, expired at now or already the holder's; it then lasts until until.
	TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// ReleaseLease frees it if it is the holder's.
	ReleaseLease(ctx context.Context, name, holder string) error
}

// MaxBlob is the largest blob a store keeps.
const MaxBlob = 12 << 20
