package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// DeadLetter points to something that was given up for good and waits for a person to look: a message that could not be
// sent, a grade that the LMS refuses, statements that the record store refuses, a task of the queue that is out of
// retries. What it points to is the truth: a letter whose message has been sent meanwhile is not listed any more.
type DeadLetter struct {
	ID     string    `json:"id"`   // "<kind>-<of>", so that it exists once
	Kind   string    `json:"kind"` // message, grade, statements, wake, deliver, relay, cohort
	Of     string    `json:"of"`   // the message, enrolment or person
	About  string    `json:"about,omitempty"`
	Error  string    `json:"error,omitempty"` // the last; without names and addresses
	Tries  int       `json:"tries,omitempty"`
	DeadAt time.Time `json:"dead_at"`
}

// The kinds of dead letters. Those of tasks are named as their queues are.
const (
	DeadMessage    = "message"
	DeadGrade      = "grade"
	DeadStatements = "statements"
	DeadWake       = "wake"
	DeadDeliver    = "deliver"
	DeadRelay      = "relay"
	DeadCohort     = "cohort" // no task: an enrolment that could not be told of its cohort
)

// MaxDeadLetters is how many a list holds.
const MaxDeadLetters = 1000

// DeadLetterStore keeps dead letters.
type DeadLetterStore interface {
	// PutDeadLetter upserts by id.
	PutDeadLetter(ctx context.Context, l DeadLetter) error
	// DeadLetters lists them, the oldest DeadAt first (at most limit).
	DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error)
	// RemoveDeadLetter removes one; a missing one: nil.
	RemoveDeadLetter(ctx context.Context, id string) error
}

// Bury notes that something was given up. It fails silently but for the log: what is dead is dead without it.
func (s *Service) Bury(ctx context.Context, kind, of, about string, tries int, failure error) {
	l := DeadLetter{ID: kind + "-" + of, Kind: kind, Of: of, About: about, Tries: tries, DeadAt: s.now()}
	if failure != nil {
		l.Error = clip(failure.Error(), 300)
	}
	if err := s.o.Store.PutDeadLetter(ctx, l); err != nil {
		s.o.Log.Warn("note a dead letter", "letter", l.ID, "error", err)
	}
}

// DeadLetters lists what was given up and is still so, oldest first, at most MaxDeadLetters. Letters that point to what is
// settled or gone are thrown away, so that they never stand before the others.
func (s *Service) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	for {
		all, err := s.o.Store.DeadLetters(ctx, MaxDeadLetters)
		if err != nil {
			return nil, fmt.Errorf("dead letters: %w", err)
		}
		var out []DeadLetter
		for _, l := range all {
			dead, err := s.isDead(ctx, l)
			if err != nil {
				return nil, fmt.Errorf("dead letters: %w", err)
			}
			if dead {
				out = append(out, l)
			} else if err := s.o.Store.RemoveDeadLetter(ctx, l.ID); err != nil {
				return nil, fmt.Errorf("dead letters: %w", err)
			}
		}
		if len(out) == len(all) || len(all) < MaxDeadLetters {
			return out, nil
		}
	}
}

// isDead asks what a letter points to.
func (s *Service) isDead(ctx context.Context, l DeadLetter) (dead bool, err error) {
	switch l.Kind {
	case DeadMessage:
		m, err := s.o.Store.Message(ctx, MessageID(l.Of))
		return m.State == MessageFailed, unlessGone(err)
	case DeadGrade, DeadStatements, DeadWake, DeadRelay, DeadCohort:
		e, err := s.o.Store.Enrolment(ctx, EnrolmentID(l.Of))
		if err != nil {
			return false, unlessGone(err)
		}
		switch l.Kind {
		case DeadGrade:
			return e.GradeRefused != nil, nil
		case DeadStatements:
			return len(e.Parked) > 0, nil
		case DeadCohort:
			return true, nil // until a person says otherwise
		case DeadRelay:
			return e.Grade != nil, nil
		}
		return !e.WakeAt.IsZero() && !e.WakeAt.After(s.now()), nil
	case DeadDeliver:
		all, err := s.waitingFor(ctx, PersonID(l.Of))
		return slices.ContainsFunc(all, s.isDue), unlessGone(err)
	}
	return true, nil
}

// unlessGone turns what is gone into nothing.
func unlessGone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// RetryDeadLetter begins what was given up once more, as if it were new, and takes the letter away. ErrNotFound: there
// is no such letter, or what it points to is not dead any more.
func (s *Service) RetryDeadLetter(ctx context.Context, id string) error {
	return s.settleLetter(ctx, id, s.revive)
}

// DropDeadLetter gives up for good: a message is dropped, statements and a grade are forgotten as they are. The letter
// is taken away.
func (s *Service) DropDeadLetter(ctx context.Context, id string) error {
	return s.settleLetter(ctx, id, s.discard)
}

func (s *Service) settleLetter(ctx context.Context, id string, do func(context.Context, DeadLetter) error) error {
	all, err := s.DeadLetters(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(l DeadLetter) bool { return l.ID == id })
	if i < 0 {
		return fmt.Errorf("dead letter %q: %w", id, ErrNotFound)
	}
	if err := do(ctx, all[i]); err != nil {
		return fmt.Errorf("dead letter %s: %w", id, err)
	}
	if err := s.o.Store.RemoveDeadLetter(ctx, id); err != nil {
		return fmt.Errorf("remove dead letter %s: %w", id, err)
	}
	return nil
}

