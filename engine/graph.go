package engine

import (
	"fmt"
	"strings"
)

// waitsFor are the steps that must be settled before a step opens: `needs`, `about` and a step in `opens`.
func (s *Step) waitsFor() []StepID {
	out := append([]StepID(nil), s.Needs...)
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
		for _, id := range s.waitsFor() {
			next := l.w.steps[id]
			if mark[id] == entered {
				from := indexOf(trail, string(id))
				l.r.add(s.line, s.col, s.path, "waits for itself: "+strings.Join(append(trail[from:], string(id)), " → "), "", false)
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

func (l linter) unreachable() {
	opened := l.w.opened()
	for _, s := range l.w.order {
		if s.Opens.IsNever() && !opened[s.ID] {
			l.r.add(s.Opens.Line, s.Opens.Column, s.path+".opens", fmt.Sprintf("nothing opens %q", s.ID), "open it by a repeat's at_max or a prompt's then", false)
		}
	}
}
