package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

// walk is the chain that must work, seen from outside: people with browsers, a
// reporting tool that queries the record store, the mailbox and the gradebook.
type walk struct {
	t     testing.TB
	demo  demoFile
	clock *devClock
	sam   *visitor
	max   *visitor
	links []string // personal links Max has used, oldest first

	killed time.Time // when a process last died: what it held is free some seconds later
}

func newWalk(t testing.TB, demo demoFile, clock *devClock) *walk {
	t.Helper()
	return &walk{t: t, demo: demo, clock: clock, sam: newVisitor(t), max: newVisitor(t)}
}

// act is one thing a person does; between any two, a process may die.
type act struct {
	name string
	do   func()
}

// acts is the whole chain in order.
func (w *walk) acts() []act {
	return []act{
		{"Sam opens the activity", w.opens},
		{"Sam reads", w.reads},
		{"Sam reflects", w.reflects},
		{"Sam hands in an experiment", w.experiments},
		{"Max returns it", w.returns},
		{"Sam hands in again", w.handsInAgain},
		{"Max approves it", w.approves},
		{"the course is completed", w.completesCourse},
		{"days pass and the follow-up opens", w.waitsForFollowUp},
		{"Sam comes back by the mail and follows up", w.followsUp},
		{"Max signs off", w.signsOff},
	}
}

// launch signs in at the LMS and opens the activity as the course page does.
func (w *walk) launch(v *visitor, button string) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/")
	if v.page.find(button) != nil {
		v.submit(button, nil)
	}
	w.openActivity(v)
}

// openActivity launches as the course page does, for a visitor who is signed in.
func (w *walk) openActivity(v *visitor) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/course/view.php?id=2")
	frame := v.page.find("activity-frame")
	if frame == nil {
		w.t.Fatalf("the course page shows no activity:\n%s", v.page.text())
	}
	v.get(attr(frame, "src"))
	w.arrive(v)
}

// arrive follows the self-submitting forms of a launch until a page of Cairn.
func (w *walk) arrive(v *visitor) {
	w.t.Helper()
	for range 5 {
		if v.page.find("next-step") != nil || v.page.find("journey") != nil || v.page.status >= 400 {
			break
		}
		v.follow()
	}
	if v.page.status != http.StatusOK || !strings.HasPrefix(v.page.url.String(), w.demo.Tool.URL+"/") {
		w.t.Fatalf("the launch ended at %s (%d):\n%s", v.page.url, v.page.status, v.page.text())
	}
}

func (w *walk) opens() {
	w.launch(w.sam, "signin-sam")
	if w.sam.page.find("next-step") == nil {
		w.t.Fatalf("home shows no next step:\n%s", w.sam.page.text())
	}
	w.expect("registered", 1)
}

// toNextStep opens the step the home page offers.
func (w *walk) toNextStep() {
	w.t.Helper()
	w.launch(w.sam, "signin-sam")
	card := w.sam.page.find("next-step")
	if card == nil {
		w.t.Fatalf("home shows no next step:\n%s", w.sam.page.text())
	}
	link := find(card, func(n *html.Node) bool { return n.Data == "a" && strings.Contains(attr(n, "class"), "primary") })
	if link == nil {
		w.t.Fatalf("the next step has no way to do it:\n%s", w.sam.page.text())
	}
	w.sam.get(attr(link, "href"))
}

func (w *walk) reads() {
	w.toNextStep()
	w.sam.submit("mark-done", nil)
	w.ok(w.sam)
	w.expect("viewed", 1)
}

func (w *walk) reflects() {
	w.toNextStep()
	before := w.sam.page.url.String()
	w.sam.submit("submit", w.answers(w.sam, "Too short."))
	if w.sam.page.status != http.StatusUnprocessableEntity && w.sam.page.status != http.StatusBadRequest {
		w.t.Fatalf("a reflection of two words was answered with %d:\n%s", w.sam.page.status, w.sam.page.text())
	}
	w.sam.get(before)
	w.sam.submit("submit", w.answers(w.sam, strings.Repeat("I gave a discount before I was asked for one. ", 12)))
	w.ok(w.sam)
	w.expect("reflected", 1)
}

func (w *walk) experiments() {
	w.toNextStep()
	w.sam.submit("submit", w.answers(w.sam, "I asked for a longer contract before I lowered the price, and got it."),
		upload{"evidence", "notes from the call.txt", "They asked for 5 %. I asked for two years."})
	w.ok(w.sam)
	w.expect("uploaded", 1)
}

// review opens the newest link that Max was mailed and has not used.
func (w *walk) review(subject string) {
	w.t.Helper()
	var link string
	w.mail(func(m embedded.Mail) bool {
		if !toMax(m) {
			return false
		}
		for _, word := range strings.Fields(m.Text) {
			if strings.HasPrefix(word, w.demo.Tool.URL+"/r/") && !slices.Contains(w.links, word) {
				link = word
				return true
			}
		}
		return false
	}, subject)
	w.links = append(w.links, link)
	w.max.get(link)
	if w.max.page.status != http.StatusOK {
		w.t.Fatalf("Max's link answers %d:\n%s", w.max.page.status, w.max.page.text())
	}
}

func toMax(m embedded.Mail) bool {
	return slices.ContainsFunc(m.To, func(to string) bool { return strings.Contains(to, "max") })
}

func toSam(m embedded.Mail) bool {
	return slices.ContainsFunc(m.To, func(to string) bool { return strings.Contains(to, "sam") })
}

