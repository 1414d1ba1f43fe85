package engine

import "time"

// Home is what a learner's home page shows.
type Home struct {
	Enrolment *Enrolment
	Workflow  *Workflow
	Learner   Person
	Steps     []StepView   // file order; steps that only something else opens are left out until it does
	Next      *StepView    // the one next step of the learner: earliest due, then file order; nil: none now
	Upcoming  *StepView    // the learner's next step that is still locked, if its time is known
	Done      int          // the learner's required steps that are done
	Required  int          // ... of so many
	Waiting   []StepView   // handed in, somebody else's turn
	Ask       []Role       // roles the learner is asked to name someone for (NameReviewer)
	Later     []SnoozeTime // to when the next step can be put off (Snooze)
	Uses      *UseReport   // how often behaviours were used on the job, and what got in the way
	Tells     Disclosure   // whom it tells when the learner is late
	Zone      string       // IANA, of the learner
	Discloses bool         // some nudge goes to the manager when the learner is late: say so

	names   map[PersonID]Person              // of who was asked and who answered
	written map[ContributionID]*Contribution // nil: not loaded yet
}

// Step is the view of one step, or nil.
func (h *Home) Step(id StepID) *StepView {
	for i := range h.Steps {
		if h.Steps[i].Step.ID == id {
			return &h.Steps[i]
		}
	}
	return nil
}

// What the acting learner can do about a step (StepView.Act).
const (
	ActNone    = ""        // nothing now
	ActConfirm = "confirm" // MarkDone: read it, watched it, did it
	ActForm    = "form"    // Submit
	ActLMS     = "lms"     // finish it in the LMS
	ActPost    = "post"    // Post: write to the others; of a step that wants a hand-in too, see StepView.CanPost
	ActAttend  = "attend"  // Attend: the code of the event
	ActOther   = "other"   // somebody else's turn
)

// StepView is one step for its page and the lists.
type StepView struct {
	Rev       int64 // of the enrolment
	Step      *Step
	State     StepState
	Opens     time.Time // when it opens, if known and still locked
	Due       time.Time // zero: none
	Zone      string    // IANA, of the doer
	Late      bool
	Later     time.Time  // until when the learner has put it off; zero: not, or no longer
	Act       string     // what the learner can do, see ActConfirm …
	LockedBy  string     // message key why it is locked: "page.locked.needs", ".time", ".course_start", ".course_completed"
	LockedFor []*Step    // the steps it waits for
	Questions []Question // what the form asks: own questions, or those of the built-in form; every kind of hand-in
	Rate      []Behaviour
	MinWords  int
	MinFiles  int
	Content   string // Markdown of the aid in the learner's language; "" when not an aid or the step is locked
	URL       string // of content elsewhere
	Aid       *Aid
	Media     *MediaView // the file it shows; nil while it is locked

	Items         []QuizItem    // how the questions of a quiz were answered last
	Draft         *Contribution // newer than the hand-in; nil when there is none
	Recorded      *Contribution // files and links kept for the hand-in to come; nil: none
	Hand          *Contribution // last hand-in
	Earlier       []HandView    // those before it, latest first
	About         *Contribution // hand-in of the step this one is about
	AboutStep     *Step
	Reviews       []ReviewView // oldest first
	NeedsReviewer bool         // nobody is assigned to answer
	Reviewers     []Person     // who was asked and has not answered
	AskRole       Role         // the role to name someone for, if the learner may; else ""

	At        time.Time   // of an event; zero: none, or not known yet
	Host      *Person     // who invites; nil: not known
	Covers    []*Step     // of a sign-off
	CanPost   bool        // Post takes something
	CanAttend bool        // Attend takes a code
	CanSetAt  bool        // AgreeTime is the learner's
	Thread    *ThreadView // of a step in which people write to one another; its latest page
}

// HandView is a hand-in with what was answered to exactly it.
type HandView struct {
	Hand    *Contribution
	Reviews []ReviewView // oldest first
}

// ReviewView is a review with the reviewer's name and what was written.
type ReviewView struct {
	Review
	Name string
	Hand *Contribution // answers to questions; nil when there were none
}

// RequestView is what a reviewer sees behind a personal link.
type RequestView struct {
	Request      Request
	Enrolment    *Enrolment
	Workflow     *Workflow
	Step         *Step
	Learner      Person
	Reviewer     Person
	Hand         *Contribution // what is to be reviewed or was written for the step this one is about
	HandStep     *Step         // the step Hand was written for
	Covers       []CoveredHand // of a sign-off
	Rate         []Behaviour   // to be rated, each with its scale
	Questions    []Question    // to be answered (survey, feedback)
	Grades       bool          // an approval needs a grade, 0–100
	Outcomes     []string      // the answers possible, the friendly one first
	Content      string        // Markdown of the step's aid (briefing)
	Wording      string        // of a sign-off, in the reviewer's language
	SHA256       string        // of what is shown; send it back with the Answer
	Zone         string
	Answered     bool // this person's answer is in (Request.Outcome says which)
	Closed       bool // no answer is awaited any more: answered by someone else, withdrawn, workflow over
	Expired      bool
	Paused       bool     // the learner's enrolment stands still; an answer is taken all the same
	NeedsComment []string // outcomes that need a comment
	Earlier      []ReviewView
	Thread       *ThreadView // of a discuss
	Forwards     bool        // this person may pass it on (Forward)
	Declines     bool        // this person may say that they cannot judge (Decline)
	Anonymous    bool        // shown without names, and only when enough have answered
	Asked        []Question  // what the learner was asked, of the step of Hand
	TalkAbout    []Question  // of a briefing, and of a talk: what to ask the learner
}

// CoveredHand is a hand-in that a sign-off covers.
type CoveredHand struct {
	Step    *Step
	Hand    *Contribution // nil: nothing was handed in
	Reviews []ReviewView
}

// BoardRow is one learner on the course's board.
type BoardRow struct {
	Enrolment       *Enrolment // as far as a Glance knows it
	Workflow        *Workflow
	Learner         Person
	Done            int
	Required        int
	Next            *Step
	NextDue         time.Time
	Late            int    // steps that are late
	Unassigned      []Role // roles with requests but nobody to ask
	CourseCompleted time.Time
	CompletedBy     []Source // who says so, first learnt first
	Completed       time.Time
}
