// Package simulate lives through a workflow before anybody has to.
//
// It drives a real engine.Service on a store of its own with a clock that hops from one thing that happens to the next
// (NextAlarm, and what the people it plays mean to do), and writes down what a learner would live through: what opens,
// falls due and is done, who is asked and reminded, by which channel, and how it ends. The code is that of production;
// only the people are made up:
//
//	prompt          does everything on the day it opens, within working hours
//	late            does everything three working days after it was due
//	never           launches once and does nothing
//	absent-manager  is prompt, but the manager never answers; the coach does
//
// Events are kept when they take place by all but never. Reviewers answer one working day after they are asked. Where no
// step waits for the LMS course, it is completed five working days after it started (late: eight; never: not at all). A
// simulation is the same each time: ids are counted, not drawn.
package simulate

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// Persona is how the learner and the others behave.
type Persona string

// The personas.
const (
	Prompt        Persona = "prompt"
	Late          Persona = "late"
	Never         Persona = "never"
	AbsentManager Persona = "absent-manager"
)

// Personas are all of them.
func Personas() []Persona { return []Persona{Prompt, Late, Never, AbsentManager} }

// The bounds and defaults of a simulation.
const (
	DefaultWeeks = 40
	MaxWeeks     = 520
	maxHops      = 100_000
)

// Options say what to simulate.
type Options struct {
	File    string // of the definition, as in its problems
	Source  []byte
	Aids    fs.FS        // what its aids name; nil: none
	Store   engine.Store // empty, and the simulation's own
	Start   time.Time    // course_start: its UTC date counts
	Persona Persona      // empty: Prompt
	Zone    string       // IANA, of everybody; empty: the workflow's, else UTC
	Locale  string       // of titles; empty: en
	Weeks   int          // how long, from the enrolment; 0: DefaultWeeks
	Arm     string       // of the workflow's `test`: "holdout" or one of its arms; empty: its default
}

// Entry is one thing that happens.
type Entry struct {
	At      time.Time     `json:"at"`
	Day     int           `json:"day"` // 1 is the day of the enrolment
	What    string        `json:"what"`
	Step    engine.StepID `json:"step,omitempty"`
	Title   string        `json:"title,omitempty"`
	Who     engine.Role   `json:"who,omitempty"` // who does it, is asked or is told
	Channel string        `json:"channel,omitempty"`
	Detail  string        `json:"detail,omitempty"` // the text of a nudge, the outcome of an answer, the reason of a skip
	Attempt int           `json:"attempt,omitempty"`
	Due     time.Time     `json:"due,omitzero"`
}

// What an Entry can be.
const (
	Enrolled        = "enrolled"
	CourseStart     = "course_start"
	CourseCompleted = "course_completed"
	Opens           = "opens"
	Due             = "due" // and not done yet
	HandsIn         = "hands_in"
	Done            = "done"
	Skipped         = "skipped"
	Expired         = "expired"
	Returned        = "returned"
	Asked           = "asked"
	Answered        = "answered"
	Nudge           = "nudge"
	Escalation      = "escalation"
	Request         = "request" // the mail that asks
	News            = "news"    // of what somebody did
	Wake            = "wake"
	Completed       = "completed"
	Stopped         = "stopped"
	Stuck           = "stuck" // open, and nobody can do anything about it
)

// told is the rank of what people are told.
const told = 2

// rank orders what happens at the same time.
func (e Entry) rank() int {
	switch e.What {
	case Wake:
		return 0
	case Nudge, Request, News, Escalation:
		return told
	}
	return 1
}

// Calendar is what a person would live through.
type Calendar struct {
	Workflow engine.WorkflowID     `json:"workflow"`
	Version  int                   `json:"version"`
	Title    string                `json:"title"`
	Persona  Persona               `json:"persona"`
	Arm      string                `json:"arm,omitempty"`
	Zone     string                `json:"zone"`
	Enrolled time.Time             `json:"enrolled"`
	Start    string                `json:"course_start"` // date
	Until    time.Time             `json:"until"`
	State    engine.EnrolmentState `json:"state"`
	Done     int                   `json:"done"`     // required steps of the learner
	Required int                   `json:"required"` // ... of so many
	Nudges   int                   `json:"nudges"`   // to the learner, by other channels than the LMS
	Wakes    int                   `json:"wakes"`
	Entries  []Entry               `json:"entries"`

	zone *time.Location
}

// Run simulates and tells what happened until the end. The definition's problems that refuse it are an error
// (engine.ErrInvalid), and so is an option that is none.
func Run(ctx context.Context, o Options) (*Calendar, error) {
	l, err := begin(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := l.until(ctx, l.end); err != nil {
		return nil, err
	}
	return l.calendar(ctx)
}

// Day simulates until day n (1 is the day of the enrolment) and tells what the learner's home page shows when working
// hours begin, as the page itself would, with what happened so far.
func Day(ctx context.Context, o Options, n int) (*engine.Home, *Calendar, error) {
	if n < 1 || n > 7*MaxWeeks {
		return nil, nil, fmt.Errorf("simulate day %d: days count from 1 to %d: %w", n, 7*MaxWeeks, engine.ErrInvalid)
	}
	o.Weeks = max(o.Weeks, (n+6)/7)
	l, err := begin(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	y, m, d := l.enrolled.In(l.zone).Date()
	morning := time.Date(y, m, d+n-1, l.w.Calendar.Start/60, l.w.Calendar.Start%60, 0, 0, l.zone)
	if morning.Before(l.enrolled) {
		morning = l.enrolled
	}
	if err := l.until(ctx, morning); err != nil {
		return nil, nil, err
	}
	home, err := l.s.Home(ctx, l.sam.id)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate day %d: %w", n, err)
	}
	c, err := l.calendar(ctx)
	return home, c, err
}

// check fills in what is left out and refuses what is none.
func (o *Options) check() error {
	if o.Persona == "" {
		o.Persona = Prompt
	}
	if !slices.Contains(Personas(), o.Persona) {
		return fmt.Errorf("simulate: no persona %q; one of %v: %w", o.Persona, Personas(), engine.ErrInvalid)
	}
	if o.Weeks == 0 {
		o.Weeks = DefaultWeeks
	}
	if o.Weeks < 1 || o.Weeks > MaxWeeks {
		return fmt.Errorf("simulate: %d weeks; from 1 to %d: %w", o.Weeks, MaxWeeks, engine.ErrInvalid)
	}
	if y := o.Start.Year(); y < 1991 || y > 2199 {
		return fmt.Errorf("simulate: a course that starts in %d; give a date as 2027-01-11: %w", y, engine.ErrInvalid)
	}
	if o.Store == nil {
		return fmt.Errorf("simulate: no store: %w", engine.ErrInvalid)
	}
	if o.Locale == "" {
		o.Locale = "en"
	}
	return nil
}
