package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// viewer builds the views of one enrolment as it is now.
type viewer struct {
	*decision
	all   map[ContributionID]*Contribution
	names map[PersonID]Person
}

// contributions are all of an enrolment, by id.
func (s *Service) contributions(ctx context.Context, id EnrolmentID) (map[ContributionID]*Contribution, error) {
	list, err := s.o.Store.Contributions(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load contributions of enrolment %s: %w", id, err)
	}
	all := make(map[ContributionID]*Contribution, len(list))
	for i := range list {
		all[list[i].ID] = &list[i]
	}
	return all, nil
}

// names are the people who reviewed or were asked in an enrolment.
func (s *Service) names(ctx context.Context, e *Enrolment) (map[PersonID]Person, error) {
	out := map[PersonID]Person{}
	load := func(id PersonID) error {
		if _, ok := out[id]; ok {
			return nil
		}
		p, err := s.Person(ctx, id)
		out[id] = p
		return err
	}
	for _, st := range e.Steps {
		for _, r := range st.Reviews {
			if err := load(r.By); err != nil {
				return nil, err
			}
		}
		for _, r := range st.Requests {
			if err := load(r.Person); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Home is what a learner's home page shows, as of now. Looking changes nothing.
func (s *Service) Home(ctx context.Context, id EnrolmentID) (*Home, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, e)
	if err != nil {
		return nil, err
	}
	v := &viewer{decision: &decision{w: w, e: e, f: f, now: s.now()}, names: names}
	h := &Home{Enrolment: e, Workflow: w, Learner: f.Learner, Discloses: len(w.escalations()) > 0, names: names}
	h.Done, h.Required = tally(w, e)
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st.untouched() && of.Opens.IsNever() || st.State == Skipped && st.SkippedBy != e.Learner {
			continue
		}
		h.Steps = append(h.Steps, v.view(of, st))
	}
	v.choose(h)
	h.Later = v.snoozeTimes()
	h.Zone = receiverZone(h.Learner, Facts{Learner: h.Learner}).String()
	h.Uses = useReport(w, []*Enrolment{e}, func(*Enrolment) *time.Location { return v.zone(Learner) }, s.now())
	h.Tells = v.disclosure()
	for _, role := range []Role{Manager, Peer, Coach} {
		if v.asksLearner(role) && v.uses(role) {
			h.Ask = append(h.Ask, role)
		}
	}
	return h, nil
}

// writtenOf is what was written in the enrolment of home, loaded once.
func (s *Service) writtenOf(ctx context.Context, h *Home) (map[ContributionID]*Contribution, error) {
	var err error
	if h.written == nil {
		h.written, err = s.contributions(ctx, h.Enrolment.ID)
	}
	return h.written, err
}

// StepReview is an answer with the step it is about.
type StepReview struct {
	Step   *Step
	Review ReviewView
}

// LatestReviews are the last answers to each step that the learner reads, of those since a time, newest first.
func (s *Service) LatestReviews(ctx context.Context, h *Home, since time.Time) ([]StepReview, error) {
	recent := func(r Review) bool { return r.At.After(since) }
	var out []StepReview
	for i := range h.Steps {
		v := &h.Steps[i]
		if !v.Step.ForLearner() || !slices.ContainsFunc(v.State.Reviews, recent) {
			continue
		}
		all, err := s.writtenOf(ctx, h)
		if err != nil {
			return nil, err
		}
		views := reviewViews(h.Workflow, v.Step, &v.State, all, h.names)
		if n := len(views); n > 0 && recent(views[n-1].Review) {
			out = append(out, StepReview{v.Step, views[n-1]})
		}
	}
	slices.SortStableFunc(out, func(a, b StepReview) int { return b.Review.At.Compare(a.Review.At) })
	return out, nil
}

// choose picks the next step (earliest due, then file order), the next that will open, and what waits for others.
func (v *viewer) choose(h *Home) {
	for i := range h.Steps {
		sv := &h.Steps[i]
		if sv.Step.By != Learner {
			continue
		}
		switch {
		case sv.State.takes():
			if h.Next == nil || sooner(sv, h.Next) {
				h.Next = sv
			}
		case sv.State.State == Submitted:
			h.Waiting = append(h.Waiting, *sv)
		case sv.State.State == Locked && !sv.Opens.IsZero() && (h.Upcoming == nil || sv.Opens.Before(h.Upcoming.Opens)):
			h.Upcoming = sv
		}
	}
}

// sooner orders open steps: what was not put off first, what the learner can do before what waits for the LMS, an event or others, required before optional, then by
// due; none is last.
func sooner(a, b *StepView) bool {
	if x, y := a.Later.IsZero(), b.Later.IsZero(); x != y {
		return x
	}
	if x, y := a.waits(), b.waits(); x != y {
		return y
	}
	if a.Step.Optional != b.Step.Optional {
		return b.Step.Optional
	}
	switch {
	case a.Due.IsZero():
		return false
	case b.Due.IsZero():
		return true
	}
	return a.Due.Before(b.Due)
}

// uses tells whether a role has anything to do in the workflow.
func (v *viewer) uses(role Role) bool {
	return slices.ContainsFunc(v.w.order, func(s *Step) bool {
		return s.By == role || s.With == string(role) || s.Review != nil && s.Review.By == role
	})
}

// view is one step for lists: without what people wrote.
func (v *viewer) view(s *Step, st *StepState) StepView {
	sv := v.glance(s, st)
	sv.Zone, sv.Questions, sv.MinWords, sv.MinFiles, sv.Aid = v.zone(s.By).String(), asks(s), s.MinWords(), s.MinFiles(), v.w.Aid(s.Content.Aid)
	for _, b := range s.Rate {
		sv.Rate = append(sv.Rate, *v.w.Behaviour(b))
	}
	if st.State == Locked {
		v.lock(&sv)
		sv.Questions = nil
		if sv.Aid != nil { // what it is, and nothing of what it says
			sv.Aid = &Aid{ID: sv.Aid.ID, Format: sv.Aid.Format, Title: sv.Aid.Title, Owner: sv.Aid.Owner, ReviewBy: sv.Aid.ReviewBy}
		}
	} else {
		sv.URL = s.Content.URL
		sv.Media = v.w.mediaView(s)
		if sv.Aid != nil {
			sv.Content = sv.Aid.Body(v.f.Learner.Locale)
		}
	}
	v.asked(&sv)
	return sv
}

// glance is of a step what tells whose turn it is and until when: what lists of many people need.
func (v *viewer) glance(s *Step, st *StepState) StepView {
	sv := StepView{Rev: v.e.Rev, Step: s, State: *st, Due: st.DueAt, Act: actOf(v.e, s, st)}
	sv.Late = !st.DueAt.IsZero() && v.now.After(st.DueAt) && (st.State == Open || st.State == Returned) && v.e.State == Active
	if st.Again != nil {
		sv.Due = st.Again.DueAt
		sv.Late = !sv.Due.IsZero() && v.now.After(sv.Due) && v.e.State == Active
	}
	if p := v.e.Pause(); p != nil && sv.Due.After(p.From) {
		sv.Late = false // nothing falls due
	}
	sv.Later = st.later(v.now)
	v.meets(&sv)
	return sv
}

// lock says why a step is locked.
func (v *viewer) lock(sv *StepView) {
	for _, id := range sv.Step.waitsFor() {
		if of := v.state(id); !of.State.Settled() && !(of.untouched() && v.w.Step(id).Opens.IsNever()) {
			sv.LockedFor = append(sv.LockedFor, v.w.Step(id))
		}
	}
	at, known := v.when(sv.Step.Opens, beginning, sv.Step.By, v.state(sv.Step.ID))
	switch {
	case sv.State.betweenAttempts():
		sv.LockedBy, sv.LockedFor, sv.Opens = "page.locked.again", nil, sv.State.OpensAt
		return
	case !known && sv.Step.Opens.Anchor == AnchorCourseCompleted:
		sv.LockedBy = "page.locked.course_completed"
	case !known && sv.Step.Opens.Anchor == AnchorCourseStart:
		sv.LockedBy = "page.locked.course_start"
	case len(sv.LockedFor) > 0:
		sv.LockedBy = "page.locked.needs"
	default:
		sv.LockedBy = "page.locked.time"
	}
	if known && at.After(v.now) {
		sv.Opens = at
	}
}

// asked says who was asked about a step, and whether nobody could be.
func (v *viewer) asked(sv *StepView) {
	n, ok := v.needed(sv.Step, &sv.State)
	if !ok {
		return
	}
	for _, r := range sv.State.Requests {
		if p, known := v.names[r.Person]; r.Waiting() && known {
			sv.Reviewers = append(sv.Reviewers, p)
		}
	}
	sv.NeedsReviewer = len(sv.Reviewers) == 0
	if v.asksLearner(n.role) {
		sv.AskRole = n.role
	}
}

// waits tells whether an open step is not the learner's to do now.
func (sv *StepView) waits() bool {
	return sv.Act == ActLMS || sv.Act == ActAttend || sv.Act == ActOther
}
