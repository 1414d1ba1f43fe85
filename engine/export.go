package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Export is the definition of a workflow in one canonical form: YAML in block style, keys in the order of the format,
// what is as the defaults have it left out, texts in all their languages. Parsed again it is the same workflow. Comments
// of the author's file are not part of a workflow and are gone.
func Export(w *Workflow) []byte { return writeYAML(canonical(w)) }

// canonical is what Export writes.
func canonical(w *Workflow) *branch {
	o := &branch{}
	o.put("workflow", str(string(w.ID)))
	o.put("version", number(w.Version))
	o.put("title", textOut(w.Title))
	goal := &branch{}
	goal.put("outcome", textOut(w.Goal.Outcome))
	goal.put("metric", metricOut(w.Goal.Metric))
	o.put("goal", goal)
	o.put("behaviours", each(w.Behaviours, behaviourOut))
	o.put("standards", each(w.Standards, func(s Standard) any {
		b := &branch{}
		b.put("id", str(s.ID))
		b.put("text", textOut(s.Text))
		return b
	}))
	o.put("roles", rolesOut(w.Roles))
	anchors := &branch{}
	for _, name := range []string{AnchorCourseStart, AnchorCourseCompleted} {
		if t, ok := w.Anchors[name]; ok {
			anchors.put(name, str(t.String()))
		}
	}
	o.put("anchors", anchors)
	o.put("calendar", calendarOut(w.Calendar))
	o.put("nudges", nudgesOut(w.Nudges))
	o.put("phases", each(w.Phases, phaseOut))
	o.put("aids", each(w.Aids, func(a Aid) any {
		b := &branch{}
		b.put("id", str(a.ID))
		b.put("format", str(a.Format))
		b.put("title", textOut(a.Title))
		b.put("file", str(a.File))
		b.put("owner", str(a.Owner))
		b.put("review_by", str(a.ReviewBy))
		return b
	}))
	o.put("events", each(w.Events, func(p EventPattern) any {
		b := &branch{}
		b.put("id", str(p.ID))
		b.put("type", str(p.Type))
		b.put("if", conditionOut(p.If))
		b.put("who", str(p.Who))
		return b
	}))
	o.put("prompts", each(w.Prompts, promptOut))
	o.put("exit", exitOut(w.Exit))
	return o
}

func str(s string) leaf { return leaf{text: s} }

func number(n int) leaf {
	if n == 0 {
		return leaf{}
	}
	return leaf{text: strconv.Itoa(n), bare: true}
}

func decimal(f float64) leaf {
	if f == 0 {
		return leaf{}
	}
	return leaf{text: strconv.FormatFloat(f, 'f', -1, 64), bare: true}
}

func truth(b bool) leaf {
	if !b {
		return leaf{}
	}
	return leaf{text: "true", bare: true}
}

func length(d Duration) leaf {
	if d.IsZero() {
		return leaf{}
	}
	return str(d.String())
}

func timeOut(t *TimeExpr) any {
	if t == nil {
		return nil
	}
	return str(t.String())
}

func conditionOut(c *Condition) any {
	if c == nil {
		return nil
	}
	return leaf{text: c.Source}
}

// textOut writes a text of one language as a string; the language written first stands first.
func textOut(t Text) any {
	tags := t.Languages()
	if len(tags) == 0 {
		if len(t) == 0 {
			return nil
		}
		return str(t[""])
	}
	slices.SortStableFunc(tags, func(a, b string) int {
		first := func(tag string) int {
			if t[tag] == t[""] {
				return 0
			}
			return 1
		}
		return first(a) - first(b)
	})
	b := &branch{}
	for _, tag := range tags {
		b.must(tag, str(t[tag]))
	}
	return b
}

func each[T any](items []T, out func(T) any) any {
	var list []any
	for _, item := range items {
		list = append(list, out(item))
	}
	return list
}

func list[T ~string](items []T) any {
	return each(items, func(s T) any { return str(string(s)) })
}

func metricOut(m *Metric) any {
	if m == nil {
		return nil
	}
	b := &branch{}
	b.put("id", str(m.ID))
	b.put("unit", str(m.Unit))
	b.put("baseline", decimal(m.Baseline))
	b.put("target", decimal(m.Target))
	b.put("by", timeOut(m.By))
	if m.From != nil {
		from := &branch{}
		from.put("event", str(m.From.Event))
		from.put("who", str(m.From.Who))
		from.put("value", str(m.From.Value))
		b.put("from", from)
	}
	return b
}

func behaviourOut(v Behaviour) any {
	b := &branch{}
	b.put("id", str(string(v.ID)))
	b.put("text", textOut(v.Text))
	b.put("scale", each(v.Scale, func(t Text) any { return textOut(t) }))
	b.put("target", number(v.Target))
	b.put("observers", list(v.Observers))
	return b
}

