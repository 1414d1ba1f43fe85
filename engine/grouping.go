package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// regroup finds an enrolment its place in a group of peers, or looks through the group it has. Members are read in whole
// only to make the first groups.
func (s *Service) regroup(ctx context.Context, w *Workflow, e *Enrolment) error {
	size := w.peers() + 1
	if size < 2 {
		return nil
	}
	id := e.CohortKey().ID()
	_, _, f, err := s.asOfNow(ctx, e)
	if err != nil {
		return err
	}
	d := &decision{w: w, e: e, f: f, now: s.now()}
	zone := d.cohortZone()
	for range maxTries {
		kept, err := s.o.Store.Groups(ctx, id)
		if err != nil {
			return fmt.Errorf("load groups of cohort %s: %w", id, err)
		}
		g := kept.clone()
		members := []CohortMember{memberOf(w, e)}
		n, mates := kept.of(e.ID)
		switch {
		case n != 0:
			if members, err = s.membersIn(ctx, id, mates); err != nil {
				return err
			}
			g.leave(n, members, e.ID)
			byID := make(map[EnrolmentID]CohortMember, len(members))
			for _, m := range members {
				byID[m.Enrolment] = m
			}
			g.sift(e.ID, size, func(other EnrolmentID) bool { return absent(w.Calendar, byID[other], s.now(), zone) }, s.now())
		case g.smallest(0) == 0:
			if members, err = s.o.Store.MembersOf(ctx, id, MemberRef{}, maxMembers); err != nil {
				return fmt.Errorf("load members of cohort %s: %w", id, err)
			}
			fallthrough
		default:
			g.place(members, size)
		}
		g.Tell = append(g.Tell, e.ID) // its own place, or that there is none
		g.tellOf(kept)
		err = s.o.Store.SaveGroups(ctx, g)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("save groups of cohort %s: %w", id, err)
		}
		return s.tellGroups(ctx, id)
	}
	return fmt.Errorf("save groups of cohort %s: too many others at once: %w", id, ErrConflict)
}

