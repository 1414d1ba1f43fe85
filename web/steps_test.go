package web_test

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// kinds is Sam in the workflow that has a step of each kind.
func kinds(t testing.TB, w *world) *person {
	t.Helper()
	source, err := os.ReadFile("testdata/kinds.yaml")
	must(t, err)
	_, problems, err := w.service.ImportWorkflow(t.Context(), "kinds.yaml", source, os.DirFS("testdata"))
	if err != nil {
		t.Fatal(problems)
	}
	sam, first := w.launch(kindsLaunch())
	first.has(t, http.StatusOK, "One step of each kind")
	return sam
}

func kindsLaunch() *lti.Launch {
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Custom["workflow"], l.Custom["course_start"] = "kinds", "2026-11-25"
	l.ReturnURL = issuer + "/course/view.php?id=2"
	return l
}

func submits(values ...string) url.Values {
	form := url.Values{"do": {"submit"}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	return form
}

func TestWhatWasPlayedOfAVideoMakesItsStepDone(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	step := sam.base + "/steps/listen"
	sam.get(step).has(t, http.StatusOK, `<audio controls preload="metadata" src="`+step+`/media"`, `data-player="`+step+`/watched"`, `id="mark-done"`)
	part := sam.do(http.MethodGet, step+"/media", nil, http.Header{"Range": {"bytes=0-3"}})
	part.has(t, http.StatusPartialContent, "RIFF")
	if have := part.Header.Get("Content-Type"); have != "audio/wav" || part.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("it comes as %s", have)
	}
	sam.get(step).has(t, http.StatusOK, `<details class="transcript"`, "<p>Ask first.</p>")
	sam.get(step+"/captions/und").has(t, http.StatusOK, "WEBVTT")
	sam.get(step+"/captions/fr").has(t, http.StatusNotFound)
	sam.post(step+"/opened", nil)
	for _, bad := range []url.Values{nil, {"played": {"0-4"}}, {"played": {"4"}, "length": {"4"}}, {"played": {"0-x"}, "length": {"4"}}, {"played": {"3-1"}, "length": {"4"}}} {
		sam.post(step+"/watched", bad).has(t, http.StatusUnprocessableEntity)
	}
	sam.post(step+"/watched", url.Values{"played": {"0-2"}, "length": {"4"}}).has(t, http.StatusOK, `{"done":false,"percent":50}`)
	sam.get(step).has(t, http.StatusOK, `value="50"`, `data-resume="2"`)
	must(t, w.clock.Advance(time.Minute))
	sam.post(step+"/watched", url.Values{"played": {"0-2,1.5-4"}, "length": {"4"}}).has(t, http.StatusOK, `"done":true`)
	if st := w.enrolment("5").Steps["listen"]; st.State != engine.Done || st.SelfReported {
		t.Errorf("the step is %s, by one's own word: %t", st.State, st.SelfReported)
	}
	sam.get(step).has(t, http.StatusOK, `data-state="done"`, "Go on to what is next")
	w.stranger().get(step+"/media").has(t, http.StatusForbidden)
	sam.get(sam.base+"/steps/plan/media").has(t, http.StatusNotFound)
}

func TestAFilmElsewhereIsOnlyPlayedByChoice(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	page := sam.get(sam.base + "/steps/film")
	page.has(t, http.StatusOK, "This is on video.example.", `id="play-here"`, `target="_blank" rel="noopener noreferrer"`)
	page.hasNot(t, `src="https://video.example`)
	if strings.Contains(page.Header.Get("Content-Security-Policy"), "video.example") {
		t.Error("the other host is allowed before anybody chose it")
	}
	page = sam.get(sam.base + "/steps/film?here=1")
	page.has(t, http.StatusOK, `<video controls preload="metadata" playsinline src="https://video.example/clip.mp4">`)
	if have := page.Header.Get("Content-Security-Policy"); !strings.Contains(have, "media-src 'self' https://video.example;") {
		t.Errorf("the policy is %s", have)
	}
	page = sam.get(sam.base + "/steps/tube?here=1")
	page.has(t, http.StatusOK, "This is on tube.example.")
	page.hasNot(t, "<video", `id="play-here"`)
	sam.post(sam.base+"/steps/tube/done", nil).has(t, http.StatusOK)
	sam.get(sam.base+"/steps/tube").has(t, http.StatusOK, "Done by your own word")
}

