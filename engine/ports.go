package engine

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Recorder is the LRS as the engine sees it. Recording a statement again (same id, same statement) is not an error. A
// call records all or nothing. An *xapi.Error (it breaks the rules) or ErrConflict (another statement has its id) will
// come again however often it is tried; any other error may pass.
type Recorder interface {
	Record(ctx context.Context, statements []xapi.Statement) error
}

// Gradebook passes a grade to the LMS, into a column with the title of the grade if it must make one. A *RetryError may succeed later, any other error will not.
type Gradebook interface {
	Post(ctx context.Context, e *Enrolment, learner Person, g OutGrade) error
}

// Mailer sends one mail. A *RetryError may succeed later, any other error will not.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

// Wording is what a mail says, for whoever wants to see it before it is sent at a time.
type Wording interface {
	Word(m Mail, at time.Time) (subject, text string)
}

// Mail is a message with all a mailer needs to word it. Step is nil when the message is about the whole workflow. Link is
// empty when the receiver has no page to go to. The language is To's, else the Learner's.
type Mail struct {
	Message        Message
	To             Person
	Learner        Person
	Workflow       *Workflow
	Step           *Step
	Enrolment      *Enrolment
	Link           string // the one action: launch link of a learner, personal link of a reviewer
	UnsubscribeURL string
	WaitlistURL    string    // of a reviewer: all that waits for them; empty: none, or Link is it
	DueAt          time.Time // of the step or request; zero: none
	Zone           string    // IANA, never empty: To's, else the learner's, else UTC
	Minutes        int
	Comment        string // what the reviewer wrote (returned, approved, not_yet)
	Also           []Mail // other matters that travel along, at most 20; list their titles and links
	About          Person // whom Message.About names
	Ask            string // of a manager's mail: the question to ask the learner, in the receiver's language; empty: the default one
}

// Chat posts a message to an endpoint of the tenant. A *RetryError may succeed later, a *GoneError says that nobody is
// there any more, any other error that this message will never be taken.
type Chat interface {
	Post(ctx context.Context, to Endpoint, m Mail) error
}

// Sealer keeps what others could act with unreadable at rest. What is sealed opens with the same label only.
type Sealer interface {
	Seal(plain []byte, label string) []byte
	Open(sealed []byte, label string) ([]byte, error)
	// Again seals anew what an earlier key sealed; changed false: it was not needed.
	Again(sealed []byte, label string) (fresh []byte, changed bool, err error)
}

// Counter counts what becomes of messages: outcome is sent, dropped, failed or held; why is the channel or the reason.
type Counter interface {
	CountMessage(outcome, why string)
}

// Links makes the links of mails. A learner's link is Enrolment.RelaunchURL.
type Links interface {
	Request(tenant string, e EnrolmentID, r RequestID) string
	Unsubscribe(tenant string, p PersonID, channel string) string
	// Waitlist is a link to all that waits for a person (Service.Waitlist): of a generation (Person.Waitlists), made at a time.
	Waitlist(tenant string, p PersonID, generation int, made time.Time) string
	// Nudge is a link to the page to that tells which message led there.
	Nudge(tenant string, m MessageID, to string) string
}

// Alarms rings earlier than the sweep would. All best effort: the store is the truth. Times are engine time.
type Alarms interface {
	Wake(ctx context.Context, tenant string, e EnrolmentID, at time.Time) error
	Deliver(ctx context.Context, tenant string, p PersonID) error
	RelayGrade(ctx context.Context, tenant string, e EnrolmentID) error
}
