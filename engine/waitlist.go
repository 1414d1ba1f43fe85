package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Waitlist is what waits for one reviewer, over all learners: who needs them this week, and what to ask.
type Waitlist struct {
	Person Person
	Asked  []Asked      // the earliest due first
	Talks  []TalkWanted // the latest first
}

// TalkWanted is a word that would help a learner: no answer to us is awaited, but a message told the reviewer of it.
type TalkWanted struct {
	Learner  Person
	Workflow *Workflow
	Step     *Step
	Purpose  string // PurposeAskForHelp, PurposeAtMax or PurposeStepWith
	Ask      string // the author's question, in the reader's language; "": none
	At       time.Time
}

// The bounds of a waitlist: of talks, for how long a message counts as news, and how many are shown.
const (
	talkTime = 14 * 24 * time.Hour
	maxTalks = 20
)

// Waitlist lists what waits for a person. Looking changes nothing.
func (s *Service) Waitlist(ctx context.Context, of PersonID) (*Waitlist, error) {
	person, err := s.Person(ctx, of)
	if err != nil {
		return nil, err
	}
	l := &Waitlist{Person: person}
	people := []PersonID{of}
	same, found, err := s.atAddress(ctx, person) // asked by address, before we knew the account
	if err != nil {
		return nil, err
	}
	if found {
		people = append(people, same.ID)
	}
	ours := s.vouched(person)
	var messages []Message
	for _, p := range people {
		asked, err := s.Queue(ctx, By(p), p)
		if err != nil {
			return nil, err
		}
		for _, a := range asked {
			theirs := p == of
			if !theirs {
				if theirs, err = ours.is(ctx, a.Enrolment); err != nil {
					return nil, err
				}
			}
			if theirs {
				l.Asked = append(l.Asked, a)
			}
		}
		told, err := s.o.Store.MessagesTo(ctx, p, maxMessages)
		if err != nil {
			return nil, fmt.Errorf("load messages to %s: %w", p, err)
		}
		for _, m := range told {
			if m.talk() {
				messages = append(messages, m)
			}
		}
	}
	l.Asked = slices.DeleteFunc(l.Asked, func(a Asked) bool { return a.Learner.ID == of })
	sortAsked(l.Asked)
	slices.SortStableFunc(messages, func(a, b Message) int { return b.PlannedAt.Compare(a.PlannedAt) })
	for _, m := range messages {
		if len(l.Talks) >= maxTalks {
			break
		}
		if m.SentAt.IsZero() || s.now().Sub(m.SentAt) > talkTime {
			continue
		}
		if m.To != of {
			if theirs, err := ours.is(ctx, m.Enrolment); err != nil || !theirs {
				continue
			}
		}
		item, err := s.inboxItem(ctx, m)
		if err != nil || !item.Open || item.Step == nil || item.Learner.ID == of {
			continue // the enrolment is gone, or it is settled
		}
		t := TalkWanted{Learner: item.Learner, Workflow: item.Workflow, Step: item.Step, Purpose: m.Purpose, Ask: item.Step.coachAsks(person.Locale), At: m.SentAt}
		if !slices.ContainsFunc(l.Talks, func(o TalkWanted) bool { return o.Learner.ID == t.Learner.ID && o.Step == t.Step }) {
			l.Talks = append(l.Talks, t)
		}
	}
	return l, nil
}

// talk tells whether a message asks the reader to talk to the learner.
func (m Message) talk() bool {
	return m.Purpose == PurposeAskForHelp || m.Purpose == PurposeAtMax || m.Purpose == PurposeStepWith
}

// SendWaitlist mails a person a fresh link to their waitlist, at most once an hour, at the address we have; nothing if
// nothing waits for them.
func (s *Service) SendWaitlist(ctx context.Context, to PersonID) error {
	l, err := s.Waitlist(ctx, to)
	if err != nil {
		return err
	}
	if len(l.Asked) == 0 {
		return nil
	}
	hour := strconv.FormatInt(s.now().Unix()/3600, 10)
	m := Message{ID: MessageID(derivedID("waitlist", string(to), strconv.Itoa(l.Person.Waitlists), hour)), To: to,
		Enrolment: l.Asked[0].Enrolment, Purpose: PurposeList, State: MessageWaiting, DueAt: s.now(), PlannedAt: s.now()}
	if err := s.o.Store.AddMessage(ctx, m); err != nil {
		return fmt.Errorf("send the waitlist to %s: %w", to, err)
	}
	if s.o.Alarms != nil {
		_ = s.o.Alarms.Deliver(ctx, s.o.Tenant, to) // else the sweep comes
	}
	return nil
}

// EndWaitlists ends all links to a person's waitlist of a generation that were made until now. Those of an earlier one
// have ended already: then nothing changes.
func (s *Service) EndWaitlists(ctx context.Context, of PersonID, generation int) error {
	return s.changePerson(ctx, of, func(p *Person) {
		if p.Waitlists == generation {
			p.Waitlists++
		}
	})
}
