package engine

import (
	"log/slog"
	"time"
)

// Options are what a Service needs. Store, Recorder and IRIBase are required; Mailer, Gradebook, Links and Alarms may
// be nil in a process that does not use them.
type Options struct {
	Tenant    string
	Store     Store
	Recorder  Recorder
	Gradebook Gradebook
	Mailer    Mailer
	Links     Links
	Wording   Wording // of previews; nil: they have no text
	Chat      Chat    // nil: nobody is reached by chat
	Sealer    Sealer  // of chat endpoints; needed to add and to use them
	Counter   Counter // nil: nobody counts
	Alarms    Alarms
	Now       func() time.Time // engine time; nil: time.Now
	Wall      func() time.Time // real time, for claims and leases; nil: time.Now
	IRIBase   string           // without trailing slash
	Log       *slog.Logger     // nil: discarded
	NewID     func() string    // nil: random UUIDs
	Width     int              // documents that a sweep works on at once; 0: one after the other
}

// Arrival is a learner's launch. All but Workflow, Issuer, Subject and Course.ID may be empty.
type Arrival struct {
	Issuer, Subject, Name, Email, Locale, Zone string

	Username       string     // by which the LMS's own statements may name the person, as the LMS signed it
	Names          []Identity // by which other sources do, as the link says: taken if they are nobody else's
	Workflow       WorkflowID
	Course         Course
	DeploymentID   string
	ResourceLinkID string
	LineItem       string
	LineItemsURL   string
	RelaunchURL    string
	Custom         map[string]string // launch parameters
	Preview        bool              // staff looks at it as a learner: nothing is sent or passed back
	Part           bool              // by a link to a part of the workflow (a step): where mails lead and grades go stays
}

// StaffArrival is a launch by a teacher, administrator or mentor.
type StaffArrival struct {
	Issuer, Subject, Name, Email, Locale, Zone string

	Course   Course
	Roles    []string // instructor, administrator, mentor
	MentorOf []string // subjects of those a mentor stands behind, if the platform says; empty: it does not
}

// Answers is what a form holds: values by question id; a `many` has several.
type Answers map[string][]string

// Submission is a hand-in.
type Submission struct {
	Answers Answers
	Ratings map[BehaviourID]int
	Files   []Upload
	Comment string
	Links   []string // evidence elsewhere: http or https addresses
	Keep    []string // SHA-256 of files and addresses of links to take along from what was recorded or handed in before
	// CustomerData: it holds data of customers. Consent: whoever it shows has agreed.
	CustomerData, Consent bool
}

// Upload is a file as it came in.
type Upload struct {
	Name        string
	ContentType string
	Data        []byte
}

// Answer is a reviewer's answer to a request. SHA256 is RequestView.SHA256 of the page that was answered.
type Answer struct {
	Outcome string
	Ratings map[BehaviourID]int
	Comment string
	Answers Answers
	SHA256  string
	Via     string   // Actor.System of a key that answers in the reviewer's place; "": they did themselves
	Grade   *float64 // 0–100, where the review grades (RequestView.Grades): counts as the step's score
}

// SweepReport counts what a sweep did. Held is true when another worker had the lease and nothing was done.
type SweepReport struct {
	Held      bool
	Woken     int
	Events    int // business events applied
	Relayed   int
	Delivered int
	Alarms    int
	Failed    int
}
