package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// said are the statements of a kind that were recorded of Sam, by the end of their verb.
func (w *world) said(verb string) int {
	w.t.Helper()
	_, err := w.service.Sweep(w.t.Context(), "test")
	must(w.t, err)
	return strings.Count(strings.Join(w.verbs(), " "), "/"+verb)
}

// loggedKey is the key that the page gave the next use.
func (p page) loggedKey(t testing.TB) string {
	t.Helper()
	found := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(p.text)
	if found == nil {
		t.Fatalf("no key on the page:\n%s", p.text)
	}
	return found[1]
}

const xss = `<script>alert("x")</script>`

func TestTheNextStepCanBeDoneLater(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="later"`, `name="until" value="tomorrow"`, "Tue 24 Nov", "1 more step waits for it", `id="not-possible"`, `id="because"`)
	later := sam.base + "/steps/read/later"
	sam.get(later).has(t, http.StatusOK, `id="later-form"`)
	if w.enrolment("5").Steps["read"].Snoozed != nil {
		t.Fatal("looking put it off")
	}
	sam.post(later, url.Values{"until": {"someday"}, "reason": {xss}}).has(t, http.StatusUnprocessableEntity, `id="problems"`, "&lt;script&gt;alert")
	sam.post(later, url.Values{"until": {"tomorrow"}, "reason": {xss}}).has(t, http.StatusOK, `id="put-off"`, "tomorrow at 09:00")
	if z := w.enrolment("5").Steps["read"].Snoozed; z == nil || z.Reason != xss || !z.Until.Equal(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("put off: %+v", z)
	}
	if n := w.said("snoozed"); n != 1 {
		t.Errorf("%d statements say so", n)
	}
	sam.get(sam.base+"/steps/signoff/later").has(t, http.StatusNotFound)
	sam.get(sam.base+"/steps/nothing/later").has(t, http.StatusNotFound)
	sam.post(sam.base+"/steps/try/later", url.Values{"until": {"tomorrow"}}).has(t, http.StatusConflict)
	tom, _ := w.launch(launchOf("6", "Tom Tailor", "Learner"))
	tom.post(sam.base+"/steps/read/later", url.Values{"until": {"week"}}).has(t, http.StatusForbidden)
	must(t, w.clock.Advance(24*time.Hour))
	_, home := w.launch(launchOf("5", "Sam Sailor", "Learner"))
	home.has(t, http.StatusOK, `id="next-step"`).hasNot(t, `id="put-off"`)
}

func TestTheJourneyShowsEveryStepWithWhyItIsLocked(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	home := sam.get(sam.base + "/")
	home.has(t, http.StatusOK, sam.base+"/journey", `id="journey"`, "What comes next")
	way := sam.get(sam.base + "/journey")
	way.has(t, http.StatusOK, "<title>The whole path", `data-step="read" data-state="open"`, `data-step="think" data-state="locked"`, "Opens after “Trades not gifts”", `data-step="signoff"`, "Your manager", "Before the course", "0 of 3 are behind you")
	sam.post(sam.base+"/steps/read/done", nil)
	sam.get(sam.base+"/journey?by=weeks").has(t, http.StatusOK, `data-week="1"`, "Week 1 · now", "When their time comes", `data-state="done"`)
	sam.get(sam.base+"/journey").has(t, http.StatusOK, "1 of 3 are behind you").hasNot(t, `id="others"`)
	w.stranger().get(sam.base+"/journey").has(t, http.StatusForbidden)
	staff, _ := w.launch(launchOf("t", "Tessa Teacher", "Instructor"))
	staff.get(staff.base+"/journey").has(t, http.StatusForbidden)
}

func TestOthersAreCountedFromFiveOnAndTheirTipsShown(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	for _, subject := range []string{"61", "62", "63", "64"} {
		w.launch(launchOf(subject, "Other Learner", "Learner"))
	}
	sam.get(sam.base+"/").hasNot(t, `id="others"`)
	tom, _ := w.launch(launchOf("65", "Tom Tailor", "Learner"))
	tom.post(tom.base+"/steps/read/done", nil)
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="others"`, "5 others")
	sam.get(sam.base+"/journey").has(t, http.StatusOK, `id="others"`, "5 others")
}

