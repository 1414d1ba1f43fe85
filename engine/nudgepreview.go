package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// PlannedMail is a message that would be sent.
type PlannedMail struct {
	At        time.Time
	Channel   string // lms, email, chat
	Held      bool   // nudges are held back: it would wait, and At is when it would be sent otherwise
	To        Person
	Learner   Person
	Enrolment EnrolmentID
	Workflow  *Workflow
	Step      *Step // nil: of the whole workflow
	Purpose   string
	Escalate  bool
	Subject   string // as the receiver would read it; without the personal links of others
	Text      string
}

// NudgePreview is what would be sent if nobody did anything.
type NudgePreview struct {
	From, Until time.Time
	Mails       []PlannedMail // earliest first
	More        bool          // there are more than maxPlanned: the later ones are left out
	People      int           // learners that were looked at
	Place       int           // of the first of them, from 0
	Count       int           // learners of the course whose workflow is not over
}

// The bounds of a preview.
const (
	PreviewTime    = 14 * 24 * time.Hour
	PreviewPeople  = 25  // learners looked at in one go
	maxPlanned     = 500 // mails shown
	maxPreviewHops = 500 // changes of one enrolment, and turns of one person's mails
)

// PreviewNudges tells what would be sent about one learner in the next days if nobody did anything: to whom, when, by
// which channel and in which words. Nothing is stored and nothing sent. What others' enrolments send to the same people
// counts only as far as it is planned already.
func (s *Service) PreviewNudges(ctx context.Context, by Actor, id EnrolmentID) (*NudgePreview, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	if err := s.mayCoach(ctx, by, e); err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	p := s.foresee()
	if err := p.look(ctx, []*Enrolment{e}); err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	p.out.Count = 1
	return p.out, nil
}

// PreviewCourseNudges is the same of PreviewPeople learners of a course, from a place on (from 0), in order of enrolment.
func (s *Service) PreviewCourseNudges(ctx context.Context, by Actor, c Course, from int) (*NudgePreview, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	all, err := s.o.Store.StandingsIn(ctx, c, MaxStandings)
	if err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	all = slices.DeleteFunc(all, func(one Standing) bool { return one.State == Stopped })
	from = min(max(from, 0), len(all))
	found, err := s.o.Store.EnrolmentsBy(ctx, enrolmentsOf(all[from:min(from+PreviewPeople, len(all))]))
	if err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	p := s.foresee()
	if err := p.look(ctx, found); err != nil {
		return nil, fmt.Errorf("preview nudges: %w", err)
	}
	p.out.Count, p.out.Place = len(all), from
	return p.out, nil
}

// foresight lets time pass on copies. Its service has a clock of its own, no links that open anything, and calls nothing
// that stores or sends.
type foresight struct {
	s       *Service
	now     time.Time
	out     *NudgePreview
	futures map[EnrolmentID]*future
	waiting map[PersonID][]Message
}

// future is one enrolment as it will be.
type future struct {
	w     *Workflow
	f     Facts
	at    []time.Time // from when states[i] is
	state []*Enrolment
}

func (s *Service) foresee() *foresight {
	p := &foresight{now: s.now(), futures: map[EnrolmentID]*future{}, waiting: map[PersonID][]Message{}}
	p.out = &NudgePreview{From: p.now, Until: p.now.Add(PreviewTime), Mails: []PlannedMail{}}
	o := s.o
	o.Now = func() time.Time { return p.now }
	o.Links, o.Mailer, o.Recorder, o.Gradebook, o.Alarms, o.Counter = nil, nil, nil, nil, nil, nil
	p.s = New(o)
	return p
}

// look foresees enrolments, then what reaches each of the people.
func (p *foresight) look(ctx context.Context, all []*Enrolment) error {
	p.out.People = len(all)
	for _, e := range all {
		if e.Preview || e.State == Stopped {
			continue
		}
		if err := p.live(ctx, e); err != nil {
			return err
		}
	}
	people := make([]PersonID, 0, len(p.waiting))
	for id := range p.waiting {
		people = append(people, id)
	}
	slices.Sort(people)
	for _, id := range people {
		if err := p.reach(ctx, id); err != nil {
			return err
		}
	}
	slices.SortStableFunc(p.out.Mails, func(a, b PlannedMail) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.To.ID, b.To.ID)) })
	if len(p.out.Mails) > maxPlanned {
		p.out.Mails, p.out.More = p.out.Mails[:maxPlanned], true
	}
	return nil
}

// live lets an enrolment's own clock ring, with nobody doing anything, and collects what is planned.
func (p *foresight) live(ctx context.Context, e *Enrolment) error {
	known := map[MessageID]bool{}
	take := func(m Message) {
		if !known[m.ID] {
			known[m.ID] = true
			p.waiting[m.To] = append(p.waiting[m.To], m)
		}
	}
	for id := range e.concerned() {
		waits, err := p.s.o.Store.DueMessagesTo(ctx, id, p.out.Until, maxMessages)
		if err != nil {
			return fmt.Errorf("load messages to %s: %w", id, err)
		}
		for _, m := range waits {
			if m.Enrolment == e.ID {
				take(m)
			}
		}
	}
	w, e, f, err := p.s.asOfNow(ctx, e)
	if err != nil {
		return err
	}
	fut := &future{w: w, f: f, at: []time.Time{p.now}, state: []*Enrolment{e}}
	p.futures[e.ID] = fut
	for range maxPreviewHops {
		for _, m := range e.Messages {
			if m.State == "" || m.State == MessageWaiting {
				take(m)
			}
		}
		next := e.WakeAt
		if next.IsZero() || next.After(p.out.Until) {
			return nil
		}
		if !next.After(fut.at[len(fut.at)-1]) {
			next = fut.at[len(fut.at)-1].Add(time.Minute)
		}
		bare := e.clone()
		bare.Messages, bare.Statements = nil, nil
		if e, err = decide(w, bare, f, woke{}, next); err != nil {
			return err
		}
		fut.at, fut.state = append(fut.at, next), append(fut.state, e)
	}
	return nil
}