// membersIn are those of a group who are members of a cohort.
func (s *Service) membersIn(ctx context.Context, id CohortID, group []Mate) ([]CohortMember, error) {
	var out []CohortMember
	for _, mate := range group {
		m, err := s.o.Store.MemberOf(ctx, mate.Enrolment)
		if errors.Is(err, ErrNotFound) || err == nil && m.Cohort != id {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("load member of cohort %s: %w", id, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// leave takes out of group n who is no member any more, but for one.
func (g *Groups) leave(n int, members []CohortMember, but EnrolmentID) {
	g.Groups[n-1] = slices.DeleteFunc(g.Groups[n-1], func(m Mate) bool {
		return m.Enrolment != but && !slices.ContainsFunc(members, func(o CohortMember) bool { return o.Enrolment == m.Enrolment })
	})
}

// ungroup takes somebody who is no member any more out of a cohort's groups, and lets the group know.
func (s *Service) ungroup(ctx context.Context, id CohortID, gone EnrolmentID) error {
	for range maxTries {
		kept, err := s.o.Store.Groups(ctx, id)
		if err != nil {
			return fmt.Errorf("load groups of cohort %s: %w", id, err)
		}
		n, mates := kept.of(gone)
		if n == 0 {
			return nil
		}
		g := kept.clone()
		g.Groups[n-1] = mates
		g.tellOf(kept)
		g.Tell = slices.DeleteFunc(g.Tell, func(e EnrolmentID) bool { return e == gone })
		err = s.o.Store.SaveGroups(ctx, g)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("save groups of cohort %s: %w", id, err)
		}
		return s.tellGroups(ctx, id)
	}
	return fmt.Errorf("save groups of cohort %s: too many others at once: %w", id, ErrConflict)
}

// tellOf asks for everybody to be told whose group is another than it was.
func (g *Groups) tellOf(before Groups) {
	for i, group := range g.Groups {
		var was []Mate
		if i < len(before.Groups) {
			was = before.Groups[i]
		}
		if slices.Equal(was, group) {
			continue
		}
		for _, m := range slices.Concat(was, group) {
			g.Tell = append(g.Tell, m.Enrolment)
		}
	}
	slices.Sort(g.Tell)
	g.Tell = slices.Compact(g.Tell)
}

// tellGroups tells enrolments of their groups; the sweep takes up what is interrupted, and tries again who failed.
func (s *Service) tellGroups(ctx context.Context, id CohortID) error {
	if ctx.Value(telling{}) != nil {
		return nil
	}
	ctx = context.WithValue(ctx, telling{}, true)
	var failed error
	tried := map[EnrolmentID]bool{} // in vain
	for range maxMembers {
		g, err := s.o.Store.Groups(ctx, id)
		if err != nil {
			return errors.Join(failed, fmt.Errorf("load groups of cohort %s: %w", id, err))
		}
		page := slices.DeleteFunc(slices.Clone(g.Tell), func(e EnrolmentID) bool { return tried[e] })
		if len(page) == 0 {
			return failed
		}
		page = page[:min(len(page), tellPage)]
		bad := map[EnrolmentID]bool{}
		for _, e := range page {
			if err := s.tellGroup(ctx, g, e); err != nil {
				if ctx.Err() != nil {
					return errors.Join(failed, err)
				}
				bad[e], tried[e] = true, true
				failed = errors.Join(failed, fmt.Errorf("tell enrolment %s of its group: %w", e, err))
			}
		}
		if err := s.toldGroups(ctx, g, page, bad); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// tellGroupAgain tells an enrolment of its group that was given up.
func (s *Service) tellGroupAgain(ctx context.Context, id CohortID, e EnrolmentID) error {
	g, err := s.o.Store.Groups(ctx, id)
	if err != nil {
		return fmt.Errorf("load groups of cohort %s: %w", id, err)
	}
	if n, _ := g.of(e); n == 0 {
		return nil
	}
	return s.tellGroup(ctx, g, e)
}

// tellGroup tells one enrolment of its group, and of what has been written there.
func (s *Service) tellGroup(ctx context.Context, g Groups, id EnrolmentID) error {
	n, mates := g.of(id)
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		if e.CohortKey().ID() != g.Cohort {
			return nil, ErrNotFound // it has been moved: these are not its groups any more
		}
		ev := grouped{number: n, mates: mates, dropped: g.Dropped[id]}
		if n != 0 && (e.Cohort == nil || e.Cohort.Group != n) {
			var err error
			if ev.written, err = s.written(ctx, w, e, ev); err != nil {
				return nil, err
			}
		}
		return ev, nil
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// written is the latest post of others in each of a group's threads.
func (s *Service) written(ctx context.Context, w *Workflow, e *Enrolment, g grouped) (map[StepID]time.Time, error) {
	in := &Enrolment{ID: e.ID, Workflow: e.Workflow, Course: e.Course, Cohort: &Membership{Group: g.number}}
	if e.Cohort != nil {
		in.Cohort.Label = e.Cohort.Label
	}
	found := map[StepID]time.Time{}
	for _, of := range w.order {
		if !of.threaded() || of.Private || of.With != string(Peer) {
			continue
		}
		posts, err := s.o.Store.PostsIn(ctx, threadOf(in, of), PostRef{}, maxThread)
		if err != nil {
			return nil, fmt.Errorf("load posts of a group: %w", err)
		}
		if i := slices.IndexFunc(posts, func(p Post) bool { return p.Author != e.Learner && p.Role == Learner }); i >= 0 {
			found[of.ID] = posts[i].At
		}
	}
	return found, nil
}

// toldGroups notes who has been told of the groups as they were in g, but for the bad, who are tried again. Groups that
// have changed since are told again.
func (s *Service) toldGroups(ctx context.Context, g Groups, told []EnrolmentID, bad map[EnrolmentID]bool) error {
	c := g.clone()
	again := func(e EnrolmentID) bool { return bad[e] && c.Tries[e]+1 < maxTellTries }
	c.Tell = slices.DeleteFunc(c.Tell, func(e EnrolmentID) bool { return slices.Contains(told, e) && !again(e) })
	for _, e := range told {
		switch {
		case again(e):
			if c.Tries == nil {
				c.Tries = map[EnrolmentID]int{}
			}
			c.Tries[e]++
			continue
		case bad[e]:
			s.giveUp(ctx, e, string(c.Cohort), maxTellTries)
		}
		delete(c.Tries, e)
	}
	if err := s.o.Store.SaveGroups(ctx, c); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("save groups of cohort %s: %w", g.Cohort, err)
	}
	return nil
}
