package main

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
	"golang.org/x/net/html"
)

// The example workflow has kinds of steps that first-steps has not: surveys, a
// quiz, a plan, briefings. Whatever home offers within six weeks can be done.
func TestTheExampleWorkflowCanBeWalkedAsFarAsItIsCarried(t *testing.T) {
	s := newSite(t)
	s.serve()
	s.furnish()
	s.command("workflow", "import", filepath.Join("..", "..", "engine", "library", "negotiation-skills.yaml"))
	activity := platform.DefaultActivity(s.lms.Tools()[0])
	activity.Custom["workflow"] = "negotiation-skills"
	link, err := s.lms.AddResourceLink(t.Context(), activity)
	must(t, err)
	w := newWalk(t, s.demo, s.clock)
	must(t, s.clock.Advance(untilMonday(s.clock.Now())))

	done := map[string]bool{}
	for week := range 6 {
		for range 12 {
			if !w.doesNextStep(link.ID, done) {
				break
			}
		}
		w.maxAnswersAll(done)
		if week == 1 { // home offers the course, which only the LMS can say is done
			must(t, s.lms.CompleteCourse(t.Context(), "5"))
		}
		must(t, s.clock.Advance(7*24*time.Hour))
		w.settled(func() bool { return false }) // let the worker open what is due
	}
	for _, step := range []string{"baseline", "quiz", "plan", "try-1", "reflect-1", "practise"} {
		if !done[step] {
			t.Errorf("step %s was never done; done were %v", step, done)
		}
	}
	if !done["Max"] {
		t.Error("Max never answered anything")
	}
}

// doesNextStep does what home offers, and says whether it offered anything.
func (w *walk) doesNextStep(link string, done map[string]bool) bool {
	w.t.Helper()
	w.sam.get(w.demo.LMS.URL + "/mod/lti/view.php?l=" + link)
	if w.sam.page.find("signin-sam") != nil {
		w.sam.submit("signin-sam", nil)
	}
	if frame := w.sam.page.find("activity-frame"); frame != nil {
		w.sam.get(attr(frame, "src"))
	}
	w.arrive(w.sam)
	card := w.sam.page.find("next-step")
	if card == nil {
		return false
	}
	action := find(card, func(n *html.Node) bool { return n.Data == "a" && strings.Contains(attr(n, "class"), "primary") })
	if action == nil {
		return false
	}
	step := attr(action, "href")
	step = step[strings.LastIndex(step, "/")+1:]
	w.sam.get(attr(action, "href"))
	w.ok(w.sam)
	switch {
	case w.sam.page.find("post") != nil && !done[step]:
		for _, words := range []string{"I tried it twice.", "It worked once."} {
			w.sam.submit("post", url.Values{"text": {words}})
		}
	case w.sam.page.find("mark-done") != nil:
		w.sam.submit("mark-done", nil)
	case w.sam.page.find("submit") == nil && w.sam.page.find("attend") != nil:
		return false // it takes a code of the host
	case w.sam.page.find("submit") == nil && w.sam.page.find("thread") != nil:
		return false // others have not written yet
	case w.sam.page.find("submit") == nil:
		w.sam.sees("This step notices by itself")
		return false
	default:
		answers := w.rated(w.sam, "4", strings.Repeat("I asked for something back before I gave. ", 10))
		each(w.sam.page.root, func(n *html.Node) { // the right answers of the quiz
			for _, right := range []string{"Ask for a longer contract in return", "Larger first order", "A reference call"} {
				if n.Data == "input" && attr(n, "value") == right {
					if attr(n, "type") == "radio" {
						answers.Set(attr(n, "name"), right)
					} else {
						answers.Add(attr(n, "name"), right)
					}
				}
			}
		})
		w.sam.submit("submit", answers, upload{"evidence", "notes.txt", "They agreed."})
	}
	w.ok(w.sam)
	if done[step] {
		return false // offered again: practise more next week
	}
	done[step] = true
	return true
}

// maxAnswersAll opens every link that Max was mailed, and answers.
func (w *walk) maxAnswersAll(done map[string]bool) {
	w.t.Helper()
	w.settled(w.unusedLink)
	for _, m := range w.mails() {
		for _, word := range strings.Fields(m.Text) {
			if !toMax(m) || !strings.HasPrefix(word, w.demo.Tool.URL+"/r/") || w.used(word) {
				continue
			}
			w.links = append(w.links, word)
			w.max.get(word)
			w.ok(w.max)
			for _, button := range []string{"approve", "acknowledge", "submit"} {
				if w.max.page.find(button) != nil {
					w.max.submit(button, w.rated(w.max, "4", "I saw it happen."))
					w.ok(w.max)
					done["Max"] = true
					break
				}
			}
		}
	}
}
