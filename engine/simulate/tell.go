package simulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

// add writes an entry down.
func (l *life) add(e Entry) {
	e.At = e.At.UTC()
	if s := l.w.Step(e.Step); s != nil {
		e.Title = s.Title.In(l.o.Locale)
	}
	y, m, d := l.enrolled.In(l.zone).Date()
	ny, nm, nd := e.At.In(l.zone).Date()
	e.Day = 1 + int(time.Date(ny, nm, nd, 0, 0, 0, 0, time.UTC).Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))/(24*time.Hour))
	l.entries = append(l.entries, e)
}

// late writes down what fell due since it was looked at last, and was not done.
func (l *life) late(e *engine.Enrolment) {
	if e == nil {
		return
	}
	for _, s := range l.w.Steps() {
		st := e.Steps[s.ID]
		if st == nil || st.DueAt.IsZero() || st.DueAt.After(l.now) || st.State != engine.Open && st.State != engine.Returned {
			continue
		}
		key := "late " + string(s.ID) + st.DueAt.String()
		if !l.planned[key] {
			l.planned[key] = true
			l.add(Entry{At: st.DueAt, What: Due, Step: s.ID, Who: s.By})
		}
	}
	if wake := e.WakeAt; !wake.IsZero() && !wake.After(l.now) && !l.planned["wake "+wake.String()] {
		l.planned["wake "+wake.String()] = true
		l.add(Entry{At: wake, What: Wake})
	}
}

// tell writes down what is different.
func (l *life) tell(was, is *engine.Enrolment) {
	if was == nil {
		was = &engine.Enrolment{}
		l.add(Entry{At: is.CreatedAt, What: Enrolled, Who: engine.Learner})
	}
	for _, a := range []struct{ name, what string }{{engine.AnchorCourseStart, CourseStart}, {engine.AnchorCourseCompleted, CourseCompleted}} {
		if at := is.Anchors[a.name]; !at.IsZero() && !at.Equal(was.Anchors[a.name]) {
			if a.what == CourseStart { // a day, kept as its date in UTC
				at = time.Date(at.Year(), at.Month(), at.Day(), 0, l.w.Calendar.Start, 0, 0, l.zone)
			}
			l.add(Entry{At: at, What: a.what})
		}
	}
	for _, s := range l.w.Steps() {
		before := was.Steps[s.ID]
		if before == nil {
			before = &engine.StepState{State: engine.Locked}
		}
		if now := is.Steps[s.ID]; now != nil {
			l.tellStep(s, before, now)
		}
	}
	if !is.CompletedAt.IsZero() && was.CompletedAt.IsZero() {
		l.add(Entry{At: is.CompletedAt, What: Completed})
	}
	if is.State == engine.Stopped && was.State != engine.Stopped {
		l.add(Entry{At: is.UpdatedAt, What: Stopped})
	}
}

func (l *life) tellStep(s *engine.Step, was, is *engine.StepState) {
	entry := func(what string, at time.Time, change ...func(*Entry)) {
		e := Entry{At: at, What: what, Step: s.ID, Who: s.By}
		if is.Attempt > 1 {
			e.Attempt = is.Attempt
		}
		for _, f := range change {
			f(&e)
		}
		l.add(e)
	}
	if !is.OpenedAt.IsZero() && !is.OpenedAt.Equal(was.OpenedAt) {
		entry(Opens, is.OpenedAt, func(e *Entry) { e.Due = is.DueAt })
	}
	if is.Hands > was.Hands && s.By == engine.Learner {
		entry(HandsIn, is.SubmittedAt)
	}
	for _, r := range is.Requests {
		if slices.ContainsFunc(was.Requests, func(x engine.Request) bool { return x.ID == r.ID && x.Revived == r.Revived }) {
			continue
		}
		entry(Asked, r.AskedAt, func(e *Entry) {
			e.Who, e.Detail, e.Due = r.Role, r.Purpose, r.DueAt
			if r.StandIn {
				e.Who = l.roles[r.Person]
			}
		})
	}
	for _, r := range is.Reviews[min(len(was.Reviews), len(is.Reviews)):] {
		entry(Answered, r.At, func(e *Entry) { e.Who, e.Detail = l.who(r.By, r.Role), r.Outcome })
	}
	if is.State == was.State {
		return
	}
	switch is.State {
	case engine.Returned:
		entry(Returned, is.ReturnedAt)
	case engine.Done:
		entry(Done, is.DoneAt)
	case engine.Skipped:
		entry(Skipped, is.DoneAt, func(e *Entry) { e.Detail = is.SkippedReason })
	case engine.Expired:
		entry(Expired, is.DoneAt)
	}
}

// who is a person's role if it is known, else the one said.
func (l *life) who(p engine.PersonID, said engine.Role) engine.Role {
	if r, ok := l.roles[p]; ok {
		return r
	}
	return said
}

// recent is how many of a person's messages, the latest due first, can have gone out at one time.
const recent = 60

// tellMessages writes down what has reached anybody, by which channels.
func (l *life) tellMessages(ctx context.Context) error {
	for id, role := range l.roles {
		if role == engine.Learner && id != l.sam.person {
			continue
		}
		all, err := l.o.Store.MessagesTo(ctx, id, recent)
		if err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		for _, m := range all {
			if m.Enrolment == l.sam.id {
				l.tellMessage(m, role)
			}
		}
	}
	return nil
}

func (l *life) tellMessage(m engine.Message, role engine.Role) {
	var times []time.Time
	by := map[time.Time][]string{}
	for _, sent := range m.Sent {
		if key := fmt.Sprint("message ", m.ID, sent.Channel); sent.Error == "" && !l.planned[key] {
			l.planned[key] = true
			if by[sent.At] == nil {
				times = append(times, sent.At)
			}
			by[sent.At] = append(by[sent.At], sent.Channel)
		}
	}
	for _, at := range times {
		e := Entry{At: at, What: News, Step: m.Step, Who: role, Channel: strings.Join(by[at], "+"), Detail: m.Purpose}
		switch {
		case m.Escalate:
			e.What = Escalation
		case m.IsNudge():
			e.What = Nudge
		case m.Request != "":
			e.What = Request
		}
		if m.Attempt > 1 {
			e.Attempt = m.Attempt
		}
		l.add(e)
	}
}

// mailer takes mails and sends none: what reached whom stands in the messages.
type mailer struct{}

func (mailer) Send(context.Context, engine.Mail) error { return nil }

// recorder takes statements and forgets them.
type recorder struct{}

func (recorder) Record(context.Context, []xapi.Statement) error { return nil }

// links lead nowhere.
type links struct{}

func (links) Request(_ string, e engine.EnrolmentID, r engine.RequestID) string {
	return iriBase + "/r/" + string(e) + "." + string(r)
}

func (links) Unsubscribe(_ string, p engine.PersonID, channel string) string {
	return iriBase + "/u/" + string(p) + "." + channel
}

func (links) Waitlist(_ string, p engine.PersonID, _ int, _ time.Time) string {
	return iriBase + "/w/" + string(p)
}

func (links) Nudge(_ string, _ engine.MessageID, to string) string { return to }