func TestAPlanIsReadAsOneSentenceAndALockedStepSaysWhy(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	sam.get(sam.base+"/steps/later").has(t, http.StatusOK, `data-state="locked"`, "Not open yet", "It opens once this is done:", sam.base+"/steps/plan", sam.base+"/steps/mine")
	sam.post(sam.base+"/steps/plan", submits("answer.when", "the buyer <b>asks</b>.", "answer.then", "ask first.")).
		has(t, http.StatusOK, "When <strong>the buyer &lt;b&gt;asks&lt;/b&gt;</strong>,", "then I will <strong>ask first</strong>.")
	sam.get(sam.base+"/steps/confirm").has(t, http.StatusOK, "It is somebody else’s turn", "This is what it looks at:", "When it gets hard", "I saw this at work.")
	sam.post(sam.base+"/steps/later/done", nil).has(t, http.StatusConflict)
}

func TestAQuizSaysWhichAnswersWereRightAndWhenItIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	step := sam.base + "/steps/quiz"
	sam.get(step).has(t, http.StatusOK, "Attempt 1 of 3", "Check my answers")
	form := submits("answer.discount", "Agree", "answer.payment", "A larger order")
	form.Add("answer.payment", "A reference call")
	page := sam.post(step, form)
	page.has(t, http.StatusOK, "50 % right; 80 % is needed.", `data-right="true"`, `data-right="false"`, "You said: Agree", "The next attempt opens")
	page.hasNot(t, "Right would be:")
	if st := w.enrolment("5").Steps["quiz"]; st.Score == nil || *st.Score != 0.5 || st.State != engine.Locked {
		t.Errorf("recorded: %+v", st)
	}
}

func TestRatingsAndWordsOfADraftAreThereAgain(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	answer := sam.do(http.MethodPost, sam.base+"/steps/rate", strings.NewReader(url.Values{"do": {"draft"}, "rating.trade": {"3"}}.Encode()),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}})
	answer.has(t, http.StatusNoContent)
	if answer.Header.Get("Draft-At") == "" {
		t.Error("the answer does not say when the draft was kept")
	}
	sam.get(sam.base+"/steps/rate").has(t, http.StatusOK, `name="rating.trade" value="3" checked`, `data-draft-at="`+answer.Header.Get("Draft-At"))
	sam.post(sam.base+"/steps/rate", submits("rating.trade", "2")).has(t, http.StatusOK, `data-state="done"`, "seldom")
	if have := w.enrolment("5").Steps["rate"].Ratings["trade"]; have != 2 {
		t.Errorf("recorded: %d", have)
	}
	sam.get(sam.base+"/steps/mine").has(t, http.StatusOK, "Only you can read what you write here.")
	sam.get(sam.base+"/steps/check").has(t, http.StatusOK, `value="yes"`, `value="no"`)
	sam.post(sam.base+"/steps/check", submits("answer.used", "yes")).has(t, http.StatusOK, `data-state="done"`)
	if have := w.enrolment("5").Uses["trade"]; have != 1 {
		t.Errorf("%d uses", have)
	}
}

func TestPeopleAnswerEachOtherInAThreadAndTakeTheirWordsBack(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	l := kindsLaunch()
	l.Subject, l.Name, l.Email = "6", "Kim Keen", "kim@example.org"
	kim, _ := w.launch(l)
	step := sam.base + "/steps/tell"
	sam.get(step).has(t, http.StatusOK, "Nobody has written yet.", "One post of yours is needed here.")
	sam.post(step+"/posts", url.Values{"text": {" "}}).has(t, http.StatusUnprocessableEntity, `id="post-problem"`)
	sam.post(step+"/posts", url.Values{"text": {"I asked <script>alert('post')</script> first."}}).has(t, http.StatusOK, "&lt;script&gt;alert", "Take back")
	seen := kim.get(kim.base + "/steps/tell")
	seen.has(t, http.StatusOK, "Sam Sailor", "Helpful", "Answer")
	seen.hasNot(t, "<script>alert", "Take back")
	id := regexp.MustCompile(`name="post" value="([^"]+)"`).FindStringSubmatch(seen.text)[1]
	kim.post(kim.base+"/steps/tell/posts", url.Values{"text": {"What came of it?"}, "reply_to": {id}}).has(t, http.StatusOK, "What came of it?")
	kim.post(kim.base+"/steps/tell/helpful", url.Values{"post": {id}}).has(t, http.StatusOK, "You found this helpful")
	kim.post(kim.base+"/steps/tell/takeback", url.Values{"post": {id}}).has(t, http.StatusForbidden)
	sam.get(step).has(t, http.StatusOK, "<ol><li id=\"post-", "What came of it?", "helpful to 1")
	sam.post(step+"/takeback", url.Values{"post": {id}}).has(t, http.StatusOK, "taken out of the conversation")
	long := strings.Repeat("x", 9000)
	sam.post(step+"/posts", url.Values{"text": {long}}).has(t, http.StatusUnprocessableEntity, long)
}

