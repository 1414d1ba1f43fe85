package engine

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventData begins the names of an event's data in conditions.
const eventData = "event.data."

// maxHeard bounds the events an enrolment remembers to have applied. An event is applied again only shortly after.
const maxHeard = 100

// heardEvent is a business event, or one of Cairn's own, about the learner of an enrolment. The same again changes nothing.
type heardEvent struct {
	id    string // what makes it one
	typ   string
	at    time.Time
	data  any             // as json.Unmarshal makes it
	about map[string]bool // by place (Workflow.places): whether it leads to the learner; nil: it is about the learner
	// shown is when prompts of the workflow were last shown to the person in other enrolments.
	shown map[string]time.Time
	did   *[]EventEffect // nil, or what it did
}

func (ev heardEvent) apply(d *decision) error {
	if ev.did != nil {
		*ev.did = nil
	}
	if d.e.State == Stopped || d.e.Preview || !d.w.hears(ev.typ) || slices.Contains(d.e.Heard, ev.id) {
		return nil
	}
	if ev.at.IsZero() || ev.at.After(d.now) {
		ev.at = d.now
	}
	matched := false
	for _, p := range d.w.heard[ev.typ] {
		if ev.leadsTo(p.Who) && (p.If == nil || p.If.holds(ev.lookup(d))) {
			matched = ev.anchor(d, p.ID) || matched
			matched = ev.completes(d, p.ID) || matched
		}
	}
	for i := range d.w.Prompts {
		matched = ev.prompts(d, &d.w.Prompts[i]) || matched
	}
	if matched {
		d.e.Heard = append(d.e.Heard, ev.id)
		if len(d.e.Heard) > maxHeard {
			d.e.Heard = d.e.Heard[len(d.e.Heard)-maxHeard:]
		}
	}
	return nil
}

func (ev heardEvent) leadsTo(who string) bool { return ev.about == nil || ev.about[who] }

func (ev heardEvent) note(d *decision, effect, name string) bool {
	if ev.did != nil {
		*ev.did = append(*ev.did, EventEffect{Enrolment: d.e.ID, Person: d.e.Learner, Workflow: d.w.ID, Effect: effect, Name: name})
	}
	return true
}

// anchor keeps when an event that times are counted from happened first.
func (ev heardEvent) anchor(d *decision, name string) bool {
	key := eventAnchor + name
	if had := d.e.Anchors[key]; !d.w.anchored[name] || !had.IsZero() && !ev.at.Before(had) {
		return false
	}
	if d.e.Anchors == nil {
		d.e.Anchors = map[string]time.Time{}
	}
	if d.e.AnchorSource == nil {
		d.e.AnchorSource = map[string]string{}
	}
	d.e.Anchors[key], d.e.AnchorSource[key] = ev.at, "event"
	return ev.note(d, "anchor", key)
}

// completes notes the event for the steps whose `done` waits for it, locked ones too.
func (ev heardEvent) completes(d *decision, name string) bool {
	any := false
	for _, s := range d.w.order {
		for _, r := range s.Done.eventRules() {
			st := d.state(s.ID)
			if r.Event != name || st.State.Settled() || !st.Heard[r.eventKey()].IsZero() || r.If != nil && !r.If.holds(ev.lookup(d)) {
				continue
			}
			if st.Heard == nil {
				st.Heard = map[string]time.Time{}
			}
			st.Heard[r.eventKey()] = ev.at
			any = ev.note(d, "done", string(s.ID))
		}
	}
	return any
}

// lookup finds the names of an event's data, besides those of the enrolment.
func (ev heardEvent) lookup(d *decision) lookup {
	return func(count bool, path string) any {
		if name, ok := strings.CutPrefix(path, eventData); ok && !count {
			return dataAt(ev.data, name)
		}
		return d.lookup(count, path)
	}
}

// dataAt is a value of an event's data by its dotted name: a float64, string or bool; nil when there is none. An item of a
// list goes by its number.
func dataAt(data any, name string) any {
	for _, part := range strings.Split(name, ".") {
		switch v := data.(type) {
		case map[string]any:
			data = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			data = v[i]
		default:
			return nil
		}
	}
	switch data.(type) {
	case float64, string, bool:
		return data
	}
	return nil
}

// decodeData reads an event's data; nil when there is none.
func decodeData(raw json.RawMessage) any {
	var data any
	if len(raw) == 0 || json.Unmarshal(raw, &data) != nil {
		return nil
	}
	return data
}
