package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// StepView is one step with what was written for it, as of now. What is private only the learner (own) sees: others get the
// step without what was written. Looking changes nothing.
func (s *Service) StepView(ctx context.Context, id EnrolmentID, step StepID, own bool) (*StepView, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	of, st := w.Step(step), e.Steps[step]
	if of == nil || st.untouched() && of.Opens.IsNever() {
		return nil, fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	names, err := s.names(ctx, e)
	if err != nil {
		return nil, err
	}
	all, err := s.contributions(ctx, id)
	if err != nil {
		return nil, err
	}
	v := &viewer{decision: &decision{w: w, e: e, f: f, now: s.now()}, names: names, all: all}
	sv := v.view(of, st)
	if of.Private && !own {
		return &sv, nil
	}
	sv.Hand = all[st.Hand]
	if of.By != Learner {
		sv.Hand = nil // what others answered is in Reviews
	}
	if d := all[draftID(id, step, st.Attempt)]; d != nil && (sv.Hand == nil || d.At.After(sv.Hand.At)) && sv.Act == ActForm {
		sv.Draft = d
	}
	if r := all[recordedID(id, step, st.Attempt)]; r != nil && st.takes() && len(r.Files)+len(r.Links) > 0 {
		sv.Recorded = r
	}
	if of.About != "" {
		sv.AboutStep = w.Step(of.About)
		if about := e.Steps[of.About]; about != nil && sv.AboutStep.By == Learner && (own || !sv.AboutStep.Private) {
			sv.About = all[about.Hand]
		}
	}
	sv.Items = items(of, st, all)
	sv.Reviews = reviewViews(w, of, st, all, names)
	sv.Earlier = earlier(e, of, st, all, sv.Reviews)
	for _, id := range of.covered() {
		sv.Covers = append(sv.Covers, w.Step(id))
	}
	if f.Cohort != nil && of.dated() {
		if p, err := s.o.Store.Person(ctx, f.Cohort.Events[step].Host); err == nil {
			sv.Host = &p
		}
	}
	if sv.CanPost {
		if sv.Thread, err = s.thread(ctx, By(e.Learner), threadOf(e, of), PostRef{}, 0); err != nil {
			return nil, err
		}
	}
	return &sv, nil
}

// earlier are the hand-ins that the one that stands has replaced, latest first.
func earlier(e *Enrolment, of *Step, st *StepState, all map[ContributionID]*Contribution, reviews []ReviewView) []HandView {
	var out []HandView
	for _, c := range all {
		if handed, replaced := isHandIn(e, of, st, c); !handed || !replaced {
			continue
		}
		one := HandView{Hand: c}
		for _, r := range reviews {
			if r.SHA256 != "" && r.SHA256 == c.SHA256 {
				one.Reviews = append(one.Reviews, r)
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b HandView) int {
		return cmp.Or(b.Hand.At.Compare(a.Hand.At), strings.Compare(string(b.Hand.ID), string(a.Hand.ID)))
	})
	return out
}

// reviewViews are the answers to a step, oldest first, with names and what was written.
func reviewViews(w *Workflow, s *Step, st *StepState, all map[ContributionID]*Contribution, names map[PersonID]Person) []ReviewView {
	var out []ReviewView
	for _, r := range st.Reviews {
		v := ReviewView{Review: r, Name: names[r.By].Name}
		if c := all[r.Written]; r.Written != "" && c != nil {
			v.Comment = c.Comment
			if len(c.Answers) > 0 {
				v.Hand = c
			}
		}
		out = append(out, v)
	}
	if anonymous(w, s) {
		return nameless(w, s, st, out)
	}
	return out
}
