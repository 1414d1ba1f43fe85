package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two versions. Path names the place by ids, as steps.practise.due or title.de; a step
// that was only moved, or added or removed as a whole, is one Change. Before and After are as the format writes them,
// BeforeWords and AfterWords say times as people do.
type Change struct {
	What        string `json:"what"` // added, removed, moved, changed
	Path        string `json:"path"`
	Step        StepID `json:"step,omitempty"`
	Before      string `json:"before,omitempty"`
	After       string `json:"after,omitempty"`
	BeforeWords string `json:"before_words,omitempty"`
	AfterWords  string `json:"after_words,omitempty"`
}

// Difference is what a version changes, and what that means for whoever is in the middle of it.
type Difference struct {
	Workflow WorkflowID `json:"workflow"`
	From     int        `json:"from"`
	To       int        `json:"to"`
	Changes  []Change   `json:"changes"`
	Meaning  []string   `json:"meaning"`
}

// DiffWorkflow compares two versions of a workflow; version 0 is the highest.
func (s *Service) DiffWorkflow(ctx context.Context, id WorkflowID, from, to int) (Difference, error) {
	a, err := s.Workflow(ctx, id, from)
	if err != nil {
		return Difference{}, err
	}
	b, err := s.Workflow(ctx, id, to)
	if err != nil {
		return Difference{}, err
	}
	return Diff(a, b), nil
}

// Diff compares two definitions by what they say, not by how they are written. Aids' texts count too.
func Diff(a, b *Workflow) Difference {
	d := differ{}
	before, after := canonical(a), canonical(b)
	d.steps(a, b)
	for _, side := range []*branch{before, after} {
		for _, p := range side.list("phases") {
			p.(*branch).drop("steps")
		}
	}
	d.branches("", before, after)
	for _, aid := range a.Aids {
		other := b.Aid(aid.ID)
		if other == nil {
			continue
		}
		for _, tag := range []string{"", "de"} {
			if aid.Body(tag) != other.Body(tag) {
				d.changes = append(d.changes, Change{What: "changed", Path: "aids." + aid.ID + ".text", Before: fmt.Sprintf("%d bytes", len(aid.Body(tag))), After: fmt.Sprintf("%d bytes", len(other.Body(tag)))})
				break
			}
		}
	}
	return Difference{Workflow: b.ID, From: a.Version, To: b.Version, Changes: d.changes, Meaning: meaning(a, b, d.changes)}
}

// meaning says what a difference does to enrolments.
func meaning(a, b *Workflow, changes []Change) []string {
	if len(changes) == 0 {
		return []string{"The two say the same."}
	}
	out := []string{fmt.Sprintf("Enrolments that run on version %d stay on it; new ones begin with the highest version.", a.Version)}
	touched := map[StepID]bool{}
	for _, c := range changes {
		if c.Step != "" && a.Step(c.Step) != nil {
			touched[c.Step] = true
		}
	}
	if n := len(touched); n > 0 {
		out = append(out, fmt.Sprintf("%d of %d steps are other than before for whoever is offered version %d: offer it to those who have not started (workflow offer %s -to %d).", n, len(a.order), b.Version, b.ID, b.Version))
	} else {
		out = append(out, fmt.Sprintf("No step of version %d changes: those who have not started lose nothing if you offer it to them (workflow offer %s -to %d).", a.Version, b.ID, b.Version))
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return strings.HasPrefix(c.Path, "behaviours.") }) {
		out = append(out, "Behaviours change: ratings of the two versions may not be comparable.")
	}
	return out
}

type differ struct{ changes []Change }

func (d *differ) add(c Change) { d.changes = append(d.changes, c) }

// steps compares the steps by id, wherever they stand.
func (d *differ) steps(a, b *Workflow) {
	place := func(w *Workflow, s *Step) string {
		for i := range w.Phases {
			if slices.Contains(w.Phases[i].Steps, s) {
				return fmt.Sprintf("%s (phase %d)", w.Phases[i].Phase, i+1)
			}
		}
		return ""
	}
	common := func(w, other *Workflow) []StepID {
		var ids []StepID
		for _, s := range w.order {
			if other.steps[s.ID] != nil {
				ids = append(ids, s.ID)
			}
		}
		return ids
	}
	stay := longest(common(a, b), common(b, a))
	for _, s := range a.order {
		if b.steps[s.ID] == nil {
			d.add(Change{What: "removed", Path: "steps." + string(s.ID), Step: s.ID, Before: s.Title.In("en") + ", " + place(a, s)})
		}
	}
	for i, s := range b.order {
		old := a.steps[s.ID]
		if old == nil {
			d.add(Change{What: "added", Path: "steps." + string(s.ID), Step: s.ID, After: s.Title.In("en") + ", " + place(b, s)})
			continue
		}
		if before, after := place(a, old), place(b, s); before != after || !slices.Contains(stay, s.ID) {
			if i > 0 {
				after += " after " + string(b.order[i-1].ID)
			}
			d.add(Change{What: "moved", Path: "steps." + string(s.ID), Step: s.ID, Before: before, After: after})
		}
		from := len(d.changes)
		d.branches("steps."+string(s.ID), stepOut(old, *old.Phase).(*branch), stepOut(s, *s.Phase).(*branch))
		for j := from; j < len(d.changes); j++ {
			d.changes[j].Step = s.ID
		}
	}
}

