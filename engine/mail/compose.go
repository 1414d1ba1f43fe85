package mail

import (
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
)

// letter is a mail in words. Every field is plain text of one line unless it
// says otherwise; empty fields are left out.
type letter struct {
	Language string
	Subject  string
	Greeting string
	Lead     []string // paragraphs: what it is about and why now
	Why      string   // what the step is good for
	Ask      string   // to a manager: the question to ask
	Facts    []string // minutes, due

	CommentTitle string
	Comment      []string // lines

	Action, Link string // the one thing to do
	NoAccount    string

	AlsoTitle string
	Also      []also

	Waitlist, WaitlistURL string // of a reviewer: all that waits for them

	Reason          string
	Unsubscribe     string
	UnsubscribeURL  string
	UnsubscribeNote string
}

// also is one more thing that travels along.
type also struct{ Title, Link string }

const (
	maxTitle   = 150   // characters
	maxName    = 100   // characters
	maxWords   = 2_000 // characters of an author's own wording
	maxComment = 2_000 // characters of a reviewer's comment
	maxAlso    = 20    // things that travel along
)

// wording is one mail with what all its sentences need.
type wording struct {
	*text.Messages
	mail   engine.Mail
	now    time.Time
	locale string
	args   map[string]any
}

func words(m engine.Mail, now time.Time) wording {
	w := wording{mail: m, now: now, locale: orElse(m.To.Locale, m.Learner.Locale)}
	w.Messages = text.Catalogue(w.locale)
	workflow, step := "", ""
	if m.Workflow != nil {
		workflow = line(m.Workflow.Title.In(w.locale), maxTitle)
	}
	if m.Step != nil {
		step = line(m.Step.Title.In(w.locale), maxTitle)
	}
	w.args = map[string]any{
		"learner":  orElse(line(m.Learner.Name, maxName), w.T("mail.someone")),
		"workflow": workflow,
		"step":     orElse(step, workflow),
		"due":      w.due(),
		"aid":      orElse(line(w.aid(), maxTitle), workflow),
		"about":    orElse(line(m.About.Name, maxName), w.T("mail.someone")),
		"n":        len(m.Also) + 1,
	}
	return w
}

// compose finds the words for a mail.
func compose(m engine.Mail, now time.Time) letter {
	w := words(m, now)
	topic := w.topic()
	subject := w.subject(topic)
	if len(m.Also) > 0 {
		subject = w.T("mail.subject_digest", w.args)
		if !w.toLearner() && m.Message.Request != "" {
			subject = w.T("mail.subject_digest_other", w.args)
		}
	}
	l := letter{
		Language:       w.Language(),
		Subject:        line(subject, maxTitle),
		Greeting:       w.T("mail.greeting_nameless"),
		Facts:          w.facts(),
		Link:           link(m.Link),
		Reason:         w.T("mail.reason_other", w.args),
		UnsubscribeURL: link(m.UnsubscribeURL),
	}
	if name := line(m.To.Name, maxName); name != "" {
		l.Greeting = w.T("mail.greeting", "name", name)
	}
	if own := m.Message.Text.In(w.locale); own != "" {
		l.Lead = block(own, maxWords)
	} else {
		l.Lead = []string{w.T("mail.lead."+topic, w.args)}
	}
	if a := w.prompted(); a != nil { // a prompt brings its help along
		l.Lead = append(l.Lead, block(a.Body(w.locale), maxWords)...)
	}
	if m.Step != nil && w.toLearner() && m.Message.IsNudge() { // who is told of an answer knows why
		if why := line(m.Step.Why.In(w.locale), maxTitle); why != "" {
			l.Why = w.T("mail.why", "why", why)
		}
	}
	if ask := w.ask(); ask != "" {
		l.Ask = w.T("mail.ask", "question", line(ask, maxTitle))
	}
	if m.Comment != "" {
		l.CommentTitle, l.Comment = w.T("mail.comment"), block(m.Comment, maxComment)
	}
	if l.Link != "" {
		l.Action = w.T("mail.action." + topic)
		if m.Message.Request != "" && !w.toLearner() {
			l.NoAccount = w.T("mail.no_account")
		}
	}
	if l.WaitlistURL = link(m.WaitlistURL); l.WaitlistURL != "" && !w.toLearner() {
		l.Waitlist = w.T("mail.waitlist")
	}
	if w.toLearner() {
		l.Reason = w.T("mail.reason_learner", w.args)
	}
	if l.UnsubscribeURL != "" {
		l.Unsubscribe, l.UnsubscribeNote = w.T("mail.unsubscribe"), w.T("mail.unsubscribe_note")
	}
	for i, other := range m.Also {
		if i == maxAlso {
			break
		}
		ow := words(other, now)
		l.AlsoTitle = w.T("mail.also")
		title := ow.subject(ow.topic())
		if facts := ow.facts(); len(facts) > 0 {
			title += " · " + strings.Join(facts, " ")
		}
		l.Also = append(l.Also, also{Title: line(title, 2*maxTitle), Link: link(other.Link)})
	}
	return l
}

