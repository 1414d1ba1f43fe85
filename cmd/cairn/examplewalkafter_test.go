package main

import (
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/xapi"
)

// tries is what Sam does at work, until Max has seen it.
func (w *exampleWalk) tries() {
	w.t.Log("try-1: Sam uses a trade, and hands in a photo of the flip chart")
	w.sam.goes("try-1")
	w.sam.answers("I asked for a longer contract before I lowered the price, and got two years.")
	w.sam.attaches("#camera", w.photo, "flip chart")
	w.sam.sends("#submit")
	w.recorded(1, "sam", xapi.VerbPerformedOffline, "/steps/try-1/performance")
	w.uploaded("try-1", 1)
	w.recorded(1, "sam", xapi.VerbApplied, "/behaviours/trade")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/try-1")

	w.t.Log("reflect-1: too short is not enough, forty words are")
	w.sam.goes("reflect-1")
	w.sam.answers("It went well.")
	w.sam.follows("#submit")
	w.sam.page.sees("#problems")
	w.recorded(0, "sam", xapi.VerbReflected, "/steps/reflect-1")
	w.sam.answers(strings.Repeat("I gave a discount before I was asked for one. ", 6))
	w.sam.sends("#submit")
	w.recorded(1, "sam", xapi.VerbReflected, "/steps/reflect-1")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/reflect-1")

	w.t.Log("pair-1: Sam and Sofia compare notes")
	w.sam.goes("pair-1")
	w.sam.posts("It worked once I stopped talking.")
	w.sam.posts("What did yours say when you asked?")
	w.recorded(2, "sam", xapi.VerbCommented, "/steps/pair-1")
	w.recorded(0, "sam", xapi.VerbCompleted, "/steps/pair-1")
	w.sofia.goes("pair-1")
	w.sofia.reads("What did yours say when you asked?")
	w.sofia.posts("They asked for a day to think, then agreed.")
	w.recorded(1, "sofia", xapi.VerbCommented, "/steps/pair-1")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/pair-1")

	w.t.Log("fb-1: Max says how often he saw it; it is too seldom")
	w.asks(w.max, "Sam", "What did you see?")
	w.max.reads("I asked for a longer contract")
	w.max.rates(map[string]string{"trade": "seldom"})
	w.max.answers("Once, and then you gave the rest away.")
	w.max.sends("#submit")
	w.recorded(1, "max", xapi.VerbReviewed, "/steps/fb-1")
	w.recorded(2, "max", xapi.VerbRated, "/behaviours/trade")
	w.recorded(1, "max", xapi.VerbCompleted, "/steps/fb-1")

	w.t.Log("fix: so Sam has two ways to read how to ask first")
	w.sam.goes("fix")
	w.sam.sends("#mark-done")
	w.recorded(1, "sam", xapi.VerbViewed, "/aids/ask-first")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/fix")
}

// practises is what repeats until Max has seen it mostly, and approved twice.
func (w *exampleWalk) practises() {
	w.t.Log("practise: Max returns the first, approves what comes then; it is not yet mostly")
	w.days(2)
	w.handsInPractice(3, "I asked twice this week.")
	w.recorded(1, "sam", xapi.VerbAttempted, "/steps/practise")
	w.answersPractice("#return", "seldom")
	w.recorded(1, "max", xapi.VerbRejected, "/steps/practise")
	w.handsInPractice(0, "I asked twice, and waited for their answer.")
	w.answersPractice("#approve", "about half the time")
	w.recorded(1, "max", xapi.VerbApproved, "/steps/practise")
	w.recorded(0, "sam", xapi.VerbCompleted, "/steps/practise")

	w.t.Log("practise: a week later again, and it is")
	w.days(7)
	w.handsInPractice(3, "I asked in each of three talks.")
	w.answersPractice("#approve", "mostly")
	w.recorded(2, "max", xapi.VerbApproved, "/steps/practise")
	w.recorded(1, "sam", xapi.VerbMastered, "/steps/practise")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/practise")
}

func (w *exampleWalk) handsInPractice(within int, words string) {
	w.t.Helper()
	w.sam.goesWithin(within, "practise")
	w.sam.answers(words)
	w.sam.attaches("#evidence", w.notes, "notes from the call")
	w.sam.sends("#submit")
}

func (w *exampleWalk) answersPractice(button, seen string) {
	w.t.Helper()
	w.asks(w.max, "Sam", "Practise some more")
	w.max.rates(map[string]string{"trade": seen})
	w.max.answers("What did they say when you asked?")
	w.max.sends(button)
}

// lasts is what shows whether it stays.
func (w *exampleWalk) lasts() {
	w.t.Log("signoff: Max confirms it, and the workflow is complete")
	w.recorded(0, "sam", xapi.VerbCompleted, "")
	w.asks(w.max, "Sam", "Confirm both behaviours are in use")
	w.max.reads("I saw this at work more than once.", "I asked in each of three talks.")
	w.max.rates(map[string]string{"trade": "mostly", "prepare": "mostly"})
	w.max.sends("#approve")
	w.recorded(1, "max", xapi.VerbVerified, "/steps/signoff")
	w.recorded(1, "sam", xapi.VerbCompleted, "")
	w.grade(func(g float64) bool { return g == 100 }, "all of it")
	w.sam.comes()
	w.sam.page.sees("#complete")

	w.t.Log("share: Sam posts the best trade to the cohort")
	w.sam.goes("share")
	w.sam.posts("Ask for the reference call early. It costs them nothing.")
	w.recorded(1, "sam", xapi.VerbShared, "/steps/share")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/share")

	w.t.Log("used-it: the CRM tells of a large deal, Sam gets the planner, and is asked a week later")
	w.sold("sam@example.org", 60000)
	w.mailed("mail with the planner", func(m embedded.Mail) bool { return toSam(m) && purposeOf(m) == "prompt" })
	w.days(7)
	w.sam.goesWithin(7, "used-it")
	w.sam.picks("answer.used", "Yes")
	w.sam.sends("#submit")
	w.recorded(1, "sam", xapi.VerbAnswered, "/steps/used-it/questions/used")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/used-it")

	w.t.Log("follow-12w: Sam and Max say whether it lasts")
	w.until(w.starts.AddDate(0, 0, 12*7-1))
	if w.sam.finds("follow-12w") {
		w.t.Error("the last survey opens a day early")
	}
	w.sam.goesWithin(3, "follow-12w")
	w.sam.rates(map[string]string{"trade": "mostly", "prepare": "always"})
	w.sam.sends("#submit")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/follow-12w")
	w.recorded(2, "sam", xapi.VerbRated, "/behaviours/trade")
	w.asks(w.max, "Sam", "Still in use?")
	w.max.rates(map[string]string{"trade": "always", "prepare": "mostly"})
	w.max.sends("#submit")
	w.recorded(1, "max", xapi.VerbCompleted, "/steps/follow-12w-mgr")
	w.recorded(7, "max", xapi.VerbRated, "/behaviours/trade")
}

// posts writes to the others of a step.
func (p *participant) posts(words string) {
	p.w.t.Helper()
	p.types("#post-text", words)
	p.sends("#post")
	p.reads(words)
}

// uploaded asserts that files were handed in with a step.
func (w *exampleWalk) uploaded(step string, n int) {
	w.t.Helper()
	w.eventually("the upload is recorded", func() bool {
		found := slices.DeleteFunc(w.statements("uploaded"), func(s statement) bool {
			return !strings.HasPrefix(s.Object.ID, w.base+"/workflows/negotiation-skills/steps/"+step+"/evidence/") || !w.by("sam", s)
		})
		return len(found) == n
	})
	w.asserted++
}
