package engine

// Kind is what a step is about, see the workflow format.
type Kind string

// The kinds of the format, in its order.
const (
	KindRead         Kind = "read"
	KindWatch        Kind = "watch"
	KindElearning    Kind = "elearning"
	KindEvent        Kind = "event"
	KindBriefing     Kind = "briefing"
	KindSignOff      Kind = "signoff"
	KindDiscuss      Kind = "discuss"
	KindShare        Kind = "share"
	KindConversation Kind = "conversation"
	KindExperiment   Kind = "experiment"
	KindAssignment   Kind = "assignment"
	KindPractise     Kind = "practise"
	KindFeedback     Kind = "feedback"
	KindReflect      Kind = "reflect"
	KindQuiz         Kind = "quiz"
	KindSurvey       Kind = "survey"
	KindCheckin      Kind = "checkin"
	KindPlan         Kind = "plan"
)

// Step is one authored step.
type Step struct {
	ID    StepID
	Kind  Kind
	Title Text
	Why   Text // one line under the title: why now. Our own optional key `why`.
	By    Role
	With  string // a role or "cohort"; empty: nobody
	Phase *Phase

	Opens   TimeExpr // always set: own, phase's or the default of the phase
	Due     *TimeExpr
	At      *TimeExpr
	Needs   []StepID
	If      *Condition
	WaitFor string
	Expires Duration // zero: 10wd

	About     StepID
	Content   Content
	Form      string // report, if_then, what_so_what; empty: none
	Questions []Question
	Rate      []BehaviourID
	Log       BehaviourID
	Covers    []StepID
	Wording   Text
	Meets     []string
	Minutes   int
	Private   bool
	Optional  bool

	Done   Rule
	Review *ReviewRule
	Repeat *RepeatRule
	Spaced []Duration
	Nudge  string // policy name or "none"; empty: the default

	line, col int
	path      string
	keys      map[string]*tree // where each key stands, for problems
}

// Content is what a step shows; at most one of the four is set.
type Content struct {
	URL, Aid, File string
	Course         bool // the LMS course itself
}

// IsZero tells whether there is no content.
func (c Content) IsZero() bool { return c == Content{} }

// Question is one question of a form, quiz or survey.
type Question struct {
	ID       string
	Ask      Text
	Type     string // text, choice, many, yesno, number
	Choices  []Text
	Answer   []string // right answers, as the first-written text of the choices
	Required bool
}

// ReviewRule is who approves a hand-in.
type ReviewRule struct {
	By       Role
	Rate     []BehaviourID
	Outcomes []string // approve, return
	Grade    bool
	Expires  Duration
}

// RepeatRule is a loop with an end.
type RepeatRule struct {
	Until  *Condition
	Every  Duration
	Max    int
	Tell   string
	OpenUp StepID
}

// Rule is a `done`. Name is viewed, watched, response, words, evidence, score, posts, attended, acknowledged, approved,
// confirmed, lms, statement, event, all or any; N is the number it takes, Parts those of all and any.
type Rule struct {
	Name         string
	N            float64
	LMS          string
	Verb, Object string
	Event        string     // its type, or the id of an EventPattern
	If           *Condition // of an event
	Parts        []Rule
}

// Has tells whether the rule or one of its parts is of that name.
func (r Rule) Has(name string) bool {
	_, ok := r.Find(name)
	return ok
}

// Find is the first part of that name.
func (r Rule) Find(name string) (Rule, bool) {
	if r.Name == name {
		return r, true
	}
	for _, p := range r.Parts {
		if f, ok := p.Find(name); ok {
			return f, true
		}
	}
	return Rule{}, false
}

// MinWords is the number of words a hand-in needs, 0: any.
func (s *Step) MinWords() int { return int(s.Done.atLeast("words")) }

// MinFiles is the number of files or links of evidence a hand-in needs.
func (s *Step) MinFiles() int { return int(s.Done.atLeast("evidence")) }

// atLeast is the number that a rule asks for whatever else is met: one of several is not asked for.
func (r Rule) atLeast(name string) float64 {
	n := 0.0
	if r.Name == name {
		n = r.N
	}
	for _, p := range r.Parts {
		if r.Name == "all" {
			n = max(n, p.atLeast(name))
		}
	}
	return n
}
