package engine

import "time"

// Course is an LMS course (LTI: context).
type Course struct {
	Registration string `json:"registration,omitempty"` // lti.RegistrationID
	Issuer       string `json:"issuer"`
	ID           string `json:"id"`
	Title        string `json:"title,omitempty"`
}

// EnrolmentState is where an enrolment as a whole stands.
type EnrolmentState string

const (
	Active    EnrolmentState = "active"
	Completed EnrolmentState = "completed"
	Stopped   EnrolmentState = "stopped"
)

// Enrolment is one learner in one version of a workflow: one document with a clock (WakeAt) and an outbox
// (Statements, Messages, Grade). All times are UTC.
type Enrolment struct {
	ID             EnrolmentID `json:"id"`
	Rev            int64       `json:"rev"` // 0 before CreateEnrolment; stored documents start at 1
	Workflow       WorkflowID  `json:"workflow"`
	Version        int         `json:"version"`
	RegistrationID string      `json:"registration_id"` // xAPI context.registration, fixed at creation

	Learner        PersonID          `json:"learner"`
	Course         Course            `json:"course"`
	DeploymentID   string            `json:"deployment_id,omitempty"`
	ResourceLinkID string            `json:"resource_link_id,omitempty"`
	LineItem       string            `json:"line_item,omitempty"`
	LineItemsURL   string            `json:"line_items_url,omitempty"`
	RelaunchURL    string            `json:"relaunch_url,omitempty"`
	Preview        bool              `json:"preview,omitempty"`
	Custom         map[string]string `json:"custom,omitempty"`

	State        EnrolmentState        `json:"state"`
	Anchors      map[string]time.Time  `json:"anchors,omitempty"`
	AnchorSource map[string]string     `json:"anchor_source,omitempty"` // launch, lms, coach, course_end, assumed
	Completions  []CompletionNote      `json:"completions,omitempty"`   // of the course: one per source, first learnt first
	Steps        map[StepID]*StepState `json:"steps,omitempty"`
	Roles        map[Role][]Assignment `json:"roles,omitempty"`
	Named        map[Role]Assignment   `json:"named,omitempty"`  // whom the learner named
	Silent       map[Role]bool         `json:"silent,omitempty"` // a role that let a request expire and has not answered since
	Achieved     map[BehaviourID]bool  `json:"achieved,omitempty"`
	Uses         map[BehaviourID]int   `json:"uses,omitempty"` // logged uses
	UseLog       *UseLog               `json:"use_log,omitempty"`
	Gaps         []string              `json:"gaps,omitempty"` // standards whose missing evidence has opened a step

	// What business events did, see heard.go.
	Heard   []string      `json:"heard,omitempty"` // events applied, the latest few
	Prompts []PromptShown `json:"prompts,omitempty"`

	WakeAt     time.Time      `json:"wake_at,omitzero"` // zero: nothing to wake for
	Statements []OutStatement `json:"out_statements,omitempty"`
	Messages   []Message      `json:"out_messages,omitempty"`
	Grade      *OutGrade      `json:"out_grade,omitempty"`
	Parked     []OutStatement `json:"parked,omitempty"` // refused by the record store for good; the latest few, for whoever looks into it

	GradeSent     float64   `json:"grade_sent,omitempty"`
	GradeComplete bool      `json:"grade_complete,omitempty"` // completion was sent
	GradeRefused  *OutGrade `json:"grade_refused,omitempty"`  // given up; a rise or the next launch tries again
	Progress      float64   `json:"progress,omitempty"`       // last recorded, 0–1
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	CompletedAt   time.Time `json:"completed_at,omitzero"`
	LaunchedAt    time.Time `json:"launched_at,omitzero"` // last
	LeftAt        time.Time `json:"left_at,omitzero"`     // the LMS lists the learner no longer: nudges pause

	Cohort *Membership `json:"cohort,omitempty"` // what this learner does with others
	Asked  *CoachTalk  `json:"asked,omitempty"`  // the thread with the coach
	// Nudges.
	Arm         string            `json:"arm,omitempty"`         // of the nudge test, drawn at enrolment: holdout, or the policy that is the default
	DisclosedAt time.Time         `json:"disclosed_at,omitzero"` // the learner was shown who is told when they are late; zero: nobody is
	NoticedAt   time.Time         `json:"noticed_at,omitzero"`   // the learner has put that notice away
	Unreachable map[PersonID]bool `json:"unreachable,omitempty"` // asked, but mails to them come back: the coach was told
	NudgesHeld  *NudgeHold        `json:"nudges_held,omitempty"` // a coach holds them back; nil: they go out (nudgehold.go)
	// How time stood still, and what coaches did (pause.go, history.go).
	Pauses []Pause `json:"pauses,omitempty"`
	Acts   []Act   `json:"acts,omitempty"` // the latest maxActs

	// Appointed is whom a coach chose for a role: comes before all of its `from` (appoint.go).
	Appointed map[Role][]Assignment `json:"appointed,omitempty"`
	// Nobody are the roles of whom an answer is awaited that nobody is there to give (standing.go).
	Nobody []Role `json:"nobody,omitempty"`
	// Tally is how far the learner is, as of the last decision (progress.go).
	Tally Tally `json:"tally,omitzero"`
	// Forwards are who passed a role on, and to whom, oldest first (forward.go).
	Forwards []Forward `json:"forwards,omitempty"`
	// NotCompleted is when a coach took the completion of the course back: words learnt until then do not count (anchors.go).
	NotCompleted time.Time `json:"not_completed,omitzero"`
}

