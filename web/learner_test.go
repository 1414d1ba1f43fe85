package web_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

func TestALearnerGoesFromLaunchToAReviewedHandIn(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	home := sam.get(sam.base + "/")
	home.has(t, http.StatusOK, `id="next-step"`, "Trades not gifts", "0 of 3", "2 minutes", "A small trial", `id="journey"`, `class="button primary"`)
	if home.Request.URL.RawQuery != "" {
		t.Errorf("the ticket stays in the address: %s", home.Request.URL)
	}

	step := sam.get(sam.base + "/steps/read")
	step.has(t, http.StatusOK, "<strong>three trades</strong>", `id="mark-done"`, `data-opened="`+sam.base+`/steps/read/opened"`)
	step.hasNot(t, "alert('aid')")
	sam.post(sam.base+"/steps/read/opened", nil).has(t, http.StatusNoContent)
	sam.post(sam.base+"/steps/read/done", nil).has(t, http.StatusOK, "1 of 3", "What do you give away today?")

	sam.get(sam.base+"/steps/think").has(t, http.StatusOK, `id="step-form"`, `name="answer.text"`, `data-min="5"`, "At least 5 words")
	short := sam.post(sam.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"Too <b>much"}})
	short.has(t, http.StatusUnprocessableEntity, `id="problems"`, `href="#answer-text"`, "<title>Please check: ", "Too &lt;b&gt;much", `aria-invalid="true"`)
	sam.get(sam.base+"/steps/think").has(t, http.StatusOK, "Too &lt;b&gt;much") // it was kept
	sam.post(sam.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"I give away too much, too early."}}).
		has(t, http.StatusOK, "What you handed in", "too early")

	try := sam.base + "/steps/try"
	sam.post(try, url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"It worked."}}).
		has(t, http.StatusUnprocessableEntity, "I asked first.", `id="evidence-problem"`)
	sam.postFiles(try, url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"It worked."}}, file{"offer.pdf", "%PDF-1.7"}, file{"note.txt", "noted"}).
		has(t, http.StatusOK, `data-state="submitted"`, "offer.pdf", "note.txt", "has been asked")
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="nothing-now"`, "2 of 3", "It is with others now", "has been asked to look at “Use one trade in a live talk”")

	max := w.stranger()
	link := w.requestPath("try")
	shown := max.get(link).shown(t)
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "comment": {"Very <i>clear</i>."}, "sha256": {shown}}).
		has(t, http.StatusOK, `id="answered"`, "Very &lt;i&gt;clear")
	sam.get(try).has(t, http.StatusOK, `id="reviews"`, "Very &lt;i&gt;clear", `data-state="done"`, "Asks for something back before each concession: <strong>mostly")
	sam.get(sam.base+"/").has(t, http.StatusOK, "3 of 3", `id="news"`, "has the next step: “Confirm that it is in use”", "Your part is complete")
}

func TestADraftIsKeptWithAndWithoutScripts(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.post(sam.base+"/steps/read/done", nil)
	think := sam.base + "/steps/think"
	sam.post(think, url.Values{"do": {"draft"}, "answer.text": {"first words"}}).has(t, http.StatusOK, "first words", `id="step-form"`)
	answer := sam.do(http.MethodPost, think, strings.NewReader(url.Values{"do": {"draft"}, "answer.text": {"second words"}}.Encode()),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}})
	answer.has(t, http.StatusNoContent)
	sam.get(think).has(t, http.StatusOK, "second words")
	if have := w.state("5", "think"); have != engine.Open {
		t.Errorf("a draft made the step %s", have)
	}
}

func TestEvidenceIsServedAsAFileAndNeverAsAPage(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	page := sam.get(sam.base + "/steps/try")
	page.has(t, http.StatusOK, "offer &#34;&lt;img src=x&gt;&#34;.pdf", "I asked &lt;b&gt;first", "&lt;script&gt;alert(&#39;did")
	page.hasNot(t, "<script>alert", "<img src=x")
	hands, err := w.store.Contributions(t.Context(), w.enrolment("5").ID)
	must(t, err)
	var sha string
	for _, hand := range hands {
		for _, f := range hand.Files {
			sha = f.SHA256
		}
	}
	got := sam.get(sam.base + "/evidence/" + sha)
	got.has(t, http.StatusOK, "%PDF-1.7 the offer")
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if have := got.Header.Get(name); have != want {
			t.Errorf("%s is %q, want %q", name, have, want)
		}
	}
	if have := got.Header.Get("Content-Disposition"); !strings.HasPrefix(have, "attachment; filename=") {
		t.Errorf("it is shown, not saved: %q", have)
	}
	for _, bad := range []string{strings.Repeat("0", 64), "x", sha[:63], strings.ToUpper(sha)} {
		sam.get(sam.base+"/evidence/"+bad).has(t, http.StatusNotFound)
	}
}

func TestALearnerNamesTheManagerWhoIsMissing(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Custom["manager_email"] = "$Person.manager.email"
	sam, home := w.launch(l)
	home.has(t, http.StatusOK, "Who is your manager?", sam.base+"/people/manager")
	sam.get(sam.base+"/people/manager").has(t, http.StatusOK, `name="email"`)
	sam.post(sam.base+"/people/manager", url.Values{"name": {"Me"}, "email": {"sam@example.org"}}).
		has(t, http.StatusUnprocessableEntity, `id="problems"`, `value="sam@example.org"`)
	sam.post(sam.base+"/people/manager", url.Values{"name": {"Max Manager"}, "email": {"max@example.org"}}).has(t, http.StatusOK, `id="next-step"`)
	sam.get(sam.base+"/").hasNot(t, "Who is your manager?")
	sam.get(sam.base+"/people/king").has(t, http.StatusNotFound)
}

func TestALearnerMayLeaveAStepOut(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.post(sam.base+"/steps/read/skip", nil).has(t, http.StatusUnprocessableEntity, `id="reason-problem"`)
	sam.post(sam.base+"/steps/read/skip", url.Values{"reason": {"I wrote it myself"}}).has(t, http.StatusOK, "What do you give away today?")
	if have := w.state("5", "read"); have != engine.Skipped {
		t.Errorf("the step is %s", have)
	}
}

func TestTwoTabsInTwoCoursesNeverCross(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	other := launchOf("5", "Sam Sailor", "Learner")
	other.Course.ID, other.Course.Title = "3", "Another course"
	second := sam.open(other)
	if second.Request.URL.Path == sam.base+"/" {
		t.Fatal("the second launch reuses the first session")
	}
	sam.get(sam.base+"/").has(t, http.StatusOK, "Negotiation skills")
	second.has(t, http.StatusOK, "Another course")
}

func TestASessionEndsAndSaysHowToGoOn(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	must(t, w.clock.Advance(13*time.Hour))
	sam.get(sam.base+"/").has(t, http.StatusForbidden, "You were away for a while", issuer+"/mod/lti/view.php?l=7")
}

func TestManyLaunchesInOneBrowserKeepItsCookiesFew(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	for range 20 {
		sam.open(launchOf("5", "Sam Sailor", "Learner")).has(t, http.StatusOK)
	}
	handles := map[string]bool{}
	for _, c := range sam.client.Jar.Cookies(mustURL(t, w.url)) {
		handles[c.Name[strings.LastIndexByte(c.Name, '-'):]] = true
	}
	if len(handles) > 12 {
		t.Errorf("cookies of %d sessions are kept", len(handles))
	}
}

func TestPagesSpeakTheLanguageOfTheLaunch(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Locale = "de-AT"
	_, home := w.launch(l)
	home.has(t, http.StatusOK, `<html lang="de" dir="ltr">`, "Ein kleiner Versuch", "Ihr nächster Schritt", "0 von 3")
}

func TestTheDevelopmentClockMovesOnlyWhereThereIsOne(t *testing.T) {
	plain := newWorld(t)
	sam := plain.sam()
	sam.post("/dev/clock", url.Values{"advance": {"day"}}).has(t, http.StatusNotFound)
	sam.get(sam.base+"/").hasNot(t, "dev-advance-day")

	var own *clock
	w := newWorld(t, func(o *web.Options) {
		own = &clock{now: o.Now()}
		o.DevClock, o.Now = own, own.Now
	})
	sam = w.sam()
	sam.get(sam.base+"/steps/read").has(t, http.StatusOK, `id="dev-advance-day"`, `name="back" value="`+sam.base+`/steps/read"`)
	before := own.Now()
	moved := sam.post("/dev/clock", url.Values{"advance": {"day"}, "back": {sam.base + "/"}})
	if moved.Request.URL.Path != sam.base+"/" || own.Now().Sub(before) != 24*time.Hour {
		t.Errorf("it moved by %v and went to %s", own.Now().Sub(before), moved.Request.URL.Path)
	}
	for range 3 {
		sam.post("/dev/clock", url.Values{"advance": {"week"}})
	}
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="next-step"`) // the session lives in real time
	sam.post("/dev/clock", url.Values{"advance": {"year"}}).has(t, http.StatusUnprocessableEntity)
}

