package engine

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// genWorkflow draws a random valid workflow of up to a dozen steps: every kind, every doer, gates, loops, prompts,
// branches, cohorts, events and standards. Steps wait only for earlier ones. It fails if what it drew is refused.
func genWorkflow(t *rapid.T) *Workflow {
	source := genSource(t)
	w, problems := ParseWorkflow("random.yaml", source)
	if problems.Refused() {
		t.Fatalf("the random workflow is refused:\n%s\n%s", problems, source)
	}
	return w
}

// genSource draws the definition of a random valid workflow, as JSON, which is YAML too.
func genSource(t *rapid.T) []byte {
	g := &gen{T: t}
	source, err := json.MarshalIndent(g.workflow(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// gen draws parts of a definition. steps are the ids so far.
type gen struct {
	*rapid.T
	steps, hands, quizzes, never []string
}

type block = map[string]any

func (g *gen) n(name string, low, high int) int { return rapid.IntRange(low, high).Draw(g.T, name) }
func (g *gen) maybe(name string, of int) bool   { return g.n(name+"?", 1, of) == 1 }

func oneOf[T any](g *gen, name string, of ...T) T { return rapid.SampledFrom(of).Draw(g.T, name) }

// some is a subset in order.
func some[T any](g *gen, name string, of []T) []T {
	out := []T{}
	for i, v := range of {
		if rapid.Bool().Draw(g.T, fmt.Sprint(name, i)) {
			out = append(out, v)
		}
	}
	return out
}

func (g *gen) words(name string) string {
	return oneOf(g, name, "Do it", "Why? Because: yes", "# no comment", "- dash", "no", "1.0", "two\nlines\n", "\n\nblank first", `"double" and 'single'`, "Übung 🎯",
		"{brace}", "[bracket]", "2026-01-01", "null", "~", "a: b", " leading", "trailing ", "tab\there", "&anchor", "*star", "!tag", "%percent", "@at", "`tick`", "|", ">", "?", "on", "0x10",
		"line\u2028separator", "back\\slash", "long and long and long and long and long and long and long and long and long and long and long and long and long line")
}

// text is a string or one by language.
func (g *gen) text(name string) any {
	if g.maybe(name+".languages", 3) {
		t := block{"en": g.words(name + ".en"), "de": g.words(name + ".de")}
		if g.maybe(name+".third", 4) {
			t["pt-br"] = g.words(name + ".pt")
		}
		return t
	}
	return g.words(name)
}

func (g *gen) duration(name string) string {
	return fmt.Sprintf("%d%s", g.n(name, 1, 20), oneOf(g, name+".unit", "h", "d", "wd", "wd", "w"))
}

// time is an expression from one of some anchors.
func (g *gen) time(name string, anchors ...string) string {
	s := oneOf(g, name+".anchor", anchors...)
	if g.maybe(name+".offset", 2) {
		s += oneOf(g, name+".sign", " + ", " + ", " - ") + g.duration(name)
	}
	if g.maybe(name+".clock", 5) {
		s += fmt.Sprintf(" at %02d:%02d", g.n(name+".hour", 0, 23), oneOf(g, name+".minute", 0, 30, 59))
	}
	return s
}

var genBehaviours = []string{"trade", "prepare"}

func (g *gen) workflow() block {
	w := block{"workflow": "random", "version": g.n("version", 1, 9), "title": g.text("title"), "goal": g.goal()}
	var behaviours []any
	for _, id := range genBehaviours {
		points := g.n("points", 2, 5)
		var scale []any
		for i := range points {
			scale = append(scale, fmt.Sprint("point ", i))
		}
		behaviours = append(behaviours, block{"id": id, "text": g.text("behaviour"), "scale": scale, "target": g.n("target", 1, points),
			"observers": append([]string{"learner"}, some(g, "observers", []string{"manager", "peer", "coach"})...)})
	}
	w["behaviours"] = behaviours
	if g.maybe("standards", 3) {
		w["standards"] = []any{block{"id": "std1", "text": g.text("standard")}, block{"id": "std2", "text": "Second"}}
	}
	if g.maybe("roles", 2) {
		w["roles"] = block{
			"manager": block{"from": oneOf(g, "manager", []string{"launch.custom.manager_email", "ask_learner"}, []string{"roster.role.manager"}, []string{"ask_learner"}, []string{"launch.custom.manager_email"}), "else": "coach"},
			"peer":    block{"from": []string{"cohort"}, "else": "coach", "count": g.n("peers", 1, 3)},
			"coach":   block{"from": []string{"launch.role.instructor"}},
		}
	}
	if g.maybe("anchors", 2) {
		w["anchors"] = block{"course_start": fmt.Sprintf("enrolled + %dwd", g.n("start", 1, 20)), "course_completed": fmt.Sprintf("course_start + %dd", g.n("course", 5, 60))}
	}
	if g.maybe("calendar", 3) {
		w["calendar"] = block{"days": append([]string{"mon"}, some(g, "days", []string{"tue", "wed", "thu", "fri", "sat"})...), "hours": oneOf(g, "hours", "09:00-17:00", "07:30-16:00", "00:00-24:00"),
			"timezone": oneOf(g, "timezone", "doer", "Europe/Berlin", "America/New_York", "Pacific/Auckland"), "holidays": some(g, "holidays", []string{"2026-12-25", "2027-01-01", "2026-03-30"})}
	}
	if g.maybe("nudges", 2) {
		w["nudges"] = g.nudges()
	}
	w["aids"] = []any{block{"id": "sheet", "format": oneOf(g, "format", "page", "checklist", "guide"), "title": g.text("aid"), "file": "aids/sheet.md", "owner": "Ada", "review_by": "2027-02-01"}}
	w["events"] = []any{block{"id": "deal", "type": "crm.deal.closed", "if": "event.data.amount >= 100", "who": "event.data.owner_email"}, block{"id": "any-deal", "type": "crm.deal.closed"}}
	w["phases"] = g.phases(w["standards"] != nil)
	if g.maybe("prompts", 2) {
		w["prompts"] = []any{g.prompt()}
	}
	if g.maybe("exit", 2) {
		w["exit"] = g.exit()
	}
	return w
}

func (g *gen) goal() block {
	goal := block{"outcome": g.text("outcome")}
	if g.maybe("metric", 3) {
		goal["metric"] = block{"id": "concession-pct", "unit": "percent", "baseline": oneOf(g, "baseline", 14.0, 0.5, 0, 1e6), "target": g.n("metric", 0, 100), "by": g.time("metric.by", "course_completed", "enrolled"),
			"from": block{"event": "crm.deal.closed", "who": "event.data.owner_email", "value": "event.data.concession_pct"}}
	}
	return goal
}

func (g *gen) nudges() block {
	policies := block{
		"standard": []any{block{"at": "open", "to": "doer", "text": "step_open"}, block{"at": g.time("nudge", "due"), "to": "doer", "text": "step_late"}, block{"at": "due + 4wd", "to": "manager", "text": "ask_for_help", "escalate": true}},
		"gentle":   []any{block{"at": "open + 1wd", "to": "doer", "text": block{"en": g.words("own"), "de": "Eigener Text"}}, block{"at": "due + 2wd", "to": "coach", "text": "step_late"}},
	}
	n := block{"channels": oneOf(g, "channels", []string{"lms", "email"}, []string{"email"}, []string{"lms"}, []string{"lms", "chat", "email"}), "cap": block{"day": g.n("day", 1, 5), "week": g.n("week", 1, 9)}, "bundle": g.duration("bundle"),
		"default": oneOf(g, "default", "standard", "gentle", "none"), "policies": policies}
	if g.maybe("test", 3) {
		n["test"] = block{"holdout": g.n("holdout", 0, 100), "arms": []string{"standard", "gentle"}}
	}
	return n
}

func (g *gen) phases(standards bool) []any {
	var phases []any
	for range g.n("phases", 1, 4) {
		name := oneOf(g, "phase", "before", "during", "during", "after")
		p := block{"phase": name}
		if g.maybe("phase.title", 3) {
			p["title"], p["goal"] = g.text("phase.title"), g.text("phase.goal")
		}
		if g.maybe("phase.opens", 4) {
			p["opens"] = g.time("phase.opens", "enrolled", "course_start", "course_completed")
		}
		if g.maybe("phase.due", 4) {
			p["due"] = g.time("phase.due", "course_completed", "enrolled")
		}
		var steps []any
		for range g.n("steps", 1, 4) {
			steps = append(steps, g.step(standards))
		}
		p["steps"] = steps
		phases = append(phases, p)
	}
	last := phases[len(phases)-1].(block)
	for _, id := range g.never {
		last["steps"] = append(last["steps"].([]any), block{"id": id, "kind": oneOf(g, "never.kind", "plan", "read", "checkin"), "title": "Only now", "by": "learner", "opens": "never", "due": "open + " + g.duration("never.due")})
	}
	return phases
}

var outsiders = []string{"manager", "peer", "coach"}

func (g *gen) step(standards bool) block {
	id := fmt.Sprintf("s%d", len(g.steps)+1)
	kind := oneOf(g, "kind", wordsOf(kindIs)...)
	s := block{"id": id, "kind": kind, "title": g.text("step"), "by": "learner"}
	switch kind {
	case "briefing", "signoff", "feedback":
		s["by"] = oneOf(g, "by", outsiders...)
	case "survey", "checkin":
		s["by"] = oneOf(g, "by", append([]string{"learner", "learner"}, outsiders...)...)
	}
	learner := s["by"] == "learner"
	g.when(s)
	g.kind(s, kind)
	if len(g.steps) > 0 && g.maybe("if", 5) {
		s["if"] = g.condition("")
	}
	hands := false
	switch kind {
	case "experiment", "assignment", "practise", "reflect", "quiz", "plan", "conversation", "survey", "checkin":
		hands = learner
	}
	if hands && kind != "quiz" && g.maybe("review", 3) {
		s["review"] = block{"by": oneOf(g, "reviewer", outsiders...), "rate": some(g, "review.rate", genBehaviours), "outcomes": oneOf(g, "outcomes", []string{"approve", "return"}, []string{"approve"}), "grade": g.maybe("grade", 2), "expires": g.duration("review.expires")}
	}
	if hands && g.maybe("repeat", 4) {
		at := block{"tell": oneOf(g, "tell", "coach", "manager")}
		if g.maybe("at_max", 2) {
			to := fmt.Sprintf("never%d", len(g.never)+1)
			g.never = append(g.never, to)
			at["step"] = to
		}
		if kind == "quiz" {
			g.quizzes = append(g.quizzes, id)
		}
		r := block{"until": g.condition(id), "max": g.n("max", 1, 4), "at_max": at}
		if g.maybe("every", 2) {
			r["every"] = g.duration("every")
		}
		s["repeat"] = r
	}
	if hands && g.maybe("spaced", 6) {
		s["spaced"] = []string{"2wd", "7wd", "3w"}
	}
	if hands && standards && g.maybe("meets", 2) {
		s["meets"] = oneOf(g, "meets", []string{"std1"}, []string{"std1", "std2"})
	}
	if learner && hands && s["review"] == nil && g.maybe("private", 8) {
		s["private"] = true
	}
	if g.maybe("optional", 6) {
		s["optional"] = true
	}
	if g.maybe("nudge", 5) {
		s["nudge"] = oneOf(g, "policy", "standard", "gentle", "none")
	}
	if g.maybe("minutes", 2) {
		s["minutes"] = g.n("minutes", 1, 60)
	}
	if g.maybe("why", 4) {
		s["why"] = g.text("why")
	}
	if !learner && g.maybe("expires", 4) {
		s["expires"] = g.duration("expires")
	}
	if kind == "quiz" && s["repeat"] == nil {
		g.quizzes = append(g.quizzes, id)
	}
	g.steps = append(g.steps, id)
	if hands && s["private"] == nil {
		g.hands = append(g.hands, id)
	}
	return s
}

// when draws opens, due, at, needs and wait_for.
func (g *gen) when(s block) {
	anchors := []string{"enrolled", "course_start", "course_completed", "event.crm.deal", "event.deal", "2026-12-01"}
	for _, id := range g.steps {
		anchors = append(anchors, "step."+id)
	}
	if g.maybe("opens", 3) {
		s["opens"] = g.time("opens", anchors...)
	}
	if g.maybe("due", 2) {
		s["due"] = fmt.Sprintf("open + %s", g.duration("due"))
	} else if g.maybe("due.anchor", 3) {
		s["due"] = g.time("due", "enrolled", "course_start", "course_completed")
	}
	if needs := some(g, "needs", g.steps[max(0, len(g.steps)-3):]); len(needs) > 0 {
		s["needs"] = needs
	}
	if s["kind"] == "event" {
		s["at"] = fmt.Sprintf("%s at %02d:00", oneOf(g, "at", "course_start", "course_start + 2wd", "enrolled + 5d"), g.n("at.hour", 8, 18))
		if g.maybe("wait_for", 2) {
			s["wait_for"] = "cohort"
		}
		if g.maybe("event.with", 3) {
			s["with"] = oneOf(g, "event.with.role", "cohort", "coach")
		}
	} else if g.maybe("gate", 8) {
		s["wait_for"], s["due"] = "cohort", g.time("gate.due", "course_start", "enrolled")
	}
}

// kind draws what belongs to the kind.
func (g *gen) kind(s block, kind string) {
	rated := func() {
		if rate := some(g, "rate", genBehaviours); len(rate) > 0 {
			s["rate"] = rate
		}
	}
	switch kind {
	case "read":
		s["content"] = oneOf[any](g, "content", block{"aid": "sheet"}, block{"url": "https://lms.example/mod/page?id=7"})
	case "watch":
		s["content"], s["done"] = block{"file": "media/film.mp4"}, block{"watched": oneOf(g, "watched", 0.5, 0.9, 1)}
	case "elearning":
		s["content"] = block{"course": "this"}
		if g.maybe("statement", 3) {
			s["done"] = block{"statement": block{"verb": "http://adlnet.gov/expapi/verbs/passed", "object": "https://lms.example/*"}}
		}
	case "signoff":
		s["wording"] = g.text("wording")
		if covers := some(g, "covers", g.hands); len(covers) > 0 {
			s["covers"] = covers
		}
		rated()
	case "discuss":
		s["with"] = oneOf(g, "with", "manager", "peer", "coach", "cohort")
		if s["with"] == "manager" && g.maybe("confirmed", 2) {
			s["done"] = block{"all": []any{"response", "confirmed"}}
		} else if g.maybe("posts", 2) {
			s["done"] = block{"posts": g.n("posts", 1, 3)}
		}
	case "share":
		s["with"] = oneOf(g, "with", "cohort", "peer")
	case "conversation":
		s["with"] = oneOf(g, "with", outsiders...)
	case "experiment", "practise":
		s["log"] = oneOf(g, "log", genBehaviours...)
		if g.maybe("form", 2) {
			s["form"] = "report"
		}
		if g.maybe("any", 4) {
			s["done"] = block{"any": []any{block{"evidence": 1}, block{"words": 20}}}
		}
	case "reflect":
		s["done"] = block{"words": g.n("words", 1, 80)}
		if g.maybe("form", 2) {
			s["form"] = "what_so_what"
		}
	case "plan":
		s["form"] = "if_then"
		if g.maybe("event.done", 5) {
			s["done"] = block{"any": []any{"response", block{"event": "crm.deal.closed", "if": "event.data.amount > 3"}, block{"event": "deal"}}}
		}
	case "quiz":
		s["questions"] = []any{
			block{"id": "q1", "ask": g.text("ask"), "type": "choice", "choices": []any{"A", block{"en": "B", "de": "Be"}, "C?"}, "answer": "A"},
			block{"id": "q2", "ask": "Which?", "type": "many", "choices": []any{"yes", "no", "1"}, "answer": []any{"yes", "1"}},
			block{"id": "q3", "ask": "True?", "type": "yesno", "answer": oneOf(g, "yesno", "yes", "no")},
			block{"id": "q4", "ask": "How many?", "type": "number", "answer": "4"},
		}
		s["done"] = block{"score": oneOf(g, "score", 0.5, 0.8, 1)}
	case "survey", "checkin", "feedback":
		rated()
		if s["rate"] == nil || g.maybe("questions", 3) {
			s["questions"] = []any{block{"id": "q1", "ask": g.text("ask"), "type": oneOf(g, "type", "text", "yesno", "number")}, block{"id": "q2", "ask": "More?", "type": "text", "required": false}}
		}
		if kind == "feedback" && len(g.hands) > 0 {
			s["about"] = oneOf(g, "about", g.hands...)
		}
	}
	if (kind == "reflect" || kind == "discuss") && len(g.hands) > 0 && g.maybe("about", 2) {
		s["about"] = oneOf(g, "about", g.hands...)
	}
}

// condition draws one about earlier steps and, in `until`, about the step itself.
func (g *gen) condition(self string) string {
	atom := func(i int) string {
		kinds := []string{"rating.trade.manager < 3", "rating.prepare.learner >= 2", "count(log.trade) >= 2", "learner.role == 'seller'", "learner.role != clerk"}
		for _, id := range g.steps {
			kinds = append(kinds, id+".state == done", "count("+id+".evidence) >= 1")
		}
		for _, id := range g.quizzes {
			kinds = append(kinds, id+".score >= 0.8")
		}
		if self != "" {
			kinds = append(kinds, "count("+self+".attempts) >= 2", "count("+self+".approved) >= 1")
		}
		return oneOf(g, fmt.Sprint("atom", i), kinds...)
	}
	c := atom(0)
	for i := range g.n("atoms", 0, 2) {
		next := atom(i + 1)
		if g.maybe("not", 4) {
			next = "not (" + next + ")"
		}
		c += oneOf(g, "join", " and ", " or ") + next
	}
	return c
}

func (g *gen) prompt() block {
	p := block{"id": "big", "event": "crm.opportunity.created", "show": "sheet", "via": oneOf(g, "via", []string{"widget"}, []string{"widget", "email"}, []string{"email"}), "cap": block{"days": g.n("cap", 1, 30)},
		"from": g.time("prompt.from", "enrolled", "course_completed"), "until": g.time("prompt.until", "course_completed")}
	if g.maybe("who", 2) {
		p["who"] = "event.data.owner_email"
	}
	if g.maybe("prompt.if", 2) {
		p["if"] = "event.data.amount >= 50000 and event.data.stage == 'new'"
	}
	if len(g.never) > 0 && g.maybe("then", 2) {
		p["then"] = block{"after": g.duration("after"), "step": oneOf(g, "then.step", g.never...)}
	}
	return p
}

func (g *gen) exit() block {
	e := block{"stop": []string{"unenrolled", "enrolled + 400d"}, "passback": block{"score": "done_required / required", "when": oneOf(g, "passback", "change", "complete")}}
	if len(g.quizzes) > 0 && g.maybe("exit.score", 2) {
		e["passback"] = block{"score": oneOf(g, "exit.quiz", g.quizzes...) + ".score"}
	}
	if g.maybe("complete", 2) {
		e["complete"] = block{oneOf(g, "set", "all", "any"): []string{oneOf(g, "exit.step", g.steps...)}}
	}
	return e
}

func TestRandomWorkflowsAreAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { genWorkflow(t) })
}
