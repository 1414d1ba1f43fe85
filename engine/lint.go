package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// lint refuses what is well-formed but cannot run: unknown names, cycles, steps that nothing opens.
func lint(w *Workflow, r *reader) {
	l := linter{w: w, r: r}
	l.unique()
	for _, s := range w.order {
		l.step(s)
	}
	l.rest()
	l.events()
	l.sense()
	if !r.problems.Refused() {
		l.cycles()
		l.deadlocks()
		l.unreachable()
	}
}

type linter struct {
	w *Workflow
	r *reader
}

// stepProblem refuses a key of a step, as `due` or `repeat.at_max.step`; i is the place in its list, or -1.
func (l linter) stepProblem(s *Step, key string, i int, what, better string) {
	first, rest, deeper := strings.Cut(key, ".")
	n, path := s.keys[first], s.path+"."+key
	if n == nil {
		n = &tree{line: s.line, col: s.col}
	}
	for deeper {
		first, rest, deeper = strings.Cut(rest, ".")
		if f := slices.IndexFunc(n.fields, func(f treeField) bool { return f.key == first }); f >= 0 {
			n = n.fields[f].value
		}
	}
	if n.kind == seqTree && i >= 0 && i < len(n.items) {
		n, path = n.items[i], fmt.Sprintf("%s[%d]", path, i)
	}
	l.r.refuse(n, path, what, better)
}

func (l linter) unique() {
	seen := map[string]bool{}
	check := func(group, id, path string, line, col int) {
		if id != "" && seen[group+id] {
			l.r.add(line, col, path, fmt.Sprintf("the id %q is taken", id), "give each its own", false)
		}
		seen[group+id] = true
	}
	for i, b := range l.w.Behaviours {
		check("behaviour ", string(b.ID), fmt.Sprintf("behaviours[%d].id", i), b.line, b.col)
	}
	for i, s := range l.w.Standards {
		check("standard ", s.ID, fmt.Sprintf("standards[%d].id", i), s.line, s.col)
	}
	for _, a := range l.w.Aids {
		check("aid ", a.ID, a.path, a.line, a.col)
	}
	for _, p := range l.w.Events {
		check("event ", p.ID, p.path+".id", p.line, p.col)
	}
	for _, p := range l.w.Prompts {
		check("prompt ", p.ID, p.path+".id", p.line, p.col)
	}
	for _, s := range l.w.order {
		for i, q := range s.Questions {
			for _, other := range s.Asks()[:len(s.Asks())-len(s.Questions)+i] {
				if other.ID == q.ID {
					l.stepProblem(s, "questions", i, fmt.Sprintf("the id %q is taken", q.ID), "a form asks under some ids too: choose another")
				}
			}
		}
	}
}

func (l linter) stepNames() []string {
	var names []string
	for _, s := range l.w.order {
		names = append(names, string(s.ID))
	}
	return names
}

// nearStep is what an unknown id should be.
func (l linter) nearStep(id StepID) string {
	if better := suggestOrList(string(id), l.stepNames()); better != "" {
		return better
	}
	return "write the id of a step"
}

func (l linter) noStep(s *Step, key string, i int, id StepID) {
	if l.w.steps[id] == nil {
		l.stepProblem(s, key, i, fmt.Sprintf("no step %q", id), l.nearStep(id))
	} else if id == s.ID {
		l.stepProblem(s, key, i, "a step cannot wait for itself", "name another step")
	}
}

func (l linter) noBehaviour(s *Step, key string, i int, id BehaviourID) {
	if l.w.Behaviour(id) == nil {
		var names []string
		for _, b := range l.w.Behaviours {
			names = append(names, string(b.ID))
		}
		l.stepProblem(s, key, i, fmt.Sprintf("no behaviour %q", id), suggestOrList(string(id), names))
	}
}

