package engine

import (
	"slices"
	"time"
)

// seek asks for a place in a group of peers, from course_start on or when a step needs peers.
func (d *decision) seek() {
	m, n := d.e.Cohort, d.w.peers()
	if m == nil || d.f.Cohort == nil || n == 0 || m.Group != 0 || m.Regroup || memberState(d.e) != MemberActive {
		return
	}
	if !m.DroppedAt.IsZero() && !m.ActiveAt.After(m.DroppedAt) {
		return
	}
	for _, s := range d.w.order {
		if st := d.state(s.ID); s.peered() && (st.State == Open || st.State == Submitted) {
			m.Regroup = true
			return
		}
	}
	start, ok := d.cohortAnchor(AnchorCourseStart, nil)
	if !ok {
		return
	}
	at := d.w.Calendar.resolve(start, TimeExpr{HasTime: true}, beginning, d.cohortZone())
	d.note(at)
	m.Regroup = !at.After(d.now)
}

// look looks through the group as a step opens that needs it.
func (d *decision) look(s *Step) {
	m := d.e.Cohort
	if m == nil || d.f.Cohort == nil || !s.peered() || m.Group == 0 {
		return
	}
	if len(m.Mates) == 0 || slices.ContainsFunc(d.f.Cohort.Mates, func(p CohortMember) bool { return absent(d.w.Calendar, p, d.now, d.cohortZone()) }) {
		m.Regroup = true
	}
}

// absent tells whether a peer has left, paused or idled for 10wd.
func absent(c Calendar, m CohortMember, now time.Time, zone *time.Location) bool {
	if m.State != MemberActive && m.State != MemberDone {
		return true
	}
	return !m.ActiveAt.IsZero() && !c.after(m.ActiveAt, tenWorkingDays, ending, zone).After(now)
}

// grouped tells an enrolment which group of peers it is in.
type grouped struct {
	number  int // 0: in none
	mates   []Mate
	dropped time.Time
}

func (ev grouped) apply(d *decision) error {
	if d.e.Cohort == nil {
		d.e.Cohort = &Membership{}
	}
	m := d.e.Cohort
	m.Group, m.Mates, m.DroppedAt, m.Regroup = ev.number, ev.mates, ev.dropped, false
	return nil
}

// of is the number of the group somebody is in, from 1, with the others; 0: in none.
func (g *Groups) of(e EnrolmentID) (int, []Mate) {
	for i, group := range g.Groups {
		if slices.ContainsFunc(group, func(m Mate) bool { return m.Enrolment == e }) {
			return i + 1, slices.DeleteFunc(slices.Clone(group), func(m Mate) bool { return m.Enrolment == e })
		}
	}
	return 0, nil
}

// smallest is the number of the smallest group, but for one; 0: there is none.
func (g *Groups) smallest(but int) int {
	best := 0
	for i, group := range g.Groups {
		if i+1 != but && len(group) > 0 && (best == 0 || len(group) < len(g.Groups[best-1])) {
			best = i + 1
		}
	}
	return best
}

// place puts whoever has no group into one: all by order of enrolment into groups of size when there are none yet, the
// left-over and late ones into the smallest. It tells whether it changed anything.
func (g *Groups) place(members []CohortMember, size int) bool {
	var free []Mate
	for _, m := range members {
		if n, _ := g.of(m.Enrolment); n != 0 || m.State != MemberActive {
			continue
		}
		if dropped := g.Dropped[m.Enrolment]; !dropped.IsZero() && !m.ActiveAt.After(dropped) {
			continue
		}
		delete(g.Dropped, m.Enrolment)
		free = append(free, Mate{Enrolment: m.Enrolment, Person: m.Learner})
	}
	changed := len(free) > 0
	if g.smallest(0) == 0 {
		for len(free) >= size {
			g.Groups, free = append(g.Groups, free[:size:size]), free[size:]
		}
	}
	for _, m := range free {
		g.add(m)
	}
	return changed
}

// add puts somebody into the smallest group, or into the first.
func (g *Groups) add(m Mate) {
	n := g.smallest(0)
	if n == 0 {
		g.Groups = append(g.Groups, []Mate{m})
		return
	}
	g.Groups[n-1] = append(g.Groups[n-1], m)
}

// sift drops the absent from somebody's group, and lets whoever is left alone join the smallest other. It tells whether
// it changed anything.
func (g *Groups) sift(e EnrolmentID, absent func(EnrolmentID) bool, now time.Time) bool {
	n, mates := g.of(e)
	if n == 0 {
		return false
	}
	changed := false
	for _, m := range mates {
		if !absent(m.Enrolment) {
			continue
		}
		if g.Dropped == nil {
			g.Dropped = map[EnrolmentID]time.Time{}
		}
		g.Dropped[m.Enrolment], changed = now, true
		g.Groups[n-1] = slices.DeleteFunc(g.Groups[n-1], func(x Mate) bool { return x.Enrolment == m.Enrolment })
	}
	if other := g.smallest(n); len(g.Groups[n-1]) == 1 && other != 0 {
		g.Groups[other-1] = append(g.Groups[other-1], g.Groups[n-1][0])
		g.Groups[n-1] = nil
		changed = true
	}
	return changed
}

// clone is a copy that shares nothing with g.
func (g Groups) clone() Groups {
	groups := make([][]Mate, len(g.Groups))
	for i := range groups {
		groups[i] = slices.Clone(g.Groups[i])
	}
	dropped := make(map[EnrolmentID]time.Time, len(g.Dropped))
	for id, at := range g.Dropped {
		dropped[id] = at
	}
	g.Groups, g.Dropped, g.Tell = groups, dropped, slices.Clone(g.Tell)
	return g
}
