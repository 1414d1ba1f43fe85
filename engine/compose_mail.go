package engine

import (
	"context"
	"slices"
)

// mail is a message with all a mailer needs to word it.
func (d *delivery) mail(ctx context.Context, w *Workflow, e *Enrolment, f Facts, m Message, channel string) Mail {
	mail := Mail{Message: m, To: d.to, Learner: f.Learner, Workflow: w, Enrolment: e, Step: w.Step(m.Step), Zone: receiverZone(d.to, f).String()}
	if mail.To.Locale == "" {
		mail.To.Locale = f.Learner.Locale
	}
	if mail.Step != nil {
		mail.Minutes = mail.Step.Minutes
		mail.Ask = mail.Step.coachAsks(mail.To.Locale)
		mail.DueAt = e.Steps[m.Step].DueAt
		mail.Comment = d.comment(ctx, e.Steps[m.Step], m)
	}
	if p, ok := f.People[m.About]; ok && m.About != "" {
		mail.About = p
	} else if m.About != "" {
		mail.About, _ = d.s.Person(ctx, m.About) // nameless if it cannot be read
	}
	switch {
	case m.Request != "":
		if d.s.o.Links != nil {
			mail.Link = d.s.o.Links.Request(d.s.o.Tenant, e.ID, m.Request)
		}
		for _, r := range e.Steps[m.Step].Requests {
			if r.ID == m.Request {
				mail.DueAt = r.DueAt
			}
		}
	case d.to.known() && m.Purpose != PurposeList:
		mail.Link = e.RelaunchURL
	}
	if d.s.o.Links != nil && channel == ChannelEmail && m.To != e.Learner {
		all := d.s.o.Links.Waitlist(d.s.o.Tenant, d.to.ID, d.to.Waitlists, d.s.now())
		switch {
		case m.Request != "":
			mail.WaitlistURL = all
		case m.Purpose == PurposeList || m.talk() && mail.Link == "":
			mail.Link = all
		}
	}
	if d.s.o.Links != nil && mail.Link != "" {
		mail.Link = d.s.o.Links.Nudge(d.s.o.Tenant, m.ID, mail.Link)
	}
	if d.s.o.Links != nil {
		mail.UnsubscribeURL = d.s.o.Links.Unsubscribe(d.s.o.Tenant, d.to.ID, channel)
	}
	return mail
}

// comment is what the reviewer wrote, for the mails that bring news of an answer.
func (d *delivery) comment(ctx context.Context, st *StepState, m Message) string {
	outcome := map[string]string{PurposeReturned: OutcomeReturn, PurposeApproved: OutcomeApprove, PurposeNotYet: OutcomeNotYet}[m.Purpose]
	i := slices.IndexFunc(st.Reviews, func(r Review) bool { return r.Outcome == outcome && !r.At.Before(m.PlannedAt) && r.Written != "" })
	if outcome == "" || i < 0 {
		return ""
	}
	c, err := d.s.o.Store.Contribution(ctx, st.Reviews[i].Written)
	if err != nil {
		return "" // the mail goes out without it; the page has it
	}
	return c.Comment
}

// coachAsks is the first open question of a step, which somebody who looks after the learner may ask too; "" when the
// step has none that others may hear of.
func (s *Step) coachAsks(locale string) string {
	if s.Private || s.Kind == KindQuiz {
		return ""
	}
	for _, q := range s.Questions {
		if q.Type == "text" && len(q.Answer) == 0 {
			return q.Ask.In(locale)
		}
	}
	return ""
}
