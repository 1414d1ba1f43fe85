package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestAReviewerNeedsOnlyTheLink(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	link := w.requestPath("try")
	max := w.stranger()
	page := max.get(link)
	page.has(t, http.StatusOK, "Sam Sailor", `id="request-form"`, `name="rating.trade"`, `name="comment"`, `id="approve"`, `id="return"`, "24 months.",
		"&lt;script&gt;alert(&#39;did", link+"/evidence/")
	page.hasNot(t, "<script>alert", "max@example.org", "sam@example.org")
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
		if have := page.Header.Get(name); have != want {
			t.Errorf("%s is %q, want %q", name, have, want)
		}
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	if len(page.Cookies()) > 0 {
		t.Errorf("it sets cookies: %v", page.Cookies())
	}
	returned := max.post(link, url.Values{"outcome": {"return"}, "rating.trade": {"2"}, "comment": {"What did you ask for?"}, "sha256": {page.shown(t)}})
	returned.has(t, http.StatusOK, `id="answered"`)
	sam.get(sam.base+"/steps/try").has(t, http.StatusOK, `data-state="returned"`, "What did you ask for?", `id="step-form"`, "I asked &lt;b&gt;first")
	// Once more is the same answer, not another one.
	max.post(link, url.Values{"outcome": {"return"}, "rating.trade": {"2"}, "comment": {"What did you ask for?"}, "sha256": {page.shown(t)}}).has(t, http.StatusOK, `id="answered"`)
	if n := len(w.enrolment("5").Steps["try"].Reviews); n != 1 {
		t.Errorf("there are %d reviews", n)
	}
}

func TestLookingAtALinkChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	before := w.enrolment("5")
	for range 3 { // a mail scanner, a preview, the person
		w.stranger().get(link)
		w.stranger().do(http.MethodHead, link, nil, nil)
	}
	w.stranger().get(link + "?outcome=approve&rating.trade=4")
	if after := w.enrolment("5"); after.Rev != before.Rev {
		t.Errorf("looking wrote revision %d over %d", after.Rev, before.Rev)
	}
}

func TestASignOffIsBoundToWhatWasShown(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	max := w.stranger()
	link := w.requestPath("try")
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {max.get(link).shown(t)}}).has(t, http.StatusOK)
	link = w.requestPath("signoff")
	page := max.get(link)
	page.has(t, http.StatusOK, "I saw this at work more than once.", "Sign off", `id="not-yet"`, "24 months.")
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {strings.Repeat("0", 64)}}).has(t, http.StatusConflict, "has changed since", `id="request-form"`)
	if have := w.enrolment("5").State; have != engine.Active {
		t.Fatalf("a stale page completed it: %s", have)
	}
	max.post(link, url.Values{"outcome": {"not_yet"}, "rating.trade": {"3"}, "sha256": {page.shown(t)}}).has(t, http.StatusUnprocessableEntity, `id="problems"`)
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"4"}, "comment": {"Well done."}, "sha256": {page.shown(t)}}).has(t, http.StatusOK, `id="answered"`)
	if have := w.enrolment("5").State; have != engine.Completed {
		t.Errorf("the enrolment is %s", have)
	}
}

func TestALinkThatIsForgedExpiredOrOldSaysSo(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	stranger := w.stranger()
	stranger.get(link[:len(link)-2]+"xx").has(t, http.StatusNotFound, "This link does not work")
	stranger.get("/r/nonsense").has(t, http.StatusNotFound, "This link does not work")
	e := w.enrolment("5")
	unknown := strings.TrimPrefix(w.links.Request("main", e.ID, "no-such-request"), w.url)
	stranger.get(unknown).has(t, http.StatusNotFound, "This link does not work")
	elsewhere := strings.TrimPrefix(w.links.Request("main", "no-such-enrolment", e.Steps["try"].Requests[0].ID), w.url)
	stranger.get(elsewhere).has(t, http.StatusNotFound)
	stranger.post(link, url.Values{"outcome": {"delete"}}).has(t, http.StatusUnprocessableEntity)

	shown := stranger.get(link).shown(t)
	must(t, w.clock.Advance(120*24*time.Hour))
	must(t, w.service.Wake(t.Context(), e.ID))
	old := stranger.get(link)
	if old.StatusCode != http.StatusGone {
		t.Errorf("an expired link answers %d", old.StatusCode)
	}
	old.hasNot(t, `id="request-form"`, "24 months.")
	stranger.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {shown}}).hasNot(t, `id="answered"`)
	if have := w.state("5", "try"); have == engine.Done {
		t.Error("an expired link approved it")
	}
}

func TestALinkGivesOnlyTheFilesItShows(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	hands, err := w.store.Contributions(t.Context(), w.enrolment("5").ID)
	must(t, err)
	for _, hand := range hands {
		for _, f := range hand.Files {
			got := w.stranger().get(link + "/evidence/" + f.SHA256)
			got.has(t, http.StatusOK, "%PDF")
			if got.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Error("the address of the file is passed on")
			}
		}
	}
	w.stranger().get(link+"/evidence/"+strings.Repeat("a", 64)).has(t, http.StatusNotFound)
}

func TestUnsubscribingAsksPeopleAndObeysMailPrograms(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	e := w.enrolment("5")
	max := e.Steps["try"].Requests[0].Person
	path := strings.TrimPrefix(w.links.Unsubscribe("main", max, "email"), w.url)
	unsubscribed := func() bool {
		p, err := w.service.Person(t.Context(), max)
		must(t, err)
		return !p.Unsubscribed["email"].IsZero()
	}
	page := w.stranger().get(path)
	page.has(t, http.StatusOK, `id="unsubscribe"`)
	if page.Header.Get("Referrer-Policy") != "no-referrer" || unsubscribed() {
		t.Fatal("looking at the page was enough, or its address is passed on")
	}
	// As a mail program does it: from nowhere, without cookies, as RFC 8058 says.
	w.stranger().do(http.MethodPost, path, strings.NewReader("List-Unsubscribe=One-Click"), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://mail.example"}, "Sec-Fetch-Site": {"cross-site"},
	}).has(t, http.StatusOK, "unsubscribed")
	if !unsubscribed() {
		t.Fatal("one click was not enough")
	}
	body, kind := multipartBody(t, url.Values{"List-Unsubscribe": {"One-Click"}})
	w.stranger().do(http.MethodPost, path, body, http.Header{"Content-Type": {kind}}).has(t, http.StatusOK, "unsubscribed")
	w.stranger().post(path, nil).has(t, http.StatusOK, "No more e-mails")
	w.stranger().get("/u/forged").has(t, http.StatusNotFound)
	w.stranger().post("/u/forged", nil).has(t, http.StatusNotFound)
}