// ask is the question with which who looks after the learner can help, in the receiver's language: the author's, else one
// that fits any step; "" where there is nothing to ask.
func (w wording) ask() string {
	if w.toLearner() || w.mail.Message.Request != "" {
		return ""
	}
	switch w.mail.Message.Purpose {
	case engine.PurposeAskForHelp, engine.PurposeStepWith:
		return orElse(w.mail.Ask, w.T("mail.ask."+w.mail.Message.Purpose))
	}
	return ""
}

// topic is the middle of the message keys: the purpose, worded for others than
// the learner where that makes a difference.
func (w wording) topic() string {
	topic := w.mail.Message.Purpose
	if !w.Has("mail.lead." + topic) {
		topic = "note"
		if w.mail.Message.Request != "" {
			topic = "request"
		}
	}
	if other := topic + "_other"; !w.toLearner() && w.Has("mail.lead."+other) {
		return other
	}
	return topic
}

// aid is the title of what a prompt shows.
func (w wording) aid() string {
	if a := w.prompted(); a != nil {
		return a.Title.In(w.locale)
	}
	return ""
}

// prompted is the aid of a prompt, or nil.
func (w wording) prompted() *engine.Aid {
	if w.mail.Workflow == nil || w.mail.Message.Prompt == "" {
		return nil
	}
	p := w.mail.Workflow.Prompt(w.mail.Message.Prompt)
	if p == nil {
		return nil
	}
	return w.mail.Workflow.Aid(p.Show)
}

func (w wording) toLearner() bool { return w.mail.To.ID == w.mail.Learner.ID }

func (w wording) subject(topic string) string {
	key := "mail.subject." + topic
	if w.mail.DueAt.IsZero() && w.Has(key+"_undated") {
		key += "_undated"
	}
	return w.T(key, w.args)
}

func (w wording) due() string {
	if w.mail.DueAt.IsZero() {
		return ""
	}
	return w.Moment(w.mail.DueAt, w.now, w.zone())
}

func (w wording) zone() string {
	return orElse(w.mail.Zone, orElse(w.mail.To.Zone, w.mail.Learner.Zone))
}

// facts are what helps to plan: how long it takes and until when.
func (w wording) facts() (facts []string) {
	switch w.mail.Message.Purpose {
	case engine.PurposeApproved, engine.PurposeNotYet, engine.PurposeCompleted, engine.PurposeForwarded, engine.PurposeDeclined, engine.PurposeList:
		return nil // nothing to plan
	}
	if w.mail.Minutes > 0 && w.doing() {
		facts = append(facts, w.T("mail.takes", "n", w.mail.Minutes))
	}
	switch due := w.mail.DueAt; {
	case due.IsZero():
	case due.Before(w.now):
		facts = append(facts, w.T("mail.was_due", w.args))
	default:
		facts = append(facts, w.T("mail.due", w.args))
	}
	return facts
}

// doing tells whether the receiver is asked to do the step itself: only then the
// step's minutes are theirs, and not when they judge what somebody else did.
func (w wording) doing() bool {
	switch {
	case w.mail.Message.Purpose == engine.PurposeAskForHelp, w.mail.Message.Purpose == engine.PurposeReturned:
		return false
	case w.mail.Step == nil || w.mail.Step.By == engine.Learner || w.mail.Step.By == "":
		return w.toLearner()
	}
	return true
}
