package engine

import (
	"fmt"
	"strconv"
)

func (r *reader) phases(o object, w *Workflow) {
	items := o.list("phases")
	if o.has("phases") && len(items) == 0 || len(items) > maxPhases {
		o.refuse("phases", fmt.Sprintf("%d phases", len(items)), fmt.Sprintf("write 1 to %d", maxPhases))
		return
	}
	for _, it := range items {
		po := r.mapping(it.n, it.path, "phase")
		p := &Phase{Phase: po.oneOf("phase", wordsOf(phaseIs)...), Title: po.text("title"), Goal: po.text("goal"),
			Opens: po.time("opens"), Due: po.time("due")}
		for _, si := range po.list("steps") {
			s := r.step(si, p)
			if len(w.order) >= maxSteps {
				r.refuse(si.n, si.path, fmt.Sprintf("more than %d steps", maxSteps), "split the workflow")
				return
			}
			if s.ID != "" && w.steps[s.ID] != nil {
				r.refuse(si.n, si.path+".id", fmt.Sprintf("the id %q is taken", s.ID), "give every step its own")
				continue
			}
			w.steps[s.ID] = s
			w.order = append(w.order, s)
			p.Steps = append(p.Steps, s)
		}
		if po.has("steps") && len(p.Steps) == 0 {
			po.refuse("steps", "a phase without steps", "write one, or leave the phase out")
		}
		w.Phases = append(w.Phases, *p)
	}
}

func (r *reader) step(it item, p *Phase) *Step {
	o := r.mapping(it.n, it.path, "step")
	s := &Step{ID: StepID(o.id("id")), Kind: Kind(o.oneOf("kind", wordsOf(kindIs)...)), Title: o.text("title"), Why: o.text("why"), By: o.role("by"),
		Phase: p, Due: p.Due, At: o.time("at"), Needs: stepIDs(o.strs("needs")), If: o.condition("if"), WaitFor: o.oneOf("wait_for", "cohort"),
		Expires: o.duration("expires"), With: o.oneOf("with", wordsOf(withIs)...), About: StepID(o.str("about")),
		Form: o.oneOf("form", formWords...), Log: BehaviourID(o.str("log")), Covers: stepIDs(o.strs("covers")), Wording: o.text("wording"),
		Meets: o.strs("meets"), Minutes: o.integer("minutes", 0, 100_000), Private: o.yes("private"), Optional: o.yes("optional"),
		Nudge: o.str("nudge"), line: it.n.line, col: it.n.col, path: it.path, keys: o.keys}
	for _, id := range o.strs("rate") {
		s.Rate = append(s.Rate, BehaviourID(id))
	}
	switch opens := o.time("opens"); {
	case opens != nil:
		s.Opens = *opens
	case p.Opens != nil:
		s.Opens = *p.Opens
	default:
		s.Opens = TimeExpr{Anchor: phaseAnchor(p.Phase), Line: it.n.line, Column: it.n.col, path: it.path}
	}
	if due := o.time("due"); due != nil {
		s.Due = due
	}
	if n := o.keys["content"]; n != nil {
		s.Content = r.content(n, o.at("content"))
	}
	for _, q := range o.list("questions") {
		s.Questions = append(s.Questions, r.question(q))
	}
	s.Done = defaultDone(s.Kind)
	if n := o.keys["done"]; n != nil {
		s.Done = r.rule(n, o.at("done"), 0)
	}
	if n := o.keys["review"]; n != nil {
		s.Review = r.review(n, o.at("review"))
	}
	if n := o.keys["repeat"]; n != nil {
		s.Repeat = r.repeat(n, o.at("repeat"))
	}
	for _, d := range o.list("spaced") {
		s.Spaced = append(s.Spaced, r.duration(d.n, d.path))
	}
	return s
}

// phaseAnchor is when a phase's steps open by default.
func phaseAnchor(phase string) string {
	switch phase {
	case "during":
		return AnchorCourseStart
	case "after":
		return AnchorCourseCompleted
	}
	return AnchorEnrolled
}

func (r *reader) content(n *tree, path string) Content {
	o := r.mapping(n, path, "content")
	c := Content{URL: o.str("url"), Aid: o.str("aid"), File: o.str("file")}
	if o.has("course") {
		c.Course = o.str("course") == "this"
		if !c.Course {
			o.refuse("course", fmt.Sprintf("no course %q", o.str("course")), "write `course: this`")
		}
	}
	if len(o.keys) > 1 {
		r.refuse(n, path, "more than one content", "write one of url, aid, file, course")
	}
	if c.URL != "" && !isWebURL(c.URL) {
		o.refuse("url", fmt.Sprintf("%q is no web address", c.URL), "start with https://")
	}
	return c
}

func (r *reader) question(it item) Question {
	o := r.mapping(it.n, it.path, "question")
	q := Question{ID: o.id("id"), Ask: o.text("ask"), Type: o.oneOf("type", wordsOf(questionIs)...), Required: true}
	for _, c := range o.list("choices") {
		q.Choices = append(q.Choices, r.text(c.n, c.path))
	}
	choice := q.Type == "choice" || q.Type == "many"
	if choice && (len(q.Choices) < 2 || len(q.Choices) > 100) {
		o.refuse("choices", fmt.Sprintf("a choice of %d", len(q.Choices)), "write 2 to 100 choices")
	}
	if !choice && o.has("choices") {
		o.refuse("choices", "only choice and many have choices", "write `type: choice`")
	}
	for _, a := range o.list("answer") {
		s := r.scalar(a.n, a.path)
		if q.Type == "yesno" {
			s = yesNo(s)
		}
		q.Answer = append(q.Answer, s)
		var words []string
		for _, c := range q.Choices {
			words = append(words, c[""])
		}
		if choice && indexOf(words, s) < 0 {
			r.refuse(a.n, a.path, fmt.Sprintf("%q is none of the choices", s), suggest(s, words))
		}
	}
	if o.has("required") {
		q.Required = o.yes("required")
	}
	return q
}