// Assignment is one person in a role of one enrolment.
type Assignment struct {
	Person         PersonID `json:"person"`
	Source         string   `json:"source"` // launch.custom.x, launch.role.x, ask_learner
	NamedByLearner bool     `json:"named_by_learner,omitempty"`
	Confirmed      bool     `json:"confirmed,omitempty"` // named by the learner or passed on, and a coach says that it is right
	Forwarded      bool     `json:"forwarded,omitempty"` // who was asked at first passed it on to this person
}

// OutStatement waits to be recorded. JSON is the whole statement, its id fixed when it was made.
type OutStatement struct {
	ID   string `json:"id"`
	JSON []byte `json:"json"`
}

// OutGrade waits to be passed back. Score is of Max.
type OutGrade struct {
	Score    float64   `json:"score"`
	Max      float64   `json:"max"`
	Complete bool      `json:"complete,omitempty"`
	At       time.Time `json:"at"`
	Comment  string    `json:"comment,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	RetryAt  time.Time `json:"retry_at,omitzero"` // not before
	Cause    string    `json:"cause,omitempty"`   // of a refusal, by the Gradebook's word; empty: it did not say
	Title    string    `json:"-"`                 // of the workflow, as it was first written; for Gradebook only
}

// State is where a step stands.
type State string

const (
	Locked    State = "locked"
	Open      State = "open"
	Submitted State = "submitted"
	Returned  State = "returned"
	Done      State = "done"
	Skipped   State = "skipped"
	Expired   State = "expired"
)

// Settled tells whether the state is an end: done, skipped or expired.
func (s State) Settled() bool { return s == Done || s == Skipped || s == Expired }

// StepState is one step of one enrolment.
type StepState struct {
	State       State     `json:"state"`
	OpensAt     time.Time `json:"opens_at,omitzero"` // when known, while locked
	OpenedAt    time.Time `json:"opened_at,omitzero"`
	DueAt       time.Time `json:"due_at,omitzero"`
	SubmittedAt time.Time `json:"submitted_at,omitzero"`
	ReturnedAt  time.Time `json:"returned_at,omitzero"`
	DoneAt      time.Time `json:"done_at,omitzero"`    // settled, whichever way
	SettledAt   time.Time `json:"settled_at,omitzero"` // first settled: the anchor step.<id>
	Attempt     int       `json:"attempt,omitempty"`   // from 1 once open
	Hands       int       `json:"hands,omitempty"`     // hand-ins so far
	Misses      int       `json:"misses,omitempty"`    // hand-ins whose score fell short

	Hand       ContributionID      `json:"hand,omitempty"`
	HandSHA256 string              `json:"hand_sha256,omitempty"`
	HandWords  int                 `json:"hand_words,omitempty"`
	HandFiles  int                 `json:"hand_files,omitempty"`
	Ratings    map[BehaviourID]int `json:"ratings,omitempty"` // the doer's own
	RatedAt    time.Time           `json:"rated_at,omitzero"`
	Score      *float64            `json:"score,omitempty"` // 0–1, last attempt

	Viewed       time.Time `json:"viewed,omitzero"`      // the doer confirmed: viewed, watched, "I did this"
	Initialized  time.Time `json:"initialized,omitzero"` // first look
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Confirmed    time.Time `json:"confirmed,omitzero"`
	Approved     time.Time `json:"approved,omitzero"`
	Remembered   time.Time `json:"remembered,omitzero"` // a completion from outside, also while locked
	AskAgainAt   time.Time `json:"ask_again_at,omitzero"`
	AskedAt      time.Time `json:"asked_at,omitzero"`       // since when somebody's answer is awaited
	ElseAt       time.Time `json:"else_at,omitzero"`        // since when the stand-in is asked too
	Rounds       int       `json:"rounds,omitempty"`        // answers that asked to ask again
	SignedSHA256 string    `json:"signed_sha256,omitempty"` // what a sign-off was bound to

	Heard map[string]time.Time `json:"heard,omitempty"` // events that `done` waits for, see Rule.eventKey
	// Attempts (attempt.go, spaced.go).
	EndedAt        time.Time `json:"ended_at,omitzero"`         // the last attempt ended and the next is not open yet
	MissedAt       time.Time `json:"missed_at,omitzero"`        // a score last fell short
	Past           []Past    `json:"past,omitempty"`            // hand-ins of earlier attempts, oldest first, the latest few
	EvidenceBefore int       `json:"evidence_before,omitempty"` // pieces of evidence handed in in earlier attempts
	Approvals      int       `json:"approvals,omitempty"`       // in reviews that are kept no longer
	Returns        int       `json:"returns,omitempty"`
	Because        string    `json:"because,omitempty"`        // why this attempt began unasked: standard:<id>, max:<step>, evidence:<step>
	Spaced         int       `json:"spaced,omitempty"`         // spaced asks so far
	Again          *Again    `json:"again,omitempty"`          // the open spaced ask; State stays done
	RememberedBy   string    `json:"remembered_by,omitempty"`  // the statement that was remembered
	EvidenceAsked  bool      `json:"evidence_asked,omitempty"` // a sign-off that would cover nothing has asked for evidence

	Snoozed *Snoozed `json:"snoozed,omitempty"` // the learner does it later (snooze.go)

	// Watching (watch.go).
	Watched      *Watched `json:"watched,omitempty"`
	SelfReported bool     `json:"self_reported,omitempty"` // the learner's word, nothing measured

	Reviews       []Review        `json:"reviews,omitempty"`
	Requests      []Request       `json:"requests,omitempty"`
	NudgesPlanned map[string]bool `json:"nudges_planned,omitempty"`
	SkippedReason string          `json:"skipped_reason,omitempty"` // if, nothing, excused, course, or the learner's own words
	SkippedBy     PersonID        `json:"skipped_by,omitempty"`

	Event *EventState `json:"event,omitempty"` // of a step with a time and attendance
	Talk  *TalkState  `json:"talk,omitempty"`  // of a step with a thread
	// What coaches did about it (coach.go), and where it stood when the learner was unenrolled (leave.go).
	Admitted time.Time `json:"admitted,omitzero"`   // a coach opened it early: its `opens` and `wait_for` are not waited for
	DueSet   int       `json:"due_set,omitempty"`   // how often a coach set the due time of this attempt; no anchor moves it any more
	HaltedIn State     `json:"halted_in,omitempty"` // comes back to this when the learner is enrolled again
}

// Request asks one person for one answer, by personal link.
type Request struct {
	ID         RequestID `json:"id"`
	Step       StepID    `json:"step"`
	Purpose    string    `json:"purpose"` // review, confirm, signoff, signoff_confirm, survey, feedback, briefing, checkin, step
	Person     PersonID  `json:"person"`
	Role       Role      `json:"role"` // the role asked; a stand-in counts as it
	StandIn    bool      `json:"stand_in,omitempty"`
	AskedAt    time.Time `json:"asked_at"`
	DueAt      time.Time `json:"due_at,omitzero"` // until answered: an enrolment stays small
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"` // answered, or closed
	Outcome    string    `json:"outcome,omitempty"`    // approve, return, not_yet, response, acknowledged; expired, withdrawn, forwarded, declined
	SHA256     string    `json:"sha256,omitempty"`     // of the hand-ins asked about, until answered: then the Review has it
	Revived    int       `json:"revived,omitempty"`    // how often it was withdrawn and came back
}