func TestWhatOthersFoundHelpfulIsATipOnHome(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	var others []*person
	for i, name := range []string{"Ann", "Bob", "Cleo", "Dan", "Eve"} {
		l := kindsLaunch()
		l.Subject, l.Name, l.Email = "6"+string(rune('1'+i)), name+" Other", strings.ToLower(name)+"@example.org"
		p, _ := w.launch(l)
		others = append(others, p)
	}
	others[0].post(others[0].base+"/steps/tell/posts", url.Values{"text": {"Ask for two years first. " + xss}}).has(t, http.StatusOK)
	others[1].post(others[1].base+"/steps/tell/posts", url.Values{"text": {"Nobody found this helpful."}}).has(t, http.StatusOK)
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="others"`).hasNot(t, `class="tip"`)
	thread := sam.get(sam.base + "/steps/tell")
	at := strings.Index(thread.text, "Ask for two years first.")
	found := regexp.MustCompile(`name="post" value="([^"]+)"`).FindStringSubmatch(thread.text[max(0, at):])
	if at < 0 || found == nil {
		t.Fatalf("no post to find helpful:\n%s", thread.text)
	}
	sam.post(sam.base+"/steps/tell/helpful", url.Values{"post": {found[1]}})
	sam.get(sam.base+"/").has(t, http.StatusOK, `class="tip"`, "Ask for two years first.", "Ann Other", sam.base+"/steps/tell#thread").hasNot(t, "Nobody found this helpful", xss)
	others[0].get(others[0].base+"/").hasNot(t, `class="tip"`) // their own
}

func TestAUseIsLoggedWithOneTapAndOnce(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	home := sam.get(sam.base + "/")
	home.has(t, http.StatusOK, `id="log"`, "not yet this week", "I used it")
	form := url.Values{"do": {"used"}, "behaviour": {"trade"}, "key": {home.loggedKey(t)}}
	for range 2 {
		sam.post(sam.base+"/log", form).has(t, http.StatusOK, `id="logged"`, "Noted: 1 time this week")
	}
	log := sam.get(sam.base + "/log")
	log.has(t, http.StatusOK, `id="log-form"`, `id="uses-trade"`, "<td>1</td>", "Week of Mon 23 Nov")
	missed := url.Values{"do": {"missed"}, "behaviour": {"trade"}, "key": {log.loggedKey(t)}, "note": {xss}}
	sam.post(sam.base+"/log", missed).has(t, http.StatusUnprocessableEntity, `href="#barrier"`, "&lt;script&gt;alert")
	missed.Set("barrier", "no time")
	sam.post(sam.base+"/log", missed).has(t, http.StatusOK, "nothing is lost", "No time", `id="barriers"`)
	missed.Set("other", xss)
	missed.Set("key", "another")
	sam.post(sam.base+"/log", missed).has(t, http.StatusOK, "&lt;script&gt;alert").hasNot(t, xss)
	e := w.enrolment("5")
	if e.Uses["trade"] != 1 || e.UseLog.Barriers["no time"] != 1 || len(e.UseLog.Barriers) != 2 {
		t.Errorf("logged: %v %+v", e.Uses, e.UseLog)
	}
	if used, tried := w.said("applied"), w.said("attempted"); used != 1 || tried != 2 {
		t.Errorf("%d statements of use, %d of what got in the way", used, tried)
	}
	sam.post(sam.base+"/log", url.Values{"behaviour": {"dance"}, "key": {"k"}}).has(t, http.StatusNotFound)
	sam.post(sam.base+"/log", url.Values{"behaviour": {"trade"}}).has(t, http.StatusUnprocessableEntity)
	sam.get(sam.base + "/log?behaviour=trade&do=used&key=x")
	if w.enrolment("5").Uses["trade"] != 1 {
		t.Error("looking logged a use")
	}
}