func (s *Service) revive(ctx context.Context, l DeadLetter) error {
	switch l.Kind {
	case DeadMessage:
		to, err := s.changeFailed(ctx, MessageID(l.Of), func(m *Message) {
			m.State, m.Attempts, m.DueAt, m.ClaimedUntil = MessageWaiting, 0, s.now(), time.Time{}
		})
		if err == nil && s.o.Alarms != nil {
			_ = s.o.Alarms.Deliver(ctx, s.o.Tenant, to) // else the sweep comes
		}
		return err
	case DeadGrade:
		return s.changeSaved(ctx, EnrolmentID(l.Of), func(e *Enrolment) {
			if g := e.GradeRefused; g != nil && (e.Grade == nil || e.Grade.Score < g.Score) {
				again := *g
				again.Attempts, again.RetryAt, again.Cause, again.At = 0, time.Time{}, "", s.now()
				e.Grade = &again
			}
			e.GradeRefused = nil
		})
	case DeadStatements:
		return s.changeSaved(ctx, EnrolmentID(l.Of), func(e *Enrolment) {
			e.Statements, e.Parked = append(slices.Clone(e.Parked), e.Statements...), nil
		})
	case DeadWake:
		return s.Wake(ctx, EnrolmentID(l.Of))
	case DeadCohort:
		if err := s.Wake(ctx, EnrolmentID(l.Of)); err != nil {
			return err
		}
		return s.tellGroupAgain(ctx, CohortID(l.About), EnrolmentID(l.Of))
	case DeadRelay:
		return s.changeSaved(ctx, EnrolmentID(l.Of), func(e *Enrolment) {
			if e.Grade != nil {
				e.Grade.RetryAt = time.Time{}
			}
		})
	case DeadDeliver:
		if s.o.Alarms != nil {
			return s.o.Alarms.Deliver(ctx, s.o.Tenant, PersonID(l.Of))
		}
	}
	return nil
}

func (s *Service) discard(ctx context.Context, l DeadLetter) error {
	switch l.Kind {
	case DeadMessage:
		_, err := s.changeFailed(ctx, MessageID(l.Of), func(m *Message) {
			m.State, m.DroppedReason = MessageDropped, "given up by an operator"
		})
		return err
	case DeadStatements:
		return s.changeSaved(ctx, EnrolmentID(l.Of), func(e *Enrolment) { e.Parked = nil })
	}
	return nil // a refused grade stays noted: a rise or the next launch tries again
}

// changeFailed changes a failed message by compare-and-swap; one that is not failed any more stays as it is.
func (s *Service) changeFailed(ctx context.Context, id MessageID, change func(*Message)) (PersonID, error) {
	for range maxTries {
		m, err := s.o.Store.Message(ctx, id)
		if err != nil || m.State != MessageFailed {
			return m.To, err
		}
		change(&m)
		if err := s.o.Store.SaveMessage(ctx, m); !errors.Is(err, ErrConflict) {
			return m.To, err
		}
	}
	return "", ErrConflict
}

// changeSaved changes an enrolment without deciding anything, and relays what it holds then.
func (s *Service) changeSaved(ctx context.Context, id EnrolmentID, change func(*Enrolment)) error {
	for range maxTries {
		e, err := s.o.Store.Enrolment(ctx, id)
		if err != nil {
			return err
		}
		change(e)
		switch err := s.o.Store.SaveEnrolment(ctx, e); {
		case err == nil:
			s.after(ctx, e)
			return nil
		case !errors.Is(err, ErrConflict):
			return err
		}
	}
	return ErrConflict
}

// Backlog is what waits in the store now: how much is due, and since when the oldest is. A count stops at BacklogMost.
type Backlog struct {
	Wakes, Messages, Outboxes, Grades, Dead int
	Oldest                                  time.Time // zero: nothing is due
}

// BacklogMost is as far as a backlog is counted.
const BacklogMost = 10_000

// Backlog looks what waits; by indexes only.
func (s *Service) Backlog(ctx context.Context) (b Backlog, err error) {
	wakes, err1 := s.o.Store.DueEnrolments(ctx, s.now(), BacklogMost)
	messages, err2 := s.o.Store.DueMessages(ctx, s.now(), BacklogMost)
	outboxes, err3 := s.o.Store.UnrelayedEnrolments(ctx, BacklogMost)
	grades, err4 := s.o.Store.DueGrades(ctx, s.now(), BacklogMost)
	dead, err5 := s.DeadLetters(ctx)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return Backlog{}, fmt.Errorf("backlog: %w", err)
	}
	b = Backlog{Wakes: len(wakes), Messages: len(messages), Outboxes: len(outboxes), Grades: len(grades), Dead: len(dead)}
	if len(wakes) > 0 {
		b.Oldest = wakes[0].At
	}
	for _, m := range messages {
		if b.Oldest.IsZero() || m.DueAt.Before(b.Oldest) {
			b.Oldest = m.DueAt
		}
	}
	return b, nil
}
