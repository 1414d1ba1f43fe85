package engine

import (
	"context"
	"errors"
	"slices"
)

// elsewhere goes through everybody else's enrolments.
func (r *erasing) elsewhere(ctx context.Context) error {
	if len(r.people) == 0 {
		return nil
	}
	for after := EnrolmentID(""); ; {
		page, err := r.s.o.Store.EnrolmentsAfter(ctx, after, 500)
		if err != nil {
			return err
		}
		for _, e := range page {
			after = e.ID
			if err := r.other(ctx, e); err != nil {
				return err
			}
		}
		if len(page) < 500 {
			return nil
		}
	}
}

// other takes the person out of the roles of somebody else's enrolment.
func (r *erasing) other(ctx context.Context, e *Enrolment) error {
	ev := personErased{people: map[PersonID]bool{}, addresses: map[string]bool{}}
	for _, p := range r.people {
		if p.ID == e.Learner {
			return nil
		}
		ev.people[p.ID] = true
	}
	for _, n := range r.names {
		if n.Issuer == emailNames {
			ev.addresses[n.Name] = true
		}
	}
	for _, st := range e.Steps {
		for _, rev := range st.Reviews {
			if ev.people[rev.By] {
				r.report.Reviews++
			}
		}
	}
	if !ev.concerns(e) {
		return nil
	}
	r.report.Others++
	if r.dry {
		return nil
	}
	_, err := r.s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return ev, nil })
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// events removes the business events that name somebody, also those that nothing came of and that wait.
func (r *erasing) events(ctx context.Context) error {
	for behind := (EventPlace{}); ; {
		page, err := r.s.o.Store.Events(ctx, behind, 500)
		if err != nil {
			return err
		}
		for _, ev := range page {
			behind = EventPlace{At: ev.ReceivedAt, Key: ev.Key}
			if !r.named(ev) {
				continue
			}
			r.report.Events++
			if r.dry {
				continue
			}
			if err := r.s.o.Store.DeleteEvent(ctx, ev.Key); err != nil {
				return err
			}
		}
		if len(page) < 500 {
			break
		}
	}
	if r.dry {
		return nil
	}
	for _, p := range r.people { // what came in meanwhile
		n, err := r.s.o.Store.EraseEventsOf(ctx, p.ID)
		if err != nil {
			return err
		}
		r.report.Events += n
	}
	return nil
}

// named tells whether an event names somebody: by what came of it, or by a text in it.
func (r *erasing) named(ev BusinessEvent) bool {
	if slices.ContainsFunc(r.people, func(p Person) bool { return slices.Contains(ev.People, p.ID) }) {
		return true
	}
	return slices.ContainsFunc(stringsIn(decodeData(ev.Data), []string{ev.Subject}), func(text string) bool {
		id, person := nameIn(text)
		return person != "" && slices.Contains(r.report.PersonIDs, person) || id.usable() && slices.Contains(r.names, id)
	})
}

// personErased takes people out of somebody else's enrolment: what they were to answer is asked of nobody, or of who
// comes next. Their reviews stay.
type personErased struct {
	people    map[PersonID]bool
	addresses map[string]bool
}

// concerns tells whether an enrolment names one of them.
func (ev personErased) concerns(e *Enrolment) bool {
	among := func(as []Assignment) bool {
		return slices.ContainsFunc(as, func(a Assignment) bool { return ev.people[a.Person] })
	}
	for _, as := range e.Roles {
		if among(as) {
			return true
		}
	}
	for _, as := range e.Appointed {
		if among(as) {
			return true
		}
	}
	for _, a := range e.Named {
		if ev.people[a.Person] {
			return true
		}
	}
	for _, v := range e.Custom {
		if ev.address(v) {
			return true
		}
	}
	if slices.ContainsFunc(e.Forwards, func(f Forward) bool { return ev.people[f.From] || ev.people[f.To] }) {
		return true
	}
	return slices.ContainsFunc(e.WaitsFor(), func(p PersonID) bool { return ev.people[p] })
}

func (ev personErased) address(v string) bool {
	address, ok := validEmail(v)
	return ok && ev.addresses[address]
}

func (ev personErased) apply(d *decision) error {
	for role, as := range d.e.Appointed {
		d.e.Appointed[role] = slices.DeleteFunc(as, func(a Assignment) bool { return ev.people[a.Person] })
		if len(d.e.Appointed[role]) == 0 {
			delete(d.e.Appointed, role)
		}
	}
	d.e.Forwards = forgetForwards(d.e.Forwards, ev.people)
	for role, a := range d.e.Named {
		if ev.people[a.Person] {
			delete(d.e.Named, role)
		}
	}
	for k, v := range d.e.Custom {
		if ev.address(v) {
			d.e.Custom[k] = ""
		}
	}
	for role, as := range d.f.Candidates { // for this once: the documents they come from go next
		d.f.Candidates[role] = slices.DeleteFunc(slices.Clone(as), func(a Assignment) bool { return ev.people[a.Person] })
	}
	for _, st := range d.e.Steps {
		for i := range st.Requests {
			if q := &st.Requests[i]; q.Waiting() && ev.people[q.Person] {
				q.AnsweredAt, q.Outcome = d.now, OutcomeExpired // it does not come back
			}
		}
	}
	d.assign()
	return nil
}
