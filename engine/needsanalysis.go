package engine

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Need is what an author knows before there is a workflow: the answers of a needs analysis, in plain language.
type Need struct {
	ID         string          `json:"id,omitempty"` // else made of the title
	Title      string          `json:"title"`        // what learners call it
	Task       string          `json:"task"`         // what people have to do at work
	Problem    string          `json:"problem"`      // what goes wrong today
	Outcome    string          `json:"outcome"`      // what is better afterwards
	Behaviours []NeedBehaviour `json:"behaviours"`   // 1 to 5
	Course     bool            `json:"course"`       // wraps an LMS course, else the learning is in the steps
	Weeks      int             `json:"weeks"`        // of trying; 0: 6
}

// NeedBehaviour is what somebody else can see people do. Observer is manager (default), peer or coach.
type NeedBehaviour struct {
	Text     string   `json:"text"`
	Scale    []string `json:"scale,omitempty"`    // else never … always
	Target   int      `json:"target,omitempty"`   // point of the scale, from 1; else the last but one
	Observer Role     `json:"observer,omitempty"` // besides the learner
}

// ReadNeed reads the answers from JSON.
func ReadNeed(data []byte) (Need, error) {
	var n Need
	if len(data) > MaxSource {
		return n, fmt.Errorf("read answers: larger than %d bytes: %w", MaxSource, ErrInvalid)
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return n, fmt.Errorf("read answers: %w: %w", ErrInvalid, err)
	}
	return n, nil
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// NewDefinition writes the definition of a workflow from the answers of a needs analysis: a baseline by the learner and an
// observer, a briefing of the manager, an if-then plan, tries at work with evidence, a reflection, feedback, a sign-off,
// and the same question again after 12 weeks. What it writes lints without a warning. Answers that cannot make a workflow
// are Problems (ErrInvalid) whose Path names the answer.
func NewDefinition(n Need) ([]byte, error) {
	if p := n.problems(); len(p) > 0 {
		return nil, p
	}
	if n.Weeks == 0 {
		n.Weeks = 6
	}
	w := &Workflow{ID: WorkflowID(n.ID), Version: 1, Title: Text{"": n.Title}, Goal: Goal{Outcome: Text{"": n.Outcome}}, Roles: defaultRoles(),
		Calendar: defaultCalendar(), Nudges: defaultNudges(), Exit: Exit{Stop: defaultStop(), Passback: &Passback{When: "change"}}}
	if w.ID == "" {
		w.ID = WorkflowID(strings.Trim(clip(notInID.ReplaceAllString(strings.ToLower(n.Title), "-"), 60), "-"))
	}
	if !idShape.MatchString(string(w.ID)) {
		w.ID = "my-workflow"
	}
	var all []BehaviourID
	by := map[Role][]BehaviourID{}
	for i, b := range n.Behaviours {
		id := BehaviourID(fmt.Sprintf("b%d", i+1))
		scale := b.Scale
		if len(scale) == 0 {
			scale = []string{"never", "seldom", "about half the time", "mostly", "always"}
		}
		target := b.Target
		if target == 0 {
			target = max(1, len(scale)-1)
		}
		v := Behaviour{ID: id, Text: Text{"": b.Text}, Target: target, Observers: []Role{Learner}}
		for _, point := range scale {
			v.Scale = append(v.Scale, Text{"": point})
		}
		observer := b.Observer
		if observer == "" {
			observer = Manager
		}
		v.Observers = append(v.Observers, observer)
		by[observer] = append(by[observer], id)
		all = append(all, id)
		w.Behaviours = append(w.Behaviours, v)
	}
	w.Anchors = map[string]TimeExpr{AnchorCourseStart: {Anchor: AnchorEnrolled, Offset: Duration{N: 5, Unit: "wd"}},
		AnchorCourseCompleted: {Anchor: AnchorCourseStart, Offset: Duration{N: 4, Unit: "w"}}}
	if !n.Course {
		w.Anchors = nil
	}
	n.phases(w, all, by)
	out := Export(w)
	if _, problems := ParseWorkflow(string(w.ID)+".yaml", out); problems.Refused() {
		return nil, fmt.Errorf("new workflow: %w", problems)
	}
	return out, nil
}

// problems are answers without which there is no workflow.
func (n Need) problems() Problems {
	var out Problems
	refuse := func(path, what, better string) {
		out = append(out, Problem{Line: 1, Column: 1, Path: path, What: what, Better: better})
	}
	for _, q := range []struct{ path, answer, better string }{
		{"title", n.Title, "say what learners will call it"}, {"task", n.Task, "say what people have to do at work"},
		{"problem", n.Problem, "say what goes wrong today"}, {"outcome", n.Outcome, "say what is better afterwards"},
	} {
		if strings.TrimSpace(q.answer) == "" {
			refuse(q.path, "has no answer", q.better)
		} else if len(q.answer) > 2000 {
			refuse(q.path, "is longer than 2,000 bytes", "say it in a few sentences")
		}
	}
	if len(n.Behaviours) == 0 || len(n.Behaviours) > 5 {
		refuse("behaviours", fmt.Sprintf("%d behaviours", len(n.Behaviours)), "name 1 to 5: what does somebody else see people do?")
	}
	for i, b := range n.Behaviours {
		at := fmt.Sprintf("behaviours[%d]", i)
		if strings.TrimSpace(b.Text) == "" || len(b.Text) > 500 {
			refuse(at+".text", "has no answer, or a long one", "say in one sentence what an observer sees")
		}
		if b.Observer != "" && b.Observer != Manager && b.Observer != Peer && b.Observer != Coach {
			refuse(at+".observer", fmt.Sprintf("%q is nobody else", b.Observer), "write manager, peer or coach")
		}
		if len(b.Scale) == 1 || len(b.Scale) > 20 || b.Target < 0 || b.Target > max(5, len(b.Scale)) || len(b.Scale) > 1 && b.Target > len(b.Scale) {
			refuse(at+".scale", "the scale and its target do not fit", "write 2 to 20 points, and a target that is one of them")
		}
	}
	if n.Weeks < 0 || n.Weeks > 40 {
		refuse("weeks", fmt.Sprintf("%d weeks", n.Weeks), "write 1 to 40")
	}
	if n.ID != "" && !idShape.MatchString(n.ID) {
		refuse("id", fmt.Sprintf("%q cannot be an id", n.ID), "use letters, digits, - and _, at most 64")
	}
	return out
}

// phases writes the steps.
func (n Need) phases(w *Workflow, all []BehaviourID, by map[Role][]BehaviourID) {
	on := func(anchor string, count int, unit string) TimeExpr {
		return TimeExpr{Anchor: anchor, Offset: Duration{N: count, Unit: unit}}
	}
	due := func(count int) *TimeExpr { t := on(anchorOpen, count, "wd"); return &t }
	text := func(s string) Text { return Text{"": s} }
	phase := func(name, title string, opens *TimeExpr, steps ...*Step) {
		p := Phase{Phase: name, Title: text(title), Opens: opens, Steps: steps}
		byDefault := TimeExpr{Anchor: phaseAnchor(name)}
		if opens != nil {
			byDefault = *opens
		}
		for _, s := range steps {
			if s.Opens.IsZero() {
				s.Opens = byDefault
			}
			if s.Done.Name == "" {
				s.Done = defaultDone(s.Kind)
			}
		}
		w.Phases = append(w.Phases, p)
	}
	observers := func(id, title string, opens TimeExpr) []*Step {
		var out []*Step
		for _, role := range []Role{Manager, Peer, Coach} {
			if rate := by[role]; len(rate) > 0 {
				out = append(out, &Step{ID: StepID(id + "-" + string(role)), Kind: KindSurvey, Title: text(title), By: role, Opens: opens, Due: due(5), Rate: rate, Minutes: 3})
			}
		}
		return out
	}
	enrolled := TimeExpr{Anchor: AnchorEnrolled}
	before := append([]*Step{{ID: "baseline", Kind: KindSurvey, Title: text("Where are you now?"), Why: text(n.Problem), By: Learner, Due: due(3), Rate: all, Minutes: 3}},
		observers("baseline", "How does it go today?", enrolled)...)
	before = append(before, &Step{ID: "brief-manager", Kind: KindBriefing, Title: text("What your colleague will try, and how to help"), Why: text(n.Outcome), By: Manager, Due: due(5), Minutes: 4})
	phase("before", "Before", nil, before...)

	begin, first := enrolled, StepID("baseline")
	if n.Course {
		phase("during", "The course", nil, &Step{ID: "course", Kind: KindElearning, Title: text(n.Title), By: Learner, Content: Content{Course: true}})
		begin, first = TimeExpr{Anchor: AnchorCourseCompleted}, "course"
	}
	tries := min(3, max(1, n.Weeks/2))
	steps := []*Step{{ID: "plan", Kind: KindPlan, Title: text("When … then I will …"), Why: text(n.Task), By: Learner, Needs: []StepID{first}, Due: due(2), Form: formIfThen, Minutes: 5}}
	last := StepID("plan")
	for i := range tries {
		s := &Step{ID: StepID(fmt.Sprintf("try-%d", i+1)), Kind: KindExperiment, Title: text(fmt.Sprintf("Try it at work (%d of %d)", i+1, tries)), Why: text(n.Task), By: Learner,
			Needs: []StepID{last}, Due: due(5), Form: formReport, Log: all[i%len(all)], Minutes: 10}
		if i > 0 {
			s.Opens = on("step."+string(last), max(1, n.Weeks/tries), "w")
		} else {
			s.Opens = begin
		}
		steps, last = append(steps, s), s.ID
	}
	steps = append(steps, &Step{ID: "reflect", Kind: KindReflect, Title: text("What happened, so what, now what?"), By: Learner, About: last, Due: due(3), Form: formWhatNow, Done: Rule{Name: "words", N: 40}, Minutes: 6})
	for _, role := range []Role{Manager, Peer, Coach} {
		if rate := by[role]; len(rate) > 0 {
			steps = append(steps, &Step{ID: StepID("feedback-" + string(role)), Kind: KindFeedback, Title: text("What did you see?"), By: role, About: last, Due: due(5), Rate: rate, Minutes: 3})
		}
	}
	covers := []StepID{}
	for i := range tries {
		covers = append(covers, StepID(fmt.Sprintf("try-%d", i+1)))
	}
	signs := Manager
	if len(by[Manager]) == 0 && len(by[Coach]) > 0 {
		signs = Coach
	}
	steps = append(steps, &Step{ID: "signoff", Kind: KindSignOff, Title: text("Confirm that it is in use"), By: signs, Needs: []StepID{"reflect"}, Covers: covers, Due: due(5), Rate: by[signs],
		Wording: text("I saw this at work more than once."), Minutes: 3})
	phase("after", "At work", &begin, steps...)

	tail := on(begin.Anchor, 12, "w")
	phase("after", "Twelve weeks on", &tail, append([]*Step{{ID: "follow-12w", Kind: KindSurvey, Title: text("Still in use?"), By: Learner, Due: due(5), Rate: all, Minutes: 2}},
		observers("follow-12w", "Still in use?", TimeExpr{})...)...)
}
