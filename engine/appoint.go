package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// appointedTo is a coach's choice of who fills a role for one learner; nobody: back to what the workflow says.
type appointedTo struct {
	by     Actor
	role   Role
	people []PersonID
	reason string
}

func (ev appointedTo) apply(d *decision) error {
	var to []Assignment
	for _, p := range ev.people {
		if p == d.e.Learner {
			return FieldErrors{{Field: "email", Key: "error.own_email"}}
		}
		to = append(to, Assignment{Person: p, Source: ev.by.source()})
	}
	if slices.Equal(d.e.Appointed[ev.role], to) {
		return nil
	}
	if d.e.Appointed == nil {
		d.e.Appointed = map[Role][]Assignment{}
	}
	d.e.Forwards = slices.DeleteFunc(slices.Clone(d.e.Forwards), func(f Forward) bool { return f.Role == ev.role }) // the coach's word is the last
	before := slices.Clone(d.e.Roles[ev.role])
	if d.e.Appointed[ev.role] = to; len(to) == 0 {
		delete(d.e.Appointed, ev.role)
	}
	a := d.acted(ev.by, ActAppoint, "", ev.reason)
	if a.Role = ev.role; len(to) > 0 {
		a.Person = to[0].Person
	}
	d.assign()
	if d.newIn(ev.role, before) {
		delete(d.e.Silent, ev.role)
		d.restart(ev.role)
	}
	return nil
}

// newIn tells whether somebody is in a role who was not before.
func (d *decision) newIn(role Role, before []Assignment) bool {
	return slices.ContainsFunc(d.e.Roles[role], func(a Assignment) bool {
		return !slices.ContainsFunc(before, func(b Assignment) bool { return a.Person == b.Person })
	})
}

// restart starts the clocks of all questions to a role anew: someone new is asked.
func (d *decision) restart(role Role) {
	for _, s := range d.w.order {
		st := d.state(s.ID)
		if n, ok := d.needed(s, st); ok && n.role == role {
			st.AskedAt, st.ElseAt = d.now, time.Time{}
		}
	}
}

// confirmedNamed is a coach's word that whom the learner named, or who was asked passed it on to, is the right one.
type confirmedNamed struct {
	by   Actor
	role Role
}

func (ev confirmedNamed) apply(d *decision) error {
	if done := d.confirmForwards(ev); done {
		return nil
	}
	a, ok := d.e.Named[ev.role]
	if !ok {
		return fmt.Errorf("confirm the %s: the learner has named nobody: %w", ev.role, ErrNotFound)
	}
	if a.Confirmed {
		return nil
	}
	a.Confirmed = true
	d.e.Named[ev.role] = a
	act := d.acted(ev.by, ActConfirmN, "", "")
	act.Role, act.Person = ev.role, a.Person
	return nil
}

// Appointment is whom a coach assigns to a role: somebody known, or an e-mail address and a name; empty: back to whom the
// workflow finds.
type Appointment struct {
	Person      PersonID
	Email, Name string
	Reason      string
}

// Assign puts somebody into a role of one learner in the place of whom the workflow found, or of nobody. They are asked
// all that waits for the role, by its full time; whoever was asked before is not awaited any more. They do not count as
// named by the learner. The learner cannot be that person, under none of their addresses.
func (s *Service) Assign(ctx context.Context, by Actor, id EnrolmentID, role Role, a Appointment) error {
	if role != Manager && role != Peer && role != Coach {
		return fmt.Errorf("assign a %q: %w", role, ErrInvalid)
	}
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return fmt.Errorf("load enrolment %s: %w", id, err)
	}
	if err := s.mayCoach(ctx, by, e); err != nil {
		return err
	}
	learner, err := s.Person(ctx, e.Learner)
	if err != nil {
		return err
	}
	var people []PersonID
	switch {
	case a.Person != "":
		p, err := s.Person(ctx, a.Person)
		if err != nil {
			return err
		}
		if p.ID == learner.ID || learner.hasAddress(p.Email) {
			return FieldErrors{{Field: "email", Key: "error.own_email"}}
		}
		people = append(people, p.ID)
	case strings.TrimSpace(a.Email) != "":
		address, ok := validEmail(a.Email)
		if !ok {
			return FieldErrors{{Field: "email", Key: "error.not_an_email"}}
		}
		if learner.hasAddress(address) {
			return FieldErrors{{Field: "email", Key: "error.own_email"}}
		}
		p, _, err := s.reviewer(ctx, address, learner, clip(strings.TrimSpace(a.Name), 200), "")
		if err != nil {
			return err
		}
		people = append(people, p.ID)
	}
	return s.coach(ctx, by, id, "assign", func(*Workflow, *Enrolment) (event, error) {
		return appointedTo{by: by, role: role, people: people, reason: clip(strings.TrimSpace(a.Reason), maxReason)}, nil
	})
}

// ConfirmNamed is a coach's word that the person a learner named for a role is the right one: from then on their
// sign-off needs no confirmation.
func (s *Service) ConfirmNamed(ctx context.Context, by Actor, id EnrolmentID, role Role) error {
	return s.coach(ctx, by, id, "confirm whom the learner named", func(*Workflow, *Enrolment) (event, error) {
		return confirmedNamed{by: by, role: role}, nil
	})
}

// hasAddress tells whether an e-mail address is one of a person's: the one they have, any they go by, in any case, and
// with or without a tag (sam+manager@example.org reaches sam@example.org).
func (p Person) hasAddress(email string) bool {
	want := mailboxOf(email)
	if want == "" {
		return false
	}
	return mailboxOf(p.Email) == want || slices.ContainsFunc(p.Names, func(n Identity) bool {
		return n.Issuer == emailNames && mailboxOf(n.Name) == want
	})
}

// mailboxOf is an address without its tag, in lower case; "" for none.
func mailboxOf(email string) string {
	email, ok := validEmail(email)
	if !ok {
		return ""
	}
	local, domain, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}