func rolesOut(roles map[Role]RoleRule) any {
	defaults := defaultRoles()
	o := &branch{}
	for _, name := range []Role{Manager, Peer, Coach} {
		rule := roles[name]
		if reflect.DeepEqual(rule, defaults[name]) {
			continue
		}
		b := &branch{}
		b.must("from", list(rule.From))
		b.put("else", str(string(rule.Else)))
		b.put("count", number(rule.Count))
		o.put(string(name), b)
	}
	return o
}

func calendarOut(c Calendar) any {
	d := defaultCalendar()
	b := &branch{}
	if c.Days != d.Days {
		var days []string
		for i := range 7 {
			if day := (i + 1) % 7; c.Days[day] {
				days = append(days, dayWords[day])
			}
		}
		b.put("days", list(days))
	}
	if c.Start != d.Start || c.End != d.End {
		b.put("hours", str(fmt.Sprintf("%02d:%02d-%02d:%02d", c.Start/60, c.Start%60, c.End/60, c.End%60)))
	}
	if c.Timezone != d.Timezone {
		b.put("timezone", str(c.Timezone))
	}
	var holidays []string
	for _, d := range slices.Sorted(maps.Keys(c.Holidays)) {
		holidays = append(holidays, d.String())
	}
	b.put("holidays", list(holidays))
	return b
}

func nudgesOut(n Nudges) any {
	d := defaultNudges()
	b := &branch{}
	if !slices.Equal(n.Channels, d.Channels) {
		b.must("channels", list(n.Channels))
	}
	if n.Cap != d.Cap {
		c := &branch{}
		c.put("day", number(n.Cap.Day))
		c.put("week", number(n.Cap.Week))
		b.put("cap", c)
	}
	if n.Bundle != d.Bundle {
		b.put("bundle", length(n.Bundle))
	}
	if n.Default != d.Default {
		b.put("default", str(n.Default))
	}
	if !sameNudges(n.Policies, d.Policies) {
		policies := &branch{}
		for _, name := range slices.Sorted(maps.Keys(n.Policies)) {
			policies.must(name, each(n.Policies[name], nudgeOut))
		}
		b.must("policies", policies)
	}
	if n.Test != nil {
		t := &branch{}
		t.must("holdout", leaf{text: strconv.Itoa(n.Test.Holdout), bare: true})
		t.put("arms", list(n.Test.Arms))
		b.put("test", t)
	}
	return b
}

func sameNudges(a, b map[string][]Nudge) bool {
	return maps.EqualFunc(a, b, func(x, y []Nudge) bool {
		return slices.EqualFunc(x, y, func(p, q Nudge) bool {
			return sameTime(&p.At, &q.At) && p.To == q.To && p.Name == q.Name && p.Escalate == q.Escalate && maps.Equal(p.Text, q.Text)
		})
	})
}

// sameTime compares what two expressions say, not where they stand.
func sameTime(a, b *TimeExpr) bool {
	return a == nil && b == nil || a != nil && b != nil && a.String() == b.String()
}

func nudgeOut(n Nudge) any {
	b := &branch{}
	b.put("at", str(n.At.String()))
	b.put("to", str(n.To))
	if n.Name != "" {
		b.put("text", str(n.Name))
	} else {
		b.put("text", textOut(n.Text))
	}
	b.put("escalate", truth(n.Escalate))
	return b
}

func promptOut(p Prompt) any {
	b := &branch{}
	b.put("id", str(p.ID))
	b.put("event", str(p.Event))
	b.put("who", str(p.Who))
	b.put("if", conditionOut(p.If))
	b.put("show", str(p.Show))
	b.put("via", list(p.Via))
	if p.CapDays > 0 {
		c := &branch{}
		c.put("days", number(p.CapDays))
		b.put("cap", c)
	}
	b.put("from", timeOut(p.From))
	b.put("until", timeOut(p.Until))
	if p.Then != nil {
		t := &branch{}
		t.put("after", length(p.Then.After))
		t.put("step", str(string(p.Then.Step)))
		b.put("then", t)
	}
	return b
}

func exitOut(e Exit) any {
	b := &branch{}
	if len(e.Complete.Steps) > 0 {
		c := &branch{}
		key := "all"
		if e.Complete.Any {
			key = "any"
		}
		c.put(key, list(e.Complete.Steps))
		b.put("complete", c)
	}
	if !slices.EqualFunc(e.Stop, defaultStop(), func(x, y TimeExpr) bool { return sameTime(&x, &y) }) {
		b.must("stop", each(e.Stop, func(t TimeExpr) any { return timeOut(&t) }))
	}
	if p := e.Passback; p != nil && (p.Step != "" || p.When != "change") {
		o := &branch{}
		if p.Step != "" {
			o.put("score", str(string(p.Step)+".score"))
		}
		if p.When != "change" {
			o.put("when", str(p.When))
		}
		b.put("passback", o)
	}
	return b
}
