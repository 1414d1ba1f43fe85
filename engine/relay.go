package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// relayLocal hands an enrolment's statements to the recorder and its messages to the store, then takes them out of the
// outbox. Both take the same thing twice, so it may be interrupted anywhere.
func (s *Service) relayLocal(ctx context.Context, id EnrolmentID) error {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return fmt.Errorf("load enrolment %s: %w", id, err)
	}
	to := receivers(e)
	err = s.relay(ctx, e)
	s.alarm(ctx, e, to) // messages are there even when the statements are not recorded
	return err
}

// relay relays what e holds. e may be older than the store's; on return it is what was saved last. Whoever relays a
// statement has all earlier ones in hand or finds them recorded, so their order holds. What the recorder refuses for
// good is parked, so that it holds nothing up; messages never wait for statements.
func (s *Service) relay(ctx context.Context, e *Enrolment) error {
	if e.OutboxSince() == 0 {
		return nil
	}
	gone, bad := map[string]bool{}, map[string]bool{}
	failure := s.record(ctx, e, gone, bad)
	told, failed := s.report(ctx, e)
	failure = errors.Join(failure, failed)
	for _, m := range e.Messages {
		if err := s.o.Store.AddMessage(ctx, m); err != nil {
			failure = errors.Join(failure, fmt.Errorf("relay message %s: %w", m.ID, err))
			break
		}
		gone[string(m.ID)] = true
	}
	return errors.Join(failure, s.clear(ctx, e, gone, bad, told))
}

// record records an enrolment's statements and notes which are through with: gone, of which bad were refused.
func (s *Service) record(ctx context.Context, e *Enrolment, gone, bad map[string]bool) error {
	var batch []xapi.Statement
	park := func(id string, err error) {
		gone[id], bad[id] = true, true
		s.o.Log.Error("the record store refuses a statement for good", "enrolment", e.ID, "statement", id, "error", err)
		s.Bury(ctx, DeadStatements, string(e.ID), id, 1, err)
	}
	for _, o := range e.Statements {
		st, err := xapi.DecodeStored(o.JSON)
		if err != nil {
			park(o.ID, err)
			continue
		}
		batch = append(batch, *st)
	}
	if len(batch) == 0 {
		return nil
	}
	err := s.o.Recorder.Record(ctx, batch)
	if err == nil {
		for _, st := range batch {
			gone[st.ID] = true
		}
		return nil
	}
	if !refused(err) {
		return fmt.Errorf("relay %d statements of enrolment %s: %w", len(batch), e.ID, err)
	}
	for i, st := range batch { // one of them is refused: which?
		switch err := s.o.Recorder.Record(ctx, batch[i:i+1]); {
		case refused(err):
			park(st.ID, err)
		case err != nil:
			return fmt.Errorf("relay statement %s of enrolment %s: %w", st.ID, e.ID, err)
		}
		gone[st.ID] = true
	}
	return nil
}

// refused tells whether the recorder will never take a statement.
func refused(err error) bool {
	var invalid *xapi.Error
	return errors.As(err, &invalid) || errors.Is(err, ErrConflict)
}

// maxParked bounds what an enrolment keeps of refused statements.
const maxParked = 20

// clear takes relayed entries out of the outbox and parks the bad ones.
func (s *Service) clear(ctx context.Context, e *Enrolment, gone, bad map[string]bool, told *Membership) error {
	for range maxTries {
		c := e.clone()
		c.Statements, c.Messages = nil, nil
		for _, o := range e.Statements {
			switch {
			case bad[o.ID]:
				c.Parked = append(c.Parked, o)
			case !gone[o.ID]:
				c.Statements = append(c.Statements, o)
			}
		}
		for _, m := range e.Messages {
			if !gone[string(m.ID)] {
				c.Messages = append(c.Messages, m)
			}
		}
		if !c.Cohort.clear(told) && len(c.Statements) == len(e.Statements) && len(c.Messages) == len(e.Messages) {
			return nil // somebody else was as fast
		}
		c.Parked = c.Parked[max(0, len(c.Parked)-maxParked):]
		err := s.o.Store.SaveEnrolment(ctx, c)
		if err == nil {
			*e = *c
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("clear outbox of enrolment %s: %w", e.ID, err)
		}
		latest, err := s.o.Store.Enrolment(ctx, e.ID)
		if err != nil {
			return fmt.Errorf("load enrolment %s: %w", e.ID, err)
		}
		*e = *latest
	}
	return fmt.Errorf("clear outbox of enrolment %s: %w", e.ID, ErrConflict)
}

