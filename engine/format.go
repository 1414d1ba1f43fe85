package engine

import "strings"

// The table of the format: which keys each mapping of a definition has. The parser reads by it, the JSON Schema is
// written from it, so the two cannot disagree.

// key is one key of a mapping. Is says what its value may be, in a small language: text (a string or one by language),
// string, id, yes (true or false), number, `int LOW..HIGH`, time, duration, condition, date, rule, policies,
// `one of a|b`, `list of …` (a single value counts as a list of one) or the name of another mapping.
type key struct {
	name, is string
	required bool
	doc      string
}

// mapping is one mapping of the format.
type mapping []key

func (m mapping) names() []string {
	out := make([]string, 0, len(m))
	for _, k := range m {
		out = append(out, k.name)
	}
	return out
}

// example is how a missing key is to be written.
func (k key) example() string {
	value := "…"
	switch {
	case strings.HasPrefix(k.is, "one of "):
		return k.name + ": " + strings.Join(wordsOf(k.is), " | ")
	case strings.HasPrefix(k.is, "int "):
		value = "1"
	case strings.HasPrefix(k.is, "list of "):
		value = "[…]"
	}
	return "add `" + k.name + ": " + value + "`"
}

// The words that keys may have for values.
const (
	roleIs      = "one of learner|manager|peer|coach"
	reviewerIs  = "one of manager|peer|coach"
	phaseIs     = "one of before|during|after"
	kindIs      = "one of read|watch|elearning|event|briefing|signoff|discuss|share|conversation|experiment|assignment|practise|feedback|reflect|quiz|survey|checkin|plan"
	withIs      = "one of cohort|learner|manager|peer|coach"
	formIs      = "one of report|if_then|what_so_what"
	questionIs  = "one of text|choice|many|yesno|number"
	aidIs       = "one of page|checklist|guide|tree|video"
	channelIs   = "one of lms|email|chat"
	viaIs       = "one of widget|email"
	toIs        = "one of doer|manager|coach"
	passbackIs  = "one of change|complete"
	outcomeIs   = "one of approve|return"
	dayIs       = "one of mon|tue|wed|thu|fri|sat|sun"
	completedIs = "one of course_completed"
)

// wordsOf are the words of a `one of`.
func wordsOf(is string) []string {
	words, _ := strings.CutPrefix(is, "one of ")
	return strings.Split(words, "|")
}