// longest is the longest run of ids that both lists have in the same order: what did not move.
func longest(a, b []StepID) []StepID {
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			n[i][j] = max(n[i+1][j], n[i][j+1])
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			}
		}
	}
	var out []StepID
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			out, i, j = append(out, a[i]), i+1, j+1
		case n[i+1][j] >= n[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}

func (d *differ) branches(path string, a, b *branch) {
	at := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	for i, k := range a.keys {
		d.values(at(k), a.values[i], b.get(k))
	}
	for i, k := range b.keys {
		if a.get(k) == nil {
			d.values(at(k), nil, b.values[i])
		}
	}
}

func (d *differ) values(path string, a, b any) {
	switch x := a.(type) {
	case *branch:
		if y, ok := b.(*branch); ok {
			d.branches(path, x, y)
			return
		}
	case []any:
		if y, ok := b.([]any); ok && (keyed(x) || keyed(y)) {
			d.lists(path, x, y)
			return
		}
	}
	before, after := shown(a), shown(b)
	if before == after {
		return
	}
	c := Change{What: "changed", Path: path, Before: before, After: after, BeforeWords: timeWords(before), AfterWords: timeWords(after)}
	switch {
	case a == nil:
		c.What = "added"
	case b == nil:
		c.What = "removed"
	}
	d.add(c)
}

// keyed tells whether a list has mappings, which are known by their ids or their places.
func keyed(list []any) bool {
	return slices.ContainsFunc(list, func(v any) bool { _, ok := v.(*branch); return ok })
}

func (d *differ) lists(path string, a, b []any) {
	name := func(i int, v any) string {
		if br, ok := v.(*branch); ok {
			if id, ok := br.get("id").(leaf); ok {
				return id.text
			}
		}
		return strconv.Itoa(i + 1)
	}
	find := func(list []any, want string) any {
		for i, v := range list {
			if name(i, v) == want {
				return v
			}
		}
		return nil
	}
	for i, v := range a {
		d.values(path+"."+name(i, v), v, find(b, name(i, v)))
	}
	for i, v := range b {
		if find(a, name(i, v)) == nil {
			d.values(path+"."+name(i, v), nil, v)
		}
	}
}

// shown is a value in one line.
func shown(v any) string {
	switch v := v.(type) {
	case leaf:
		return v.text
	case *branch:
		parts := make([]string, 0, len(v.keys))
		for i, k := range v.keys {
			parts = append(parts, k+": "+shown(v.values[i]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, 0, len(v))
		for _, item := range v {
			parts = append(parts, shown(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return ""
}

// timeWords says a time or duration as people do; "" if the text is neither.
func timeWords(s string) string {
	if d, err := parseDuration(s); err == nil {
		return d.Words()
	}
	t, err := parseTimeExpr(s)
	if err != nil || t.Offset.IsZero() && !t.HasTime {
		return ""
	}
	return t.Words()
}

func (b *branch) get(key string) any {
	if i := slices.Index(b.keys, key); i >= 0 {
		return b.values[i]
	}
	return nil
}

func (b *branch) list(key string) []any {
	list, _ := b.get(key).([]any)
	return list
}

func (b *branch) drop(key string) {
	if i := slices.Index(b.keys, key); i >= 0 {
		b.keys, b.values = slices.Delete(b.keys, i, i+1), slices.Delete(b.values, i, i+1)
	}
}

// String is the difference as a person reads it.
func (d Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: version %d → %d, %d changes\n", d.Workflow, d.From, d.To, len(d.Changes))
	for _, c := range d.Changes {
		words := func(s, w string) string {
			if w == "" {
				return s
			}
			return s + " (" + w + ")"
		}
		switch c.What {
		case "added":
			fmt.Fprintf(&b, "  + %s: %s\n", c.Path, words(c.After, c.AfterWords))
		case "removed":
			fmt.Fprintf(&b, "  - %s: %s\n", c.Path, words(c.Before, c.BeforeWords))
		case "moved":
			fmt.Fprintf(&b, "  ↕ %s: %s → %s\n", c.Path, c.Before, c.After)
		default:
			fmt.Fprintf(&b, "  ~ %s: %s → %s\n", c.Path, words(c.Before, c.BeforeWords), words(c.After, c.AfterWords))
		}
	}
	for _, m := range d.Meaning {
		fmt.Fprintf(&b, "%s\n", m)
	}
	return b.String()
}
