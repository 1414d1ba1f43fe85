package engine

import "time"

// Act is something that somebody did about an enrolment for the learner, as its history shows it.
type Act struct {
	By     Actor     `json:"by"`
	What   string    `json:"what"` // ActPause …
	Step   StepID    `json:"step,omitempty"`
	Role   Role      `json:"role,omitempty"`
	Person PersonID  `json:"person,omitempty"` // of whom an appointment is
	At     time.Time `json:"at"`
	For    time.Time `json:"for,omitzero"` // the time that was set
	Reason string    `json:"reason,omitempty"`
}

// What was done.
const (
	ActPause    = "pause"
	ActResume   = "resume"
	ActEnrol    = "enrol"
	ActUnenrol  = "unenrol"
	ActVersion  = "version"
	ActExcuse   = "excuse"
	ActReopen   = "reopen"
	ActAdmit    = "open"
	ActExtend   = "set_due"
	ActAppoint  = "assign"
	ActConfirmN = "confirm_named"
	ActAnchor   = "set_anchor"
	ActForward  = "forward" // by who was asked: Person is the right one
	ActDecline  = "decline" // by who was asked: they cannot judge
)

// maxActs bounds the history of one enrolment.
const maxActs = 100

// acted notes an act in the history.
func (d *decision) acted(by Actor, what string, step StepID, reason string) *Act {
	d.e.Acts = append(d.e.Acts, Act{By: by, What: what, Step: step, At: d.now, Reason: reason})
	if n := len(d.e.Acts); n > maxActs {
		d.e.Acts = d.e.Acts[n-maxActs:]
	}
	return &d.e.Acts[len(d.e.Acts)-1]
}
