package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Whoever is asked may not be the one to answer: they pass a request on to the right person (Forward), or say that they
// cannot judge (Decline). Both count as answers of a sort, so that nobody waits for them, and neither tells of the work.

// Forward is one person's word that another is the right one for a role. It holds for all that the role is asked of one
// learner, until a coach says otherwise. A sign-off by whom it names needs a coach, as one by whom the learner named.
type Forward struct {
	Role      Role      `json:"role"`
	From      PersonID  `json:"from"`
	To        PersonID  `json:"to"`
	At        time.Time `json:"at"`
	Confirmed bool      `json:"confirmed,omitempty"` // by a coach
}

func (f Forward) same(o Forward) bool {
	return f.Role == o.Role && f.From == o.From && f.To == o.To && f.At.Equal(o.At) && f.Confirmed == o.Confirmed
}

// maxForwards is how often a role of one learner is passed on without a coach.
const maxForwards = 3

// sourceForwarded is Assignment.Source of who is in a role because somebody passed it on.
const sourceForwarded = "forwarded"

// passedOn puts those to whom a role was passed on in the place of those who did so.
func (d *decision) passedOn(role Role, people []Assignment) []Assignment {
	if len(d.e.Forwards) == 0 {
		return people
	}
	var out []Assignment
	for _, a := range people {
		been := []PersonID{a.Person}
		for range maxForwards {
			i := slices.IndexFunc(d.e.Forwards, func(f Forward) bool { return f.Role == role && f.From == a.Person })
			if i < 0 {
				break
			}
			f := d.e.Forwards[i]
			if slices.Contains(been, f.To) { // each said it is the other: it is neither
				a.Person = ""
				break
			}
			been = append(been, f.To)
			a = Assignment{Person: f.To, Source: sourceForwarded, Forwarded: true, Confirmed: f.Confirmed}
		}
		if a.Person != "" && a.Person != d.e.Learner && !slices.ContainsFunc(out, func(b Assignment) bool { return b.Person == a.Person }) {
			out = append(out, a)
		}
	}
	return out
}

// forwards tells whether a request may be passed on: by who fills the role, where that is no matter of the cohort. A
// coach assigns instead.
func (e *Enrolment) forwards(r Request) bool {
	return r.Waiting() && e.State != Stopped && !r.StandIn && (r.Role == Manager || r.Role == Peer) &&
		slices.ContainsFunc(e.Roles[r.Role], func(a Assignment) bool { return a.Person == r.Person && a.Source != withCohort })
}

// forwarded is the word of who was asked that somebody else is the right one.
type forwarded struct {
	request RequestID
	to      PersonID
}

func (ev forwarded) apply(d *decision) error {
	s, st, r, err := d.e.request(d.w, ev.request)
	if err != nil {
		return err
	}
	again := func(f Forward) bool { return f.Role == r.Role && f.From == r.Person && f.To == ev.to }
	if r.Outcome == OutcomeForwarded && slices.ContainsFunc(d.e.Forwards, again) {
		return nil // the same once more
	}
	if !r.Waiting() {
		return fmt.Errorf("pass on request %s, which is closed (%s): %w", r.ID, r.Outcome, ErrConflict)
	}
	if !d.e.forwards(*r) {
		return fmt.Errorf("pass on request %s: %w", r.ID, ErrForbidden)
	}
	switch {
	case ev.to == d.e.Learner:
		return FieldErrors{{Field: "email", Key: "error.forward_learner"}}
	case ev.to == r.Person:
		return FieldErrors{{Field: "email", Key: "error.forward_self"}}
	case d.e.forwarded(r.Role) >= maxForwards:
		return FieldErrors{{Field: "email", Key: "error.forward_enough"}}
	}
	from, role := r.Person, r.Role
	back := slices.ContainsFunc(d.e.Forwards, func(f Forward) bool { return f.Role == role && f.From == ev.to })
	asked := slices.Contains(d.everybody(role), ev.to)
	switch {
	case d.w.secretRaters(role): // whoever is named, it looks the same
	case back:
		return FieldErrors{{Field: "email", Key: "error.forward_back"}}
	case asked:
		return FieldErrors{{Field: "email", Key: "error.forward_asked"}}
	}
	r.leave(OutcomeForwarded, d.now)
	d.e.Forwards = append(d.e.Forwards, Forward{Role: role, From: from, To: ev.to, At: d.now})
	act := d.acted(By(from), ActForward, s.ID, "")
	act.Role, act.Person = role, ev.to
	before := slices.Clone(d.e.Roles[role])
	d.assign()
	if d.newIn(role, before) {
		delete(d.e.Silent, role)
		d.restart(role)
	}
	for _, p := range append([]PersonID{d.e.Learner}, d.everybody(Coach)...) {
		if p != from && p != ev.to {
			d.send(Message{To: p, Step: s.ID, Purpose: PurposeForwarded, About: ev.to}, st, string(from))
		}
	}
	return nil
}

// confirmForwards takes a coach's word for those to whom a role was passed on and who fill it now; false: there are none.
func (d *decision) confirmForwards(ev confirmedNamed) bool {
	found := false
	for i := range d.e.Forwards {
		f := &d.e.Forwards[i]
		if f.Role != ev.role || !slices.ContainsFunc(d.e.Roles[ev.role], func(a Assignment) bool { return a.Person == f.To && a.Forwarded }) {
			continue
		}
		found = true
		if !f.Confirmed {
			f.Confirmed = true
			act := d.acted(ev.by, ActConfirmN, "", "")
			act.Role, act.Person = ev.role, f.To
		}
	}
	if found {
		d.assign()
	}
	return found
}