func TestAnEventSaysWhenWhatToDoAndThatItIsOver(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	step := sam.base + "/steps/call"
	sam.get(step).has(t, http.StatusOK, `id="event"`, "45 minutes", step+"/invite.ics", `name="code"`)
	if invite := sam.get(step + "/invite.ics"); !strings.Contains(invite.text, "BEGIN:VEVENT") || !strings.Contains(invite.text, "Kick-off call") {
		t.Errorf("the entry is %s", invite.text)
	}
	sam.post(step+"/attend", url.Values{"code": {"<b>no"}}).has(t, http.StatusUnprocessableEntity, `id="code-problem"`, "&lt;b&gt;no")
	must(t, w.clock.Advance(3*24*time.Hour))
	again, _ := w.launch(kindsLaunch())
	again.get(again.base+"/steps/call").has(t, http.StatusOK, "It is over.", "Not possible for you?")
}

func TestEarlierVersionsOfAnAssignmentStayWithWhatWasAnswered(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	max, step := w.stranger(), sam.base+"/steps/work"
	sam.postFiles(step, submits("answer.text", "The first offer"), file{"offer.txt", "first"}).has(t, http.StatusOK, `data-state="submitted"`, "You need do nothing now.")
	link := w.requestPath("work")
	max.post(link, url.Values{"outcome": {"return"}, "comment": {"Name a price."}, "sha256": {max.get(link).shown(t)}})
	sam.get(step).has(t, http.StatusOK, `data-state="returned"`, "Name a price.", "The first offer")
	sam.postFiles(step, submits("answer.text", "The second offer"), file{"offer.txt", "second"}).has(t, http.StatusOK, `data-state="submitted"`, "An earlier version", "The first offer", "Name a price.")
	link = w.requestPath("work")
	max.post(link, url.Values{"outcome": {"approve"}, "grade": {"82"}, "sha256": {max.get(link).shown(t)}})
	sam.get(step).has(t, http.StatusOK, `data-state="done"`, "Grade: 82 of 100", "The second offer", "An earlier version")
}

func TestAConversationWaitsForTheOtherAndTheCourseIsOneStepAway(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	sam.post(sam.base+"/steps/talk", submits("answer.text", "We take the Hansen deal.")).has(t, http.StatusOK, `data-state="submitted"`, "has been asked", "We take the Hansen deal.")
	sam.get(sam.base+"/steps/course").has(t, http.StatusOK, `id="course"`, "Go to the course", issuer+"/course/view.php?id=2")
	sam.post(sam.base+"/steps/course/skip", url.Values{"reason": {"I <i>know</i> it"}}).has(t, http.StatusOK)
	sam.get(sam.base+"/steps/course").has(t, http.StatusOK, `data-state="skipped"`, "I &lt;i&gt;know&lt;/i&gt; it")
}

func TestAnAidStandsAloneToBePrinted(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	sam.get(sam.base+"/steps/aid").has(t, http.StatusOK, sam.base+"/steps/aid/aid")
	page := sam.get(sam.base + "/steps/aid/aid")
	page.has(t, http.StatusOK, "<h1>Before the talk</h1>", "<strong>three trades</strong>", "data-print hidden")
	page.hasNot(t, "alert('aid')")
	sam.get(sam.base+"/steps/later/aid").has(t, http.StatusNotFound)
	sam.get(sam.base+"/steps/plan/aid").has(t, http.StatusNotFound)
}

func TestAPageInAFrameGoesOnInAWindowOfItsOwnOnce(t *testing.T) {
	w := newWorld(t)
	sam := kinds(t, w)
	step := sam.base + "/steps/plan"
	sam.get(step).hasNot(t, "data-window")
	sam.do(http.MethodGet, step, nil, http.Header{"Sec-Fetch-Dest": {"iframe"}}).has(t, http.StatusOK, "data-window", `name="to" value="`+step+`"`)
	offer := sam.post(sam.base+"/window", url.Values{"to": {step}})
	offer.has(t, http.StatusOK, `action="/open" target="_blank"`)
	ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(offer.text)[1]
	own, _ := w.launch(launchOf("9", "Ina Idle", "Learner"))
	opened := own.post("/open", url.Values{"ticket": {ticket}})
	opened.has(t, http.StatusOK, "When it gets hard", `id="step-form"`)
	if path := opened.Request.URL.Path; path == step || !strings.HasSuffix(path, "/steps/plan") {
		t.Errorf("the window is at %s", path)
	}
	w.stranger().post("/open", url.Values{"ticket": {ticket}}).has(t, http.StatusForbidden)
	sam.get(step).has(t, http.StatusOK) // the frame's session stays
	elsewhere := sam.post(sam.base+"/window", url.Values{"to": {"//evil.example/x"}})
	elsewhere.hasNot(t, "evil.example")
	w.stranger().post(sam.base+"/window", nil).has(t, http.StatusForbidden)
}
