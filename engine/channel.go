package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Channels carry messages. A nudge goes to the inbox in the LMS and the first other of the workflow's channels that
// reaches; a request and news of an answer go by e-mail if no other channel of the workflow reaches.
const (
	ChannelLMS   = "lms"   // the inbox on the learner's or coach's pages; it cannot be switched off
	ChannelEmail = "email" // by Mailer
	ChannelChat  = "chat"  // by Chat, to an Endpoint of the tenant
)

// ChannelSent is what became of a message on one channel: it arrived there, or (Error) never will.
type ChannelSent struct {
	Channel string    `json:"channel"`
	At      time.Time `json:"at"`
	Error   string    `json:"error,omitempty"`
}

// on is what became of the message on a channel; nil: nothing so far.
func (m *Message) on(channel string) *ChannelSent {
	for i := range m.Sent {
		if m.Sent[i].Channel == channel {
			return &m.Sent[i]
		}
	}
	return nil
}

// note keeps what became of the message on a channel; the first word stays. m may be a copy of what others hold.
func (m *Message) note(c ChannelSent) {
	if m.on(c.Channel) == nil {
		m.Sent = append(slices.Clone(m.Sent), c)
	}
}

// InInbox tells whether the message is in its receiver's inbox.
func (m Message) InInbox() bool { return m.on(ChannelLMS) != nil }

// By is the channel by which the message went out, beside the inbox; "": by none.
func (m Message) By() string {
	for _, c := range m.Sent {
		if c.Channel != ChannelLMS && c.Error == "" {
			return c.Channel
		}
	}
	if len(m.Sent) == 0 && !m.SentAt.IsZero() {
		return ChannelEmail // sent before channels were noted
	}
	return ""
}

// route is the way a message goes beside the inbox.
type route struct {
	channel string
	to      *Endpoint // of chat
}

// route finds the first of the channels that reaches the receiver; without one it says why.
func (d *delivery) route(ctx context.Context, w *Workflow, e *Enrolment, m Message) (route, string, error) {
	names := w.Nudges.Channels
	if m.Purpose == PurposeList {
		names = []string{ChannelEmail} // it opens all that waits for one person: for nobody else's eyes
	}
	if !m.IsNudge() && !slices.Contains(names, ChannelEmail) {
		names = append(slices.Clone(names), ChannelEmail)
	}
	reason := "no channel reaches"
	for _, name := range names {
		if m.on(name) != nil {
			continue // it was refused there, for good
		}
		if name != ChannelLMS && d.stopped(name, m) {
			reason = "unsubscribed"
			continue
		}
		switch name {
		case ChannelEmail:
			switch {
			case d.to.Email == "":
				reason = "no e-mail address"
			case d.to.MailStopped():
				reason = "mails to the address come back"
			default:
				return route{channel: name}, "", nil
			}
		case ChannelChat:
			to, err := d.endpoint(ctx, w, e, m)
			if err != nil || to != nil {
				return route{channel: name, to: to}, "", err
			}
		}
	}
	return route{}, reason, nil
}

// stopped tells whether the receiver wants nothing of the kind by a channel: who is asked for an answer is asked all the same.
func (d *delivery) stopped(channel string, m Message) bool {
	return !d.to.Unsubscribed[channel].IsZero() && (m.IsNudge() || m.Request == "") && m.Purpose != PurposeList
}

// hasInbox tells whether a message belongs into an inbox: its receiver has pages in the LMS, and of nudges the workflow wants it.
func (d *delivery) hasInbox(w *Workflow, m Message) bool {
	return d.to.known() && m.Purpose != PurposeList && (!m.IsNudge() || slices.Contains(w.Nudges.Channels, ChannelLMS))
}

// Unsubscribe stops nudges and news by a channel ("email" or "chat") to a person at once. The inbox stays, and so do
// requests: the work of others waits for those.
func (s *Service) Unsubscribe(ctx context.Context, id PersonID, channel string) error {
	if channel != ChannelEmail && channel != ChannelChat {
		return fmt.Errorf("unsubscribe from %q: only %s and %s can be stopped: %w", channel, ChannelEmail, ChannelChat, ErrInvalid)
	}
	return s.changePerson(ctx, id, func(p *Person) { p.stop(channel, s.now()) })
}

// stop notes since when a person wants nothing by a channel.
func (p *Person) stop(channel string, at time.Time) {
	if p.Unsubscribed == nil {
		p.Unsubscribed = map[string]time.Time{}
	}
	if p.Unsubscribed[channel].IsZero() {
		p.Unsubscribed[channel] = at
	}
}