func (l linter) step(s *Step) {
	for i, id := range s.Needs {
		l.noStep(s, "needs", i, id)
	}
	for i, id := range s.Covers {
		l.noStep(s, "covers", i, id)
	}
	if s.About != "" {
		l.noStep(s, "about", -1, s.About)
	}
	for i, b := range s.Rate {
		l.noBehaviour(s, "rate", i, b)
	}
	if s.Log != "" {
		l.noBehaviour(s, "log", -1, s.Log)
	}
	if s.Review != nil {
		for i, b := range s.Review.Rate {
			l.noBehaviour(s, "review.rate", i, b)
		}
	}
	for i, m := range s.Meets {
		if !l.standard(m) {
			var names []string
			for _, st := range l.w.Standards {
				names = append(names, st.ID)
			}
			l.stepProblem(s, "meets", i, fmt.Sprintf("no standard %q", m), cmp.Or(suggestOrList(m, names), "list it in `standards`"))
		}
	}
	if s.Content.Aid != "" && l.w.Aid(s.Content.Aid) == nil {
		var names []string
		for _, a := range l.w.Aids {
			names = append(names, a.ID)
		}
		n := s.keys["content"].fields[0].value
		l.r.refuse(n, s.path+".content.aid", fmt.Sprintf("no aid %q", s.Content.Aid), cmp.Or(suggestOrList(s.Content.Aid, names), "list it in `aids`"))
	}
	if _, ok := l.w.Nudges.Policies[s.Nudge]; !ok && s.Nudge != "" && s.Nudge != "none" {
		l.stepProblem(s, "nudge", -1, fmt.Sprintf("no policy %q", s.Nudge), suggestOrList(s.Nudge, policyNames(l.w.Nudges.Policies)))
	}
	if s.Kind == KindSignOff && s.By == Learner {
		l.stepProblem(s, "by", -1, "the learner cannot sign off", "write manager, peer or coach")
	}
	if s.Review != nil && s.By != Learner {
		l.stepProblem(s, "review", -1, "only what the learner hands in is reviewed", "leave it out, or write `by: learner`")
	}
	if s.Done.Has("confirmed") && s.With == "" {
		l.stepProblem(s, "done", -1, "nobody to confirm", "name somebody in `with`")
	}
	if s.By == Learner && s.Done.Has("approved") && s.Review == nil {
		l.stepProblem(s, "done", -1, "nobody to approve", "add a `review`")
	}
	if s.Done.Has("score") && !quizzable(s) && (s.Review == nil || !s.Review.Grade) { // a grade counts as the score
		l.stepProblem(s, "done", -1, "no question has an answer to score", "add `answer` to a question")
	}
	if s.Repeat != nil && s.Repeat.OpenUp != "" && l.w.steps[s.Repeat.OpenUp] == nil {
		l.stepProblem(s, "repeat.at_max.step", -1, fmt.Sprintf("no step %q", s.Repeat.OpenUp), l.nearStep(s.Repeat.OpenUp))
	}
	l.time(&s.Opens, AnchorEnrolled, AnchorUnenrolled, AnchorCourseStart, AnchorCourseCompleted, anchorNever, "step.", "event.", "date")
	l.time(s.Due, AnchorEnrolled, AnchorCourseStart, AnchorCourseCompleted, anchorOpen, "step.", "event.", "date")
	l.time(s.At, AnchorEnrolled, AnchorCourseStart, AnchorCourseCompleted, "step.", "event.", "date")
	l.condition(s.If, false)
	if s.Repeat != nil {
		l.condition(s.Repeat.Until, false)
	}
}

func quizzable(s *Step) bool {
	for _, q := range s.Questions {
		if len(q.Answer) > 0 {
			return true
		}
	}
	return false
}

func (l linter) standard(id string) bool {
	for _, s := range l.w.Standards {
		if s.ID == id {
			return true
		}
	}
	return false
}

// time refuses an anchor that is unknown or makes no sense in its place.
func (l linter) time(t *TimeExpr, allowed ...string) {
	if t == nil {
		return
	}
	at := tree{line: t.Line, col: t.Column}
	if id := t.StepAnchor(); id != "" && l.w.steps[id] == nil {
		l.r.refuse(&at, t.path, fmt.Sprintf("no step %q", id), l.nearStep(id))
		return
	}
	if t.IsNever() && (!t.Offset.IsZero() || t.HasTime) {
		l.r.refuse(&at, t.path, "never is never", "write `never` alone")
	}
	_, date := t.Date()
	ok := date && indexOf(allowed, "date") >= 0
	var words []string
	for _, a := range allowed {
		if strings.HasSuffix(a, ".") {
			ok = ok || strings.HasPrefix(t.Anchor, a) && len(t.Anchor) > len(a)
		} else if a != "date" {
			ok = ok || t.Anchor == a
			words = append(words, a)
		}
	}
	if !ok {
		l.r.refuse(&at, t.path, fmt.Sprintf("no anchor %q here", t.Anchor), suggestOrList(t.Anchor, words))
	}
}

