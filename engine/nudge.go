package engine

import (
	"fmt"
	"slices"
	"time"
)

// policy is the nudge policy of a step and its name; none: silent.
func (w *Workflow) policy(s *Step) (string, []Nudge) {
	name := s.Nudge
	if name == "" {
		name = w.Nudges.Default
	}
	return name, w.Nudges.Policies[name] // "none" is no policy
}

// planNudges puts every nudge whose time has come into the outbox, each once, and notes when the next one comes.
func (d *decision) planNudges() {
	if d.e.State == Stopped || !d.e.LeftAt.IsZero() {
		return
	}
	for _, s := range d.w.order {
		st := d.state(s.ID)
		switch {
		case s.By == Learner && (st.State == Open || st.State == Returned):
			open := st.OpenedAt
			if st.State == Returned {
				open = st.ReturnedAt
			}
			d.plan(s, st, nudged{doer: d.e.Learner, open: open, due: st.DueAt, again: st.State == Returned, key: fmt.Sprintf("%d.%d", st.Attempt, st.Hands)})
		default:
			for _, r := range st.Requests {
				if r.Waiting() {
					d.plan(s, st, nudged{doer: r.Person, role: r.Role, open: r.AskedAt, due: r.DueAt, request: r.ID, again: true, key: string(r.ID)[:8]})
				}
			}
		}
	}
}

// nudged is what a policy is applied to: a step of the learner, or a request.
type nudged struct {
	doer      PersonID
	role      Role
	open, due time.Time
	request   RequestID
	again     bool // its opening was told by another message
	key       string
}

func (d *decision) plan(s *Step, st *StepState, on nudged) {
	name, policy := d.w.policy(s)
	by := Learner
	if on.role != "" {
		by = on.role
	}
	for i, n := range policy {
		if n.At.Anchor != anchorOpen && (s.Optional || d.e.State == Completed && s.By == Learner) {
			continue // optional steps are only announced
		}
		if on.again && n.At.Anchor == anchorOpen && n.At.Offset.IsZero() && n.To == "doer" {
			continue
		}
		from := on.open
		if n.At.Anchor == anchorDue {
			from = on.due
		}
		key := fmt.Sprintf("%s.%d", on.key, i)
		if from.IsZero() || st.NudgesPlanned[key] {
			continue
		}
		at := d.w.Calendar.resolve(moment{at: from}, n.At, beginning, d.zone(by))
		if at.After(d.now) {
			d.note(at)
			continue
		}
		if st.NudgesPlanned == nil {
			st.NudgesPlanned = map[string]bool{}
		}
		st.NudgesPlanned[key] = true
		if at.Before(on.open) {
			continue // dated before the step was open
		}
		d.nudge(s, st, n, fmt.Sprintf("%s.%d", name, i), on, at)
	}
}

// nudge plans one nudge for all its receivers.
func (d *decision) nudge(s *Step, st *StepState, n Nudge, policy string, on nudged, at time.Time) {
	purpose := n.Name
	if purpose == "" {
		purpose = PurposeOwnText
	}
	m := Message{Step: s.ID, Purpose: purpose, Policy: policy, Text: n.Text, DueAt: at}
	var to []PersonID
	switch n.To {
	case "doer":
		to, m.Request = []PersonID{on.doer}, on.request
	case "manager":
		to = d.everybody(Manager)
		if slices.Contains(to, on.doer) {
			to = d.everybody(Coach)
		}
	case "coach":
		to = d.everybody(Coach)
	}
	for _, p := range to {
		if p == on.doer && n.To != "doer" {
			continue
		}
		m.To = p
		d.send(m, st)
		if n.Escalate {
			d.sayEscalated(s, p, policy)
		}
	}
}

func (d *decision) everybody(role Role) []PersonID {
	var out []PersonID
	for _, a := range d.e.Roles[role] {
		out = append(out, a.Person)
	}
	return out
}

// fits tells whether a message is still worth sending, with the reason if not.
func fits(w *Workflow, e *Enrolment, m Message, now time.Time) (bool, string) {
	if e.State == Stopped {
		return false, "the workflow is over"
	}
	if m.Step == "" {
		return true, ""
	}
	s, st := w.Step(m.Step), e.Steps[m.Step]
	if s == nil || st == nil {
		return false, "no such step"
	}
	if m.Request != "" {
		i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == m.Request })
		if i < 0 || !st.Requests[i].Waiting() {
			return false, "the request is closed"
		}
		if m.Purpose == PurposeStepDue && !st.Requests[i].DueAt.IsZero() && now.After(st.Requests[i].DueAt) {
			return false, "it is late already"
		}
		return true, ""
	}
	if !m.IsNudge() {
		return true, ""
	}
	waiting := slices.ContainsFunc(st.Requests, Request.Waiting)
	switch {
	case m.Attempt != st.Attempt || m.Hands != st.Hands:
		return false, "something was handed in since"
	case st.State != Open && st.State != Returned && !waiting:
		return false, "the step is not open any more"
	case m.Purpose == PurposeStepDue && !st.DueAt.IsZero() && now.After(st.DueAt):
		return false, "it is late already"
	case (m.Purpose == PurposeStepLate || m.Purpose == PurposeAskForHelp) && s.By == Learner && now.Before(st.DueAt):
		return false, "it is not late any more"
	case e.State == Completed && m.Purpose != PurposeStepOpen && s.By == Learner:
		return false, "the workflow is complete"
	}
	return true, ""
}
