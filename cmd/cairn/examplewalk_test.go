package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine/library"
	"github.com/cairn-lms/cairn/lti/platform"
	"github.com/cairn-lms/cairn/xapi"
)

// exampleWalk is the whole example workflow as people live it: Sam and Sofia learn, Max is
// their manager and has no account, Tessa coaches.
type exampleWalk struct {
	*walk
	site                   *site
	server                 *process
	sam, sofia, max, tessa *participant
	photo, notes           string // evidence
	readings               atomic.Int32
	base                   string             // of our IRIs
	registration           map[string]string  // of Sam and Sofia
	accounts               map[string]account // of all others
	over                   map[string]bool    // links that ask nothing any more
	starts                 time.Time          // the morning on which the course begins, 10:00 UTC
	pages, asserted        int
	began                  time.Time
}

func TestTheExampleWorkflowIsWalkedByEverybodyInBrowsers(t *testing.T) {
	heavy(t, "four people go through 22 steps in browsers, twice")
	for _, c := range []struct{ learners, reviewers int64 }{{320, 1280}, {1280, 320}} {
		t.Run(fmt.Sprintf("learners at %d px, reviewers at %d px", c.learners, c.reviewers), func(t *testing.T) {
			w := newExampleWalk(t, c.learners, c.reviewers)
			w.before()
			w.meets()
			w.during()
			w.tries()
			w.practises()
			w.lasts()
			w.endsWell()
			t.Logf("%d pages, %d assertions of statements, %s", w.pages, w.asserted, time.Since(w.began).Round(time.Second))
		})
	}
}

// newExampleWalk is an installation on a Monday morning: the workflow is imported and placed in
// the course of an LMS on another site; nobody has come yet.
func newExampleWalk(t *testing.T, learners, reviewers int64) *exampleWalk {
	t.Helper()
	s := newSiteWith(t, platform.Options{Addr: "localhost:0", PublicURL: "http://localhost:0"})
	w := &exampleWalk{site: s, began: time.Now(), registration: map[string]string{}, accounts: map[string]account{}, over: map[string]bool{}}
	must(t, s.clock.Advance(untilMonday(s.clock.Now())))
	for holidaysWithin(s.clock.Now(), 15) { // days of work are counted below
		must(t, s.clock.Advance(7*24*time.Hour))
	}
	w.server = s.serve()
	s.command("workflow", "import", filepath.Join(w.definition(t), "negotiation-skills.yaml"))
	must(t, json.Unmarshal(s.command("key", "create", "-name", "reports", "-json"), &s.demo.LRS))
	s.lms.SetXAPI(platform.XAPIConfig{Endpoint: s.demo.LRS.Endpoint, Key: s.demo.LRS.Key, Secret: s.demo.LRS.Secret})
	var invitation struct{ URL string }
	must(t, json.Unmarshal(s.command("lms", "invite", "-json"), &invitation))
	tool, err := s.lms.RegisterTool(t.Context(), invitation.URL)
	must(t, err)
	activity := platform.DefaultActivity(tool)
	activity.Title, activity.Custom["workflow"] = "Negotiate without giving margin away", "negotiation-skills"
	activity.Custom["course_start"] = s.clock.Now().AddDate(0, 0, 28).Format(time.DateOnly) // as was planned when it was placed
	_, err = s.lms.AddResourceLink(t.Context(), activity)
	must(t, err)

	w.walk = newWalk(t, s.demo, s.clock)
	b := newBrowser(t)
	person := func(name string, wide int64) *participant {
		window := b.window(t, wide)
		return &participant{w: w, name: name, b: window, wide: wide, page: window.frame(s.demo.Tool.URL + "/s/")}
	}
	w.sam, w.sofia, w.tessa, w.max = person("sam", learners), person("sofia", learners), person("tessa", reviewers), person("max", reviewers)
	w.max.page = w.max.b.top()
	w.notes = filepath.Join(t.TempDir(), "notes from the call.txt")
	must(t, os.WriteFile(w.notes, []byte("They asked for 5 %. I asked for two years."), 0o600))
	w.photo = filepath.Join(t.TempDir(), "flip chart.png")
	must(t, os.WriteFile(w.photo, []byte(tinyPNG), 0o600))
	return w
}

// definition is a folder with the example as it comes, but for a film of four seconds in place of more than a minute, and
// its page to read where a browser gets it.
func (w *exampleWalk) definition(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	must(t, os.CopyFS(folder, library.Files()))
	must(t, os.RemoveAll(filepath.Join(folder, "media")))
	must(t, os.CopyFS(filepath.Join(folder, "media"), os.DirFS(filepath.Join("testdata", "media"))))
	handbook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w.readings.Add(1)
		_, _ = rw.Write([]byte("<!doctype html><title>Handbook</title><h1>Trades, not gifts</h1>"))
	}))
	t.Cleanup(handbook.Close)
	file := filepath.Join(folder, "negotiation-skills.yaml")
	source, err := os.ReadFile(file)
	must(t, err)
	there := strings.Replace(string(source), "https://lms.example/mod/page/7", handbook.URL+"/mod/page/7", 1)
	if there == string(source) {
		t.Fatal("the example reads from elsewhere now")
	}
	must(t, os.WriteFile(file, []byte(there), 0o600))
	return folder
}