func (w *walk) returns() {
	w.review("a mail that asks Max for a review")
	w.max.sees("longer contract", "notes from the call.txt")
	w.max.submit("return", w.rated(w.max, "2", "What did they say when you asked?"))
	w.ok(w.max)
	w.toNextStep() // Sam sees it at once
	w.sam.sees("What did they say when you asked?")
	w.expect("reject", 1)
}

func (w *walk) handsInAgain() {
	w.toNextStep()
	w.sam.submit("submit", w.answers(w.sam, "They laughed, then agreed: I asked for a longer contract and got two years."),
		upload{"evidence", "mail.txt", "Agreed, two years."})
	w.ok(w.sam)
}

func (w *walk) approves() {
	w.review("a mail that asks Max for a second review")
	w.max.submit("approve", w.rated(w.max, "4", "Well done, you waited for their answer."))
	w.ok(w.max)
	w.expect("approve", 1)
	w.grade(func(g float64) bool { return g > 0 }, "some progress")
}

func (w *walk) completesCourse() {
	w.sam.get(w.demo.LMS.URL + "/course/view.php?id=2")
	w.sam.submit("course-completed", nil)
	w.ok(w.sam)
	w.eventually("Sam's home names the follow-up with its day", func() bool {
		w.launch(w.sam, "signin-sam")
		return w.sam.page.find("upcoming") != nil
	})
}

func (w *walk) waitsForFollowUp() {
	opened := func(m embedded.Mail) bool {
		return toSam(m) && purposeOf(m) == "step_open" && strings.Contains(m.Subject, "Did it last?")
	}
	for range 8 { // at most a weekend more than two working days
		must(w.t, w.clock.Advance(untilMorning(w.clock.Now())))
		if w.settled(func() bool { return slices.ContainsFunc(w.mails(), opened) }) {
			return
		}
	}
	w.t.Fatalf("eight days after the course Sam got no mail; mails: %s", w.subjects())
}

func (w *walk) followsUp() {
	var back string
	w.mail(func(m embedded.Mail) bool {
		if !toSam(m) || len(m.Headers["List-Unsubscribe"]) == 0 {
			return false
		}
		for _, word := range strings.Fields(m.Text) {
			if strings.HasPrefix(word, w.demo.Tool.URL+"/n/") {
				back = word
				return true
			}
		}
		return false
	}, "a mail that leads back through the LMS")
	w.sam.get(back)
	if frame := w.sam.page.find("activity-frame"); frame != nil {
		w.sam.get(attr(frame, "src"))
	}
	w.arrive(w.sam)
	for range 4 { // whatever steps the follow-up has for Sam
		if w.sam.page.find("next-step") == nil {
			break
		}
		w.toNextStep()
		switch {
		case w.sam.page.find("mark-done") != nil:
			w.sam.submit("mark-done", nil)
		default:
			w.sam.submit("submit", w.rated(w.sam, "4", strings.Repeat("I used it again in two talks this week and it held. ", 8)),
				upload{"evidence", "again.txt", "Second deal."})
		}
		w.ok(w.sam)
		w.launch(w.sam, "signin-sam")
	}
}

func (w *walk) signsOff() {
	var done bool
	for range 10 { // the request waits for Max's working hours
		if done = w.settled(func() bool { return w.unusedLink() }); done {
			w.review("a mail that asks Max to sign off")
			break
		}
		must(w.t, w.clock.Advance(untilMorning(w.clock.Now())))
	}
	if !done {
		w.t.Fatalf("Max was not asked to sign off; mails: %s", w.subjects())
	}
	w.max.submit("approve", w.rated(w.max, "4", "I saw it more than once."))
	w.ok(w.max)
	w.expect("verified", 1)
	w.eventually("the workflow is completed", func() bool {
		return slices.ContainsFunc(w.statements("completed"), func(s statement) bool {
			return s.Object.Definition.Type == "https://w3id.org/xapi/acrossx/activities/learning-plan"
		})
	})
	w.grade(func(g float64) bool { return g == 100 }, "all of it")
}

func (w *walk) unusedLink() bool {
	return slices.ContainsFunc(w.mails(), func(m embedded.Mail) bool {
		return toMax(m) && slices.ContainsFunc(strings.Fields(m.Text), func(word string) bool {
			return strings.HasPrefix(word, w.demo.Tool.URL+"/r/") && !slices.Contains(w.links, word)
		})
	})
}

func (w *walk) used(link string) bool { return slices.Contains(w.links, link) }

func (w *walk) ok(v *visitor) {
	w.t.Helper()
	if v.page.status >= 400 {
		w.t.Fatalf("%s answered %d:\n%s", v.page.url, v.page.status, v.page.text())
	}
}

// answers fills every text field of the page's step with prose.
func (w *walk) answers(v *visitor, prose string) url.Values {
	values := url.Values{}
	each(v.page.root, func(n *html.Node) {
		if n.Data == "textarea" || n.Data == "input" && attr(n, "type") == "text" && attr(n, "inputmode") != "url" {
			values.Set(attr(n, "name"), prose)
		}
	})
	return values
}

// rated fills every text field and picks the given point of every scale.
func (w *walk) rated(v *visitor, point, prose string) url.Values {
	values := w.answers(v, prose)
	each(v.page.root, func(n *html.Node) {
		if n.Data == "input" && attr(n, "type") == "radio" && (attr(n, "value") == point || values.Get(attr(n, "name")) == "") {
			values.Set(attr(n, "name"), attr(n, "value"))
		}
	})
	return values
}
