package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// How long a claim on a message outlives its worker, in real time (a worker that lives keeps others away by its lease),
// and how long one attempt to send may take.
const (
	claimTime   = leaseTime
	sendTime    = 45 * time.Second
	minAttempts = 8                  // a mail that may still arrive is given up after at least so many
	giveUpAfter = 5 * 24 * time.Hour // and not before this long after it was planned
	maxPause    = 30 * time.Minute   // between attempts
	maxMessages = 500                // of one person that are looked at
)

// delivery is one run of Deliver.
type delivery struct {
	s    *Service
	to   Person
	all  []Message // the person's, latest first
	done map[MessageID]bool
	sent int
}

// Deliver sends what is due for one person: what still fits, nudges only in the person's working hours and within the
// caps. One worker at a time delivers to a person, so that caps and bundles hold; the others do nothing. A process
// without Mailer delivers nothing.
func (s *Service) Deliver(ctx context.Context, id PersonID) error {
	_, err := s.deliver(ctx, id)
	return err
}

func (s *Service) deliver(ctx context.Context, id PersonID) (int, error) {
	if s.o.Mailer == nil {
		return 0, nil
	}
	to, err := s.Person(ctx, id)
	if err != nil {
		return 0, err
	}
	d := &delivery{s: s, to: to, done: map[MessageID]bool{}}
	ctx, right, err := s.lease(ctx, "deliver/"+string(id))
	if err != nil || right == nil {
		return 0, err // who delivers to them now, or the sweep, comes back for what is new
	}
	defer right.giveBack(ctx)
	if d.all, err = s.o.Store.MessagesTo(ctx, id, maxMessages); err != nil {
		return 0, fmt.Errorf("load messages to %s: %w", id, err)
	}
	var errs []error
	due := slices.DeleteFunc(slices.Clone(d.all), func(m Message) bool { return !s.isDue(m) })
	slices.SortFunc(due, func(a, b Message) int { // what was to travel inside another's mail comes after that
		return cmp.Or(min(1, len(a.Bundled))-min(1, len(b.Bundled)), a.PlannedAt.Compare(b.PlannedAt), cmp.Compare(a.ID, b.ID))
	})
	for _, m := range due {
		if d.done[m.ID] {
			continue
		}
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		if err := d.one(ctx, m); err != nil && !errors.Is(err, ErrConflict) { // a conflict: another worker has it
			errs = append(errs, fmt.Errorf("deliver message %s: %w", m.ID, err))
		}
	}
	return d.sent, errors.Join(errs...)
}

// isDue tells whether a message waits and is due, or its claim has run out.
func (s *Service) isDue(m Message) bool {
	switch m.State {
	case MessageWaiting:
		return !m.DueAt.After(s.now())
	case MessageSending:
		return !m.ClaimedUntil.After(s.o.Wall())
	}
	return false
}

// one sends a message, holds it back or drops it.
func (d *delivery) one(ctx context.Context, m Message) error {
	e, err := d.s.o.Store.Enrolment(ctx, m.Enrolment)
	if errors.Is(err, ErrNotFound) {
		return d.drop(ctx, m, "the enrolment is gone")
	}
	if err != nil {
		return err
	}
	w, e, f, err := d.s.asOfNow(ctx, e)
	if err != nil {
		return err
	}
	if gone, err := d.travelled(ctx, &m); err != nil {
		return err
	} else if gone {
		return d.finish(ctx, w, e, f, m) // sent, but the worker died before it said so
	}
	if reason := d.unfit(w, e, m); reason != "" {
		return d.drop(ctx, m, reason)
	}
	if at := d.hold(w, e, f, m); at.After(d.s.now()) {
		return d.putOff(ctx, m, at)
	}
	if m, err = d.claim(ctx, m); err != nil {
		return err
	}
	others, err := d.companions(ctx, w, m)
	if err != nil {
		return err
	}
	return d.send(ctx, append([]companion{{m, w, e, f}}, others...))
}

