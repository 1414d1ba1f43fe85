package engine

import (
	"sort"
	"strings"
	"sync"
)

// Text is what people read, by language tag. The key "" holds the text the author wrote first (or the only one).
type Text map[string]string

// In is the text for a locale ("de-CH", "de"): that language, else English, else the first written.
func (t Text) In(locale string) string {
	locale = strings.ToLower(strings.ReplaceAll(locale, "_", "-"))
	for tag := locale; tag != ""; {
		if s, ok := t[tag]; ok {
			return s
		}
		cut := strings.LastIndexByte(tag, '-')
		if cut < 0 {
			break
		}
		tag = tag[:cut]
	}
	if s, ok := t["en"]; ok {
		return s
	}
	return t[""]
}

// Languages are the tags this text was written in, sorted; none for a plain string.
func (t Text) Languages() []string {
	var out []string
	for tag := range t {
		if tag != "" {
			out = append(out, tag)
		}
	}
	sort.Strings(out)
	return out
}

// Workflow is one parsed definition. It is never changed after ParseWorkflow.
type Workflow struct {
	ID         WorkflowID
	Version    int
	Title      Text
	Goal       Goal
	Behaviours []Behaviour
	Standards  []Standard
	Roles      map[Role]RoleRule
	Anchors    map[string]TimeExpr // assumed times
	Calendar   Calendar
	Nudges     Nudges
	Phases     []Phase
	Aids       []Aid
	Events     []EventPattern
	Prompts    []Prompt
	Exit       Exit

	steps map[StepID]*Step
	order []*Step
	media map[string]Media // as imported, by path

	zones    sync.Map                  // string → *time.Location: reading one takes longer than many a decision
	named    sync.Map                  // string → *activities, by the base of their IRIs
	heard    map[string][]EventPattern // what names events, by their type
	anchored map[string]bool           // names of events that times are counted from
}

// Steps are all steps in file order.
func (w *Workflow) Steps() []*Step { return w.order }

// Step is the step of that id, or nil.
func (w *Workflow) Step(id StepID) *Step { return w.steps[id] }

// Behaviour is the behaviour of that id, or nil.
func (w *Workflow) Behaviour(id BehaviourID) *Behaviour {
	for i := range w.Behaviours {
		if w.Behaviours[i].ID == id {
			return &w.Behaviours[i]
		}
	}
	return nil
}

// Aid is the aid of that id, or nil.
func (w *Workflow) Aid(id string) *Aid {
	for i := range w.Aids {
		if w.Aids[i].ID == id {
			return &w.Aids[i]
		}
	}
	return nil
}

// Minutes is what the learner's required steps take together, as far as the author said.
func (w *Workflow) Minutes() int {
	n := 0
	for _, s := range w.order {
		if s.By == Learner && !s.Optional && !s.Opens.IsNever() {
			n += s.Minutes
		}
	}
	return n
}

// Goal is why the workflow exists. The metric is only reported.
type Goal struct {
	Outcome Text
	Metric  *Metric
}

// Metric is a number of the business that the workflow wants to move.
type Metric struct {
	ID               string
	Unit             string
	Baseline, Target float64
	By               *TimeExpr
	From             *MetricSource
}

// MetricSource says which business event carries a metric's value.
type MetricSource struct{ Event, Who, Value string }

// Behaviour is something an observer can see. Scale points count from 1.
type Behaviour struct {
	ID        BehaviourID
	Text      Text
	Scale     []Text
	Target    int
	Observers []Role

	line, col int
}

// Standard is an item of a qualification or CPD list that steps can meet.
type Standard struct {
	ID   string
	Text Text

	line, col int
}

// RoleRule says where the people of a role come from.
type RoleRule struct {
	From  []string // launch.custom.x, launch.role.x, roster.role.x, cohort, ask_learner
	Else  Role
	Count int
}

// Nudges is the reminder plan.
type Nudges struct {
	Channels []string
	Cap      NudgeCap
	Bundle   Duration
	Default  string // a policy's name, or "none"
	Policies map[string][]Nudge
	Test     *NudgeTest
}

// NudgeCap bounds how many nudges one person gets by mail.
type NudgeCap struct{ Day, Week int }

// NudgeTest is a randomised comparison of policies.
type NudgeTest struct {
	Holdout int
	Arms    []string
}

// Nudge is one line of a policy.
type Nudge struct {
	At       TimeExpr // relative to open or due
	To       string   // doer, manager, coach
	Name     string   // step_open, step_due, step_late, ask_for_help; "" when Text is the author's own
	Text     Text
	Escalate bool
}

// Phase groups steps. Opens and Due are defaults for its steps.
type Phase struct {
	Phase string // before, during, after
	Title Text
	Goal  Text
	Opens *TimeExpr
	Due   *TimeExpr
	Steps []*Step
}

// Aid is a page, checklist, guide, tree or video of the library.
type Aid struct {
	ID       string
	Format   string
	Title    Text
	File     string
	Owner    string
	ReviewBy string
	Source   string // the text of File as it was imported; "" when missing. A language has its own: see Aid.Body
	bodies   Text

	line, col int
	path      string
}

// Body is the Markdown of the aid for a locale; "" when its file was not imported.
func (a *Aid) Body(locale string) string {
	if len(a.bodies) == 0 {
		return a.Source
	}
	return a.bodies.In(locale)
}

// Prompt shows help on a business event.
type Prompt struct {
	ID, Event, Who, Show string
	If                   *Condition
	Via                  []string
	CapDays              int
	From, Until          *TimeExpr
	Then                 *PromptThen

	line, col int
	path      string
}

// PromptThen opens a step some time after a prompt was shown.
type PromptThen struct {
	After Duration
	Step  StepID
}

// Exit says when an enrolment is complete, when it stops and what the LMS is told.
type Exit struct {
	Complete StepSet
	Stop     []TimeExpr
	Passback *Passback
}

// StepSet is `all` or `any` of some steps. Any is true for any.
type StepSet struct {
	Any   bool
	Steps []StepID

	line, col int
	path      string
}

// Passback says which score reaches the LMS gradebook: "done_required / required" or "<step>.score".
type Passback struct {
	Step StepID // empty: done_required / required
	When string // change, complete

	line, col int
}
