package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Why a learner is on the late list (LateReason.Why).
const (
	LateStep     = "late"        // a step of theirs is late
	LateWaiting  = "waiting"     // somebody has not answered: Who, since Since
	LateNobody   = "nobody"      // nobody is assigned to Role, who would have to answer
	LateMissed   = "missed"      // an event was missed, or a step expired; a coach may excuse or reopen it
	LatePaused   = "paused"      // all stands still
	LateLeft     = "left"        // the LMS lists them no longer
	LateUnopened = "unopened"    // enrolled, and never launched
	LateAnchor   = "course"      // course_start or course_completed is missing: Anchor says which, the coach is asked
	LateUnproved = "unconfirmed" // whom the learner named for Role is to be confirmed by a coach
)

// LateReason is one thing that holds a learner up.
type LateReason struct {
	Why    string
	Step   *Step // nil: all of the workflow
	Since  time.Time
	Who    []Person // who is waited for
	Role   Role
	Anchor string
	Later  *Snoozed // of a late step that the learner has put off, with why
}

// LateRow is one learner who is held up, with why.
type LateRow struct {
	Enrolment EnrolmentID
	Workflow  *Workflow
	Learner   Person
	Reasons   []LateReason // oldest first
}

// LatePage is part of a late list. Next is where the next page begins; "": this was the last.
type LatePage struct {
	Rows []LateRow
	Next EnrolmentID
}

// maxLatePage bounds a page.
const maxLatePage = 200

// LateList lists the learners of a course who are held up, in order of enrolment, each with every reason: whom they wait
// for since when, what they missed, what is late, who is missing. after is LatePage.Next of the page before.
func (s *Service) LateList(ctx context.Context, by Actor, c Course, after EnrolmentID, limit int) (LatePage, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return LatePage{}, fmt.Errorf("late list: %w", err)
	}
	if limit <= 0 || limit > maxLatePage {
		limit = maxLatePage
	}
	all, err := s.o.Store.StandingsIn(ctx, c, MaxStandings)
	if err != nil {
		return LatePage{}, fmt.Errorf("late list: %w", err)
	}
	if after != "" {
		i := slices.IndexFunc(all, func(one Standing) bool { return one.Enrolment == after })
		if i < 0 {
			return LatePage{}, fmt.Errorf("late list: no enrolment %q to go on from: %w", clip(string(after), 64), ErrInvalid)
		}
		all = all[i+1:]
	}
	if all, err = s.maybeHeldUp(ctx, all); err != nil {
		return LatePage{}, fmt.Errorf("late list: %w", err)
	}
	var page LatePage
	for len(all) > 0 {
		n := min(len(all), limit-len(page.Rows))
		rows, err := s.lateRows(ctx, all[:n])
		if err != nil {
			return LatePage{}, fmt.Errorf("late list: %w", err)
		}
		page.Rows, all = append(page.Rows, rows...), all[n:]
		if len(page.Rows) == limit {
			if len(all) > 0 {
				page.Next = page.Rows[limit-1].Enrolment
			}
			break
		}
	}
	return page, nil
}

// maybeHeldUp keeps those whose standing does not rule it out: of the others no document is read.
func (s *Service) maybeHeldUp(ctx context.Context, all []Standing) ([]Standing, error) {
	now, starts := s.now(), map[workflowKey]bool{}
	var maybe []Standing
	for _, one := range all {
		if one.State == Stopped {
			continue
		}
		key := workflowKey{one.Workflow, one.Version}
		if _, known := starts[key]; !known {
			w, err := s.Workflow(ctx, one.Workflow, one.Version)
			if err != nil {
				return nil, err
			}
			starts[key] = slices.ContainsFunc(w.order, func(of *Step) bool { return of.Opens.Anchor == AnchorCourseStart })
		}
		if one.Held || one.Late(now) || one.Unstarted && starts[key] {
			maybe = append(maybe, one)
		}
	}
	return maybe, nil
}

// lateRows are those of the given learners who are held up, as of now.
func (s *Service) lateRows(ctx context.Context, of []Standing) ([]LateRow, error) {
	ids := enrolmentsOf(of)
	found, err := s.o.Store.EnrolmentsBy(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[EnrolmentID]*Enrolment, len(found))
	for _, e := range found {
		byID[e.ID] = e
	}
	var rows []LateRow
	for _, id := range ids {
		e := byID[id]
		if e == nil {
			continue // gone since
		}
		w, e, f, err := s.asOfLastWake(ctx, e)
		if err != nil {
			return nil, err
		}
		reasons, err := s.heldUp(ctx, &viewer{decision: &decision{w: w, e: e, f: f, now: s.now()}})
		if err != nil {
			return nil, err
		}
		if len(reasons) > 0 {
			rows = append(rows, LateRow{Enrolment: id, Workflow: w, Learner: f.Learner, Reasons: reasons})
		}
	}
	return rows, nil
}

// heldUp is all that holds a learner up.
func (s *Service) heldUp(ctx context.Context, v *viewer) ([]LateReason, error) {
	var out []LateReason
	e := v.e
	if p := e.Pause(); p != nil {
		out = append(out, LateReason{Why: LatePaused, Since: p.From})
	}
	if !e.LeftAt.IsZero() {
		out = append(out, LateReason{Why: LateLeft, Since: e.LeftAt})
	}
	if e.LaunchedAt.IsZero() {
		out = append(out, LateReason{Why: LateUnopened, Since: e.Anchors[AnchorEnrolled]})
	}
	for role, a := range e.Named {
		if !a.Confirmed && slices.ContainsFunc(v.w.order, func(s *Step) bool { return s.Kind == KindSignOff && s.By == role }) {
			out = append(out, LateReason{Why: LateUnproved, Role: role, Who: []Person{v.f.People[a.Person]}})
		}
	}
	missing := map[string]bool{}
	for _, of := range v.w.order {
		st := v.state(of.ID)
		sv := v.glance(of, st)
		switch {
		case sv.Late && of.By == Learner:
			r := LateReason{Why: LateStep, Step: of, Since: sv.Due}
			if !sv.Later.IsZero() {
				if r.Later = clonePtr(st.Snoozed); r.Later != nil && of.Private {
					r.Later.Reason = "" // the learner's own, as all of the step
				}
			}
			out = append(out, r)
		case st.State == Expired && of.By == Learner && !of.Optional && e.State == Active:
			out = append(out, LateReason{Why: LateMissed, Step: of, Since: st.DoneAt})
		case st.State == Locked && (of.Opens.Anchor == AnchorCourseStart || of.Opens.Anchor == AnchorCourseCompleted) && !missing[of.Opens.Anchor]:
			if _, known := v.anchor(of.Opens.Anchor, st); !known && v.ready(of) && of.Opens.Anchor == AnchorCourseStart {
				missing[of.Opens.Anchor] = true
				out = append(out, LateReason{Why: LateAnchor, Step: of, Anchor: of.Opens.Anchor, Since: e.Anchors[AnchorEnrolled]})
			}
		}
		n, waits := v.needed(of, st)
		if !waits || e.Paused() {
			continue
		}
		r := LateReason{Why: LateWaiting, Step: of, Since: st.AskedAt, Role: n.role}
		for _, q := range st.Requests {
			if !q.Waiting() {
				continue
			}
			p, ok := v.f.People[q.Person]
			if !ok {
				var err error
				if p, err = s.Person(ctx, q.Person); err != nil {
					return nil, err
				}
			}
			r.Who = append(r.Who, p)
		}
		if len(r.Who) == 0 {
			r.Why = LateNobody
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b LateReason) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Why, b.Why)) })
	return out, nil
}