// gone tells whether a request is none of the person's any more.
func (r Request) gone() bool {
	return r.Outcome == OutcomeWithdrawn || r.Outcome == OutcomeForwarded || r.Outcome == OutcomeDeclined
}

// leave closes a request without an answer to it.
func (r *Request) leave(outcome string, now time.Time) {
	r.AnsweredAt, r.Outcome, r.SHA256, r.ExpiresAt, r.DueAt = now, outcome, "", time.Time{}, time.Time{}
}

// forgetForwards leaves out who was forwarded by or to people who are erased.
func forgetForwards(all []Forward, gone map[PersonID]bool) []Forward {
	return slices.DeleteFunc(slices.Clone(all), func(f Forward) bool { return gone[f.From] || gone[f.To] })
}

// declined is the word of who was asked that they cannot judge.
type declined struct {
	request RequestID
	reason  string
}

func (ev declined) apply(d *decision) error {
	s, st, r, err := d.e.request(d.w, ev.request)
	if err != nil {
		return err
	}
	if r.Outcome == OutcomeDeclined {
		return nil // the same once more
	}
	if !r.Waiting() || d.e.State == Stopped {
		return fmt.Errorf("decline request %s, which is closed (%s): %w", r.ID, r.Outcome, ErrConflict)
	}
	who, role, purpose := r.Person, r.Role, r.Purpose
	if !r.StandIn {
		delete(d.e.Silent, role)
	}
	r.leave(OutcomeDeclined, d.now)
	d.acted(By(who), ActDecline, s.ID, ev.reason).Role = role
	if role == Peer && !slices.ContainsFunc(st.Requests, func(o Request) bool { return o.Waiting() && o.Purpose == purpose }) {
		d.onePeerAgreed(s, st) // what the others said counts
	}
	to := slices.DeleteFunc(slices.Clone(d.everybody(Coach)), func(p PersonID) bool { return p == who })
	if len(to) == 0 {
		to = []PersonID{d.e.Learner} // nobody else could help
	}
	for _, p := range to {
		d.send(Message{To: p, Step: s.ID, Purpose: PurposeDeclined, About: who}, st, string(who))
	}
	return nil
}

// allDeclined tells whether everybody who is asked what a step needs has said that they cannot judge.
func (d *decision) allDeclined(s *Step, st *StepState, n need, people []Assignment) bool {
	return len(people) > 0 && !slices.ContainsFunc(people, func(a Assignment) bool {
		id := d.requestID(s, st, n, a.Person)
		return !slices.ContainsFunc(st.Requests, func(r Request) bool { return r.ID == id && r.Outcome == OutcomeDeclined })
	})
}

// Forward passes a request on to the right person, by e-mail address: they are asked that and all else that the role is
// asked of this learner; the links of who passed it on end. What is wrong with the address is FieldErrors; the same again
// changes nothing.
func (s *Service) Forward(ctx context.Context, id EnrolmentID, request RequestID, name, email string) error {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return fmt.Errorf("load enrolment %s: %w", id, err)
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	_, _, r, err := e.request(w, request)
	if err != nil {
		return err
	}
	if r.Outcome != OutcomeForwarded && !e.forwards(*r) { // before anybody becomes known by it
		if r.Waiting() && e.State != Stopped {
			return fmt.Errorf("pass on request %s: %w", request, ErrForbidden)
		}
		return fmt.Errorf("pass on request %s, which is closed (%s): %w", request, r.Outcome, ErrConflict)
	}
	address, ok := validEmail(email)
	if !ok {
		return FieldErrors{{Field: "email", Key: "error.not_an_email"}}
	}
	name = clip(strings.Join(strings.Fields(name), " "), 100)
	if strings.ContainsAny(name, "/@<>") { // it greets somebody in a mail: no addresses in it
		return FieldErrors{{Field: "name", Key: "error.not_a_name"}}
	}
	learner, err := s.Person(ctx, e.Learner)
	if err != nil {
		return err
	}
	if learner.hasAddress(address) {
		return FieldErrors{{Field: "email", Key: "error.forward_learner"}}
	}
	from, err := s.Person(ctx, r.Person)
	if err != nil {
		return err
	}
	if from.hasAddress(address) {
		return FieldErrors{{Field: "email", Key: "error.forward_self"}}
	}
	if r.Waiting() && e.forwarded(r.Role) >= maxForwards {
		return FieldErrors{{Field: "email", Key: "error.forward_enough"}}
	}
	to, _, err := s.reviewer(ctx, address, learner, name, "")
	if err != nil {
		return err
	}
	if to.ID == "" {
		return FieldErrors{{Field: "email", Key: "error.forward_learner"}}
	}
	_, err = s.change(ctx, id, func(*Workflow, *Enrolment) (event, error) {
		return forwarded{request: request, to: to.ID}, nil
	})
	return err
}

// forwarded counts how often a role was passed on.
func (e *Enrolment) forwarded(role Role) (n int) {
	for _, f := range e.Forwards {
		if f.Role == role {
			n++
		}
	}
	return n
}

// Decline takes the word of who was asked that they cannot judge: the stand-in is asked if there is one and nobody else
// is left to answer, and the coach is told, with the reason (at most 500 characters, may be empty) in the enrolment's
// history. The same again changes nothing.
func (s *Service) Decline(ctx context.Context, id EnrolmentID, request RequestID, reason string) error {
	_, err := s.change(ctx, id, func(*Workflow, *Enrolment) (event, error) {
		return declined{request: request, reason: clip(strings.ToValidUTF8(strings.TrimSpace(reason), "�"), maxReason)}, nil
	})
	return err
}