// yesNo is yes or no for what authors write for them.
func yesNo(s string) string {
	switch s {
	case "true", "yes":
		return "yes"
	case "false", "no":
		return "no"
	}
	return s
}

// rule reads a `done`: a word, or a mapping of one word to its number, parts or names.
func (r *reader) rule(n *tree, path string, depth int) Rule {
	if n.kind == scalarTree {
		switch n.text {
		case "watched":
			return Rule{Name: n.text, N: 0.9}
		case "evidence", "posts", "words":
			return Rule{Name: n.text, N: 1}
		case "lms":
			return Rule{Name: n.text, LMS: AnchorCourseCompleted}
		case "viewed", "response", "attended", "acknowledged", "approved", "confirmed":
			return Rule{Name: n.text}
		case "score", "statement", "event", "all", "any":
			r.refuse(n, path, fmt.Sprintf("%q needs a value", n.text), "write {"+n.text+": …}")
			return Rule{}
		}
		r.refuse(n, path, fmt.Sprintf("%q is no way to be done", n.text), suggestOrList(n.text, r.format["rule"].names()))
		return Rule{}
	}
	o := r.mapping(n, path, "rule")
	if o.has("event") {
		if len(n.fields) > 2 || len(n.fields) == 2 && !o.has("if") {
			r.refuse(n, path, "expected one condition", "combine several with all or any")
		}
		return Rule{Name: "event", Event: o.eventName("event"), If: o.condition("if")}
	}
	if n.kind != mapTree || len(n.fields) != 1 || len(o.keys) != 1 {
		if n.kind == mapTree && len(n.fields) != 1 {
			r.refuse(n, path, "expected one condition", "combine several with all or any")
		}
		return Rule{}
	}
	name := n.fields[0].key
	rule := Rule{Name: name}
	switch name {
	case "all", "any":
		if depth > 5 {
			r.refuse(n, path, "nested too deeply", "combine fewer conditions")
			return rule
		}
		for _, it := range o.list(name) {
			rule.Parts = append(rule.Parts, r.rule(it.n, it.path, depth+1))
		}
		if len(rule.Parts) == 0 {
			o.refuse(name, "has no conditions", "write [response, {evidence: 1}]")
		}
	case "lms":
		rule.LMS = o.oneOf("lms", AnchorCourseCompleted)
	case "statement":
		so := r.mapping(o.keys[name], o.at(name), "statement")
		rule.Verb, rule.Object = so.str("verb"), so.str("object")
	case "watched", "score":
		rule.N = o.number(name)
		if rule.N <= 0 || rule.N > 1 {
			o.refuse(name, "expected a share above 0, up to 1", "write 0.8 for 80 %")
		}
	case "words", "evidence", "posts":
		rule.N = float64(o.integer(name, 1, 10_000))
	default:
		o.refuse(name, fmt.Sprintf("%q takes no value", name), "write `done: "+name+"`")
	}
	return rule
}

func (r *reader) review(n *tree, path string) *ReviewRule {
	o := r.mapping(n, path, "review")
	rule := &ReviewRule{By: o.role("by"), Grade: o.yes("grade"), Expires: o.duration("expires"), Outcomes: []string{OutcomeApprove, OutcomeReturn}}
	for _, id := range o.strs("rate") {
		rule.Rate = append(rule.Rate, BehaviourID(id))
	}
	if o.has("outcomes") {
		rule.Outcomes = nil
		for _, it := range o.list("outcomes") {
			s := r.scalar(it.n, it.path)
			if s != OutcomeApprove && s != OutcomeReturn {
				r.refuse(it.n, it.path, fmt.Sprintf("no outcome %q", s), suggestOrList(s, []string{OutcomeApprove, OutcomeReturn}))
			}
			rule.Outcomes = append(rule.Outcomes, s)
		}
		if indexOf(rule.Outcomes, OutcomeApprove) < 0 {
			o.refuse("outcomes", "a review must be able to approve", "write [approve, return]")
		}
	}
	if rule.By == Learner {
		o.refuse("by", "the learner cannot review", "write manager, peer or coach")
	}
	return rule
}

func (r *reader) repeat(n *tree, path string) *RepeatRule {
	o := r.mapping(n, path, "repeat")
	rule := &RepeatRule{Until: o.condition("until"), Every: o.duration("every"), Max: o.integer("max", 1, 1000)}
	if a := o.keys["at_max"]; a != nil {
		ao := r.mapping(a, o.at("at_max"), "at max")
		rule.Tell, rule.OpenUp = string(ao.role("tell")), StepID(ao.str("step"))
	}
	return rule
}

func isWebURL(s string) bool {
	for _, scheme := range []string{"https://", "http://"} {
		if len(s) > len(scheme) && len(s) < 2000 && s[:len(scheme)] == scheme && strconv.CanBackquote(s) {
			return true
		}
	}
	return false
}
