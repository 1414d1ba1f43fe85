package engine

import (
	"fmt"
	"slices"
	"strings"
)

// isTail tells whether a step asks once more 12 weeks after the course, or after the start where there is no course.
func (w *Workflow) isTail(s *Step) bool {
	if s.Opens.Back || days(s.Opens.Offset) < 84 {
		return false
	}
	switch s.Opens.Anchor {
	case AnchorCourseCompleted:
		return true
	case AnchorEnrolled, AnchorCourseStart:
		return !slices.ContainsFunc(w.order, func(s *Step) bool { return s.wants("lms") })
	}
	return false
}

// adviseSteps warns of steps that run, but not as their author hopes.
func adviseSteps(w *Workflow, warn func(line, col int, path, what, better string)) {
	for _, s := range w.order {
		at := func(key string, what, better string) {
			line, col := s.line, s.col
			if n := s.keys[key]; n != nil {
				line, col = n.line, n.col
			}
			warn(line, col, s.path+"."+key, what, better)
		}
		if (s.Kind == KindRead || s.Kind == KindWatch) && s.Content.IsZero() {
			at("content", fmt.Sprintf("a %s step without content", s.Kind), "name a url, an aid or a file")
		}
		if s.About != "" && w.steps[s.About] != nil {
			switch about := w.steps[s.About]; {
			case about.Private:
				at("about", fmt.Sprintf("%q is private: only its doer sees it", s.About), "ask about a step that may be shown")
			case !about.wants("response", "words", "evidence", "score", "posts"):
				at("about", fmt.Sprintf("%q hands nothing in that could be shown", s.About), "ask about a step with a hand-in, or use `needs`")
			}
		}
		for _, c := range []*Condition{s.If, until(s)} {
			for _, ref := range unrated(w, c) {
				warn(c.line, c.col+ref.Column, c.path, fmt.Sprintf("nobody rates what %q asks about: it is never true", ref.Path), "add the behaviour to the rate of a step by that role")
			}
		}
	}
	for _, s := range w.order {
		s.keys = nil // places are for problems only
	}
}

func until(s *Step) *Condition {
	if s.Repeat == nil {
		return nil
	}
	return s.Repeat.Until
}

// unrated are the ratings a condition asks for that no step gives.
func unrated(w *Workflow, c *Condition) []condRef {
	if c == nil {
		return nil
	}
	var out []condRef
	for _, ref := range c.refs {
		parts := strings.Split(ref.Path, ".")
		if !ref.Count && len(parts) == 3 && parts[0] == "rating" && !asked(w, BehaviourID(parts[1]), Role(parts[2])) {
			out = append(out, ref)
		}
	}
	return out
}
