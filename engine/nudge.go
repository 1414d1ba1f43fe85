package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// policy is the nudge policy of a step and its name; none: silent. For the learner's own steps, the arm drawn at enrolment
// takes the place of the default.
func (d *decision) policy(s *Step, by Role) (string, []Nudge) {
	name := s.Nudge
	if name == "" {
		name = d.w.Nudges.Default
		if _, ok := d.w.Nudges.Policies[d.e.Arm]; ok && by == Learner {
			name = d.e.Arm
		}
	}
	return name, d.w.Nudges.Policies[name] // "none" is no policy
}

// announces tells whether a nudge only says that a step is open.
func (n Nudge) announces() bool { return n.At.Anchor == anchorOpen && n.At.Offset.IsZero() }

// planNudges puts every nudge whose time has come into the outbox, each once, and notes when the next one comes.
func (d *decision) planNudges() {
	if d.e.State == Stopped || !d.e.LeftAt.IsZero() || d.e.Paused() {
		return
	}
	for _, s := range d.w.order {
		st := d.state(s.ID)
		switch {
		case s.By == Learner && st.Again != nil:
			d.planLater(s, st)
			d.plan(s, st, nudged{doer: d.e.Learner, open: st.Again.OpenedAt, due: st.Again.DueAt, key: dotted(st.Attempt, st.Hands)})
		case s.By == Learner && (st.State == Open || st.State == Returned):
			d.planLater(s, st)
			open := st.OpenedAt
			if st.State == Returned {
				open = st.ReturnedAt
			}
			d.plan(s, st, nudged{doer: d.e.Learner, open: open, due: st.DueAt, again: st.State == Returned, key: dotted(st.Attempt, st.Hands)})
		}
		for _, r := range st.Requests { // for a review of it; or for a post or a word on a step that is open for the learner too
			if r.Waiting() {
				d.plan(s, st, nudged{doer: r.Person, role: r.Role, open: r.AskedAt, due: r.DueAt, request: r.ID, again: true, beside: s.By == Learner && st.takes(), key: string(r.ID)[:8]})
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
	beside    bool // others hear of the step by what is told of the learner
	key       string
}

func (d *decision) plan(s *Step, st *StepState, on nudged) {
	by := Learner
	if on.role != "" {
		by = on.role
	}
	name, policy := d.policy(s, by)
	// Optional steps are only announced, and so is every step of the learner to whom the test gives nothing else.
	onlyOpen := s.Optional || by == Learner && (d.e.State == Completed || d.e.Arm == ArmHoldout)
	begins, isEvent := d.begins(s, st)
	for i, n := range policy {
		if onlyOpen && !n.announces() {
			continue
		}
		if on.again && n.announces() && n.To == "doer" || on.beside && n.To != "doer" {
			continue
		}
		from := on.open
		if n.At.Anchor == anchorDue {
			from = on.due
		}
		key := on.key + "." + strconv.Itoa(i)
		if n.To != "doer" && on.request != "" { // of several who are asked, others hear once
			key = dotted(st.Attempt, st.Hands, st.Rounds, i)
		}
		if n.At.Anchor == anchorDue && st.DueSet > 0 { // a coach gave it another due time, which is told of anew
			key += ".d" + strconv.Itoa(st.DueSet)
		}
		if from.IsZero() || st.NudgesPlanned[key] {
			continue
		}
		zone := d.zone(by)
		at := d.moved(moment{at: from}, d.w.Calendar.resolve(moment{at: from}, n.At, beginning, zone), zone, time.Time{})
		if at.After(d.now) {
			d.note(at)
			continue
		}
		st.plan(key)
		if by == Learner && n.To == "doer" && st.Snoozed.silences(at) {
			continue
		}
		if at.Before(on.open) || isEvent && on.request == "" && at.After(begins) {
			continue // dated before the step was open, or after the event
		}
		line := name + "." + strconv.Itoa(i)
		d.nudge(s, st, n, line, on, at)
		if n.announces() && n.To == "doer" && by == Learner {
			d.nudgeWith(s, st, line, at)
		}
	}
}

// dotted are numbers as parts of a key.
func dotted(numbers ...int) string {
	var few [32]byte
	b := few[:0]
	for i, n := range numbers {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(b)
}

func (st *StepState) plan(key string) {
	if st.NudgesPlanned == nil {
		st.NudgesPlanned = map[string]bool{}
	}
	st.NudgesPlanned[key] = true
}

// begins is when a step's event begins; false: it is none, or that is not known.
func (d *decision) begins(s *Step, st *StepState) (time.Time, bool) {
	at := d.at(s, st)
	return at, s.dated() && !at.IsZero()
}

// nudgeWith tells those with whom the learner does a step that it is open. A whole cohort has the step itself.
func (d *decision) nudgeWith(s *Step, st *StepState, policy string, at time.Time) {
	if s.With == "" || s.With == withCohort || s.talksWith() != "" && s.With != string(Peer) { // who is asked for a post hears of it by that
		return
	}
	for _, p := range d.everybody(Role(s.With)) {
		if p != d.e.Learner {
			d.send(Message{To: p, Step: s.ID, Purpose: PurposeStepWith, Policy: policy, DueAt: at}, st)
		}
	}
}

const withCohort = "cohort"

// dated is when a nudge is to be sent as things stand now: its due date may have moved since it was planned. A nudge not
// counted from `due` has the date it was planned for.
func dated(w *Workflow, e *Enrolment, f Facts, m Message) time.Time {
	s, st := w.Step(m.Step), e.Steps[m.Step]
	dot := strings.LastIndexByte(m.Policy, '.')
	if dot < 0 || s == nil || st == nil {
		return m.PlannedAt
	}
	i, err := strconv.Atoi(m.Policy[dot+1:])
	policy := w.Nudges.Policies[m.Policy[:dot]]
	if err != nil || i < 0 || i >= len(policy) || policy[i].At.Anchor != anchorDue {
		return m.PlannedAt
	}
	due, by := st.DueAt, Learner
	if st.Again != nil {
		due = st.Again.DueAt
	}
	if k := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == m.Request }); k >= 0 {
		due, by = st.Requests[k].DueAt, st.Requests[k].Role
	}
	if due.IsZero() {
		return m.PlannedAt
	}
	d := &decision{w: w, e: e, f: f}
	return d.moved(moment{at: due}, w.Calendar.resolve(moment{at: due}, policy[i].At, beginning, d.zone(by)), d.zone(by), time.Time{})
}

// nudge plans one nudge for all its receivers.
func (d *decision) nudge(s *Step, st *StepState, n Nudge, policy string, on nudged, at time.Time) {
	purpose := n.Name
	if purpose == "" {
		purpose = PurposeOwnText
	}
	m := Message{Step: s.ID, Purpose: purpose, Policy: policy, Text: n.Text, DueAt: at}
	m.Escalate = n.Escalate
	var to []PersonID
	switch n.To {
	case "doer":
		to, m.Request = []PersonID{on.doer}, on.request
	case "manager":
		if to = d.reachable(d.everybody(Manager)); len(to) == 0 {
			to = d.everybody(Coach) // nobody else could help
		}
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
		if n.At.Anchor == anchorDue && st.DueSet > 0 {
			d.send(m, st, "due", strconv.Itoa(st.DueSet))
		} else {
			d.send(m, st)
		}
		if n.Escalate && !d.e.DisclosedAt.IsZero() {
			d.sayEscalated(s, p, policy)
		}
	}
}

// reachable leaves out to whom nothing can be sent.
func (d *decision) reachable(people []PersonID) []PersonID {
	return slices.DeleteFunc(slices.Clone(people), func(p PersonID) bool { return d.unreachable(p) })
}

func (d *decision) unreachable(id PersonID) bool {
	p, known := d.f.People[id]
	return known && p.unreachable()
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
		if m.Purpose == PurposeReturned && st.State != Returned {
			return false, "it was handed in again"
		}
		return true, ""
	}
	begins, isEvent := (&decision{w: w, e: e}).begins(s, st)
	waiting, due := slices.ContainsFunc(st.Requests, Request.Waiting), st.DueAt
	if st.Again != nil {
		due = st.Again.DueAt
	}
	switch {
	case m.Attempt != st.Attempt || m.Hands != st.Hands:
		return false, "something was handed in since"
	case !st.takes() && !waiting:
		return false, "the step is not open any more"
	case isEvent && now.After(begins):
		return false, "the event has begun"
	case m.Purpose == PurposeStepDue && !due.IsZero() && now.After(due):
		return false, "it is late already"
	case (m.Purpose == PurposeStepLate || m.Purpose == PurposeAskForHelp) && s.By == Learner && now.Before(due):
		return false, "it is not late any more"
	case e.State == Completed && m.Purpose != PurposeStepOpen && s.By == Learner:
		return false, "the workflow is complete"
	}
	return true, ""
}

// tellUnreachable tells the coach of those who are asked for an answer and to whom mails come back, once each. It tells
// whether that is all of them, so that the stand-in is asked at once.
func (d *decision) tellUnreachable(people []Assignment) bool {
	all := len(people) > 0
	for _, a := range people {
		p := d.f.People[a.Person]
		if !d.unreachable(a.Person) {
			delete(d.e.Unreachable, a.Person)
			all = false
			continue
		}
		if d.e.Unreachable[a.Person] {
			continue
		}
		if d.e.Unreachable == nil {
			d.e.Unreachable = map[PersonID]bool{}
		}
		d.e.Unreachable[a.Person] = true
		for _, coach := range d.everybody(Coach) {
			if coach != a.Person {
				d.send(Message{To: coach, About: a.Person, Purpose: PurposeUnreachable}, &StepState{}, string(a.Person), p.MailTrouble.Bounced.String())
			}
		}
	}
	return all
}