// holidaysWithin tells whether the example has a holiday in the days to come.
func holidaysWithin(now time.Time, days int) bool {
	for _, day := range []string{"2026-12-25", "2027-01-01"} {
		at, _ := time.Parse(time.DateOnly, day)
		if at.After(now.AddDate(0, 0, -1)) && at.Before(now.AddDate(0, 0, days)) {
			return true
		}
	}
	return false
}

// arrived keeps how a learner is registered.
func (w *exampleWalk) arrived(p *participant, subject string) {
	w.t.Helper()
	p.arrives()
	w.eventually(p.name+" is registered", func() bool {
		for _, s := range w.statements("registered") {
			if s.Actor.Account.Name == subject {
				w.registration[p.name], w.base = s.Context.Registration, strings.TrimSuffix(s.Object.ID, "/workflows/negotiation-skills")
			}
		}
		return w.registration[p.name] != ""
	})
	w.recorded(1, p.name, xapi.VerbRegistered, "")
}

// before is all until the course begins.
func (w *exampleWalk) before() {
	w.t.Log("Tessa, Sam and Sofia come for the first time")
	w.tessa.arrives()
	w.arrived(w.sam, "5")
	w.arrived(w.sofia, "6")

	w.t.Log("Tessa says on her board that the course begins two weeks earlier than planned")
	w.starts = w.clock.Now().AddDate(0, 0, 14)
	w.tessa.toCourse()
	w.tessa.picksDay("#day-negotiation-skills", w.starts)
	w.tessa.sends("#start-negotiation-skills")

	w.t.Log("baseline: Sam and Sofia say where they are")
	for _, p := range []*participant{w.sam, w.sofia} {
		p.goes("baseline")
		p.rates(map[string]string{"trade": "seldom", "prepare": "never"})
		p.sends("#submit")
		w.recorded(1, p.name, xapi.VerbRated, "/behaviours/trade")
		w.recorded(1, p.name, xapi.VerbRated, "/behaviours/prepare")
		w.recorded(1, p.name, xapi.VerbCompleted, "/steps/baseline")
	}

	w.t.Log("baseline-mgr: Max rates, by a link of a mail")
	w.asks(w.max, "Sam", "Rate two behaviours")
	w.max.rates(map[string]string{"trade": "seldom", "prepare": "seldom"})
	w.max.sends("#submit")
	w.recorded(1, "max", xapi.VerbRated, "/behaviours/trade")
	w.recorded(1, "max", xapi.VerbRated, "/behaviours/prepare")
	w.recorded(1, "max", xapi.VerbCompleted, "/steps/baseline-mgr")
}

// meets is the time before the course, from a week ahead to the call with which it begins.
func (w *exampleWalk) meets() {
	w.t.Log("kickoff: Sam is ready for the call, and waits for Sofia, for whom the week has not begun")
	w.until(w.starts.AddDate(0, 0, -7))
	w.sam.comes()
	w.sam.follows("#whole")
	w.sam.page.sees(`[data-step="kickoff"][data-state="locked"]`)
	w.tessa.toCourse()
	w.tessa.reads("Opens for all when 1 more learner is ready")
	w.until(w.starts.AddDate(0, 0, -7).Add(5 * time.Hour))
	w.tessa.toCourse()
	w.tessa.reads("Open for all since")
	w.sam.goes("kickoff")

	w.t.Log("goal: Sam and Sofia write what they agreed, Max confirms Sam's")
	for p, deal := range map[*participant]string{w.sam: "The renewal with Northwind, before the end of the quarter.", w.sofia: "The offer to Contoso."} {
		p.goes("goal")
		p.answers(deal)
		p.sends("#submit")
		w.recorded(1, p.name, xapi.VerbCommented, "/steps/goal")
		w.recorded(1, p.name, xapi.VerbSubmitted, "/steps/goal")
		w.recorded(0, p.name, xapi.VerbCompleted, "/steps/goal")
	}
	w.asks(w.max, "Sam", "Agree one real deal to work on")
	w.max.reads("The renewal with Northwind")
	w.max.sends("#acknowledge")
	w.recorded(1, "max", xapi.VerbAcknowledged, "/steps/goal")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/goal")

	w.t.Log("brief-manager: Max reads how to help, and says so")
	w.asks(w.max, "Sam", "What your team member will try and how to help")
	w.max.sends("#acknowledge")
	w.recorded(1, "max", xapi.VerbAcknowledged, "/steps/brief-manager")
	w.recorded(1, "max", xapi.VerbCompleted, "/steps/brief-manager")

	w.t.Log("kickoff: Sam types the code that Tessa shows; Tessa notes that Sofia was there")
	w.until(w.starts)
	w.tessa.toCourse()
	w.tessa.sends("#code-kickoff-negotiation-skills")
	var code string
	must(w.t, w.tessa.page.try("document.querySelector('[data-code]').dataset.code", &code))
	w.sam.goes("kickoff")
	w.sam.types("#code", "nonsense")
	w.sam.follows("#attend")
	w.sam.page.sees("#code-problem")
	w.recorded(0, "sam", xapi.VerbAttended, "/steps/kickoff")
	must(w.t, w.sam.page.try("document.querySelector('#code').value = '', true", nil))
	w.sam.types("#code", code)
	w.sam.sends("#attend")
	w.recorded(1, "sam", xapi.VerbAttended, "/steps/kickoff")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/kickoff")
	w.tessa.page.click("details:has(#attended-kickoff) summary")
	w.tessa.ticks("#attended-kickoff", "Sofia Silva")
	w.tessa.sends("#mark-kickoff-negotiation-skills")
	if host := w.recorded(1, "sofia", xapi.VerbAttended, "/steps/kickoff")[0].Context.Instructor.Account; !w.isOurs("tessa", account(host)) {
		w.t.Errorf("the host of Sofia's call is %+v", host)
	}
}