// slowly reads a body in two parts, the second when the server would have given
// up on any other request.
type slowly struct {
	first, rest io.Reader
	after       <-chan time.Time
}

func (s *slowly) Read(b []byte) (int, error) {
	n, err := s.first.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if s.rest == nil {
		return 0, io.EOF
	}
	<-s.after
	s.first, s.rest = s.rest, nil
	return s.first.Read(b)
}

func TestAHandInFromAPhoneWithLittleReceptionArrives(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.post(sam.base+"/steps/read/done", nil)
	sam.post(sam.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"I give away too much, too early."}})
	body, kind := multipartBody(t, url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"24 months."}},
		file{"offer.pdf", "%PDF-1.7 " + strings.Repeat("x", 1<<20)})
	all, err := io.ReadAll(body)
	must(t, err)
	slow := &slowly{bytes.NewReader(all[:1000]), bytes.NewReader(all[1000:]), time.After(readTimeout + readTimeout/2)}
	sam.do(http.MethodPost, sam.base+"/steps/try", slow, http.Header{"Content-Type": {kind}})
	if have := w.state("5", "try"); have != engine.Submitted {
		t.Errorf("the experiment is %s", have)
	}
}

func TestALaunchOutsideAnyCourseIsAWorkflowOfItsOwn(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Course = lti.Course{}
	_, first := w.launch(l)
	first.has(t, http.StatusOK)
	if have := w.enrolment("5").Course.ID; have != "link:"+l.ResourceLink.ID {
		t.Errorf("the course is %q", have)
	}
}
