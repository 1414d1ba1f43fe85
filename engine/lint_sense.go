package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sense refuses what is known and well-formed, but can never do what its author meant.
func (l linter) sense() {
	for _, s := range l.w.order {
		l.people(s)
		l.eventSense(s)
		l.handSense(s)
		l.questionSense(s)
		l.states(s.If)
		if s.Repeat != nil {
			l.states(s.Repeat.Until)
		}
	}
	for _, p := range l.w.Prompts {
		l.states(p.If)
	}
	if p := l.w.Exit.Passback; p != nil && p.Step != "" && !scored(l.w.steps[p.Step]) && l.w.steps[p.Step] != nil {
		l.r.add(p.line, p.col, "exit.passback.score", fmt.Sprintf("the step %q has no score", p.Step), "name a quiz, or a step with a grade in its review", false)
	}
}

// scored tells whether a step can have a score.
func scored(s *Step) bool {
	return s != nil && (quizzable(s) || s.Done.Has("score") || s.Review != nil && s.Review.Grade)
}

// people judges who does, sees and answers a step.
func (l linter) people(s *Step) {
	if s.With != "" && s.With == string(s.By) && s.By != Peer {
		l.stepProblem(s, "with", -1, fmt.Sprintf("the %s is with nobody else", s.By), "name another role, or the cohort")
	}
	if s.With == string(Peer) && !slices.Contains(l.w.Roles[Peer].From, "cohort") {
		l.stepProblem(s, "with", -1, "partners come from the cohort, and `roles.peer` does not", "write peer: {from: [cohort], count: 1}")
	}
	if s.WaitFor != "" && s.At == nil && (s.Due == nil || s.Due.Anchor == anchorOpen) {
		l.stepProblem(s, "wait_for", -1, "one absent member could hold everybody up for ever", "add `at`, or a `due` that is not counted from open")
	}
	if s.Private && s.Review != nil {
		l.stepProblem(s, "private", -1, "what is private cannot be reviewed", "leave out `private` or `review`")
	}
	if s.Private && s.By != Learner {
		l.stepProblem(s, "private", -1, "what others write about the learner is not private", "leave it out")
	}
	if s.Repeat != nil && s.Repeat.Tell == string(Learner) {
		l.stepProblem(s, "repeat.at_max.tell", -1, "the learner cannot take over from the learner", "write tell: coach or tell: manager")
	}
}

// eventSense judges what only events have.
func (l linter) eventSense(s *Step) {
	if s.At != nil && s.Kind != KindEvent {
		l.stepProblem(s, "at", -1, "only an event has a beginning", "write `opens` or `due`, or `kind: event`")
	}
}

// handSense judges what belongs to a hand-in or a sign-off.
func (l linter) handSense(s *Step) {
	if s.Kind != KindSignOff {
		if len(s.Covers) > 0 {
			l.stepProblem(s, "covers", -1, "only a sign-off covers steps", "write `needs` or `about`, or `kind: signoff`")
		}
		if len(s.Wording) > 0 {
			l.stepProblem(s, "wording", -1, "only a sign-off has a wording", "write `why`, or `kind: signoff`")
		}
	}
	switch s.Kind {
	case KindRead, KindWatch, KindElearning, KindBriefing, KindSignOff, KindEvent:
		if s.wants("response", "words", "evidence", "score", "posts") {
			return
		}
		if s.Repeat != nil {
			l.stepProblem(s, "repeat", -1, "nothing is handed in that could come again", "repeat a quiz, a practice or another step with a hand-in")
		}
	}
	if s.Repeat != nil && s.Repeat.OpenUp == s.ID {
		l.stepProblem(s, "repeat.at_max.step", -1, "at_max opens the step itself", "name another step, one with `opens: never`")
	}
}

// questionSense judges the right answers.
func (l linter) questionSense(s *Step) {
	for i, q := range s.Questions {
		what, better := "", ""
		switch {
		case len(q.Answer) == 0:
		case q.Type == "choice" && len(q.Answer) > 1:
			what, better = fmt.Sprintf("%q has %d right answers", q.ID, len(q.Answer)), "write one, or `type: many`"
		case q.Type == "number":
			if _, err := strconv.ParseFloat(q.Answer[0], 64); err != nil || len(q.Answer) > 1 {
				what, better = fmt.Sprintf("%q is no number", q.Answer[0]), "write it as 14 or 0.8"
			}
		case q.Type == "yesno" && (len(q.Answer) > 1 || q.Answer[0] != "yes" && q.Answer[0] != "no"):
			what, better = fmt.Sprintf("%q is neither yes nor no", q.Answer[0]), `write "yes" or "no"`
		}
		if what != "" {
			l.stepProblem(s, "questions", i, what, better)
		}
		seen := map[string]bool{}
		for _, c := range q.Choices {
			if seen[c[""]] && len(c.Languages()) > 0 {
				l.stepProblem(s, "questions", i, fmt.Sprintf("the choice %q stands there twice", c[""]), "once is enough")
			}
			seen[c[""]] = true
		}
	}
}

// states refuses a comparison with a state that steps never have.
func (l linter) states(c *Condition) {
	if c == nil {
		return
	}
	known := []string{string(Locked), string(Open), string(Submitted), string(Returned), string(Done), string(Skipped), string(Expired)}
	for _, n := range comparisons(c.root) {
		name, isState := strings.CutSuffix(n.ref.Path, ".state")
		if n.ref.Count || !isState || l.w.steps[StepID(name)] == nil {
			continue
		}
		if word := fmt.Sprint(n.value); !slices.Contains(known, word) {
			l.r.add(c.line, c.col+n.ref.Column, c.path, fmt.Sprintf("a step is never %q", word), cmp.Or(suggestOrList(word, known), "write done"), false)
		}
	}
}

// comparisons are the leaves of a condition.
func comparisons(n node) []cmpNode {
	switch n := n.(type) {
	case andNode:
		return append(comparisons(n.a), comparisons(n.b)...)
	case orNode:
		return append(comparisons(n.a), comparisons(n.b)...)
	case notNode:
		return comparisons(n.a)
	case cmpNode:
		return []cmpNode{n}
	}
	return nil
}