// during is the course itself.
func (w *exampleWalk) during() {
	w.t.Log("read-trades: Sam opens the page elsewhere, by choice, and says that it was read")
	if w.readings.Load() != 0 {
		w.t.Error("the other host was asked before anybody chose to")
	}
	w.sam.goes("read-trades")
	w.sam.b.opened(func() { w.sam.page.click("#open-content") }).leaves()
	w.eventually("the page elsewhere is opened", func() bool { return w.readings.Load() > 0 })
	w.sam.sends("#mark-done")
	w.recorded(1, "sam", xapi.VerbViewed, "/steps/read-trades")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/read-trades")

	w.t.Log("video: Sam watches the film to its end, and need not say so")
	w.sam.goes("video")
	w.sam.page.eventually("document.querySelector('video').readyState >= 1 && !document.querySelector('#confirm').checkVisibility()")
	must(w.t, w.sam.page.try("document.querySelector('video').play(), true", nil))
	w.sam.page.eventually("document.querySelector('.watched-done').checkVisibility()")
	w.sam.follows(".watched-done .go-on")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/video")

	w.t.Log("course: Sam completes it in the LMS")
	w.sam.goes("course")
	w.sam.page.click("#course a.primary") // in the window, not in the frame
	w.sam.b.top().eventually("location.pathname === '/mod/lti/return.php'")
	w.sam.b.top().click(`a[href*="/course/view.php"]`)
	w.sam.b.top().click("#course-completed")
	w.sam.b.top().sees("#notice")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/course")
	w.eventually("the LMS said so", func() bool {
		for _, s := range w.statements("completed") {
			if s.Object.Definition.Type == xapi.TypeCourse && w.by("sam", s) {
				return true
			}
		}
		return false
	})

	w.t.Log("quiz: Sam is wrong in one of two, and sees in which")
	w.sam.goes("quiz")
	w.sam.picks("answer.discount", "Agree to keep the mood")
	w.sam.picks("answer.payment", "Larger first order")
	w.sam.picks("answer.payment", "A reference call")
	w.sam.sends("#submit")
	w.sam.page.eventually(`[...document.querySelectorAll('#items li')].map(e => e.dataset.right).join() === 'false,true'`)
	w.sam.reads("The buyer wants 5 % off", "Agree to keep the mood")
	if w.sam.says("Ask for a longer contract in return") {
		w.t.Error("the answer is told before the next attempt")
	}
	w.recorded(1, "sam", xapi.VerbAnswered, "/steps/quiz/questions/discount")
	w.recorded(1, "sam", xapi.VerbFailed, "/steps/quiz")
	w.recorded(0, "sam", xapi.VerbPassed, "/steps/quiz")

	w.t.Log("plan: when … then I will …")
	w.sam.goes("plan")
	w.sam.answers("they ask for a discount")
	w.sam.sends("#submit")
	w.sam.page.sees(".plan")
	w.recorded(1, "sam", xapi.VerbDefined, "/steps/plan/goal")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/plan")

	w.t.Log("quiz: two days of work later Sam is right")
	w.days(2)
	w.sam.goesWithin(3, "quiz")
	w.sam.picks("answer.discount", "Ask for a longer contract in return")
	w.sam.picks("answer.payment", "Larger first order")
	w.sam.picks("answer.payment", "A reference call")
	w.sam.sends("#submit")
	w.recorded(2, "sam", xapi.VerbAnswered, "/steps/quiz/questions/discount")
	w.recorded(1, "sam", xapi.VerbPassed, "/steps/quiz")
	w.recorded(1, "sam", xapi.VerbCompleted, "/steps/quiz")
}
