package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// companion is a message that travels inside another's mail.
type companion struct {
	m Message
	w *Workflow
	e *Enrolment
	f Facts
}

// maxCompanions bounds what one mail takes along.
const maxCompanions = 20

// companions claims what else can travel in the mail of m: other requests that wait, or other nudges that are due
// within `bundle`, also those that hours or caps hold back. A mail sent again because a worker died on it carries the
// same matters again.
func (d *delivery) companions(ctx context.Context, w *Workflow, m Message, by route) ([]companion, error) {
	if !m.IsNudge() && m.Request == "" {
		return nil, nil
	}
	until := d.s.now()
	if m.IsNudge() && m.Request == "" {
		until = w.Calendar.after(until, w.Nudges.Bundle, ending, time.UTC)
	}
	var out []companion
	for _, other := range d.all {
		again := other.State == MessageSending && other.Bundled == m.ID && other.SentAt.IsZero() && d.s.isDue(other)
		if other.ID == m.ID || d.done[other.ID] || other.State != MessageWaiting && !again || len(out) >= maxCompanions {
			continue
		}
		if (other.Request == "") != (m.Request == "") || other.IsNudge() != m.IsNudge() || other.PlannedAt.After(until) {
			continue
		}
		e, err := d.s.o.Store.Enrolment(ctx, other.Enrolment)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return out, fmt.Errorf("bundle message %s: %w", other.ID, err)
		}
		ow, e, f, err := d.s.asOfNow(ctx, e)
		if err != nil {
			return out, err
		}
		if along, err := d.travels(ctx, companion{other, ow, e, f}, by, until); err != nil {
			return out, err
		} else if !along {
			continue
		}
		if d.hasInbox(ow, other) {
			other.note(ChannelSent{Channel: ChannelLMS, At: d.s.now()})
		}
		other.Bundled = m.ID
		claimed, err := d.claim(ctx, other)
		if errors.Is(err, ErrConflict) {
			continue // another worker has it
		}
		if err != nil {
			return out, err
		}
		out = append(out, companion{claimed, ow, e, f})
	}
	return out, nil
}

// travels tells whether a message can go out by a way of another's, now, and is due by until.
func (d *delivery) travels(ctx context.Context, c companion, by route, until time.Time) (bool, error) {
	reason, err := d.unfit(ctx, c.w, c.e, c.m)
	if err != nil {
		return false, err
	}
	held, err := d.held(ctx, c.e, c.m)
	if err != nil || reason != "" || held || paused(c.e, c.m) {
		return false, err // its own turn drops it, or puts it off
	}
	if !d.joins(c.w, c.f, c.e, c.m, until) {
		return false, nil
	}
	its, _, err := d.route(ctx, c.w, c.e, c.m)
	return err == nil && its.channel == by.channel && (by.to == nil || its.to.Name == by.to.Name), err
}

// joins tells whether a nudge may go out now, a little before its time: it is due by until, and its workflow's hours are
// the receiver's now.
func (d *delivery) joins(w *Workflow, f Facts, e *Enrolment, m Message, until time.Time) bool {
	if !m.IsNudge() {
		return true
	}
	now := d.s.now()
	at, ok := d.to.Preferences.nextWindow(w.Calendar, receiverZone(d.to, f), now)
	return ok && at.Equal(now) && !dated(w, e, f, m).After(until)
}

// travelled tells whether a message went out inside another's mail though the worker died before it said so. Only that
// mail's own list is believed: a mail that never left, or was sent again without the message, leaves it on its own.
func (d *delivery) travelled(ctx context.Context, m *Message) (bool, error) {
	if m.Bundled == "" || !m.SentAt.IsZero() {
		return !m.SentAt.IsZero(), nil
	}
	main, err := d.s.o.Store.Message(ctx, m.Bundled)
	if err != nil {
		return false, fmt.Errorf("load the mail that message %s went in: %w", m.ID, err)
	}
	if main.SentAt.IsZero() || !slices.Contains(main.Carried, m.ID) {
		m.Bundled = ""
		return false, nil
	}
	m.SentAt = main.SentAt
	return true, nil
}
