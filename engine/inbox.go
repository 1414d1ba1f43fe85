package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// InboxItem is a message in a person's inbox in the LMS.
type InboxItem struct {
	Message
	Workflow *Workflow
	Step     *Step // nil: about the whole workflow
	Learner  Person
	Open     bool // it still fits: there is something to do

	enrolment *Enrolment
}

// Inbox is a page of a person's inbox, newest first.
type Inbox struct {
	Items  []InboxItem
	Unread int    // of the whole inbox
	Next   string // After of the next page; empty: this is the last
}

// Paging asks for a page: at most Limit items (0: 20, at most 200), those after the one After names.
type Paging struct {
	After string
	Limit int
}

// Inbox is what was due for the acting person, also what unsubscribing, caps or a broken address kept from being mailed.
// It goes back over the latest 500 messages.
func (s *Service) Inbox(ctx context.Context, acting PersonID, page Paging) (Inbox, error) {
	if page.Limit <= 0 {
		page.Limit = 20
	}
	page.Limit = min(page.Limit, 200)
	all, err := s.inbox(ctx, acting)
	if err != nil {
		return Inbox{}, err
	}
	var in Inbox
	for _, m := range all {
		if m.ReadAt.IsZero() {
			in.Unread++
		}
	}
	if page.After != "" {
		i := slices.IndexFunc(all, func(m Message) bool { return string(m.ID) == page.After })
		if i < 0 {
			return in, fmt.Errorf("inbox after %.80q: %w", page.After, ErrNotFound)
		}
		all = all[i+1:]
	}
	if len(all) > page.Limit {
		all, in.Next = all[:page.Limit], string(all[page.Limit-1].ID)
	}
	known := map[EnrolmentID]InboxItem{} // most are about one enrolment: it is loaded once
	for _, m := range all {
		item, err := s.inboxItemOf(ctx, m, known)
		if errors.Is(err, ErrNotFound) {
			continue // the enrolment is gone
		}
		if err != nil {
			return in, err
		}
		in.Items = append(in.Items, item)
	}
	return in, nil
}

// inbox are the messages in a person's inbox, newest first.
func (s *Service) inbox(ctx context.Context, p PersonID) ([]Message, error) {
	all, err := s.o.Store.MessagesTo(ctx, p, maxMessages)
	if err != nil {
		return nil, fmt.Errorf("load the inbox of %s: %w", p, err)
	}
	all = slices.DeleteFunc(all, func(m Message) bool { return !m.InInbox() })
	slices.SortStableFunc(all, func(a, b Message) int { return b.on(ChannelLMS).At.Compare(a.on(ChannelLMS).At) })
	return all, nil
}

func (s *Service) inboxItem(ctx context.Context, m Message) (InboxItem, error) {
	return s.inboxItemOf(ctx, m, map[EnrolmentID]InboxItem{})
}

// inboxItemOf takes what a message is about from those known, and notes it there.
func (s *Service) inboxItemOf(ctx context.Context, m Message, known map[EnrolmentID]InboxItem) (InboxItem, error) {
	about, had := known[m.Enrolment]
	if !had {
		var err error
		if about.enrolment, err = s.o.Store.Enrolment(ctx, m.Enrolment); err != nil {
			return InboxItem{}, fmt.Errorf("load enrolment %s: %w", m.Enrolment, err)
		}
		e := about.enrolment
		if about.Workflow, err = s.Workflow(ctx, e.Workflow, e.Version); err != nil {
			return InboxItem{}, err
		}
		if about.Learner, err = s.Person(ctx, e.Learner); err != nil {
			return InboxItem{}, err
		}
		known[m.Enrolment] = about
	}
	w := about.Workflow
	open, _ := fits(w, about.enrolment, m, s.now())
	return InboxItem{Message: m, Workflow: w, Step: w.Step(m.Step), Learner: about.Learner, Open: open}, nil
}

// ReadInbox marks messages of the acting person's inbox as read; none named: all of them.
func (s *Service) ReadInbox(ctx context.Context, acting PersonID, ids ...MessageID) error {
	if len(ids) > maxMessages {
		return fmt.Errorf("read %d messages at once: %w", len(ids), ErrInvalid)
	}
	if len(ids) == 0 {
		all, err := s.inbox(ctx, acting)
		if err != nil {
			return err
		}
		for _, m := range all {
			ids = append(ids, m.ID)
		}
	}
	for _, id := range ids {
		err := s.changeMessage(ctx, id, func(m *Message) error {
			if m.To != acting || !m.InInbox() {
				return fmt.Errorf("read message %s: %w", id, ErrNotFound)
			}
			m.ReadAt = first(m.ReadAt, s.now())
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// first is t unless it is not set yet.
func first(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}

// changeMessage applies a change to a message by compare-and-swap; one that changes nothing is not saved.
func (s *Service) changeMessage(ctx context.Context, id MessageID, change func(*Message) error) error {
	for range maxTries {
		m, err := s.o.Store.Message(ctx, id)
		if err != nil {
			return fmt.Errorf("load message %s: %w", id, err)
		}
		before := m.clone()
		if err := change(&m); err != nil {
			return err
		}
		if m.same(before) {
			return nil
		}
		err = s.o.Store.SaveMessage(ctx, m)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("save message %s: %w", id, ErrConflict)
}
