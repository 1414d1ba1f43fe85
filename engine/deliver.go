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
	maxMessages = 500                // of one person that are looked at in one go

	capTime   = 7 * 24 * time.Hour // for so long what was sent counts
	holdAhead = 2 * capTime        // what is held back, by caps at the longest, is due again within
)

// delivery is one run of Deliver.
type delivery struct {
	s    *Service
	to   Person
	all  []Message // the person's: what waits, and what was sent in the last week; earliest due first
	done map[MessageID]bool
	sent int

	courses map[CohortID]bool // whose nudges are held back or not, once looked up

	endpoints []Endpoint // of the tenant, once looked up
	looked    bool
}

// Deliver brings what is due to one person: what still fits, nudges only in the person's working hours and within the
// caps, into their inbox and by the first other channel that reaches. One worker at a time delivers to a person, so that
// caps and bundles hold; the others do nothing. In a process without Mailer mails wait.
func (s *Service) Deliver(ctx context.Context, id PersonID) error {
	_, err := s.deliver(ctx, id)
	return err
}

func (s *Service) deliver(ctx context.Context, id PersonID) (int, error) {
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
	if d.all, err = s.o.Store.SentMessagesTo(ctx, id, s.now().Add(-capTime), maxMessages); err != nil {
		return 0, fmt.Errorf("load messages sent to %s: %w", id, err)
	}
	waiting, err := s.waitingFor(ctx, id)
	if err != nil {
		return 0, err
	}
	d.all = append(slices.DeleteFunc(d.all, func(m Message) bool {
		return slices.ContainsFunc(waiting, func(x Message) bool { return x.ID == m.ID }) // a worker died before it said so
	}), waiting...)
	slices.SortStableFunc(d.all, func(a, b Message) int { return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID)) })
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

// waitingFor is what waits for a person or is being sent, what is due first.
func (s *Service) waitingFor(ctx context.Context, id PersonID) ([]Message, error) {
	until := laterOf(s.now(), s.o.Wall()).Add(holdAhead) // claims run on the wall's clock
	all, err := s.o.Store.DueMessagesTo(ctx, id, until, maxMessages)
	if err != nil {
		return nil, fmt.Errorf("load messages to %s: %w", id, err)
	}
	return all, nil
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
	if reason, err := d.unfit(ctx, w, e, m); err != nil {
		return err
	} else if reason != "" {
		return d.drop(ctx, m, reason)
	}
	if held, err := d.held(ctx, e, m); err != nil {
		return err
	} else if held {
		return d.putOff(ctx, m, d.s.now().Add(holdFor))
	}
	at, inWindow := d.window(w, e, f, m)
	if at.After(d.s.now()) {
		return d.putOff(ctx, m, at)
	}
	if d.hasInbox(w, m) {
		m.note(ChannelSent{Channel: ChannelLMS, At: d.s.now()})
	}
	by, reason, err := d.route(ctx, w, e, m)
	if err != nil {
		return err
	}
	if !inWindow {
		by, reason = route{}, "working hours and quiet hours leave no time"
	}
	switch {
	case by.channel == "" && m.InInbox():
		return d.keep(ctx, companion{m, w, e, f})
	case by.channel == "":
		return d.drop(ctx, m, reason)
	case by.channel == ChannelEmail && d.s.o.Mailer == nil:
		return d.putOff(ctx, m, d.s.now().Add(noMailer))
	}
	if at := d.capped(w, f, m); at.After(d.s.now()) {
		return d.putOff(ctx, m, at)
	}
	if m, err = d.claim(ctx, m); err != nil {
		return err
	}
	others, err := d.companions(ctx, w, m, by)
	if err != nil {
		return err
	}
	return d.send(ctx, by, append([]companion{{m, w, e, f}}, others...))
}

// noMailer is how long a mail waits in a process that sends none.
const noMailer = 15 * time.Minute

// keep ends a message whose only channel is the inbox.
func (d *delivery) keep(ctx context.Context, c companion) error {
	c.m.SentAt = d.s.now()
	var err error
	if c.m, err = d.save(ctx, c.m); err != nil {
		return err
	}
	d.count("sent", ChannelLMS)
	return d.finish(ctx, c.w, c.e, c.f, c.m)
}

