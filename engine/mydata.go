package engine

import "time"

// The bounds of what is given of one person. What does not fit is told in about.json.
const (
	maxDataEnrolments = 200
	maxDataPosts      = 5_000
	maxDataFiles      = 1 << 30 // bytes of files
)

// What is kept about a person and not given with it: Aside of DataAbout.
const (
	DataAsideOthers     = "others"     // names and addresses of others, and what they said in confidence
	DataAsideStatements = "statements" // the activity statements: the record store has them
	DataAsidePrivate    = "private"    // what is private to the person, who did not ask themselves
	DataAsideCustomers  = "customers"  // files with data of customers; their names are given
	DataAsideElsewhere  = "elsewhere"  // what the same address was asked and told by another platform
	DataAsideBound      = "bound"      // what was more than one archive holds
)

// DataAbout is about.json, the last file of an archive: one without it is not whole.
type DataAbout struct {
	Format string    `json:"format"` // "cairn-person/1"
	Made   time.Time `json:"made"`
	Aside  []string  `json:"aside"` // DataAside…
}

// DataPerson is person.json.
type DataPerson struct {
	ID           PersonID             `json:"id"`
	Issuer       string               `json:"issuer,omitempty"`
	Subject      string               `json:"subject,omitempty"`
	Name         string               `json:"name,omitempty"`
	Email        string               `json:"email,omitempty"`
	Locale       string               `json:"locale,omitempty"`
	Zone         string               `json:"zone,omitempty"`
	Names        []Identity           `json:"names,omitempty"` // by which sources know the account
	Unsubscribed map[string]time.Time `json:"unsubscribed,omitempty"`
	Preferences  Preferences          `json:"preferences"`
	MailTrouble  MailTrouble          `json:"mail_trouble,omitzero"`
	CreatedAt    time.Time            `json:"created_at"`
}

// DataEnrolment is one file of enrolments/: how far the person is, and what they wrote and were answered.
type DataEnrolment struct {
	ID             EnrolmentID            `json:"id"`
	Workflow       WorkflowID             `json:"workflow"`
	Version        int                    `json:"version"`
	Title          Text                   `json:"title"`
	Course         string                 `json:"course,omitempty"`
	RegistrationID string                 `json:"registration_id"` // by which statements of it are found
	State          EnrolmentState         `json:"state"`
	Anchors        map[string]time.Time   `json:"anchors,omitempty"`
	Completions    []CompletionNote       `json:"completions,omitempty"`
	Progress       float64                `json:"progress"`
	GradeSent      float64                `json:"grade_sent,omitempty"`
	Arm            string                 `json:"arm,omitempty"`
	CreatedAt      time.Time              `json:"created_at"`
	LaunchedAt     time.Time              `json:"launched_at,omitzero"`
	CompletedAt    time.Time              `json:"completed_at,omitzero"`
	LeftAt         time.Time              `json:"left_at,omitzero"`
	Roles          []Role                 `json:"roles,omitempty"` // in which somebody is named
	Pauses         []DataPause            `json:"pauses,omitempty"`
	Uses           map[BehaviourID]int    `json:"uses,omitempty"`
	UseLog         *UseLog                `json:"use_log,omitempty"`
	Achieved       map[BehaviourID]bool   `json:"achieved,omitempty"`
	Prompts        []PromptShown          `json:"prompts,omitempty"`
	Steps          map[StepID]DataStep    `json:"steps"`
	Written        []Contribution         `json:"written"` // by the person: hand-ins, drafts, notes
	Answers        map[StepID][]DataReply `json:"answers"` // to the person
	Files          map[string]string      `json:"files"`   // by SHA-256, where in the archive they are; "": not in it
}

// DataPause is a pause of an enrolment; why only if the person paused it.
type DataPause struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until,omitzero"`
	End    time.Time `json:"end,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// DataStep is how far the person is with a step.
type DataStep struct {
	State       State               `json:"state"`
	OpenedAt    time.Time           `json:"opened_at,omitzero"`
	DueAt       time.Time           `json:"due_at,omitzero"`
	SubmittedAt time.Time           `json:"submitted_at,omitzero"`
	DoneAt      time.Time           `json:"done_at,omitzero"`
	Attempt     int                 `json:"attempt,omitempty"`
	Score       *float64            `json:"score,omitempty"`
	Ratings     map[BehaviourID]int `json:"ratings,omitempty"` // the person's own
	Watched     *Watched            `json:"watched,omitempty"`
	Attended    time.Time           `json:"attended,omitzero"`
	Snoozed     *Snoozed            `json:"snoozed,omitempty"`
	Skipped     string              `json:"skipped,omitempty"` // in the person's own words
}

// DataReply is what somebody answered to the person, without a name.
type DataReply struct {
	At      time.Time           `json:"at"`
	Role    Role                `json:"role"`
	Outcome string              `json:"outcome"`
	Ratings map[BehaviourID]int `json:"ratings,omitempty"`
	Grade   *float64            `json:"grade,omitempty"`
	Comment string              `json:"comment,omitempty"`
	Answers []Answered          `json:"answers,omitempty"`
}

// DataRequest is something that the person was asked about somebody who is not named, and what they answered.
type DataRequest struct {
	Workflow   WorkflowID          `json:"workflow"`
	Step       StepID              `json:"step"`
	Purpose    string              `json:"purpose"`
	Role       Role                `json:"role"`
	AskedAt    time.Time           `json:"asked_at"`
	AnsweredAt time.Time           `json:"answered_at,omitzero"`
	Outcome    string              `json:"outcome,omitempty"`
	Ratings    map[BehaviourID]int `json:"ratings,omitempty"`
	Grade      *float64            `json:"grade,omitempty"`
	Comment    string              `json:"comment,omitempty"`
	Answers    []Answered          `json:"answers,omitempty"`
}

// DataMessage is a message to the person.
type DataMessage struct {
	Enrolment EnrolmentID   `json:"enrolment,omitempty"` // of the person's own
	Step      StepID        `json:"step,omitempty"`
	Purpose   string        `json:"purpose"`
	State     string        `json:"state"`
	Text      Text          `json:"text,omitempty"`
	PlannedAt time.Time     `json:"planned_at"`
	SentAt    time.Time     `json:"sent_at,omitzero"`
	Sent      []ChannelSent `json:"sent,omitempty"`
	ReadAt    time.Time     `json:"read_at,omitzero"`
	OpenedAt  time.Time     `json:"opened_at,omitzero"`
	Dropped   string        `json:"dropped,omitempty"` // why it was not sent
}

// DataPost is what the person wrote to others.
type DataPost struct {
	Enrolment EnrolmentID `json:"enrolment,omitempty"` // of the person's own
	Step      StepID      `json:"step,omitempty"`
	Role      Role        `json:"role"`
	Text      string      `json:"text"`
	At        time.Time   `json:"at"`
	Helpful   int         `json:"helpful,omitempty"` // to how many
	Hidden    bool        `json:"hidden,omitempty"`
}