// send sends the first message with the others inside, notes that it is gone, and records it. All are claimed.
func (d *delivery) send(ctx context.Context, all []companion) error {
	mail := d.mail(ctx, all[0].w, all[0].e, all[0].f, all[0].m)
	for _, c := range all[1:] {
		if c.m.Enrolment == all[0].m.Enrolment && c.m.Step == all[0].m.Step && c.m.Request == all[0].m.Request {
			continue // the mail is about that step already
		}
		mail.Also = append(mail.Also, d.mail(ctx, c.w, c.e, c.f, c.m))
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	failure := d.s.o.Mailer.Send(sending, mail)
	cancel()
	var errs []error
	for _, c := range all[1:] {
		all[0].m.Carried = append(all[0].m.Carried, c.m.ID)
	}
	for i := range all {
		c := &all[i]
		if failure != nil {
			c.m.Bundled, c.m.Carried = "", nil
			errs = append(errs, d.failed(ctx, c.m, failure))
			continue
		}
		c.m.SentAt, c.m.ClaimedUntil, c.m.LastError = d.s.now(), d.s.o.Wall(), ""
		var err error
		if c.m, err = d.save(ctx, c.m); err != nil {
			c.m.SentAt = time.Time{} // nothing tells of it yet: it is sent again, and only that is recorded
			errs = append(errs, err)
			continue
		}
		d.sent++
	}
	for _, c := range all {
		if !c.m.SentAt.IsZero() {
			errs = append(errs, d.finish(ctx, c.w, c.e, c.f, c.m))
		}
	}
	return errors.Join(errs...)
}

// unfit is why a message will not be sent, or "".
func (d *delivery) unfit(w *Workflow, e *Enrolment, m Message) string {
	if ok, reason := fits(w, e, m, d.s.now()); !ok {
		return reason
	}
	switch {
	case d.askedAlready(m):
		return "asked already"
	case !d.to.Unsubscribed[channelEmail].IsZero() && (m.IsNudge() || m.Request == ""): // who is asked for an answer is asked all the same
		return "unsubscribed"
	case d.to.Email == "":
		return "no e-mail address"
	case !slices.Contains(w.Nudges.Channels, channelEmail) && m.IsNudge():
		return "no channel reaches"
	case !d.to.known() && m.Request == "" && m.To != e.Learner && m.Purpose != PurposeAskForHelp && m.Purpose != PurposeOwnText:
		return "no page to go to"
	}
	return ""
}

// askedAlready tells whether another mail has asked, or will first: a question that came back needs one only if the
// mail of the first time never left.
func (d *delivery) askedAlready(m Message) bool {
	return m.Request != "" && !m.IsNudge() && slices.ContainsFunc(d.all, func(other Message) bool {
		if other.ID == m.ID || other.Request != m.Request || other.Purpose != m.Purpose {
			return false
		}
		earlier := cmp.Or(other.PlannedAt.Compare(m.PlannedAt), cmp.Compare(other.ID, m.ID)) < 0
		return !other.SentAt.IsZero() || earlier && (other.State == MessageWaiting || other.State == MessageSending)
	})
}

// known tells whether a person has an LMS account.
func (p Person) known() bool { return p.Issuer != "" }

// hold is until when a nudge is held back: until the person works, and until a slot of the caps is free. What a
// person's act caused is never held back.
func (d *delivery) hold(w *Workflow, e *Enrolment, f Facts, m Message) time.Time {
	now := d.s.now()
	if !m.IsNudge() {
		return now
	}
	if paused(e, m) {
		return now.Add(pausedFor)
	}
	zone := receiverZone(d.to, f)
	at := w.Calendar.NextWorking(now, zone)
	if m.Request != "" {
		return at // requests count apart
	}
	day := at.In(zone).Format(time.DateOnly)
	var today int
	var week []time.Time // oldest first
	for _, other := range slices.Backward(d.all) {
		if other.SentAt.IsZero() || !other.IsNudge() || other.Request != "" || other.Bundled != "" {
			continue
		}
		if other.SentAt.In(zone).Format(time.DateOnly) == day {
			today++
		}
		if at.Sub(other.SentAt) < 7*24*time.Hour {
			week = append(week, other.SentAt)
		}
	}
	slices.SortFunc(week, time.Time.Compare)
	if cap := w.Nudges.Cap.Week; len(week) >= cap {
		at = w.Calendar.NextWorking(week[len(week)-cap].Add(7*24*time.Hour), zone)
	} else if today >= w.Nudges.Cap.Day {
		y, mo, dd := at.In(zone).Date()
		at = w.Calendar.NextWorking(local(y, mo, dd+1, 0, zone), zone)
	}
	return at
}

// pausedFor is how long a nudge waits before it is looked at again while its learner is away.
const pausedFor = 24 * time.Hour

// paused tells whether a nudge waits because its learner has left the course.
func paused(e *Enrolment, m Message) bool { return m.IsNudge() && !e.LeftAt.IsZero() }

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

// putOff lets a message wait until at. It may still travel inside another's mail before.
func (d *delivery) putOff(ctx context.Context, m Message, at time.Time) error {
	m.State, m.DueAt, m.ClaimedUntil = MessageWaiting, at, time.Time{}
	m, err := d.save(ctx, m)
	delete(d.done, m.ID)
	return err
}

func (d *delivery) claim(ctx context.Context, m Message) (Message, error) {
	m.State, m.ClaimedUntil, m.Attempts = MessageSending, d.s.o.Wall().Add(claimTime), m.Attempts+1
	return d.save(ctx, m)
}

// save stores a message and returns it as stored.
func (d *delivery) save(ctx context.Context, m Message) (Message, error) {
	m.ClaimedUntil = m.ClaimedUntil.UTC()
	if err := d.s.o.Store.SaveMessage(ctx, m); err != nil {
		return m, err
	}
	m.Rev++
	d.done[m.ID] = true
	if i := slices.IndexFunc(d.all, func(x Message) bool { return x.ID == m.ID }); i >= 0 {
		d.all[i] = m
	}
	return m, nil
}

func (d *delivery) drop(ctx context.Context, m Message, reason string) error {
	m.State, m.DroppedReason = MessageDropped, reason
	_, err := d.save(ctx, m)
	return err
}

// failed notes a failure to send: later again, or never.
func (d *delivery) failed(ctx context.Context, m Message, failure error) error {
	var retry *RetryError
	m.LastError, m.ClaimedUntil = clip(failure.Error(), 300), time.Time{}
	if again := errors.As(failure, &retry) || errors.Is(failure, context.DeadlineExceeded); again && !d.hopeless(m) {
		after := min(backoff(m.Attempts), maxPause)
		if retry != nil {
			after = max(after, retry.After)
		}
		m.State, m.DueAt = MessageWaiting, d.s.now().Add(after)
	} else {
		m.State = MessageFailed
		d.s.o.Log.Error("give up a message", "message", m.ID, "purpose", m.Purpose, "attempts", m.Attempts)
	}
	_, err := d.save(ctx, m)
	return errors.Join(fmt.Errorf("send: %w", failure), err)
}

// hopeless tells whether a message has been tried often and for long. What is too late to matter was dropped before.
func (d *delivery) hopeless(m Message) bool {
	return m.Attempts >= minAttempts && d.s.now().Sub(m.PlannedAt) > giveUpAfter
}

// finish records that a message was sent, then says so.
func (d *delivery) finish(ctx context.Context, w *Workflow, e *Enrolment, f Facts, m Message) error {
	var batch []xapi.Statement
	for _, o := range notifiedStatement(w, e, f, m) {
		st, err := xapi.DecodeStored(o.JSON)
		if err != nil {
			return err
		}
		batch = append(batch, *st)
	}
	if len(batch) > 0 {
		if err := d.s.o.Recorder.Record(ctx, batch); refused(err) {
			d.s.o.Log.Error("the record store refuses what tells of a mail", "message", m.ID, "error", err)
		} else if err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	m.State = MessageSent
	_, err := d.save(ctx, m)
	return err
}
