package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// act is the latest of a kind in Sam's history.
func (w *world) act(what string) *engine.Act {
	w.t.Helper()
	acts := w.enrolment("5").Acts
	for i := range acts {
		if acts[len(acts)-1-i].What == what {
			return &acts[len(acts)-1-i]
		}
	}
	return nil
}

func TestTheWrongPersonPassesARequestOn(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	max := w.stranger()
	max.get(link).has(t, http.StatusOK, `id="forward"`, `id="decline"`, link+"/forward")
	before := w.enrolment("5").Rev
	form := max.get(link + "/forward")
	form.has(t, http.StatusOK, `id="forward-form"`, "Who is the right person for Sam Sailor?")
	if form.Header.Get("Referrer-Policy") != "no-referrer" || form.Header.Get("X-Frame-Options") != "DENY" {
		t.Error("the page gives its address away, or may be framed")
	}
	max.get(link + "/forward?email=mia@example.org")
	if w.enrolment("5").Rev != before {
		t.Fatal("looking changed something")
	}
	for email, want := range map[string]string{"not an address": "does not look like", "SAM@example.org": "That is the learner", "max@example.org": "your own address", "": "does not look like"} {
		max.post(link+"/forward", url.Values{"email": {email}, "name": {`"><script>x</script>`}}).
			hasNot(t, "<script>x")
		max.post(link+"/forward", url.Values{"email": {email}, "name": {"Mia"}}).has(t, http.StatusUnprocessableEntity, want, `value="Mia"`, `id="email-problem"`, `href="#email"`)
	}
	max.post(link+"/forward", url.Values{"email": {"mia@example.org"}, "name": {"see http://evil.example"}}).has(t, http.StatusUnprocessableEntity, `id="name-problem"`)
	done := max.post(link+"/forward", url.Values{"email": {"mia@example.org"}, "name": {"Mia Mentor"}})
	done.has(t, http.StatusOK, `id="forwarded"`, "You have passed this on")
	done.hasNot(t, `id="request-form"`, "24 months.", "mia@example.org", "Mia Mentor")
	act := w.act(engine.ActForward)
	if act == nil || act.Role != engine.Manager {
		t.Fatalf("the history says %+v", act)
	}
	mia, err := w.store.Person(t.Context(), act.Person)
	must(t, err)
	if mia.Email != "mia@example.org" || mia.Name != "Mia Mentor" {
		t.Errorf("passed on to %+v", mia)
	}
	// The old link is dead, whatever is tried with it.
	max.get(link+"/forward").has(t, http.StatusOK, `id="forwarded"`)
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"4"}}).hasNot(t, `id="answered"`)
	max.post(link+"/forward", url.Values{"email": {"ina@example.org"}}).has(t, http.StatusOK, `id="forwarded"`)
	max.post(link+"/decline", nil).has(t, http.StatusOK, `id="forwarded"`)
	max.get(link+"/evidence/"+strings.Repeat("a", 64)).has(t, http.StatusNotFound)
	if w.state("5", "try") != engine.Submitted {
		t.Errorf("the step is %s", w.state("5", "try"))
	}
	// The new one works.
	fresh := w.requestPath("try")
	if fresh == link {
		t.Fatal("nobody new is asked")
	}
	page := max.get(fresh)
	max.post(fresh, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {page.shown(t)}}).has(t, http.StatusOK, `id="answered"`)
	if w.state("5", "try") != engine.Done {
		t.Errorf("the step is %s", w.state("5", "try"))
	}
	statements := w.recorded()
	if n := strings.Count(statements, `"id":"http://activitystrea.ms/request"`); n != 3 { // to Max, to Mia, and the sign-off
		t.Errorf("%d requests are recorded", n)
	}
	if strings.Contains(statements, "mia@example.org") {
		t.Error("a statement holds an address")
	}
}

func TestWhoCannotJudgeSaysSo(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	max := w.stranger()
	rev := w.enrolment("5").Rev
	max.get(link+"/decline").has(t, http.StatusOK, `id="decline-form"`, `name="reason"`)
	if w.enrolment("5").Rev != rev {
		t.Fatal("looking changed something")
	}
	max.post(link+"/decline", url.Values{"reason": {"<b>I was away</b>"}}).has(t, http.StatusOK, `id="declined"`, "Thank you for saying so")
	if act := w.act(engine.ActDecline); act == nil || act.Reason != "<b>I was away</b>" {
		t.Errorf("the history says %+v", act)
	}
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"4"}}).has(t, http.StatusConflict, `id="declined"`)
	if i := slices.IndexFunc(w.enrolment("5").Steps["try"].Requests, engine.Request.Waiting); i >= 0 {
		t.Error("Max is still asked")
	}
}

