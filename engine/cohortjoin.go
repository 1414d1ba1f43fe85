package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// together tells whether anything of a workflow depends on a learner's cohort.
func (w *Workflow) together() bool {
	if len(w.Anchors) > 0 || w.peers() > 0 {
		return true
	}
	for _, s := range w.order {
		if s.WaitFor != "" || s.dated() || s.peered() || s.With == withCohort || s.Opens.Anchor == AnchorCourseStart || s.Due != nil && s.Due.Anchor == AnchorCourseStart {
			return true
		}
	}
	return slices.ContainsFunc(w.Exit.Stop, func(t TimeExpr) bool { return t.Anchor == AnchorCourseStart })
}

// dated tells whether a step has a time of its own: an `at`, or one that people set.
func (s *Step) dated() bool { return s.At != nil || s.Kind == KindEvent || s.Kind == KindConversation }

// peered tells whether a step needs the group of peers.
func (s *Step) peered() bool {
	return s.By == Peer || s.With == string(Peer) || s.Review != nil && s.Review.By == Peer
}

// peers is how many peers each learner has by `cohort`; 0: none.
func (w *Workflow) peers() int {
	rule := w.Roles[Peer]
	if !slices.Contains(rule.From, withCohort) {
		return 0
	}
	return max(1, rule.Count)
}

// join takes what the cohort says before anything else is decided.
func (d *decision) join() {
	c := d.f.Cohort
	if c == nil {
		return
	}
	if d.e.Cohort == nil {
		d.e.Cohort = &Membership{}
	}
	m := d.e.Cohort
	if m.Zone == "" {
		m.Zone = d.f.Learner.Zone
	}
	// What a coach set for this learner alone stands until the cohort's changes.
	if !c.Start.IsZero() && (!c.Start.Equal(m.Start) || d.e.Anchors[AnchorCourseStart].IsZero()) {
		m.Start = c.Start
		d.setAnchor(AnchorCourseStart, c.Start, c.Source)
	}
}

// active notes the day of the learner's last act.
func (d *decision) active() {
	day := d.now.UTC().Truncate(24 * time.Hour)
	if d.e.Cohort != nil && day.After(d.e.Cohort.ActiveAt) {
		d.e.Cohort.ActiveAt = day
	}
}

// byLearner tells whether an event is an act of the learner.
func byLearner(ev event) bool {
	switch ev := ev.(type) {
	case arrived, looked, confirmed, handedIn, skipped, named:
		return true
	case attended:
		return ev.by.Person == "" && ev.by.System == ""
	case counted:
		return ev.own
	}
	return false
}

// tellCohort asks for the cohort to be told what has changed of this member.
func (d *decision) tellCohort() {
	m := d.e.Cohort
	if m == nil || d.f.Cohort == nil {
		return
	}
	m.Ready = slices.DeleteFunc(m.Ready, func(id StepID) bool { return d.w.Step(id) == nil || !d.state(id).untouched() })
	if told := memberOf(d.w, d.e).hash(); told != m.Told {
		m.Told, m.Tell = told, true
	}
}

// memberOf is an enrolment as its cohort sees it.
func memberOf(w *Workflow, e *Enrolment) CohortMember {
	m := CohortMember{Enrolment: e.ID, Rev: e.Rev, Cohort: e.CohortKey().ID(), Learner: e.Learner, JoinedAt: e.Anchors[AnchorEnrolled], State: memberState(e), Version: e.Version}
	if m.JoinedAt.IsZero() {
		m.JoinedAt = e.CreatedAt
	}
	if e.Cohort != nil {
		m.ActiveAt, m.Zone = e.Cohort.ActiveAt, e.Cohort.Zone
	}
	for _, s := range w.order {
		st := e.Steps[s.ID]
		locked := st == nil || st.untouched()
		if s.threaded() && s.With == string(Peer) && !locked {
			m.Talks = append(m.Talks, s.ID)
		}
		if s.WaitFor == "" || s.Opens.IsNever() || !locked || m.State != MemberActive {
			continue
		}
		if e.Cohort != nil && slices.Contains(e.Cohort.Ready, s.ID) {
			m.Ready = append(m.Ready, s.ID)
		} else {
			m.Waits = append(m.Waits, s.ID)
		}
	}
	return m
}

func memberState(e *Enrolment) string {
	switch {
	case e.State == Stopped:
		return MemberOver
	case !e.LeftAt.IsZero() || e.Paused() && e.Pause().Left:
		return MemberLeft
	case e.Paused():
		return MemberPaused
	case e.State == Completed:
		return MemberDone
	}
	return MemberActive
}

// hash tells two states of a member apart, whatever the revision.
func (m CohortMember) hash() string {
	m.Rev = 0
	b, _ := json.Marshal(m) // strings and times always marshal
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// firstEnrolled is the cohort's `enrolled`: when the first of its members did.
func (d *decision) firstEnrolled() (time.Time, bool) {
	at, ok := d.e.Anchors[AnchorEnrolled]
	if c := d.f.Cohort; c != nil && !c.First.IsZero() && (!ok || c.First.Before(at)) {
		return c.First, true
	}
	return at, ok
}

// cohortZone is the zone of what a cohort does at one instant.
func (d *decision) cohortZone() *time.Location {
	if c := d.f.Cohort; c != nil {
		if z := d.location(c.Cohort.Zone); z != nil {
			return z
		}
	}
	if name := d.w.Calendar.Timezone; name != "doer" {
		if z := d.location(name); z != nil {
			return z
		}
	}
	if c := d.f.Cohort; c != nil {
		if z := d.location(c.Zone); z != nil {
			return z
		}
	}
	return d.zone(Learner)
}
