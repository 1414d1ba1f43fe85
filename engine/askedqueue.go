package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// WaitingStore finds enrolments by whose answer they wait for.
type WaitingStore interface {
	// EnrolmentsWaitingFor lists those in which an answer of a person is awaited (Enrolment.WaitsFor), by id, those after
	// the given one, at most limit.
	EnrolmentsWaitingFor(ctx context.Context, p PersonID, after EnrolmentID, limit int) ([]*Enrolment, error)
}

// WaitsFor are the people whose answer to a request the enrolment waits for, sorted, each once. Stores index it.
func (e *Enrolment) WaitsFor() []PersonID {
	var people []PersonID
	if e.State == Stopped || e.Preview {
		return nil
	}
	for _, st := range e.Steps {
		for _, r := range st.Requests {
			if r.Waiting() && !slices.Contains(people, r.Person) {
				people = append(people, r.Person)
			}
		}
	}
	slices.Sort(people)
	return people
}

// MaxQueue bounds a queue, and in how many enrolments it is looked for.
const MaxQueue = 1000

// Asked is one request that waits for a person: what to answer, or to ask the learner about, by when.
type Asked struct {
	Request   Request
	Enrolment EnrolmentID
	Workflow  *Workflow
	Step      *Step
	Learner   Person
	Due       time.Time
	Expires   time.Time
	Zone      string // IANA, of who is asked
	Minutes   int
	Paused    bool       // the learner's enrolment stands still
	StandIn   bool       // somebody else was asked first
	Questions []Question // to be answered; of a rating what is to be rated stands in Rate
	Rate      []Behaviour
	Ask       string // the author's question for a talk with the learner, in the language of who is asked; "": none
	Link      string // the personal link; "" without Links
}

// Queue lists the requests that wait for a person over all enrolments, the earliest due first: who needs them, and what
// to ask. All coaches of a course share what is put to "the coach", so each of their queues has it, until one answers.
// Somebody else's queue is only for the tenant's own keys and commands.
func (s *Service) Queue(ctx context.Context, by Actor, of PersonID) ([]Asked, error) {
	if by.System == "" && by.Person != of || !by.usable() {
		return nil, fmt.Errorf("look at the queue of %s: %w", of, ErrForbidden)
	}
	person, err := s.Person(ctx, of)
	if err != nil {
		return nil, err
	}
	var queue []Asked
	for after := EnrolmentID(""); len(queue) < MaxQueue; {
		page, err := s.o.Store.EnrolmentsWaitingFor(ctx, of, after, 200)
		if err != nil {
			return nil, fmt.Errorf("load the queue of %s: %w", of, err)
		}
		for _, e := range page {
			after = e.ID
			asked, err := s.askedOf(ctx, e, person)
			if err != nil {
				return nil, err
			}
			queue = append(queue, asked...)
		}
		if len(page) < 200 {
			break
		}
	}
	sortAsked(queue)
	return queue[:min(len(queue), MaxQueue)], nil
}

// sortAsked puts the earliest due first.
func sortAsked(queue []Asked) {
	slices.SortStableFunc(queue, func(a, b Asked) int {
		if x, y := a.Due.IsZero(), b.Due.IsZero(); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Or(a.Due.Compare(b.Due), a.Request.AskedAt.Compare(b.Request.AskedAt), cmp.Compare(a.Request.ID, b.Request.ID))
	})
}

// askedOf are the requests of one enrolment that wait for a person now.
func (s *Service) askedOf(ctx context.Context, e *Enrolment, p Person) ([]Asked, error) {
	w, e, f, err := s.asOfNow(ctx, e)
	if err != nil {
		return nil, err
	}
	d := &decision{w: w, e: e, f: f, now: s.now()}
	var out []Asked
	for _, of := range w.order {
		for _, r := range e.Steps[of.ID].Requests {
			if !r.Waiting() || r.Person != p.ID || e.State == Stopped {
				continue
			}
			a := Asked{Request: r, Enrolment: e.ID, Workflow: w, Step: of, Learner: f.Learner, Due: r.DueAt, Expires: r.ExpiresAt,
				Zone: d.zone(r.Role).String(), Minutes: of.Minutes, Paused: e.Paused(), StandIn: r.StandIn}
			if of.By == Learner {
				a.Ask = of.coachAsks(p.Locale)
			}
			if slices.Contains(outcomes(of, r), OutcomeResponse) {
				a.Questions = reviewerAsks(of)
			}
			for _, b := range rates(of, r) {
				a.Rate = append(a.Rate, *w.Behaviour(b))
			}
			if s.o.Links != nil {
				a.Link = s.o.Links.Request(s.o.Tenant, e.ID, r.ID)
			}
			out = append(out, a)
		}
	}
	return out, nil
}