// Waiting tells whether an answer can still come.
func (r Request) Waiting() bool { return r.AnsweredAt.IsZero() }

// The outcomes of an answer.
const (
	OutcomeApprove      = "approve"
	OutcomeReturn       = "return"
	OutcomeNotYet       = "not_yet"
	OutcomeResponse     = "response"
	OutcomeAcknowledged = "acknowledged"
	OutcomeExpired      = "expired"
	OutcomeWithdrawn    = "withdrawn"
	OutcomeForwarded    = "forwarded" // the person asked said who should be
	OutcomeDeclined     = "declined"  // the person asked cannot judge
)

// The purposes of a request.
const (
	ForReview         = "review"
	ForConfirm        = "confirm"
	ForSignOff        = "signoff"
	ForSignOffConfirm = "signoff_confirm"
	ForSurvey         = "survey"
	ForFeedback       = "feedback"
	ForBriefing       = "briefing"
	ForCheckin        = "checkin"
	ForStep           = "step"    // any other step by someone else than the learner
	ForDiscuss        = "discuss" // a post of whom the step is with
	ForAttend         = "attend"  // whether the learner took part in an event with this person
)

// Review is one answer of a reviewer. What was written is the Contribution; Comment is filled in for views only.
type Review struct {
	Request RequestID           `json:"request"`
	By      PersonID            `json:"by"`
	Role    Role                `json:"role"`
	Outcome string              `json:"outcome"`
	Ratings map[BehaviourID]int `json:"ratings,omitempty"`
	Comment string              `json:"-"`
	Written ContributionID      `json:"written,omitempty"`
	At      time.Time           `json:"at"`
	SHA256  string              `json:"sha256,omitempty"`
	Attempt int                 `json:"attempt,omitempty"` // of the step when it was answered; 0: the first
	Grade   *float64            `json:"grade,omitempty"`   // 0–100, where the review grades
	Via     string              `json:"via,omitempty"`     // by which key of the API it came; empty: from By themselves
	StandIn bool                `json:"stand_in,omitempty"`
}
