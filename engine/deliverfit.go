package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// unfit is why a message will not be sent, or "".
func (d *delivery) unfit(ctx context.Context, w *Workflow, e *Enrolment, m Message) (string, error) {
	if ok, reason := fits(w, e, m, d.s.now()); !ok {
		return reason, nil
	}
	if asked, err := d.askedAlready(ctx, e, m); err != nil {
		return "", err
	} else if asked {
		return "asked already", nil
	}
	switch {
	case m.snoozedIn(e):
		return "the learner has put it off", nil
	case m.Escalate && e.DisclosedAt.IsZero():
		return "the escalation was not disclosed", nil
	case !d.to.known() && m.Request == "" && m.To != e.Learner && !saysItAll(m.Purpose):
		return "no page to go to", nil
	}
	return "", nil
}

// saysItAll tells whether a message is worth sending to somebody who has no page to go to.
func saysItAll(purpose string) bool {
	switch purpose {
	case PurposeAskForHelp, PurposeOwnText, PurposeStepWith, PurposeUnreachable, PurposeAtMax, PurposeSignOffVoid, PurposeList, PurposeDeclined, PurposeForwarded:
		return true
	}
	return false
}

// askedAlready tells whether another mail has asked, or will first: a question that came back needs one only if the
// mail of the first time never left. Of each time that it came back there may be one.
func (d *delivery) askedAlready(ctx context.Context, e *Enrolment, m Message) (bool, error) {
	st := e.Steps[m.Step]
	if m.Request == "" || m.IsNudge() || st == nil {
		return false, nil
	}
	i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == m.Request })
	if i < 0 {
		return false, nil
	}
	back := e.backSince()
	for n := range st.Requests[i].Revived + 1 {
		id := messageID(e.ID, m, st.Rounds) // while a question waits, the round is the one in which it was asked
		if n > 0 {
			id = messageID(e.ID, m, st.Rounds, revived(n)...)
		}
		if id == m.ID {
			continue
		}
		other, err := d.s.o.Store.Message(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("load message %s: %w", id, err)
		}
		if other.PlannedAt.Before(back) {
			continue
		}
		earlier := cmp.Or(other.PlannedAt.Compare(m.PlannedAt), cmp.Compare(other.ID, m.ID)) < 0
		if !other.SentAt.IsZero() || earlier && (other.State == MessageWaiting || other.State == MessageSending) {
			return true, nil
		}
	}
	return false, nil
}

// known tells whether a person has an LMS account.
func (p Person) known() bool { return p.Issuer != "" }

// standsIn tells whether a message asks its receiver instead of somebody else.
func standsIn(e *Enrolment, m Message) bool {
	st := e.Steps[m.Step]
	return st != nil && m.Request != "" && slices.ContainsFunc(st.Requests, func(r Request) bool { return r.ID == m.Request && r.StandIn })
}

// window is until when a message is held back: nudges until their date as it is now, and until the person works and does
// not rest; what a person's act caused only for the receiver's own quiet hours. Who is asked instead of somebody is asked
// because time has passed: while they work, if there is such a time. false: there is none.
func (d *delivery) window(w *Workflow, e *Enrolment, f Facts, m Message) (time.Time, bool) {
	now, zone := d.s.now(), receiverZone(d.to, f)
	if paused(e, m) {
		if p := e.Pause(); p != nil && p.Until.After(now) && p.Until.Before(now.Add(pausedFor)) {
			return p.Until, true
		}
		return now.Add(pausedFor), true
	}
	if !m.IsNudge() && m.Purpose != PurposePrompt {
		if at, ok := d.to.Preferences.nextWindow(w.Calendar, zone, now); ok && standsIn(e, m) {
			return at, true
		}
		return d.to.Preferences.Quiet.until(now, zone), true
	}
	if at := dated(w, e, f, m); at.After(now) {
		return at, true
	}
	at, ok := d.to.Preferences.nextWindow(w.Calendar, zone, now)
	if !ok {
		return now, false
	}
	return at, true
}

// capped is when a slot of the caps is free for a nudge that goes out beside the inbox. What goes to reviewers is counted
// apart; what travelled inside another's mail is not counted.
func (d *delivery) capped(w *Workflow, f Facts, m Message) time.Time {
	now, zone := d.s.now(), receiverZone(d.to, f)
	if !m.IsNudge() {
		return now
	}
	day := now.In(zone).Format(time.DateOnly)
	var today int
	var week []time.Time // oldest first
	for _, other := range d.all {
		if other.SentAt.IsZero() || !other.IsNudge() || other.Bundled != "" || other.By() == "" || (other.Request == "") != (m.Request == "") {
			continue
		}
		if other.SentAt.In(zone).Format(time.DateOnly) == day {
			today++
		}
		if now.Sub(other.SentAt) < capTime {
			week = append(week, other.SentAt)
		}
	}
	slices.SortFunc(week, time.Time.Compare)
	at := now
	if limit := w.Nudges.Cap.Week; len(week) >= limit {
		at = week[len(week)-limit].Add(capTime)
	} else if today >= w.Nudges.Cap.Day {
		y, mo, dd := now.In(zone).Date()
		at = local(y, mo, dd+1, 0, zone)
	}
	if !at.After(now) {
		return now
	}
	if open, ok := d.to.Preferences.nextWindow(w.Calendar, zone, at); ok {
		return open
	}
	return at
}

// pausedFor is how long a message waits before it is looked at again while its learner is away.
const pausedFor = 24 * time.Hour

// paused tells whether a message waits: a nudge because its learner has left the course, any because all stands still.
func paused(e *Enrolment, m Message) bool { return m.IsNudge() && !e.LeftAt.IsZero() || e.Paused() }

// receiverZone is the zone of who gets a mail: their own, else the learner's, else UTC.
func receiverZone(to Person, f Facts) *time.Location {
	if z, ok := zoneOf(to.Zone); ok {
		return z
	}
	if z, ok := zoneOf(f.Learner.Zone); ok {
		return z
	}
	return time.UTC
}
