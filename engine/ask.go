package engine

import (
	"slices"
	"strconv"
	"time"
)

// assign finds who fills each role now.
func (d *decision) assign() {
	if d.e.Roles == nil {
		d.e.Roles = map[Role][]Assignment{}
	}
	for _, role := range []Role{Manager, Peer, Coach} {
		before := d.e.Roles[role]
		if people := d.sources(role); len(people) > 0 {
			d.e.Roles[role] = people
		} else {
			delete(d.e.Roles, role)
		}
		if d.taken(role, before) {
			delete(d.e.Silent, role)
			d.restart(role)
		}
	}
}

// taken tells whether a role is now in the hands of new people only, who are asked afresh.
func (d *decision) taken(role Role, before []Assignment) bool {
	now := d.e.Roles[role]
	return len(now) > 0 && !slices.ContainsFunc(now, func(a Assignment) bool {
		return slices.ContainsFunc(before, func(b Assignment) bool { return a.Person == b.Person })
	})
}

// sources follows a role's `from` in order and takes the first that yields anybody. While the learner could name
// somebody and has not, nobody else is taken.
func (d *decision) sources(role Role) []Assignment { return d.passedOn(role, d.found(role)) }

func (d *decision) found(role Role) []Assignment {
	if chosen := d.e.Appointed[role]; len(chosen) > 0 {
		return chosen // a coach's word
	}
	for _, from := range d.w.Roles[role].From {
		if from == "ask_learner" && role == Coach {
			continue // of a version from before that was refused
		}
		if from == "ask_learner" {
			if a, ok := d.e.Named[role]; ok {
				return []Assignment{a}
			}
			return nil
		}
		var found []Assignment
		for _, a := range d.f.Candidates[role] {
			if a.Source == from && a.Person != d.e.Learner {
				found = append(found, a)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// asksLearner tells whether the learner may name somebody for a role that has nobody.
func (d *decision) asksLearner(role Role) bool {
	return role != Coach && len(d.e.Roles[role]) == 0 && slices.Contains(d.w.Roles[role].From, "ask_learner")
}

// standIns are the people of a role's `else`.
func (d *decision) standIns(role Role) []Assignment {
	other := d.w.Roles[role].Else
	if other == "" {
		return nil
	}
	return d.e.Roles[other]
}

// need is an answer that a step waits for.
type need struct {
	purpose string
	role    Role
	due     time.Time
	expires Duration
	alone   bool // just expires: no stand-in is asked
	sha256  string
}

// needed is what answer a step waits for now; false: none.
func (d *decision) needed(s *Step, st *StepState) (need, bool) {
	if d.now.Before(st.AskAgainAt) {
		d.note(st.AskAgainAt)
		return need{}, false
	}
	n := need{expires: s.Expires}
	switch {
	case s.Kind == KindSignOff && st.State == Submitted:
		n.purpose, n.role, n.sha256 = ForSignOffConfirm, Coach, d.coverSHA256(s)
	case s.By != Learner && (st.State == Open || st.Again != nil):
		n.purpose, n.role, n.due = purposeOf(s), s.By, st.DueAt
		if st.Again != nil {
			n.due = st.Again.DueAt
		}
		n.alone = s.Kind == KindSurvey || s.Kind == KindBriefing
		if s.Kind == KindSignOff {
			n.sha256 = d.coverSHA256(s)
		}
	case st.State == Submitted && s.Review != nil && st.Approved.IsZero():
		n.purpose, n.role, n.sha256 = ForReview, s.Review.By, st.HandSHA256
		if !s.Review.Expires.IsZero() {
			n.expires = s.Review.Expires
		}
	case st.State == Submitted && s.wants("confirmed") && st.Confirmed.IsZero():
		n.purpose, n.role, n.sha256 = ForConfirm, Role(s.With), st.HandSHA256
	case s.By == Learner && st.State == Open && d.awaitsPost(s, st):
		n.purpose, n.role, n.due = ForDiscuss, s.talksWith(), st.DueAt
	case s.By == Learner && st.State == Open && d.awaitsHost(s, st):
		n.purpose, n.role, n.due = ForAttend, Role(s.With), st.DueAt
		if n.due.IsZero() && st.Event != nil && !st.Event.At.IsZero() { // in time to be reminded before it counts as missed
			n.due = d.later(laterOf(st.Event.At, st.OpenedAt), oneWorkingDay, ending, n.role)
		}
	default:
		return need{}, false
	}
	if n.expires.IsZero() {
		n.expires = tenWorkingDays
	}
	return n, true
}

func purposeOf(s *Step) string {
	switch s.Kind {
	case KindSignOff:
		return ForSignOff
	case KindSurvey:
		return ForSurvey
	case KindFeedback:
		return ForFeedback
	case KindBriefing:
		return ForBriefing
	case KindCheckin:
		return ForCheckin
	}
	return ForStep
}

// ask sees to it that everybody who should answer has been asked, passes the question on to the stand-in when nobody
// answers, and lets the step expire when they do not either.
func (d *decision) ask(s *Step, st *StepState) bool {
	n, ok := d.needed(s, st)
	if !ok {
		return d.close(st, OutcomeWithdrawn)
	}
	changed := false
	if st.AskedAt.IsZero() {
		st.AskedAt, changed = d.now, true
	}
	if n.due.IsZero() && (s.By == Learner || n.purpose == ForSignOffConfirm) {
		n.due = d.later(st.AskedAt, fiveWorkingDays, ending, n.role)
	}
	first := d.deadline(st.AskedAt, n)
	people := d.e.Roles[n.role]
	others := d.standIns(n.role)
	if n.alone {
		others = nil
	}
	nobody := len(people) == 0 && !d.asksLearner(n.role) || d.tellUnreachable(people) || d.allDeclined(s, st, n, people)
	switch {
	case st.ElseAt.IsZero() && !d.now.Before(first) && d.enough(s, st):
		return true
	case st.ElseAt.IsZero() && !d.now.Before(first):
		if d.e.Silent == nil {
			d.e.Silent = map[Role]bool{}
		}
		d.e.Silent[n.role] = len(people) > 0
		if len(others) == 0 {
			return d.expire(s, st)
		}
		st.ElseAt, changed = first, true
	case st.ElseAt.IsZero() && len(others) > 0 && (d.e.Silent[n.role] || nobody):
		st.ElseAt, changed = d.now, true // the stand-in has the full time, whenever it became their turn
	case st.ElseAt.IsZero():
		d.note(first)
	}
	if !st.ElseAt.IsZero() {
		last := d.deadline(st.ElseAt, n)
		if last.Before(first) {
			last = first
		}
		if !d.now.Before(last) {
			return d.expire(s, st)
		}
		d.note(last)
	} else {
		others = nil
	}
	return d.askPeople(s, st, n, people, others) || changed
}

// deadline is when a question asked at t has been unanswered for long enough.
func (d *decision) deadline(t time.Time, n need) time.Time {
	at := d.later(t, n.expires, ending, n.role)
	if at.Before(n.due) {
		return n.due
	}
	return at
}

func (d *decision) expire(s *Step, st *StepState) bool {
	if d.someAnswered(s, st) {
		return true
	}
	d.close(st, OutcomeExpired)
	if st.Again != nil {
		d.answerSpaced(st) // the step was done before and stays so
		return true
	}
	return d.end(s, st, Expired, "")
}

// askPeople asks whoever was not asked yet and withdraws the question from whoever should no longer answer.
func (d *decision) askPeople(s *Step, st *StepState, n need, people, others []Assignment) bool {
	changed := false
	wanted := map[RequestID]bool{}
	add := func(a Assignment, standIn bool) {
		id := d.requestID(s, st, n, a.Person)
		wanted[id] = true
		if i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == id }); i >= 0 {
			if r := &st.Requests[i]; r.Outcome == OutcomeWithdrawn || r.Outcome == OutcomeForwarded {
				r.AnsweredAt, r.Outcome, changed = time.Time{}, "", true // somebody came back: the old link works again
				r.Revived++
				r.ExpiresAt = d.deadline(d.now, n)
				// Their mail may have been dropped meanwhile. If it was not, delivery drops this one.
				d.send(Message{To: a.Person, Step: s.ID, Request: id, Purpose: n.purpose + "_request"}, st, revived(r.Revived)...)
			}
			return
		}
		r := Request{ID: id, Step: s.ID, Purpose: n.purpose, Person: a.Person, Role: n.role, StandIn: standIn, AskedAt: d.now, DueAt: n.due, SHA256: n.sha256}
		r.ExpiresAt = d.deadline(d.now, n)
		st.Requests = append(st.Requests, r)
		d.sayRequested(s, st, r)
		d.send(Message{To: a.Person, Step: s.ID, Request: id, Purpose: n.purpose + "_request"}, st)
		changed = true
	}
	for _, a := range people {
		add(a, false)
	}
	for _, a := range others {
		if !slices.ContainsFunc(people, func(p Assignment) bool { return p.Person == a.Person }) {
			add(a, true)
		}
	}
	for i := range st.Requests {
		if r := &st.Requests[i]; r.Waiting() && !wanted[r.ID] {
			r.AnsweredAt, r.Outcome, changed = d.now, OutcomeWithdrawn, true
		}
	}
	return changed
}

// requestID names what one person is asked, as it would be asked now.
func (d *decision) requestID(s *Step, st *StepState, n need, p PersonID) RequestID {
	return RequestID(derivedID(string(d.e.ID), string(s.ID), strconv.Itoa(st.Attempt), strconv.Itoa(st.Hands), strconv.Itoa(st.Rounds),
		n.purpose, n.sha256, string(p)))
}

// close ends all requests of a step that still wait.
func (d *decision) close(st *StepState, outcome string) bool {
	changed := false
	for i := range st.Requests {
		if r := &st.Requests[i]; r.Waiting() {
			r.AnsweredAt, r.Outcome, changed = d.now, outcome, true
		}
	}
	return changed
}

// send puts a message into the outbox, due now unless it says otherwise. Its id is derived from what it is for, and of
// which time if more than once.
func (d *decision) send(m Message, st *StepState, nth ...string) {
	if d.e.Preview {
		return
	}
	if m.DueAt.IsZero() {
		m.DueAt = d.now
	}
	m.Enrolment, m.Attempt, m.Hands, m.State, m.PlannedAt = d.e.ID, st.Attempt, st.Hands, MessageWaiting, m.DueAt
	m.ID = messageID(d.e.ID, m, st.Rounds, nth...)
	d.e.Messages = append(d.e.Messages, m)
}

// messageID is the id of a message about a step in one of its rounds, of which time if more than once.
func messageID(e EnrolmentID, m Message, round int, nth ...string) MessageID {
	return MessageID(derivedID(append([]string{string(e), string(m.Step), strconv.Itoa(m.Attempt), strconv.Itoa(m.Hands), strconv.Itoa(round),
		string(m.Request), m.Purpose, m.Policy, string(m.To)}, nth...)...))
}

// revived names the message of a question that came back for the nth time.
func revived(n int) []string { return []string{"revived", strconv.Itoa(n)} }