// maxGrades bounds the grades of one enrolment that one run passes back: what rises meanwhile is the next one's.
const maxGrades = 3

// RelayGrade passes an enrolment's grade to the LMS, if one waits: the latest only, and only rises. One worker at a time
// does, so that a call that stalls never lays a lower grade over a higher one; the others do nothing, for whoever has the
// right, or the sweep, passes on what rose meanwhile. A failure that may pass is returned and tried again later; one that
// will not is logged and given up.
func (s *Service) RelayGrade(ctx context.Context, id EnrolmentID) error {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return fmt.Errorf("load enrolment %s: %w", id, err)
	}
	if !s.gradeDue(e) {
		return nil
	}
	learner, err := s.Person(ctx, e.Learner)
	if err != nil {
		return err
	}
	ctx, right, err := s.lease(ctx, "grade/"+string(id))
	if err != nil || right == nil {
		return err
	}
	defer right.giveBack(ctx)
	for range maxGrades {
		if e, err = s.o.Store.Enrolment(ctx, id); err != nil {
			return fmt.Errorf("load enrolment %s: %w", id, err)
		}
		if !s.gradeDue(e) {
			return nil
		}
		if err := s.passBack(ctx, e, learner); err != nil {
			return err
		}
	}
	return nil
}

// gradeDue tells whether a grade waits that can be passed back now.
func (s *Service) gradeDue(e *Enrolment) bool {
	return e.Grade != nil && s.o.Gradebook != nil && !s.now().Before(e.Grade.RetryAt)
}

// passBack passes on the grade that waits.
func (s *Service) passBack(ctx context.Context, e *Enrolment, learner Person) error {
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	sent := *e.Grade
	sent.Title = w.Title[""]
	failure := s.o.Gradebook.Post(ctx, e, learner, sent)
	if failure != nil && ctx.Err() != nil {
		return fmt.Errorf("pass back the grade of enrolment %s: %w", e.ID, failure) // nothing is known of the grade
	}
	var retry *RetryError
	again := errors.As(failure, &retry)
	if failure != nil && !again {
		s.o.Log.Error("give up a grade", "enrolment", e.ID, "error", failure)
		s.Bury(ctx, DeadGrade, string(e.ID), string(e.Workflow), sent.Attempts+1, failure)
	}
	if err := s.settleGrade(ctx, e, sent, failure); err != nil {
		return err
	}
	if again {
		return fmt.Errorf("pass back the grade of enrolment %s: %w", e.ID, failure)
	}
	return nil
}

// settleGrade notes what came of passing a grade back; a higher one that came meanwhile stays.
func (s *Service) settleGrade(ctx context.Context, e *Enrolment, sent OutGrade, failure error) error {
	var retry *RetryError
	again := errors.As(failure, &retry)
	for range maxTries {
		switch g := e.Grade; {
		case g == nil:
			return nil // somebody else has passed it back
		case again:
			g.Attempts++
			g.RetryAt = s.now().Add(max(retry.After, backoff(g.Attempts)))
		case failure != nil:
			refusedGrade := sent
			var said *RefusedError
			if errors.As(failure, &said) {
				refusedGrade.Cause = clip(said.Cause, 40)
			}
			e.GradeRefused = &refusedGrade
			if g.Score <= sent.Score && (!g.Complete || sent.Complete) {
				e.Grade = nil
			}
		default:
			e.GradeSent, e.GradeComplete, e.GradeRefused = max(e.GradeSent, sent.Score), e.GradeComplete || sent.Complete, nil
			if g.Score <= e.GradeSent && (!g.Complete || e.GradeComplete) {
				e.Grade = nil
			}
		}
		err := s.o.Store.SaveEnrolment(ctx, e)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("note the grade of enrolment %s: %w", e.ID, err)
		}
		latest, err := s.o.Store.Enrolment(ctx, e.ID)
		if err != nil {
			return fmt.Errorf("load enrolment %s: %w", e.ID, err)
		}
		*e = *latest
	}
	return fmt.Errorf("note the grade of enrolment %s: %w", e.ID, ErrConflict)
}

// backoff is how long to wait after the n-th failure: a minute, doubled each time, at most six hours.
func backoff(n int) time.Duration {
	return min(time.Minute<<min(max(n-1, 0), 9), 6*time.Hour)
}
