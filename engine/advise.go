package engine

import (
	"fmt"
	"slices"
)

// advise warns of what runs but will not work well.
func advise(w *Workflow, r *reader) {
	warn := func(line, col int, path, what, better string) { r.add(line, col, path, what, better, true) }
	content, doing := 0, 0
	for _, s := range w.order {
		switch s.Kind {
		case KindRead, KindWatch, KindElearning:
			content++
			if s.Minutes > 10 {
				warn(s.line, s.col, s.path+".minutes", fmt.Sprintf("%d minutes of content", s.Minutes), "split it below 10")
			}
		case KindExperiment, KindAssignment, KindPractise, KindReflect, KindPlan, KindDiscuss, KindShare, KindConversation, KindCheckin:
			doing++
		}
	}
	if content > doing {
		warn(1, 1, "phases", fmt.Sprintf("more content (%d steps) than doing (%d)", content, doing), "let people try more and read less")
	}
	for i, b := range w.Behaviours {
		path := fmt.Sprintf("behaviours[%d].observers", i)
		outside := slices.DeleteFunc(slices.Clone(b.Observers), func(o Role) bool { return o == Learner })
		if len(outside) == 0 {
			warn(b.line, b.col, path, fmt.Sprintf("nobody but the learner observes %q", b.ID), "add manager, peer or coach")
			continue
		}
		if !slices.ContainsFunc(outside, func(o Role) bool { return asked(w, b.ID, o) }) {
			warn(b.line, b.col, path, fmt.Sprintf("no step asks an outside observer about %q", b.ID), "add it to the rate of a survey, review or sign-off")
		}
	}
	for i, st := range w.Standards {
		if !slices.ContainsFunc(w.order, func(s *Step) bool { return slices.Contains(s.Meets, st.ID) }) {
			warn(st.line, st.col, fmt.Sprintf("standards[%d]", i), fmt.Sprintf("no step meets %q", st.ID), "name it in the `meets` of a step that hands in evidence")
		}
	}
	if !slices.ContainsFunc(w.order, w.isTail) {
		warn(1, 1, "phases", "nothing happens 12 weeks after the course", "ask once more at course_completed + 12w")
	}
	adviseSteps(w, warn)
}

func asked(w *Workflow, b BehaviourID, by Role) bool {
	return slices.ContainsFunc(w.order, func(s *Step) bool {
		if s.By == by && slices.Contains(s.Rate, b) {
			return true
		}
		return s.Review != nil && s.Review.By == by && slices.Contains(s.Review.Rate, b)
	})
}

// days is a duration in calendar days, roughly for working days.
func days(d Duration) int {
	switch d.Unit {
	case "w":
		return d.N * 7
	case "wd":
		return d.N * 7 / 5
	case "h":
		return d.N / 24
	}
	return d.N
}
