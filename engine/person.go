package engine

import "time"

// Person is someone we know: with an LMS account (Issuer and Subject), or a reviewer known by e-mail only.
// Unique by (Issuer, Subject), and among those without account by lower-cased Email.
type Person struct {
	ID           PersonID             `json:"id"`
	Rev          int64                `json:"rev"` // 0 before CreatePerson; stored documents start at 1
	Issuer       string               `json:"issuer,omitempty"`
	Subject      string               `json:"subject,omitempty"`
	Name         string               `json:"name,omitempty"`
	Email        string               `json:"email,omitempty"`
	Locale       string               `json:"locale,omitempty"`
	Zone         string               `json:"zone,omitempty"`     // IANA, valid or empty
	NamedBy      PersonID             `json:"named_by,omitempty"` // the learner who named this reviewer first
	Unsubscribed map[string]time.Time `json:"unsubscribed,omitempty"`
	Names        []Identity           `json:"names,omitempty"` // other names of the account; each is an Alias too
	CreatedAt    time.Time            `json:"created_at"`

	// How they want to be reached, and whether they can be.
	Preferences Preferences `json:"preferences,omitzero"`
	MailTrouble MailTrouble `json:"mail_trouble,omitzero"`
	Waitlists   int         `json:"waitlists,omitempty"` // generation of the links to their waitlist: earlier ones are void
	ErasedAt    time.Time   `json:"erased_at,omitzero"`  // nothing is known of them any more; Name is ErasedName
}

// Staff is a person who came to a course as its teacher, administrator, content developer or mentor.
type Staff struct {
	Issuer string    `json:"issuer"`
	Course string    `json:"course"` // Course.ID
	Person PersonID  `json:"person"`
	Role   string    `json:"role"`         // instructor, administrator, content_developer, mentor; by a roster "roster." and its word
	Of     []string  `json:"of,omitempty"` // of a mentor whose platform says so: the subjects of those they stand behind
	Seen   time.Time `json:"seen"`
}

// Signal is a Completion as it is kept, because the learner may enrol after it.
type Signal struct {
	ID      string `json:"id"` // derived: the same signal again is the same document
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"` // with Issuer an Identity: an account, or while Waiting any name
	CourseName
	At        time.Time `json:"at"`
	Source    Source    `json:"source,omitempty"` // empty: statement
	Ref       string    `json:"ref,omitempty"`
	Withdrawn bool      `json:"withdrawn,omitempty"`
	Waiting   bool      `json:"waiting,omitempty"` // nobody was known by that name
	Seen      time.Time `json:"seen,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero: never
}
