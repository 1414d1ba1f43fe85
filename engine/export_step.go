package engine

import (
	"reflect"
	"strings"
)

func phaseOut(p Phase) any {
	b := &branch{}
	b.put("phase", str(p.Phase))
	b.put("title", textOut(p.Title))
	b.put("goal", textOut(p.Goal))
	b.put("opens", timeOut(p.Opens))
	b.put("due", timeOut(p.Due))
	b.put("steps", each(p.Steps, func(s *Step) any { return stepOut(s, p) }))
	return b
}

func stepOut(s *Step, p Phase) any {
	b := &branch{}
	b.put("id", str(string(s.ID)))
	b.put("kind", str(string(s.Kind)))
	b.put("title", textOut(s.Title))
	b.put("why", textOut(s.Why))
	b.put("by", str(string(s.By)))
	byDefault := p.Opens
	if byDefault == nil {
		byDefault = &TimeExpr{Anchor: phaseAnchor(p.Phase)}
	}
	if !sameTime(&s.Opens, byDefault) {
		b.put("opens", timeOut(&s.Opens))
	}
	if !sameTime(s.Due, p.Due) {
		b.put("due", timeOut(s.Due))
	}
	b.put("at", timeOut(s.At))
	b.put("needs", list(s.Needs))
	b.put("if", conditionOut(s.If))
	b.put("wait_for", str(s.WaitFor))
	b.put("expires", length(s.Expires))
	b.put("with", str(s.With))
	b.put("about", str(string(s.About)))
	content := &branch{}
	content.put("url", str(s.Content.URL))
	content.put("aid", str(s.Content.Aid))
	content.put("file", str(s.Content.File))
	if s.Content.Course {
		content.put("course", str("this"))
	}
	b.put("content", content)
	b.put("form", str(s.Form))
	b.put("questions", each(s.Questions, questionOut))
	b.put("rate", list(s.Rate))
	b.put("log", str(string(s.Log)))
	b.put("covers", list(s.Covers))
	b.put("wording", textOut(s.Wording))
	b.put("meets", list(s.Meets))
	b.put("minutes", number(s.Minutes))
	b.put("private", truth(s.Private))
	b.put("optional", truth(s.Optional))
	if !reflect.DeepEqual(s.Done, defaultDone(s.Kind)) {
		b.put("done", ruleOut(s.Done))
	}
	b.put("review", reviewOut(s.Review))
	b.put("repeat", repeatOut(s.Repeat))
	b.put("spaced", each(s.Spaced, func(d Duration) any { return length(d) }))
	b.put("nudge", str(s.Nudge))
	return b
}

func questionOut(q Question) any {
	b := &branch{}
	b.put("id", str(q.ID))
	b.put("ask", textOut(q.Ask))
	b.put("type", str(q.Type))
	b.put("choices", each(q.Choices, func(t Text) any { return textOut(t) }))
	if len(q.Answer) == 1 {
		b.must("answer", str(q.Answer[0]))
	} else {
		b.put("answer", list(q.Answer))
	}
	if !q.Required {
		b.must("required", leaf{text: "false", bare: true})
	}
	return b
}

// ruleOut writes a `done` as a word where one says it all.
func ruleOut(r Rule) any {
	b := &branch{}
	switch r.Name {
	case "all", "any":
		b.must(r.Name, each(r.Parts, ruleOut))
	case "statement":
		st := &branch{}
		st.put("verb", str(r.Verb))
		st.put("object", str(r.Object))
		b.must(r.Name, st)
	case "event":
		b.must(r.Name, str(r.Event))
		b.put("if", conditionOut(r.If))
	case "watched", "score", "words", "evidence", "posts":
		b.must(r.Name, decimal(r.N))
	default:
		return str(r.Name)
	}
	return b
}

func reviewOut(r *ReviewRule) any {
	if r == nil {
		return nil
	}
	b := &branch{}
	b.put("by", str(string(r.By)))
	b.put("rate", list(r.Rate))
	if strings.Join(r.Outcomes, " ") != OutcomeApprove+" "+OutcomeReturn {
		b.put("outcomes", list(r.Outcomes))
	}
	b.put("grade", truth(r.Grade))
	b.put("expires", length(r.Expires))
	return b
}

func repeatOut(r *RepeatRule) any {
	if r == nil {
		return nil
	}
	b := &branch{}
	b.put("until", conditionOut(r.Until))
	b.put("every", length(r.Every))
	b.put("max", number(r.Max))
	at := &branch{}
	at.put("tell", str(r.Tell))
	at.put("step", str(string(r.OpenUp)))
	b.put("at_max", at)
	return b
}
