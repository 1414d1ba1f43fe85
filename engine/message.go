package engine

import "time"

// Message is one planned mail: a nudge, a request or news. Its id is derived from what it is for, so it exists once.
type Message struct {
	ID            MessageID   `json:"id"`
	Rev           int64       `json:"rev"` // 0 before AddMessage; stored documents start at 1
	To            PersonID    `json:"to"`
	Enrolment     EnrolmentID `json:"enrolment"`
	Step          StepID      `json:"step,omitempty"`
	Attempt       int         `json:"attempt,omitempty"`
	Hands         int         `json:"hands,omitempty"` // the step's hand-ins when this was planned
	Request       RequestID   `json:"request,omitempty"`
	Purpose       string      `json:"purpose"`
	Policy        string      `json:"policy,omitempty"` // the nudge policy that asked for it
	Prompt        string      `json:"prompt,omitempty"` // the workflow's prompt, of PurposePrompt
	Text          Text        `json:"text,omitempty"`   // the author's own wording
	DueAt         time.Time   `json:"due_at"`           // when to send; moved when hours or caps hold it back
	PlannedAt     time.Time   `json:"planned_at"`       // when it was meant to be sent at first
	State         string      `json:"state"`
	ClaimedUntil  time.Time   `json:"claimed_until,omitzero"` // wall clock
	SentAt        time.Time   `json:"sent_at,omitzero"`
	Bundled       MessageID   `json:"bundled,omitempty"` // claimed to go out inside that one
	Carried       []MessageID `json:"carried,omitempty"` // what went out inside this one; set together with SentAt
	Attempts      int         `json:"attempts,omitempty"`
	LastError     string      `json:"last_error,omitempty"`
	DroppedReason string      `json:"dropped_reason,omitempty"`

	Sent     []ChannelSent `json:"sent,omitempty"`     // per channel, so that none is used twice
	Escalate bool          `json:"escalate,omitempty"` // needs disclosure at enrolment
	About    PersonID      `json:"about,omitempty"`    // the person it tells of, if that is not the learner
	ReadAt   time.Time     `json:"read_at,omitzero"`   // in the inbox
	OpenedAt time.Time     `json:"opened_at,omitzero"` // its link led to an act
	BackAt   time.Time     `json:"back_at,omitzero"`   // of a nudge: the learner launched within 7 days after it
}

// The states of a message: waiting → sending (claimed) → sent, or dropped (no longer fits) or failed.
const (
	MessageWaiting = "waiting"
	MessageSending = "sending"
	MessageSent    = "sent"
	MessageDropped = "dropped"
	MessageFailed  = "failed"
)

// Purposes of nudges and news. A request's message has the request's purpose with "_request" behind it.
const (
	PurposeStepOpen   = "step_open"
	PurposeStepDue    = "step_due"
	PurposeStepLate   = "step_late"
	PurposeAskForHelp = "ask_for_help"
	PurposeStepLater  = "step_later" // the time has come to which the learner put a step off
	PurposeOwnText    = "own_text"
	PurposeReturned   = "returned"
	PurposeApproved   = "approved"
	PurposeNotYet     = "not_yet"
	PurposeCompleted  = "completed"

	PurposeAtMax         = "at_max"         // the attempts of a step are used up
	PurposeSignOffVoid   = "signoff_void"   // to who signed off what has changed since
	PurposeStepWith      = "step_with"      // a step that the learner does with the receiver is open
	PurposeUnreachable   = "unreachable"    // to the coach: mails to somebody who is asked come back
	PurposeEventTime     = "event_time"     // an event has got a time, or another one
	PurposeCoachAsked    = "coach_asked"    // to the coach: the learner asks something
	PurposeForwarded     = "forwarded"      // to the learner and the coach: somebody else answers now
	PurposeDeclined      = "declined"       // to the coach: who was asked cannot judge
	PurposeList          = "list"           // to a reviewer who wished for it: a fresh link to all that waits
	PurposeCoachAnswered = "coach_answered" // to the learner: the coach answers
)

// IsNudge tells whether a policy asked for the message: nudges keep working hours and caps. What a person's act
// caused (a request for review, a returned hand-in) is sent at once.
func (m Message) IsNudge() bool {
	switch m.Purpose {
	case PurposeStepOpen, PurposeStepDue, PurposeStepLate, PurposeStepLater, PurposeAskForHelp, PurposeOwnText, PurposeStepWith:
		return true
	}
	return false
}
