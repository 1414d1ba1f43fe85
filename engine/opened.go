package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// comeBackTime is how long after a nudge a launch counts as a return.
const comeBackTime = 7 * 24 * time.Hour

// NudgeTarget is where the link of a message to a learner leads: the page of the LMS that starts the launch. Looking
// changes nothing.
func (s *Service) NudgeTarget(ctx context.Context, id MessageID) (string, error) {
	m, err := s.o.Store.Message(ctx, id)
	if err != nil {
		return "", fmt.Errorf("load message %s: %w", id, err)
	}
	e, err := s.o.Store.Enrolment(ctx, m.Enrolment)
	if err != nil {
		return "", fmt.Errorf("load enrolment %s: %w", m.Enrolment, err)
	}
	return e.RelaunchURL, nil
}

// NudgeOpened notes that the link of a message led the acting person to an act: a launch, an answer. It is recorded once;
// a link of somebody else's, or of a message that never went out, is ErrNotFound.
func (s *Service) NudgeOpened(ctx context.Context, acting PersonID, id MessageID) error {
	m, err := s.o.Store.Message(ctx, id)
	if err != nil {
		return fmt.Errorf("load message %s: %w", id, err)
	}
	if m.To != acting || m.SentAt.IsZero() {
		return fmt.Errorf("open message %s: %w", id, ErrNotFound)
	}
	if !m.OpenedAt.IsZero() {
		return nil
	}
	if _, err := s.change(ctx, m.Enrolment, func(*Workflow, *Enrolment) (event, error) { return nudgeOpened{m}, nil }); err != nil {
		return err
	}
	return s.changeMessage(ctx, id, func(m *Message) error {
		m.OpenedAt = first(m.OpenedAt, s.now())
		return nil
	})
}

// nudgeOpened is the first act that a message led to.
type nudgeOpened struct{ m Message }

func (ev nudgeOpened) apply(d *decision) error {
	c := d.about(d.workflowActivity())
	if ev.m.Policy != "" {
		c.Extensions[xapi.ExtNudgePolicy] = ev.m.Policy
	}
	if d.e.Arm != "" && ev.m.To == d.e.Learner {
		c.Extensions[xapi.ExtNudgeArm] = d.e.Arm
	}
	about := d.workflowActivity()
	if s := d.w.Step(ev.m.Step); s != nil {
		about = d.stepActivity(s)
	}
	d.id = derivedID("opened", string(ev.m.ID))
	d.say(d.agent(ev.m.To), xapi.VerbOpened, xapi.ActivityObject(about), nil, c)
	d.id = ""
	return nil
}

// cameBack notes on the nudges of the last days that the learner launched after them.
func (s *Service) cameBack(ctx context.Context, e *Enrolment) error {
	if e.Preview {
		return nil
	}
	all, err := s.o.Store.MessagesTo(ctx, e.Learner, 50)
	if err != nil {
		return fmt.Errorf("load messages to %s: %w", e.Learner, err)
	}
	var errs []error
	for _, m := range all {
		if m.Enrolment != e.ID || !m.IsNudge() || m.SentAt.IsZero() || !m.BackAt.IsZero() || s.now().Sub(m.SentAt) > comeBackTime {
			continue
		}
		errs = append(errs, s.changeMessage(ctx, m.ID, func(m *Message) error {
			m.BackAt = first(m.BackAt, s.now())
			return nil
		}))
	}
	return errors.Join(errs...)
}

// ComeBack counts what nudges to the learners of a course led to.
type ComeBack struct {
	Sent   int // beside the inbox or into it
	Opened int // the link led to an act
	Back   int // the learner launched within 7 days
	Waits  int // sent less than 7 days ago, and not back yet
}

// ComeBack counts, per arm of the nudge test ("" without one), what nudges to the learners of a course led to. It looks at
// MaxBoard learners and the latest 500 messages of each.
func (s *Service) ComeBack(ctx context.Context, by Actor, c Course) (map[string]ComeBack, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return nil, err
	}
	all, err := s.o.Store.GlancesIn(ctx, c, MaxBoard)
	if err != nil {
		return nil, fmt.Errorf("load enrolments of the course: %w", err)
	}
	out := map[string]ComeBack{}
	for i := range all {
		e := &all[i].Of
		messages, err := s.o.Store.MessagesTo(ctx, e.Learner, maxMessages)
		if err != nil {
			return nil, fmt.Errorf("load messages to %s: %w", e.Learner, err)
		}
		n := out[e.Arm]
		for _, m := range messages {
			if m.Enrolment != e.ID || !m.IsNudge() || m.SentAt.IsZero() {
				continue
			}
			n.Sent++
			if !m.OpenedAt.IsZero() {
				n.Opened++
			}
			switch {
			case !m.BackAt.IsZero():
				n.Back++
			case s.now().Sub(m.SentAt) <= comeBackTime:
				n.Waits++
			}
		}
		out[e.Arm] = n
	}
	return out, nil
}