// format is the table, by the name of the mapping.
func format() map[string]mapping {
	return map[string]mapping{
		"workflow": {
			{"workflow", "id", true, "The id of the workflow."},
			{"version", "int 1..1000000", true, "Raise it with every change: an imported version never changes, and a running enrolment stays on its own."},
			{"title", "text", true, "What learners call it."},
			{"goal", "goal", true, "Why the workflow exists."},
			{"behaviours", "list of behaviour", true, "What people do differently afterwards, so that somebody else can see it."},
			{"standards", "list of standard", false, "The items of a qualification or CPD list that steps can meet."},
			{"roles", "roles", false, "Where the people around the learner come from."},
			{"anchors", "anchors", false, "Times that are assumed where no real signal can come."},
			{"calendar", "calendar", false, "When people work."},
			{"nudges", "nudges", false, "The plan of reminders."},
			{"phases", "list of phase", true, "Groups of steps, in the order people see them. The same phase may come again, as a sprint."},
			{"aids", "list of aid", false, "Pages, checklists, guides, trees and videos that steps and prompts show."},
			{"events", "list of event", false, "Names for some of the events of a type. A name stands wherever a type can."},
			{"prompts", "list of prompt", false, "Help that a business event brings up."},
			{"exit", "exit", false, "When an enrolment is complete, when it stops, and what the LMS is told."},
		},
		"goal": {
			{"outcome", "text", true, "What is better afterwards, in one sentence."},
			{"metric", "metric", false, "A number of the business; it is only reported."},
		},
		"metric": {
			{"id", "id", true, ""},
			{"unit", "string", false, ""},
			{"baseline", "number", false, "The value before."},
			{"target", "number", false, "The value wanted."},
			{"by", "time", false, "Until when."},
			{"from", "metric source", false, "Which business event carries the value."},
		},
		"metric source": {
			{"event", "string", true, "The type of the event, as crm.deal.closed."},
			{"who", "string", false, "Where the event says whom it is about, as event.data.owner_email; else its subject."},
			{"value", "string", true, "Where the event has the number, as event.data.amount."},
		},
		"behaviour": {
			{"id", "id", true, ""},
			{"text", "text", true, "What an observer sees, in plain language."},
			{"scale", "list of text", true, "2 to 20 points; they count from 1."},
			{"target", "int 1..20", true, "The point to reach."},
			{"observers", "list of " + roleIs, true, "Who rates it; at least one is not the learner."},
		},
		"standard": {
			{"id", "id", true, ""},
			{"text", "text", true, ""},
		},
		"roles": {
			{"manager", "role rule", false, ""},
			{"peer", "role rule", false, ""},
			{"coach", "role rule", false, ""},
		},
		"role rule": {
			{"from", "list of string", true, "In order: launch.custom.x (an e-mail address), launch.role.x, roster.role.x, cohort (of peers), ask_learner (last; not of a coach)."},
			{"else", "one of manager|peer|coach", false, "Who stands in."},
			{"count", "int 1..50", false, "How many; of peers: the size of a group without the learner."},
		},
		"anchors": {
			{"course_start", "time", false, ""},
			{"course_completed", "time", false, ""},
		},
		"calendar": {
			{"days", "list of " + dayIs, false, "Working days."},
			{"hours", "string", false, `Working hours, as "09:00-17:00".`},
			{"timezone", "string", false, "doer, or an IANA name as Europe/Berlin."},
			{"holidays", "list of date", false, ""},
		},
		"nudges": {
			{"channels", "list of " + channelIs, false, "In order of preference; lms is the inbox on the learner's home."},
			{"cap", "cap", false, "How many mails one person gets at most, over all workflows."},
			{"bundle", "duration", false, "What is due so soon travels along."},
			{"default", "string", false, "The policy of steps that name none; none: silent."},
			{"policies", "policies", false, "Lists of nudges by name."},
			{"test", "nudge test", false, "A randomised comparison of policies, drawn at enrolment."},
		},
		"cap": {
			{"day", "int 1..1000", false, ""},
			{"week", "int 1..1000", false, ""},
		},
		"nudge test": {
			{"holdout", "int 0..100", false, "Per cent of the learners who get `open` only."},
			{"arms", "list of string", false, "Policies; each of the other learners has one as default."},
		},
		"nudge": {
			{"at", "time", true, "Counted from open or due."},
			{"to", toIs, true, ""},
			{"text", "text", true, "step_open, step_due, step_late, ask_for_help, or your own words by language."},
			{"escalate", "yes", false, "To the manager only if this was disclosed; else to the coach."},
		},
		"phase": {
			{"phase", phaseIs, true, ""},
			{"title", "text", false, ""},
			{"goal", "text", false, ""},
			{"opens", "time", false, "Default for the steps."},
			{"due", "time", false, "Default for the steps."},
			{"steps", "list of step", true, ""},
		},
		"step": {
			{"id", "id", true, ""},
			{"kind", kindIs, true, "What the step is about, and by that what it takes to be done."},
			{"title", "text", true, ""},
			{"why", "text", false, "One line under the title: why now."},
			{"by", roleIs, true, "Who does it. All but the learner answer by personal link."},
			{"opens", "time", false, "Else: enrolled, course_start or course_completed, by phase. never: only at_max or a prompt opens it."},
			{"due", "time", false, "Without it the step is never late."},
			{"at", "time", false, "When an event begins."},
			{"needs", "list of string", false, "Steps that must be settled (done, skipped or expired) before."},
			{"if", "condition", false, "Judged once, when the step would open; false: skipped."},
			{"wait_for", "one of cohort", false, "Opens for all active members of the cohort at once."},
			{"expires", "duration", false, "How long somebody else may take to answer; 10wd."},
			{"with", withIs, false, "The other person, or the cohort."},
			{"about", "string", false, "The step whose hand-in is shown."},
			{"content", "content", false, ""},
			{"form", formIs, false, ""},
			{"questions", "list of question", false, ""},
			{"rate", "list of string", false, "Behaviours to rate."},
			{"log", "string", false, "The behaviour that a hand-in is one use of."},
			{"covers", "list of string", false, "The steps a sign-off is about; else its needs."},
			{"wording", "text", false, "What a sign-off says."},
			{"meets", "list of string", false, "Standards this step's evidence counts for."},
			{"minutes", "int 0..100000", false, "How long it takes."},
			{"private", "yes", false, "Only the doer sees what is written."},
			{"optional", "yes", false, ""},
			{"done", "rule", false, "What it takes; else as the kind has it."},
			{"review", "review", false, "Who approves the hand-in."},
			{"repeat", "repeat", false, "A loop with an end."},
			{"spaced", "list of duration", false, "Asks again so long after it was done."},
			{"nudge", "string", false, "A policy, or none."},
		},
		"content": {
			{"url", "string", false, ""},
			{"aid", "string", false, ""},
			{"file", "string", false, ""},
			{"course", "one of this", false, ""},
		},
		"question": {
			{"id", "id", true, ""},
			{"ask", "text", true, ""},
			{"type", questionIs, true, ""},
			{"choices", "list of text", false, "Of choice and many."},
			{"answer", "list of string", false, "The right answer, in the words first written; several for many."},
			{"required", "yes", false, "Else it is."},
		},
		"review": {
			{"by", reviewerIs, true, ""},
			{"rate", "list of string", false, "Behaviours to rate."},
			{"outcomes", "list of " + outcomeIs, false, ""},
			{"grade", "yes", false, ""},
			{"expires", "duration", false, "How long the reviewer may take; 10wd."},
		},
		"repeat": {
			{"until", "condition", true, "Done once this and `done` hold."},
			{"every", "duration", false, "The next attempt opens so much later."},
			{"max", "int 1..1000", true, "Attempts at most."},
			{"at_max", "at max", true, "A human takes over."},
		},
		"at max": {
			{"tell", reviewerIs, true, ""},
			{"step", "string", false, "A step to open."},
		},
		"aid": {
			{"id", "id", true, ""},
			{"format", aidIs, true, ""},
			{"title", "text", true, ""},
			{"file", "string", false, "Beside the workflow, as aids/planner.md; a translation as aids/planner.de.md."},
			{"owner", "string", false, ""},
			{"review_by", "date", false, ""},
		},
		"event": {
			{"id", "id", true, "As in opens: event.<id>."},
			{"type", "string", true, "The type of the event, as crm.deal.closed; also lms.course_completed and xapi.statement."},
			{"if", "condition", false, "On event.data.*."},
			{"who", "string", false, "Where the event says whom it is about, as event.data.owner_email; else its subject."},
		},
		"prompt": {
			{"id", "id", true, ""},
			{"event", "string", true, "The type of the event, or the id of one of events."},
			{"who", "string", false, "Where the event says whom it is about, as event.data.owner_email; else its subject."},
			{"if", "condition", false, ""},
			{"show", "string", true, "An aid."},
			{"via", "list of " + viaIs, false, ""},
			{"cap", "prompt cap", false, ""},
			{"from", "time", false, ""},
			{"until", "time", false, ""},
			{"then", "prompt then", false, ""},
		},
		"prompt cap": {
			{"days", "int 0..10000", true, "Once in so many days."},
		},
		"prompt then": {
			{"after", "duration", false, ""},
			{"step", "string", true, "Opens a new attempt of it."},
		},
		"exit": {
			{"complete", "complete", false, "Else all sign-offs, else all required steps."},
			{"stop", "list of time", false, "The first of these ends the enrolment."},
			{"passback", "passback", false, ""},
		},
		"complete": {
			{"all", "list of string", false, ""},
			{"any", "list of string", false, ""},
		},
		"passback": {
			{"score", "string", false, "done_required / required, or <step>.score."},
			{"when", passbackIs, false, ""},
		},
		"rule": {
			{"viewed", "no value", false, ""},
			{"watched", "share", false, "This share was watched."},
			{"response", "no value", false, ""},
			{"words", "int 1..10000", false, ""},
			{"evidence", "int 1..10000", false, "So many files."},
			{"score", "share", false, ""},
			{"posts", "int 1..10000", false, ""},
			{"attended", "no value", false, ""},
			{"acknowledged", "no value", false, ""},
			{"approved", "no value", false, ""},
			{"confirmed", "no value", false, ""},
			{"lms", completedIs, false, ""},
			{"statement", "statement", false, ""},
			{"event", "string", false, "The type of an event about the learner, or the id of one of events."},
			{"if", "condition", false, "Of an event: which of them."},
			{"all", "list of rule", false, ""},
			{"any", "list of rule", false, ""},
		},
		"statement": {
			{"verb", "string", true, ""},
			{"object", "string", false, ""},
		},
	}
}