func TestAWaitlistIsReadOnlyAndOpensEachRequestByItsOwnLink(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	request := w.requestPath("try")
	max := w.enrolment("5").Steps["try"].Requests[0].Person
	link := strings.TrimPrefix(w.links.Waitlist("main", max, 0, w.clock.Now()), w.url)
	reader := w.stranger()
	rev := w.enrolment("5").Rev
	page := reader.get(link)
	page.has(t, http.StatusOK, "Sam Sailor", "Use one trade in a live talk", `href="`+request+`"`, "1 request waits for you.", "A question that helps")
	page.hasNot(t, "24 months.", "sam@example.org", "max@example.org", "<script>alert")
	if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("X-Frame-Options") != "DENY" || len(page.Cookies()) > 0 || w.enrolment("5").Rev != rev {
		t.Error("the list gives its address away, may be framed, sets cookies or changes something")
	}
	reader.get(link[:len(link)-2]+"xx").has(t, http.StatusNotFound, "This link does not work")
	reader.get(strings.Replace(request, "/r/", "/w/", 1)).has(t, http.StatusNotFound)
	reader.get(strings.Replace(link, "/w/", "/r/", 1)).has(t, http.StatusNotFound)
	reader.get(strings.TrimPrefix(w.links.Waitlist("main", "nobody", 0, w.clock.Now()), w.url)).has(t, http.StatusNotFound)
	shown := reader.get(request).shown(t)
	reader.post(request, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {shown}})
	reader.get(link).has(t, http.StatusOK, "Confirm that it is in use")
}

// lists are the mails with a fresh link that were asked for.
func (w *world) lists(to engine.PersonID) (n int) {
	w.t.Helper()
	all, err := w.store.MessagesTo(w.t.Context(), to, 100)
	must(w.t, err)
	for _, m := range all {
		if m.Purpose == engine.PurposeList {
			n++
		}
	}
	return n
}

func TestAWaitlistEndsAndAFreshLinkComesByMailAlone(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	max := w.enrolment("5").Steps["try"].Requests[0].Person
	link := strings.TrimPrefix(w.links.Waitlist("main", max, 0, w.clock.Now()), w.url)
	reader := w.stranger()
	sent := reader.post(link, url.Values{"email": {"thief@example.org"}})
	sent.has(t, http.StatusOK, `id="sent"`)
	sent.hasNot(t, "/w/")
	if n := w.lists(max); n != 1 {
		t.Fatalf("%d mails", n)
	}
	ended := reader.get(link)
	ended.has(t, http.StatusGone, `id="ended"`, `id="renew"`)
	ended.hasNot(t, "Sam Sailor", "/r/")
	for range 3 { // a link that has ended sends one an hour at most, and ends no other
		reader.post(link, nil).has(t, http.StatusOK, `id="sent"`)
	}
	if n := w.lists(max); n > 2 {
		t.Errorf("%d mails within an hour", n)
	}
	fresh := strings.TrimPrefix(w.links.Waitlist("main", max, 1, w.clock.Now()), w.url)
	reader.get(fresh).has(t, http.StatusOK, "Sam Sailor")
	must(t, w.clock.Advance(15*24*time.Hour))
	reader.get(fresh).has(t, http.StatusGone, `id="ended"`)
}

func TestARequestThatIsOverOffersTheRestByMail(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	max := w.enrolment("5").Steps["try"].Requests[0].Person
	reader := w.stranger()
	reader.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {reader.get(link).shown(t)}}).has(t, http.StatusOK, `id="waiting"`)
	page := reader.post(link+"/waiting", nil)
	page.has(t, http.StatusOK, `id="sent"`)
	page.hasNot(t, "/w/", "Confirm that it is in use")
	if w.lists(max) != 1 {
		t.Errorf("%d mails", w.lists(max))
	}
}

func TestAReviewerFromTheGradebookPassesOnAndSeesAllThatWaits(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	max, first := w.launch(reviews("4", "Max Manager", "Instructor"))
	path := first.Request.URL.Path
	first.has(t, http.StatusOK, path+"/forward", path+"/decline")
	max.get(max.base+"/waiting").has(t, http.StatusOK, "Sam Sailor", `href="`+path+`"`)
	max.post(path+"/forward", url.Values{"email": {"mia@example.org"}}).has(t, http.StatusOK, `id="forwarded"`)
	max.get(max.base+"/waiting").has(t, http.StatusOK, `id="nothing"`)
	sam := w.sam()
	sam.get(sam.base+"/waiting").has(t, http.StatusForbidden)
	tessa, _ := w.launch(reviews("9", "Tessa Teacher", "Instructor"))
	for _, r := range w.enrolment("5").Steps["try"].Requests {
		tessa.post(tessa.base+"/review/"+string(r.ID)+"/forward", url.Values{"email": {"mia@example.org"}}).has(t, http.StatusForbidden)
		tessa.post(tessa.base+"/review/"+string(r.ID)+"/decline", nil).has(t, http.StatusForbidden)
	}
}

func TestAPausedLearnersReviewerIsToldAndMayAnswer(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	must(t, w.service.Pause(t.Context(), engine.Actor{System: "cli"}, w.enrolment("5").ID, w.clock.Now().AddDate(0, 0, 7), ""))
	w.stranger().get(link).has(t, http.StatusOK, `id="paused"`, `id="request-form"`)
}

func TestWhatIsTypedIsNamedForTheBrowserToKeepAndForgottenOnceSent(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	id := string(w.enrolment("5").Steps["try"].Requests[0].ID)
	reader := w.stranger()
	page := reader.get(link)
	page.has(t, http.StatusOK, `data-keep="`+id+`"`, "data-offline=", "data-restored=")
	reader.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {page.shown(t)}}).has(t, http.StatusOK, `data-forget="`+id+`"`)
}