func TestALearnerAsksTheCoachAndReadsTheAnswer(t *testing.T) {
	w := newWorld(t)
	tessa, _ := w.launch(launchOf("t", "Tessa Teacher", "Instructor"))
	sam := w.sam()
	coach := sam.base + "/coach"
	sam.get(coach).has(t, http.StatusOK, `data-open="no"`, `id="coach-form"`)
	sam.post(coach, url.Values{"text": {"  "}}).has(t, http.StatusUnprocessableEntity, `href="#text"`)
	sam.post(coach, url.Values{"text": {"What first? " + xss}}).has(t, http.StatusOK, `data-open="yes"`, "What first? &lt;script&gt;").hasNot(t, xss)
	sam.get(sam.base+"/").has(t, http.StatusOK, "waiting for an answer")
	e := w.enrolment("5")
	teacher, err := w.store.PersonByAccount(t.Context(), issuer, "t")
	must(t, err)
	_, err = w.service.AnswerCoach(t.Context(), engine.By(teacher.ID), e.ID, "Ask for time.", "")
	must(t, err)
	sam.get(coach).has(t, http.StatusOK, `data-open="no"`, "Ask for time.", "Tessa Teacher", "has answered")
	tessa.get(tessa.base+"/coach").has(t, http.StatusForbidden)
	w.stranger().get(coach).has(t, http.StatusForbidden)
	sam.get(coach+"?before=x&at=never").has(t, http.StatusNotFound)
}

func TestHomeShowsTheWayFromTheFirstRatingToTheTarget(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	sam.get(sam.base+"/").hasNot(t, `id="gap"`)
	max := w.stranger()
	link := w.requestPath("try")
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"2"}, "sha256": {max.get(link).shown(t)}})
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="gap"`, `id="gap-trade"`, "1 point to go, as others see it", "to reach: mostly", `<th scope="row">Your manager</th><td>2: seldom</td>`)
	tessa := w.tessa()
	tessa.get(tessa.base+"/board/people/"+string(w.enrolment("5").ID)).has(t, http.StatusOK, `id="gap-trade"`, "1 points to go.", `<th scope="row">The manager</th><td>2: seldom</td>`).
		hasNot(t, "Your manager")
}

func TestTheInboxKeepsWhatWasRead(t *testing.T) {
	w := newWorld(t)
	sam, _ := reached(t, w)
	sam.get(sam.base+"/inbox").has(t, http.StatusOK, `class="unread"`, "Ready: Trades not gifts", sam.base+"/steps/read", `id="inbox-read"`)
	sam.post(sam.base+"/inbox/read", url.Values{"back": {"inbox"}}).has(t, http.StatusOK, "Ready: Trades not gifts").hasNot(t, `class="unread"`, `id="inbox-read"`)
	tom, _ := w.launch(launchOf("6", "Tom Tailor", "Learner"))
	tom.get(tom.base+"/inbox").has(t, http.StatusOK, `id="inbox-empty"`)
	tom.get(tom.base+"/inbox?after=nothing").has(t, http.StatusNotFound)
}

func TestALearnerPausesAndGoesOn(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.get(sam.base+"/preferences").has(t, http.StatusOK, `id="pause-form"`, `<option value="Europe/Berlin">`, ">Deutsch</option>")
	for _, day := range []string{"", "tomorrow", "2026-11-01", "2027-11-01"} {
		sam.post(sam.base+"/pause", url.Values{"until": {day}, "reason": {xss}}).has(t, http.StatusUnprocessableEntity, `href="#until"`, "&lt;script&gt;alert")
	}
	sam.post(sam.base+"/pause", url.Values{"until": {"2026-12-07"}, "reason": {"parental leave"}}).
		has(t, http.StatusOK, `id="paused"`, "Monday, 7 December at 00:00", `id="resume"`).hasNot(t, `id="later"`)
	if p := w.enrolment("5").Pause(); p == nil || p.Reason != "parental leave" {
		t.Errorf("the pause: %+v", p)
	}
	sam.post(sam.base+"/resume", nil).has(t, http.StatusOK, `id="next-step"`).hasNot(t, `id="paused"`)
	w.stranger().post(sam.base+"/pause", url.Values{"until": {"2026-12-07"}}).has(t, http.StatusForbidden)
}

func TestNamingAManagerSaysWhyWhatHappensAndWhatTheAddressIsFor(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	delete(l.Custom, "manager_email")
	sam, _ := w.launch(l)
	sam.get(sam.base+"/people/manager").has(t, http.StatusOK, "asked for a short look", `id="then"`, "a personal link", "for nothing else")
}
