package engine

import (
	"fmt"
	"slices"
	"strings"
)

// waitsFor are the steps that must be settled before a step opens: `needs`, `about` and a step in `opens`.
func (s *Step) waitsFor() []StepID {
	out := slices.Clip(s.Needs) // most wait for nothing else; whoever appends gets a copy
	if s.About != "" {
		out = append(out, s.About)
	}
	if id := s.Opens.StepAnchor(); id != "" {
		out = append(out, id)
	}
	return out
}

// covered are the steps a sign-off covers.
func (s *Step) covered() []StepID {
	if s.Kind != KindSignOff {
		return nil
	}
	if len(s.Covers) > 0 {
		return s.Covers
	}
	return s.Needs
}

// comesAfter are the steps that must have been before a step makes sense: those it waits for, and those it covers.
func (s *Step) comesAfter() []StepID { return append(s.waitsFor(), s.covered()...) }

func (l linter) cycles() {
	const (
		fresh = iota
		entered
		left
	)
	mark := map[StepID]int{}
	var trail []string
	var visit func(s *Step) bool
	visit = func(s *Step) bool {
		mark[s.ID] = entered
		trail = append(trail, string(s.ID))
		for _, id := range s.comesAfter() {
			next := l.w.steps[id]
			if mark[id] == entered {
				from := indexOf(trail, string(id))
				l.r.add(s.line, s.col, s.path, "waits for itself: "+strings.Join(append(trail[from:], string(id)), " → "), "let one of them open without the others", false)
				return false
			}
			if mark[id] == fresh && !visit(next) {
				return false
			}
		}
		trail = trail[:len(trail)-1]
		mark[s.ID] = left
		return true
	}
	for _, s := range l.w.order {
		if mark[s.ID] == fresh && !visit(s) {
			return
		}
	}
}

// opened are the steps that another step or a prompt opens.
func (w *Workflow) opened() map[StepID]bool {
	out := map[StepID]bool{}
	for _, s := range w.order {
		if s.Repeat != nil && s.Repeat.OpenUp != "" {
			out[s.Repeat.OpenUp] = true
		}
	}
	for _, p := range w.Prompts {
		if p.Then != nil {
			out[p.Then.Step] = true
		}
	}
	return out
}

// unreachable refuses steps that nothing opens, or that open when the workflow has stopped.
func (l linter) unreachable() {
	opened := l.w.opened()
	for _, s := range l.w.order {
		refuse := func(what, better string) { l.r.add(s.Opens.Line, s.Opens.Column, s.path+".opens", what, better, false) }
		if s.Opens.IsNever() && !opened[s.ID] {
			refuse(fmt.Sprintf("nothing opens %q", s.ID), "open it by a repeat's at_max or a prompt's then")
		}
		for _, stop := range l.w.Exit.Stop {
			if stop.Anchor == s.Opens.Anchor && !stop.Back && !s.Opens.Back && days(s.Opens.Offset) >= days(stop.Offset) {
				refuse(fmt.Sprintf("%q opens when the workflow has stopped (%s)", s.ID, stop), "open it earlier, or stop later in `exit.stop`")
			}
		}
	}
}

// after tells whether step a comes after step b, directly or not.
func (l linter) after(a *Step, b StepID, seen map[StepID]bool) bool {
	if seen[a.ID] {
		return false
	}
	seen[a.ID] = true
	for _, id := range a.comesAfter() {
		if id == b || l.w.steps[id] != nil && l.after(l.w.steps[id], b, seen) {
			return true
		}
	}
	return false
}

// deadlocks refuses conditions on what can only happen once they hold.
func (l linter) deadlocks() {
	judge := func(s *Step, c *Condition, own bool) {
		if c == nil {
			return
		}
		for _, ref := range c.refs {
			name, _, dotted := strings.Cut(ref.Path, ".")
			on := l.w.steps[StepID(name)]
			if !dotted || on == nil || name == "rating" || name == "log" || name == "learner" {
				continue
			}
			switch {
			case on == s && !own:
				l.r.add(c.line, c.col+ref.Column, c.path, fmt.Sprintf("is judged before %q opens", s.ID), "ask about an earlier step", false)
			case on != s && l.after(on, s.ID, map[StepID]bool{}):
				l.r.add(c.line, c.col+ref.Column, c.path, fmt.Sprintf("waits for %q, which comes after %q", on.ID, s.ID), "ask about an earlier step", false)
			}
		}
	}
	for _, s := range l.w.order {
		judge(s, s.If, false)
		if s.Repeat != nil {
			judge(s, s.Repeat.Until, true)
		}
	}
}
