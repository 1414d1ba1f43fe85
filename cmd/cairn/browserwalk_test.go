package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

// browserWalk is the walk with real browsers: Sam's with the tool in the frame
// of the course page, Max's of the size of a phone.
type browserWalk struct {
	*walk
	browser *browser
}

func TestTheWalkInABrowser(t *testing.T) {
	for name, lms := range map[string]string{
		"with the tool on the site of the LMS":                                  "127.0.0.1:0",
		"with the tool in a frame of another site, third-party cookies blocked": "localhost:0",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			demo := startDemo(t, t.TempDir(), "-lms-addr", lms)
			w := &browserWalk{walk: newWalk(t, demo.demoFile, demo.clock), browser: b}
			w.run()
		})
	}
}

// run is points 1 to 6 of the chain.
func (w *browserWalk) run() {
	evidence := filepath.Join(w.t.TempDir(), "notes from the call.txt")
	must(w.t, os.WriteFile(evidence, []byte("They asked for 5 %. I asked for two years."), 0o600))

	w.t.Log("Sam opens the activity")
	w.browser.open(w.demo.LMS.URL + "/")
	w.browser.top().click("#signin-sam")
	tool := w.home()
	tool.sees("#progress")
	tool.sees("#journey")
	w.expectSoon("registered", 1)

	w.t.Log("Sam reads, reflects, and hands in an experiment")
	w.step(tool).click("#mark-done")
	w.expectSoon("viewed", 1)
	w.step(w.home()).write(strings.Repeat("I gave a discount before I was asked for one. ", 12))
	tool.click("#submit")
	w.expectSoon("reflected", 1)
	w.step(w.home()).write("I asked for a longer contract before I lowered the price, and got it.")
	tool.attachFile("#evidence", evidence)
	tool.click("#submit")
	w.expectSoon("uploaded", 1)

	w.t.Log("Max reviews on a phone, without an account")
	phone := w.browser.phone()
	phone.open(w.personalLink("a mail that asks Max for a review"))
	max := phone.top()
	max.eventually("document.body.innerText.includes('longer contract') && document.documentElement.scrollWidth <= 320")
	max.rate("2")
	max.write("What did they say when you asked?")
	max.click("#return")
	w.expectSoon("reject", 1)
	w.step(w.home()).eventually("document.body.innerText.includes('What did they say when you asked?')")
	tool.write("They laughed, then agreed: two years.")
	tool.attachFile("#evidence", evidence)
	tool.click("#submit")
	phone.open(w.personalLink("a mail that asks Max for a second review"))
	max.rate("4")
	max.click("#approve")
	w.expectSoon("approve", 1)
	w.grade(func(g float64) bool { return g > 0 && g < 100 }, "some progress")

	w.t.Log("the course is completed; days later the follow-up opens")
	w.browser.open(w.demo.LMS.URL + "/course/view.php?id=2")
	w.browser.top().click("#course-completed")
	w.eventually("the completion is a statement", func() bool {
		for _, s := range w.statements("completed") {
			if strings.HasSuffix(s.Object.Definition.Type, "cmi5/activitytype/course") {
				return true
			}
		}
		return false
	})
	w.waitsForFollowUp()

	w.t.Log("Sam comes back by the mail")
	w.browser.open(w.launchLink())
	tool.sees("#next-step")
	for range 4 {
		if !w.open(tool, "#next-step a.primary") {
			break
		}
		w.step(tool)
		tool.eventually("document.querySelector('#mark-done, #submit')")
		if w.open(tool, "#mark-done") {
			tool.click("#mark-done")
		} else {
			tool.rate("4")
			tool.write(strings.Repeat("I used it again in two talks this week and it held. ", 8))
			tool.click("#submit")
		}
		tool.eventually("!document.querySelector('#mark-done, #submit')")
		w.home()
	}

	w.t.Log("Max signs off")
	for range 10 {
		if w.settled(w.unusedLink) {
			break
		}
		must(w.t, w.clock.Advance(untilMorning(w.clock.Now())))
	}
	phone.open(w.personalLink("a mail that asks Max to sign off"))
	max.rate("4")
	max.click("#approve")
	w.expectSoon("verified", 1)
	w.grade(func(g float64) bool { return g == 100 }, "all of it")
	w.mailsAreDistinct()
}

// home opens the course page again and waits for the tool's home in its frame.
func (w *browserWalk) home() frame {
	w.t.Helper()
	w.browser.top().eventually("document.readyState === 'complete'")
	w.browser.open(w.demo.LMS.URL + "/course/view.php?id=2")
	tool := w.browser.frame(w.demo.Tool.URL + "/")
	tool.sees("#journey")
	return tool
}

// step goes on to the step that home offers.
func (w *browserWalk) step(tool frame) frame {
	w.t.Helper()
	tool.click("#next-step a.primary")
	tool.eventually("location.pathname.includes('/steps/')")
	tool.sees("#mark-done, #submit")
	return tool
}

// open says whether the page, once loaded, has an element.
func (w *browserWalk) open(tool frame, selector string) (there bool) {
	w.t.Helper()
	tool.eventually("document.readyState === 'complete'")
	must(w.t, tool.try("!!document.querySelector('"+selector+"')", &there))
	return there
}

// expectSoon is expect for what a click set off a moment ago.
func (w *browserWalk) expectSoon(verb string, n int) {
	w.t.Helper()
	w.eventually("a statement "+verb, func() bool { return len(w.statements(verb)) >= n })
	w.expect(verb, n)
}

// personalLink is the newest link that Max was mailed and has not used.
func (w *browserWalk) personalLink(what string) string {
	w.t.Helper()
	var link string
	w.mail(func(m embedded.Mail) bool {
		for _, word := range strings.Fields(m.Text) {
			if toMax(m) && strings.HasPrefix(word, w.demo.Tool.URL+"/r/") && !w.used(word) {
				link = word
				return true
			}
		}
		return false
	}, what)
	w.links = append(w.links, link)
	return link
}

// launchLink is where Sam's newest mail leads: by Cairn, which notes the way, to the LMS.
func (w *browserWalk) launchLink() (link string) {
	w.t.Helper()
	for _, m := range w.mails() {
		for _, word := range strings.Fields(m.Text) {
			if toSam(m) && strings.HasPrefix(word, w.demo.Tool.URL+"/n/") {
				link = word
			}
		}
	}
	if link == "" {
		w.t.Fatalf("no mail leads Sam back; mails: %s", w.subjects())
	}
	return link
}
