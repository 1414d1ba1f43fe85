package engine

import (
	"maps"
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

// absent tells whether a peer has left, paused or idled for 10wd: since the last act or, without any, since joining.
func absent(c Calendar, m CohortMember, now time.Time, zone *time.Location) bool {
	if m.State != MemberActive && m.State != MemberDone {
		return true
	}
	since := m.ActiveAt
	if since.IsZero() {
		since = m.JoinedAt
	}
	return !since.IsZero() && !c.after(since, tenWorkingDays, ending, zone).After(now)
}

// grouped tells an enrolment which group of peers it is in.
type grouped struct {
	number  int // 0: in none
	mates   []Mate
	dropped time.Time
	written map[StepID]time.Time // of a new group: when others last wrote in the threads of its steps
}

func (ev grouped) apply(d *decision) error {
	if d.e.Cohort == nil {
		d.e.Cohort = &Membership{}
	}
	m := d.e.Cohort
	m.Group, m.Mates, m.DroppedAt, m.Regroup = ev.number, ev.mates, ev.dropped, false
	for id, last := range ev.written {
		talk := d.state(id).talk()
		talk.With = max(talk.With, 1)
		if last.After(talk.Last) {
			talk.Last = last
		}
	}
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

// place puts whoever has no group into one, by order of enrolment: first groups short of size are filled, then new ones are
// made, and fewer than size left over join the smallest.
func (g *Groups) place(members []CohortMember, size int) {
	placed := map[EnrolmentID]bool{}
	for _, group := range g.Groups {
		for _, m := range group {
			placed[m.Enrolment] = true
		}
	}
	var free []Mate
	for _, m := range members {
		if placed[m.Enrolment] || m.State != MemberActive {
			continue
		}
		if dropped := g.Dropped[m.Enrolment]; !dropped.IsZero() && !m.ActiveAt.After(dropped) {
			continue
		}
		delete(g.Dropped, m.Enrolment)
		free = append(free, Mate{Enrolment: m.Enrolment, Person: m.Learner})
	}
	for n := g.smallest(0); n != 0 && len(g.Groups[n-1]) < size && len(free) > 0; n = g.smallest(0) {
		g.Groups[n-1], free = append(g.Groups[n-1], free[0]), free[1:]
	}
	for len(free) >= size {
		g.Groups, free = append(g.Groups, free[:size:size]), free[size:]
	}
	for _, m := range free {
		g.join(g.smallest(0), m, size)
	}
}

// join puts somebody into group n; 0: into a new one. A group that has become two parts: those who joined it last make a
// new one, so that nobody has more than twice the mates that the workflow asks for.
func (g *Groups) join(n int, m Mate, size int) {
	if n == 0 {
		g.Groups = append(g.Groups, []Mate{m})
		return
	}
	group := append(slices.Clone(g.Groups[n-1]), m)
	if len(group) >= 2*size {
		g.Groups = append(g.Groups, slices.Clone(group[len(group)-size:]))
		group = group[:len(group)-size]
	}
	g.Groups[n-1] = group
}

// sift drops the absent from somebody's group, and lets whoever is left alone join the smallest other.
func (g *Groups) sift(e EnrolmentID, size int, absent func(EnrolmentID) bool, now time.Time) {
	n, mates := g.of(e)
	if n == 0 {
		return
	}
	for _, m := range mates {
		if !absent(m.Enrolment) {
			continue
		}
		if g.Dropped == nil {
			g.Dropped = map[EnrolmentID]time.Time{}
		}
		g.Dropped[m.Enrolment] = now
		g.Groups[n-1] = slices.DeleteFunc(g.Groups[n-1], func(x Mate) bool { return x.Enrolment == m.Enrolment })
	}
	if other := g.smallest(n); len(g.Groups[n-1]) == 1 && other != 0 {
		alone := g.Groups[n-1][0]
		g.Groups[n-1] = nil
		g.join(other, alone, size)
	}
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
	g.Groups, g.Dropped, g.Tell, g.Tries = groups, dropped, slices.Clone(g.Tell), maps.Clone(g.Tries)
	return g
}
