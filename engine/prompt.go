package engine

import (
	"slices"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// PromptShown is help that was offered to the learner because of an event. It keeps nothing of the event but its type.
type PromptShown struct {
	ID          string    `json:"id"` // derived from the event: one event prompts once
	Prompt      string    `json:"prompt"`
	Event       string    `json:"event"` // its type
	At          time.Time `json:"at"`
	DismissedAt time.Time `json:"dismissed_at,omitzero"`
	AnsweredAt  time.Time `json:"answered_at,omitzero"` // "did you use it?"
	Used        bool      `json:"used,omitempty"`       // ... yes
	Followed    bool      `json:"followed,omitempty"`   // `then` was carried out, or had nothing to do
}

// How a prompt is shown.
const viaWidget = "widget"

// PurposePrompt is the purpose of the message of a prompt. It is no nudge: `cap` of the prompt bounds it.
const PurposePrompt = "prompt"

// maxPrompts bounds the shown prompts an enrolment keeps.
const maxPrompts = 50

// Prompt is the prompt of that id, or nil.
func (w *Workflow) Prompt(id string) *Prompt {
	for i := range w.Prompts {
		if w.Prompts[i].ID == id {
			return &w.Prompts[i]
		}
	}
	return nil
}

// prompts shows a prompt if the event asks for it: between `from` and `until`, to whom it is about, if its conditions
// hold, and once per `cap` days.
func (ev heardEvent) prompts(d *decision, p *Prompt) bool {
	of := d.w.event(p.Event)
	who := p.Who
	if who == "" {
		who = of.Who
	}
	if of.Type != ev.typ || !ev.leadsTo(who) || !d.promptsNow(p) {
		return false
	}
	get := ev.lookup(d)
	if of.If != nil && !of.If.holds(get) || p.If != nil && !p.If.holds(get) {
		return false
	}
	if last := d.lastShown(p.ID, ev.shown); p.CapDays > 0 && !last.IsZero() && d.now.Before(d.capEnds(last, p.CapDays)) {
		return ev.note(d, "capped", p.ID) // known of, and not to be shown by the same event later
	}
	shown := PromptShown{ID: derivedID("prompt", string(d.e.ID), p.ID, ev.id), Prompt: p.ID, Event: ev.typ, At: d.now, Followed: p.Then == nil}
	d.e.Prompts = append(d.e.Prompts, shown)
	d.boundPrompts()
	d.sayPrompted(p, ev.typ)
	if slices.Contains(p.Via, ChannelEmail) {
		d.send(Message{To: d.e.Learner, Purpose: PurposePrompt, Prompt: p.ID}, &StepState{}, shown.ID)
	}
	return ev.note(d, "prompt", p.ID)
}

// promptsNow tells whether a prompt's time is now.
func (d *decision) promptsNow(p *Prompt) bool {
	if d.e.Paused() {
		return false
	}
	if p.From != nil {
		from, ok := d.when(*p.From, beginning, Learner, &StepState{})
		if !ok || from.After(d.now) {
			return false
		}
	}
	if p.Until != nil {
		if until, ok := d.when(*p.Until, ending, Learner, &StepState{}); ok && !d.now.Before(until) {
			return false
		}
	}
	return true
}

// lastShown is when a prompt was last shown to the person, in any enrolment.
func (d *decision) lastShown(prompt string, elsewhere map[string]time.Time) time.Time {
	last := elsewhere[prompt]
	for _, p := range d.e.Prompts {
		if p.Prompt == prompt && p.At.After(last) {
			last = p.At
		}
	}
	return last
}

// capEnds is when a prompt may be shown again: at the same time of the day, so many local days later.
func (d *decision) capEnds(last time.Time, days int) time.Time {
	return last.In(d.zone(Learner)).AddDate(0, 0, days)
}

// boundPrompts keeps the latest shown prompts, and those whose `then` is still to come.
func (d *decision) boundPrompts() {
	for i := 0; len(d.e.Prompts) > maxPrompts && i < len(d.e.Prompts); {
		if d.e.Prompts[i].Followed || len(d.e.Prompts) > 4*maxPrompts {
			d.e.Prompts = slices.Delete(d.e.Prompts, i, i+1)
			continue
		}
		i++
	}
}

// followPrompts opens the steps that `then` names when their time has come, unless an attempt is open.
func (d *decision) followPrompts() bool {
	changed := false
	for i := range d.e.Prompts {
		p := &d.e.Prompts[i]
		if p.Followed {
			continue
		}
		def := d.w.Prompt(p.Prompt)
		if def == nil || def.Then == nil {
			p.Followed, changed = true, true
			continue
		}
		s := d.w.Step(def.Then.Step)
		at, _ := d.when(TimeExpr{Anchor: anchorOpen, Offset: def.Then.After}, beginning, s.By, &StepState{OpenedAt: p.At})
		if at.After(d.now) {
			d.note(at)
			continue
		}
		p.Followed, changed = true, true
		switch st := d.state(s.ID); st.State {
		case Open, Returned, Submitted:
		default:
			d.begin(s, st)
		}
	}
	return changed
}

func (d *decision) aidActivity(id string) xapi.Activity {
	var title Text
	if a := d.w.Aid(id); a != nil {
		title = a.Title
	}
	return activity(workflowIRI(d.f.IRIBase, d.w.ID)+"/aids/"+id, xapi.TypeAid, title)
}

// sayPrompted says that help was offered, and on what type of event; nothing else of the event is told.
func (d *decision) sayPrompted(p *Prompt, typ string) {
	c := d.about(d.aidActivity(p.Show))
	c.Extensions[xapi.ExtEventType] = typ
	d.say(d.cairn(), xapi.VerbPrompted, xapi.AgentObject(d.learner()), nil, c)
}

// promptAnswered is the learner's word on a prompt: away with it, or whether it was used.
type promptAnswered struct {
	id   string
	used *bool // nil: dismissed
}

func (ev promptAnswered) apply(d *decision) error {
	i := slices.IndexFunc(d.e.Prompts, func(p PromptShown) bool { return p.ID == ev.id })
	if i < 0 {
		return errNoPrompt(ev.id)
	}
	p := &d.e.Prompts[i]
	def := d.w.Prompt(p.Prompt)
	if ev.used == nil {
		if p.DismissedAt.IsZero() {
			p.DismissedAt = d.now
			if def != nil && p.AnsweredAt.IsZero() {
				d.sayAid(xapi.VerbSkipped, def.Show, nil)
			}
		}
		return nil
	}
	if !p.AnsweredAt.IsZero() && p.Used == *ev.used {
		return nil
	}
	p.AnsweredAt, p.Used = d.now, *ev.used
	if def != nil && p.Used {
		d.sayAid(xapi.VerbApplied, def.Show, &xapi.Result{Success: ptr(true)})
	}
	return nil
}

func (d *decision) sayAid(verb, aid string, result *xapi.Result) {
	d.say(d.learner(), verb, xapi.ActivityObject(d.aidActivity(aid)), result, d.about(d.workflowActivity()))
}