// rest is all that refers to steps from outside the steps.
func (l linter) rest() {
	known := func(id StepID, line, col int, path string) {
		if l.w.steps[id] == nil {
			l.r.add(line, col, path, fmt.Sprintf("no step %q", id), l.nearStep(id), false)
		}
	}
	c := l.w.Exit.Complete
	for i, id := range c.Steps {
		known(id, c.line, c.col, fmt.Sprintf("%s[%d]", c.path, i))
	}
	if p := l.w.Exit.Passback; p != nil && p.Step != "" {
		known(p.Step, p.line, p.col, "exit.passback.score")
	}
	for i := range l.w.Exit.Stop {
		if t := &l.w.Exit.Stop[i]; t.path != "" {
			l.time(t, AnchorEnrolled, AnchorUnenrolled, AnchorCourseStart, AnchorCourseCompleted, "step.", "event.", "date")
		}
	}
	for _, p := range l.w.Prompts {
		if l.w.Aid(p.Show) == nil {
			var names []string
			for _, a := range l.w.Aids {
				names = append(names, a.ID)
			}
			l.r.add(p.line, p.col, p.path+".show", fmt.Sprintf("no aid %q", p.Show), cmp.Or(suggestOrList(p.Show, names), "list it in `aids`"), false)
		}
		if p.Then != nil {
			known(p.Then.Step, p.line, p.col, p.path+".then.step")
		}
		l.condition(p.If, true)
	}
	if m := l.w.Goal.Metric; m != nil {
		l.time(m.By, AnchorEnrolled, AnchorCourseStart, AnchorCourseCompleted, "date")
	}
	if t, ok := l.w.Anchors[AnchorCourseStart]; ok {
		l.time(&t, AnchorEnrolled, "date")
	}
	if t, ok := l.w.Anchors[AnchorCourseCompleted]; ok {
		l.time(&t, AnchorEnrolled, AnchorCourseStart, "date")
	}
}

// condition refuses names that can never have a value.
func (l linter) condition(c *Condition, prompt bool) {
	if c == nil {
		return
	}
	for _, ref := range c.refs {
		what, better := l.refProblem(ref, prompt)
		if what != "" {
			l.r.add(c.line, c.col+ref.Column, c.path, what, better, false)
		}
	}
}

func (l linter) refProblem(ref condRef, prompt bool) (what, better string) {
	if prompt && strings.HasPrefix(ref.Path, "event.data.") || ref.Path == "learner.role" {
		return "", ""
	}
	parts := strings.Split(ref.Path, ".")
	last := parts[len(parts)-1]
	switch {
	case ref.Count && len(parts) == 2 && parts[0] == "log", !ref.Count && len(parts) == 3 && parts[0] == "rating":
		if l.w.Behaviour(BehaviourID(parts[1])) == nil {
			var names []string
			for _, b := range l.w.Behaviours {
				names = append(names, string(b.ID))
			}
			return fmt.Sprintf("no behaviour %q", parts[1]), suggestOrList(parts[1], names)
		}
		if len(parts) == 3 && indexOf(roleWords, parts[2]) < 0 {
			return fmt.Sprintf("no role %q", parts[2]), suggestOrList(parts[2], roleWords)
		}
		return "", ""
	case len(parts) == 2:
		if l.w.steps[StepID(parts[0])] == nil {
			return fmt.Sprintf("no step %q", parts[0]), l.nearStep(StepID(parts[0]))
		}
		words := []string{"score", "state"}
		if ref.Count {
			words = []string{"attempts", "approved", "returned", "evidence"}
		}
		if indexOf(words, last) < 0 {
			return fmt.Sprintf("a step has no %q", last), suggestOrList(last, words)
		}
		if last == "score" && !scored(l.w.steps[StepID(parts[0])]) {
			return fmt.Sprintf("the step %q has no score", parts[0]), "ask about a quiz, or a step with a grade in its review"
		}
		return "", ""
	}
	return fmt.Sprintf("no value %q", ref.Path), "write rating.<behaviour>.<role>, <step>.score, <step>.state, count(…) or learner.role"
}