// send sends the first message with the others inside, notes that it is gone, and records it. All are claimed.
func (d *delivery) send(ctx context.Context, by route, all []companion) error {
	mail := d.mail(ctx, all[0].w, all[0].e, all[0].f, all[0].m, by.channel)
	for _, c := range all[1:] {
		if c.m.Enrolment == all[0].m.Enrolment && c.m.Step == all[0].m.Step && c.m.Request == all[0].m.Request {
			continue // the mail is about that step already
		}
		mail.Also = append(mail.Also, d.mail(ctx, c.w, c.e, c.f, c.m, by.channel))
	}
	failure := d.post(ctx, by, mail)
	if failure != nil {
		return d.unsent(ctx, by, all, failure)
	}
	var errs []error
	for _, c := range all[1:] {
		all[0].m.Carried = append(all[0].m.Carried, c.m.ID)
	}
	for i := range all {
		c := &all[i]
		c.m.note(ChannelSent{Channel: by.channel, At: d.s.now()})
		c.m.SentAt, c.m.ClaimedUntil, c.m.LastError = d.s.now(), d.s.o.Wall(), ""
		var err error
		if c.m, err = d.save(ctx, c.m); err != nil {
			c.m.SentAt = time.Time{} // nothing tells of it yet: it is sent again, and only that is recorded
			errs = append(errs, err)
			continue
		}
		d.count("sent", by.channel)
		d.sent++
	}
	for _, c := range all {
		if !c.m.SentAt.IsZero() {
			errs = append(errs, d.finish(ctx, c.w, c.e, c.f, c.m))
		}
	}
	return errors.Join(errs...)
}

// post puts a mail on its way.
func (d *delivery) post(ctx context.Context, by route, mail Mail) error {
	sending, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if by.channel == ChannelEmail {
		return d.s.o.Mailer.Send(sending, mail)
	}
	failure := d.s.o.Chat.Post(sending, *by.to, mail)
	d.judge(ctx, *by.to, failure)
	return failure
}

// unsent notes that a mail did not go out. If the channel will never take it, the next one is tried at once.
func (d *delivery) unsent(ctx context.Context, by route, all []companion, failure error) error {
	var unreachable *UnreachableError
	var retry *RetryError
	again := errors.As(failure, &retry) || errors.Is(failure, context.DeadlineExceeded) || errors.Is(failure, context.Canceled)
	if errors.As(failure, &unreachable) {
		if err := d.s.reportOn(ctx, d.to, d.to.Email, MailReport{Kind: HardBounce}); err != nil {
			return err
		}
		to, err := d.s.Person(ctx, d.to.ID)
		if err != nil {
			return err
		}
		d.to = to
	}
	var errs []error
	for _, c := range all {
		c.m.Bundled, c.m.Carried = "", nil
		if again || by.channel == ChannelEmail && unreachable == nil {
			errs = append(errs, d.failed(ctx, c.m, failure))
			continue
		}
		c.m.note(ChannelSent{Channel: by.channel, At: d.s.now(), Error: clip(failure.Error(), 300)})
		c.m.LastError = clip(failure.Error(), 300)
		if err := d.putOff(ctx, c.m, d.s.now()); err != nil {
			errs = append(errs, err)
			continue
		}
		d.count("failed", by.channel)
		if m, err := d.s.o.Store.Message(ctx, c.m.ID); err != nil {
			errs = append(errs, err)
		} else {
			errs = append(errs, d.one(ctx, m))
		}
	}
	return errors.Join(errs...)
}

// count tells who counts what became of a message.
func (d *delivery) count(outcome, why string) {
	if d.s.o.Counter != nil {
		d.s.o.Counter.CountMessage(outcome, why)
	}
}

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

// window is until when a message is held back: nudges until their date as it is now, and until the person works and does
// not rest; what a person's act caused only for the receiver's own quiet hours. false: there is no such time.
func (d *delivery) window(w *Workflow, e *Enrolment, f Facts, m Message) (time.Time, bool) {
	now, zone := d.s.now(), receiverZone(d.to, f)
	if paused(e, m) {
		if p := e.Pause(); p != nil && p.Until.After(now) && p.Until.Before(now.Add(pausedFor)) {
			return p.Until, true
		}
		return now.Add(pausedFor), true
	}
	if !m.IsNudge() && m.Purpose != PurposePrompt {
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

// putOff lets a message wait until at. It may still travel inside another's mail before.
func (d *delivery) putOff(ctx context.Context, m Message, at time.Time) error {
	if at.After(d.s.now()) {
		d.count("held", "")
	}
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
	d.count("dropped", reason)
	m.State, m.DroppedReason = MessageDropped, reason
	_, err := d.save(ctx, m)
	return err
}

// failed notes a failure to send: later again, or never.
func (d *delivery) failed(ctx context.Context, m Message, failure error) error {
	var retry *RetryError
	m.LastError, m.ClaimedUntil = clip(failure.Error(), 300), time.Time{}
	if again := errors.As(failure, &retry) || errors.Is(failure, context.DeadlineExceeded) || errors.Is(failure, context.Canceled); again && !d.hopeless(m) {
		after := min(backoff(m.Attempts), maxPause)
		if retry != nil {
			after = max(after, retry.After)
		}
		m.State, m.DueAt = MessageWaiting, d.s.now().Add(after)
	} else {
		m.State = MessageFailed
		d.count("failed", m.Purpose)
		d.s.o.Log.Error("give up a message", "message", m.ID, "purpose", m.Purpose, "attempts", m.Attempts)
		d.s.Bury(ctx, DeadMessage, string(m.ID), m.Purpose, m.Attempts, failure)
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
