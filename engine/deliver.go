package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
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