// when is the enrolment as it is at a time.
func (f *future) when(t time.Time) *Enrolment {
	i, _ := slices.BinarySearchFunc(f.at, t, time.Time.Compare)
	if i < len(f.at) && f.at[i].Equal(t) {
		return f.state[i]
	}
	return f.state[max(0, i-1)]
}

// reach lets a person's messages go out, as Deliver would.
func (p *foresight) reach(ctx context.Context, id PersonID) error {
	to, err := p.s.Person(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil // erased
	}
	if err != nil {
		return err
	}
	p.now = p.out.From
	d := &delivery{s: p.s, to: to, done: map[MessageID]bool{}}
	sent, err := p.s.o.Store.SentMessagesTo(ctx, id, p.out.From.Add(-capTime), maxMessages)
	if err != nil {
		return fmt.Errorf("load messages sent to %s: %w", id, err)
	}
	waits := p.waiting[id]
	for range maxPreviewHops {
		if len(waits) == 0 {
			return nil
		}
		slices.SortStableFunc(waits, func(a, b Message) int { return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID)) })
		m := waits[0]
		if m.DueAt.After(p.out.Until) {
			return nil
		}
		if m.DueAt.After(p.now) {
			p.now = m.DueAt
		}
		d.all = append(slices.Clone(sent), waits...)
		later, by, gone, err := p.one(ctx, d, m)
		if err != nil {
			return err
		}
		if later.After(p.now) {
			waits[0].DueAt = later
			continue
		}
		waits = waits[1:]
		if !gone {
			continue
		}
		m.SentAt = p.now
		m.note(ChannelSent{Channel: cmp.Or(by.channel, ChannelLMS), At: p.now})
		sent = append(sent, m)
		if waits, err = p.show(ctx, d, m, by, waits); err != nil {
			return err
		}
	}
	return nil
}

// one is what becomes of a message now: it goes out (gone), waits until later, or is dropped.
func (p *foresight) one(ctx context.Context, d *delivery, m Message) (later time.Time, by route, gone bool, err error) {
	fut := p.futures[m.Enrolment]
	e := fut.when(p.now)
	if reason, err := d.unfit(ctx, fut.w, e, m); err != nil || reason != "" {
		return later, by, false, err
	}
	later, inWindow := d.window(fut.w, e, fut.f, m)
	if later.After(p.now) {
		return later, by, false, nil
	}
	if by, _, err = d.route(ctx, fut.w, e, m); err != nil {
		return later, by, false, err
	}
	if !inWindow {
		by = route{}
	}
	if by.channel == "" {
		return later, by, d.hasInbox(fut.w, m), nil
	}
	return d.capped(fut.w, fut.f, m), by, true, nil
}

// show adds a message that goes out, with what travels inside, and gives what still waits.
func (p *foresight) show(ctx context.Context, d *delivery, m Message, by route, waits []Message) ([]Message, error) {
	fut := p.futures[m.Enrolment]
	e := fut.when(p.now)
	held, err := d.held(ctx, e, m)
	if err != nil {
		return waits, err
	}
	mail := d.mail(ctx, fut.w, e, fut.f, m, by.channel)
	mail.Comment = ""
	if by.channel != "" && !held && (m.IsNudge() || m.Request != "") {
		until := p.now
		if m.IsNudge() && m.Request == "" {
			until = fut.w.Calendar.after(until, fut.w.Nudges.Bundle, ending, time.UTC)
		}
		var left []Message
		for _, other := range waits {
			of := p.futures[other.Enrolment]
			c := companion{other, of.w, of.when(p.now), of.f}
			along := (other.Request == "") == (m.Request == "") && other.IsNudge() == m.IsNudge() && !other.PlannedAt.After(until) && len(mail.Also) < maxCompanions
			if along {
				if along, err = d.travels(ctx, c, by, until); err != nil {
					return waits, err
				}
			}
			if !along {
				left = append(left, other)
			} else if other.Enrolment != m.Enrolment || other.Step != m.Step || other.Request != m.Request {
				mail.Also = append(mail.Also, d.mail(ctx, c.w, c.e, c.f, other, by.channel))
			}
		}
		waits = left
	}
	one := PlannedMail{At: p.now, Channel: cmp.Or(by.channel, ChannelLMS), Held: held, To: d.to, Learner: fut.f.Learner, Enrolment: m.Enrolment, Workflow: fut.w,
		Step: fut.w.Step(m.Step), Purpose: m.Purpose, Escalate: m.Escalate}
	if p.s.o.Wording != nil {
		one.Subject, one.Text = p.s.o.Wording.Word(mail, p.now)
	}
	p.out.Mails = append(p.out.Mails, one)
	return waits, nil
}
