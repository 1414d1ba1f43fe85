package engine

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseWorkflow reads and checks a definition. file only names it in problems. The workflow is nil if the problems
// refuse it; warnings alone do not. Aids have no text yet, see bundle.
func ParseWorkflow(file string, source []byte) (*Workflow, Problems) {
	w, r := readWorkflow(file, source)
	if !r.problems.Refused() {
		lint(w, r)
	}
	r.problems = append(r.problems, r.strict...)
	if !r.problems.Refused() {
		advise(w, r)
	} else {
		w = nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return w, slices.Compact(r.problems) // a phase's default is judged once a step
}

// parseStored reads what an import accepted once. What the linter has learnt to refuse since must not stop an enrolment
// that runs.
func parseStored(file string, source []byte) (*Workflow, Problems) {
	w, r := readWorkflow(file, source)
	if r.problems.Refused() {
		return nil, r.problems
	}
	advise(w, r)
	return w, r.problems.Warnings()
}

// readWorkflow reads the text. The workflow is whole only if no problem refuses it.
func readWorkflow(file string, source []byte) (*Workflow, *reader) {
	r := &reader{file: file, format: format()}
	root, bad := readTree(source)
	if bad != nil {
		bad.File = file
		r.problems = Problems{*bad}
		return nil, r
	}
	return r.workflow(root), r
}

// The bounds of lists in a definition.
const (
	maxSteps  = 1000
	maxPhases = 200
)

var idShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// id is a name that others refer to.
func (o object) id(key string) string {
	s := o.str(key)
	if o.has(key) && !idShape.MatchString(s) {
		o.refuse(key, fmt.Sprintf("%q cannot be an id", s), "use letters, digits, - and _, at most 64")
	}
	return s
}

func (r *reader) workflow(root *tree) *Workflow {
	o := r.mapping(root, "", "workflow")
	w := &Workflow{ID: WorkflowID(o.id("workflow")), Version: o.integer("version", 1, 1_000_000), Title: o.text("title"), steps: map[StepID]*Step{}}
	if n := o.keys["goal"]; n != nil {
		w.Goal = r.goal(n)
	}
	for _, it := range o.list("behaviours") {
		w.Behaviours = append(w.Behaviours, r.behaviour(it))
	}
	if o.has("behaviours") && len(w.Behaviours) == 0 {
		o.refuse("behaviours", "a workflow is for at least one behaviour", "say what people do differently afterwards")
	}
	for _, it := range o.list("standards") {
		so := r.mapping(it.n, it.path, "standard")
		w.Standards = append(w.Standards, Standard{ID: so.id("id"), Text: so.text("text"), line: it.n.line, col: it.n.col})
	}
	w.Roles = r.roles(o)
	w.Anchors = r.anchors(o)
	w.Calendar = r.calendar(o)
	w.Nudges = r.nudges(o)
	r.phases(o, w)
	for _, it := range o.list("aids") {
		w.Aids = append(w.Aids, r.aid(it))
	}
	for _, it := range o.list("events") {
		w.Events = append(w.Events, r.eventPattern(it))
	}
	for _, it := range o.list("prompts") {
		w.Prompts = append(w.Prompts, r.prompt(it))
	}
	w.Exit = r.exit(o)
	w.listen()
	return w
}

func (r *reader) goal(n *tree) Goal {
	o := r.mapping(n, "goal", "goal")
	g := Goal{Outcome: o.text("outcome")}
	if m := o.keys["metric"]; m != nil {
		mo := r.mapping(m, "goal.metric", "metric")
		g.Metric = &Metric{ID: mo.id("id"), Unit: mo.str("unit"), Baseline: mo.number("baseline"), Target: mo.number("target"), By: mo.time("by")}
		if f := mo.keys["from"]; f != nil {
			fo := r.mapping(f, "goal.metric.from", "metric source")
			g.Metric.From = &MetricSource{Event: fo.eventName("event"), Who: fo.eventPath("who"), Value: fo.eventPath("value")}
		}
	}
	return g
}

func (r *reader) behaviour(it item) Behaviour {
	o := r.mapping(it.n, it.path, "behaviour")
	b := Behaviour{ID: BehaviourID(o.id("id")), Text: o.text("text"), line: it.n.line, col: it.n.col}
	for _, s := range o.list("scale") {
		b.Scale = append(b.Scale, r.text(s.n, s.path))
	}
	if o.has("scale") && (len(b.Scale) < 2 || len(b.Scale) > 20) {
		o.refuse("scale", fmt.Sprintf("a scale of %d points", len(b.Scale)), "write 2 to 20, as [never, seldom, mostly, always]")
	}
	b.Target = o.integer("target", 1, max(1, len(b.Scale)))
	for _, s := range o.list("observers") {
		b.Observers = append(b.Observers, r.role(s.n, s.path))
	}
	return b
}

var roleWords = []string{string(Learner), string(Manager), string(Peer), string(Coach)}

func (r *reader) role(n *tree, path string) Role {
	for _, w := range roleWords {
		if w == r.scalar(n, path) {
			return Role(w)
		}
	}
	r.refuse(n, path, fmt.Sprintf("no role %q", n.text), suggestOrList(n.text, roleWords))
	return ""
}

func (o object) role(key string) Role {
	if n := o.keys[key]; n != nil {
		return o.r.role(n, o.at(key))
	}
	return ""
}

var roleSource = regexp.MustCompile(`^(launch\.custom\.[A-Za-z0-9_]+|launch\.role\.[A-Za-z0-9_]+|roster\.role\.[A-Za-z0-9_]+|cohort|ask_learner)$`)

func (r *reader) roles(o object) map[Role]RoleRule {
	roles := defaultRoles()
	n := o.keys["roles"]
	if n == nil {
		return roles
	}
	ro := r.mapping(n, "roles", "roles")
	for _, name := range []Role{Manager, Peer, Coach} {
		rn := ro.keys[string(name)]
		if rn == nil {
			continue
		}
		rule := r.mapping(rn, ro.at(string(name)), "role rule")
		got := RoleRule{From: rule.strs("from"), Else: rule.role("else"), Count: rule.integer("count", 1, 50)}
		if name == Peer && !rule.has("count") {
			got.Count = roles[Peer].Count
		}
		r.sources(name, rule)
		for _, it := range rule.list("from") {
			if s := it.n.text; !roleSource.MatchString(s) {
				r.refuse(it.n, it.path, fmt.Sprintf("%q is no source of people", s), "write launch.custom.x, launch.role.x, roster.role.x, cohort or ask_learner")
			}
		}
		if got.Else == name || got.Else == Learner {
			rule.refuse("else", fmt.Sprintf("%q cannot stand in for %s", got.Else, name), "write another of manager, peer, coach")
		}
		roles[name] = got
	}
	return roles
}

func (r *reader) anchors(o object) map[string]TimeExpr {
	n := o.keys["anchors"]
	if n == nil {
		return nil
	}
	out := map[string]TimeExpr{}
	ao := r.mapping(n, "anchors", "anchors")
	for _, k := range []string{AnchorCourseStart, AnchorCourseCompleted} {
		if t := ao.time(k); t != nil {
			out[k] = *t
		}
	}
	return out
}

var dayWords = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (r *reader) calendar(o object) Calendar {
	c := defaultCalendar()
	n := o.keys["calendar"]
	if n == nil {
		return c
	}
	co := r.mapping(n, "calendar", "calendar")
	if co.has("days") {
		c.Days = [7]bool{}
		for _, it := range co.list("days") {
			i := indexOf(dayWords, r.scalar(it.n, it.path))
			if i < 0 {
				r.refuse(it.n, it.path, fmt.Sprintf("%q is no day", it.n.text), suggestOrList(it.n.text, dayWords))
				continue
			}
			c.Days[i] = true
		}
		if c.Days == [7]bool{} {
			co.refuse("days", "somebody has to work some day", "write [mon, tue, wed, thu, fri]")
		}
	}
	if co.has("hours") {
		from, to, ok := parseHours(co.str("hours"))
		if !ok {
			co.refuse("hours", fmt.Sprintf("%q are no hours", co.str("hours")), `write "09:00-17:00"`)
		}
		c.Start, c.End = from, to
	}
	if zone := co.str("timezone"); zone != "" {
		c.Timezone = zone
		if _, ok := zoneOf(zone); !ok && zone != "doer" {
			co.refuse("timezone", fmt.Sprintf("%q is no time zone", zone), "write doer or an IANA name as Europe/Berlin")
		}
	}
	for _, it := range co.list("holidays") {
		d := r.scalar(it.n, it.path)
		day, err := time.Parse(time.DateOnly, d)
		if err != nil {
			r.refuse(it.n, it.path, fmt.Sprintf("%q is no date", d), `write "2026-12-25"`)
			continue
		}
		c.Holidays[dayOf(day)] = true
	}
	return c
}

func parseHours(s string) (from, to int, ok bool) {
	a, b, found := strings.Cut(s, "-")
	from, ok1 := parseClock(strings.TrimSpace(a))
	to, ok2 := parseClock(strings.TrimSpace(b))
	return from, to, found && ok1 && ok2 && from < to
}

// parseClock reads HH:MM, up to 24:00, as minutes of the day.
func parseClock(s string) (int, bool) {
	h, m, found := strings.Cut(s, ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	ok := found && err1 == nil && err2 == nil && len(m) == 2 && len(h) <= 2 && minutes >= 0 && minutes < 60 && hours >= 0 && hours*60+minutes <= 24*60
	return hours*60 + minutes, ok
}

func (r *reader) aid(it item) Aid {
	o := r.mapping(it.n, it.path, "aid")
	a := Aid{ID: o.id("id"), Format: o.oneOf("format", wordsOf(aidIs)...), Title: o.text("title"),
		File: o.str("file"), Owner: o.str("owner"), ReviewBy: o.str("review_by")}
	if a.File != "" && !safePath(a.File) {
		o.refuse("file", fmt.Sprintf("%q is no file below the workflow", a.File), "write a relative path as aids/planner.md")
	}
	if _, err := time.Parse(time.DateOnly, a.ReviewBy); a.ReviewBy != "" && err != nil {
		o.refuse("review_by", fmt.Sprintf("%q is no date", a.ReviewBy), `write "2026-12-01"`)
	}
	a.line, a.col, a.path = it.n.line, it.n.col, it.path
	if n := o.keys["file"]; n != nil {
		a.line, a.col, a.path = n.line, n.col, o.at("file")
	}
	return a
}

func (r *reader) prompt(it item) Prompt {
	o := r.mapping(it.n, it.path, "prompt")
	p := Prompt{ID: o.id("id"), Event: o.eventName("event"), Who: o.eventPath("who"), If: o.condition("if"), Show: o.str("show"), Via: o.strs("via"),
		From: o.time("from"), Until: o.time("until"), path: it.path, line: it.n.line, col: it.n.col}
	if n := o.keys["cap"]; n != nil {
		co := r.mapping(n, o.at("cap"), "prompt cap")
		p.CapDays = co.integer("days", 0, 10_000)
	}
	if n := o.keys["then"]; n != nil {
		to := r.mapping(n, o.at("then"), "prompt then")
		p.Then = &PromptThen{After: to.duration("after"), Step: StepID(to.str("step"))}
	}
	return p
}

func (r *reader) exit(o object) Exit {
	e := Exit{Stop: defaultStop()}
	n := o.keys["exit"]
	if n == nil {
		e.Passback = &Passback{When: "change"}
		return e
	}
	eo := r.mapping(n, "exit", "exit")
	if c := eo.keys["complete"]; c != nil {
		co := r.mapping(c, "exit.complete", "complete")
		key := "all"
		if co.has("any") {
			key = "any"
		}
		if co.has("all") == co.has("any") && c.kind == mapTree {
			eo.refuse("complete", "all and any at once, or neither", "write {all: [<step>, …]}")
		}
		if c.kind == mapTree && len(co.list(key)) == 0 && co.has(key) {
			r.refuseNew(c, co.at(key), "names no step", "name one, or leave `complete` out")
		}
		e.Complete = StepSet{Any: key == "any", Steps: stepIDs(co.strs(key)), line: c.line, col: c.col, path: co.at(key)}
	}
	if eo.has("stop") {
		e.Stop = nil
		for _, it := range eo.list("stop") {
			if t, ok := r.time(it.n, it.path); ok {
				e.Stop = append(e.Stop, t)
			}
		}
	}
	e.Passback = &Passback{When: "change"}
	if p := eo.keys["passback"]; p != nil {
		po := r.mapping(p, "exit.passback", "passback")
		if w := po.oneOf("when", wordsOf(passbackIs)...); w != "" {
			e.Passback.When = w
		}
		switch s := strings.Join(strings.Fields(po.str("score")), " "); {
		case s == "" || s == "done_required / required":
		case strings.HasSuffix(s, ".score"):
			e.Passback.Step = StepID(strings.TrimSuffix(s, ".score"))
		default:
			po.refuse("score", fmt.Sprintf("%q is no score", s), "write `done_required / required` or `<step>.score`")
		}
		e.Passback.line, e.Passback.col = p.line, p.col
	}
	return e
}

func stepIDs(words []string) []StepID {
	var out []StepID
	for _, w := range words {
		out = append(out, StepID(w))
	}
	return out
}

func indexOf(words []string, s string) int {
	for i, w := range words {
		if w == s {
			return i
		}
	}
	return -1
}

// safePath tells whether p is a clean relative path below its folder.
func safePath(p string) bool {
	return len(p) <= 200 && !strings.HasPrefix(p, "/") && !strings.Contains(p, "\\") && !strings.ContainsRune(p, 0) &&
		!slices.ContainsFunc(strings.Split(p, "/"), func(s string) bool { return s == "" || s == "." || s == ".." })
}
