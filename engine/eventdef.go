package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The events that Cairn itself makes. All others are business events, taken by TakeEvents.
const (
	EventCourseCompleted = "lms.course_completed" // the LMS course was completed; data: source
	EventStatement       = "xapi.statement"       // a statement of the learner came into the record store; data: verb, object, type, score, success, completion
)

// eventAnchor begins the anchor of an event: event.<type>, or event.<id> of an EventPattern.
const eventAnchor = "event."

// EventPattern gives some of the events of a type a name, as `events: [{id, type, if, who}]`. The name stands wherever an
// event's type can.
type EventPattern struct {
	ID, Type string
	Who      string // where the person stands, as event.data.owner_email; "": the subject of the event
	If       *Condition

	line, col int
	path      string
}

func (r *reader) eventPattern(it item) EventPattern {
	o := r.mapping(it.n, it.path, "event")
	return EventPattern{ID: o.id("id"), Type: o.eventName("type"), Who: o.eventPath("who"), If: o.condition("if"),
		line: it.n.line, col: it.n.col, path: it.path}
}

// eventName is an event's type, or the name of a pattern.
func (o object) eventName(key string) string {
	s := o.str(key)
	if o.has(key) && !isEventType(s) {
		o.refuse(key, fmt.Sprintf("%q is no type of an event", s), "write letters, digits, dots, - and _, as crm.deal.closed")
	}
	return s
}

// eventPath is a place in an event.
func (o object) eventPath(key string) string {
	s := o.str(key)
	if s == "event.subject" {
		return ""
	}
	if o.has(key) && (!strings.HasPrefix(s, eventData) || len(s) == len(eventData) || len(s) > 200) {
		o.refuse(key, fmt.Sprintf("%q is no place in an event", s), "write event.subject or event.data.x")
	}
	return s
}

// maxEventType bounds the type of an event.
const maxEventType = 200

// isEventType tells whether s can be the type of an event and stand in `event.<type>`.
func isEventType(s string) bool {
	return s != "" && len(s) <= maxEventType && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

// eventKey is where a step remembers that the event of a rule came.
func (r Rule) eventKey() string {
	if r.If == nil {
		return r.Event
	}
	return r.Event + " if " + r.If.Source
}

// eventRules are the rules of a `done` that wait for events.
func (r Rule) eventRules() []Rule {
	if r.Name == "event" {
		return []Rule{r}
	}
	var out []Rule
	for _, p := range r.Parts {
		out = append(out, p.eventRules()...)
	}
	return out
}

// listen notes which events the workflow names, and where.
func (w *Workflow) listen() {
	w.anchored = map[string]bool{}
	named := map[string]bool{}
	anchor := func(t *TimeExpr) {
		if t != nil && strings.HasPrefix(t.Anchor, eventAnchor) {
			name := strings.TrimPrefix(t.Anchor, eventAnchor)
			w.anchored[name], named[name] = true, true
		}
	}
	for _, s := range w.order {
		anchor(&s.Opens)
		anchor(s.Due)
		anchor(s.At)
		for _, r := range s.Done.eventRules() {
			named[r.Event] = true
		}
	}
	for i := range w.Prompts {
		anchor(w.Prompts[i].From)
		anchor(w.Prompts[i].Until)
		named[w.Prompts[i].Event] = true
	}
	if m := w.Goal.Metric; m != nil && m.From != nil {
		anchor(m.By)
		named[m.From.Event] = true
	}
	w.heard = map[string][]EventPattern{}
	for name := range named {
		p := w.event(name)
		w.heard[p.Type] = append(w.heard[p.Type], p)
	}
}

// event is the pattern of a name: the one declared, else all events of that type.
func (w *Workflow) event(name string) EventPattern {
	for _, p := range w.Events {
		if p.ID == name {
			return p
		}
	}
	return EventPattern{ID: name, Type: name, Who: w.whoOf(name)}
}

// whoOf is where the person stands in the events of a type: where anything of the workflow says so, else the subject.
func (w *Workflow) whoOf(typ string) string {
	for _, p := range w.Events {
		if p.Type == typ && p.Who != "" {
			return p.Who
		}
	}
	for _, p := range w.Prompts {
		if p.Event == typ && p.Who != "" {
			return p.Who
		}
	}
	if m := w.Goal.Metric; m != nil && m.From != nil && m.From.Event == typ {
		return m.From.Who
	}
	return ""
}

// EventTypes are the types of events that the workflow names, its own included.
func (w *Workflow) EventTypes() []string { return slices.Sorted(maps.Keys(w.heard)) }

// hears tells whether anything of the workflow names events of a type.
func (w *Workflow) hears(typ string) bool { return len(w.heard[typ]) > 0 }

// places are where the workflow looks for the person in events of a type: paths, "" for the subject.
func (w *Workflow) places(typ string) []string {
	seen := map[string]bool{}
	var out []string
	add := func(who string) {
		if !seen[who] {
			seen[who] = true
			out = append(out, who)
		}
	}
	for _, p := range w.heard[typ] {
		add(p.Who)
	}
	for _, p := range w.Prompts {
		if w.event(p.Event).Type == typ && p.Who != "" {
			add(p.Who)
		}
	}
	if m := w.Goal.Metric; m != nil && m.From != nil && w.event(m.From.Event).Type == typ && m.From.Who != "" {
		add(m.From.Who)
	}
	return out
}

// events refuses what names events that cannot be.
func (l linter) events() {
	var ids []string
	for _, p := range l.w.Events {
		l.condition(p.If, true)
		ids = append(ids, p.ID)
	}
	known := func(name, path string, line, col int) {
		if !strings.Contains(name, ".") && indexOf(ids, name) < 0 {
			l.r.add(line, col, path, fmt.Sprintf("no event %q", name), orElseText(suggest(name, ids), "write the event's type, which has a dot, or the id of an entry of `events`"), false)
		}
	}
	time := func(t *TimeExpr) {
		if t != nil && strings.HasPrefix(t.Anchor, eventAnchor) {
			known(strings.TrimPrefix(t.Anchor, eventAnchor), t.path, t.Line, t.Column)
		}
	}
	for _, s := range l.w.order {
		time(&s.Opens)
		time(s.Due)
		time(s.At)
		for _, r := range s.Done.eventRules() {
			known(r.Event, s.path+".done", s.line, s.col)
			l.condition(r.If, true)
		}
	}
	for i := range l.w.Prompts {
		p := &l.w.Prompts[i]
		known(p.Event, p.path+".event", p.line, p.col)
		for _, t := range []*TimeExpr{p.From, p.Until} {
			l.time(t, AnchorEnrolled, AnchorCourseStart, AnchorCourseCompleted, "step.", eventAnchor, "date")
			time(t)
		}
		for _, via := range p.Via {
			if indexOf([]string{viaWidget, ChannelEmail}, via) < 0 {
				l.r.add(p.line, p.col, p.path+".via", fmt.Sprintf("%q is no way to show a prompt", via), "write widget or email", false)
			}
		}
	}
	if m := l.w.Goal.Metric; m != nil && m.From != nil && !strings.Contains(m.From.Event, ".") && indexOf(ids, m.From.Event) < 0 {
		l.r.add(1, 1, "goal.metric.from.event", fmt.Sprintf("no event %q", m.From.Event), suggest(m.From.Event, ids), false)
	}
}

func orElseText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
