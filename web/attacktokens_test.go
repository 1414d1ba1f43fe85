package web_test

import (
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

var anID = regexp.MustCompile(`<code>[0-9a-z]{16}</code>|[0-9a-z]{16}`)

// alike is what an answer says, without the id of its request and what the address itself says.
func alike(p page) string {
	return http.StatusText(p.StatusCode) + p.Header.Get("Content-Type") + p.Header.Get("Location") +
		anID.ReplaceAllString(strings.ReplaceAll(p.text, p.Request.URL.Path, ""), "")
}

// Whoever tries addresses learns nothing by how they are refused: not whether a person, a request, a portfolio or a
// session is there, nor which part of a token was wrong.
func TestWhoGuessesAnAddressLearnsNothingByTheRefusal(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	e := w.enrolment("5")
	request := e.Steps["try"].Requests[0]
	forger, err := web.NewLinks(w.url, []byte(strings.Repeat("g", 32))) // knows how links are made, and not our secret
	must(t, err)
	token := func(address string) string { return address[strings.LastIndex(address, "/")+1:] }
	secret, _, err := w.service.SharePortfolio(t.Context(), e.Learner, engine.Sharing{Days: 7})
	must(t, err)
	for prefix, of := range map[string]struct{ there, invented string }{
		"/r/": {token(forger.Request("main", e.ID, request.ID)), token(forger.Request("main", "nobody", "nothing"))},
		"/u/": {token(forger.Unsubscribe("main", request.Person, "email")), token(forger.Unsubscribe("elsewhere", "nobody", "email"))},
		"/w/": {token(forger.Waitlist("main", request.Person, 0, w.clock.Now())), token(forger.Waitlist("main", "nobody", 0, w.clock.Now()))},
		"/p/": {token(forger.Share("main", secret)), token(forger.Share("main", "nothing"))},
		"/n/": {token(forger.Nudge("main", "m1", issuer+"/x")), token(forger.Nudge("elsewhere", "m2", "https://evil.example/x"))},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if method == http.MethodPost && (prefix == "/p/" || prefix == "/n/") {
				continue
			}
			there := w.stranger().do(method, prefix+of.there, nil, nil)
			there.has(t, http.StatusNotFound)
			for what, guess := range map[string]string{"what is not there": of.invented, "no token": "x", "an empty one": base64.RawURLEncoding.EncodeToString(make([]byte, 16)), "one in a row": strings.Repeat("A", 90)} {
				if guessed := w.stranger().do(method, prefix+guess, nil, nil); alike(guessed) != alike(there) {
					t.Errorf("%s %s: %s is told from what is there:\n%s\n%s", method, prefix, what, alike(guessed), alike(there))
				}
			}
		}
	}
	for path, unknown := range map[string]string{
		sam.base + "/":                               "/s/inventedhandle/",
		sam.base + "/steps/try":                      "/s/inventedhandle/steps/try",
		sam.base + "/evidence/" + samsFile(t, w):     "/s/inventedhandle/evidence/" + samsFile(t, w),
		"/open?ticket=" + strings.Repeat("A", 26):    "/open?ticket=x",
		sam.base + "/review/" + string(request.ID):   "/s/inventedhandle/review/nothing",
		sam.base + "/portfolio/export.zip":           "/s/inventedhandle/portfolio/export.zip",
		"/s/" + strings.Repeat("a", 12) + "/journey": "/s/x/journey",
	} {
		mine, none := w.stranger().get(path), w.stranger().get(unknown)
		if mine.StatusCode < 400 || alike(mine) != alike(none) {
			t.Errorf("%s is told from what is not there: %d and %d", path, mine.StatusCode, none.StatusCode)
		}
	}
	// Nor does a session tell whose a thing is: another's is as unknown as none at all.
	sofia, _ := w.launch(launchOf("6", "Sofia Silva", "Learner"))
	for path, unknown := range map[string]string{
		"/evidence/" + samsFile(t, w):                       "/evidence/" + strings.Repeat("0", 64),
		"/portfolio/" + string(e.ID) + "/" + samsFile(t, w): "/portfolio/nothing/" + strings.Repeat("0", 64),
	} {
		if theirs, none := sofia.get(sofia.base+path), sofia.get(sofia.base+unknown); theirs.StatusCode != http.StatusNotFound || alike(theirs) != alike(none) {
			t.Errorf("%s is told from what is not there: %d and %d", path, theirs.StatusCode, none.StatusCode)
		}
	}
}

func samsFile(t testing.TB, w *world) string {
	t.Helper()
	return w.handed("try").Files[0].SHA256
}

// Each secret holds 128 bits that nobody can know; to try so many takes longer than links live.
func TestWhatASecretAddressHoldsIsTooLongToGuess(t *testing.T) {
	w := newWorld(t)
	e := func() *engine.Enrolment { w.toTheTrial(); return w.enrolment("5") }()
	const bits = 128
	for range 2 {
		secret, _, err := w.service.SharePortfolio(t.Context(), e.Learner, engine.Sharing{Days: 7})
		must(t, err)
		if len(secret)*5 < bits { // letters of 32
			t.Errorf("a portfolio's secret has %d letters", len(secret))
		}
	}
	blocked := w.stranger()
	ticket := ticketField.FindStringSubmatch(blocked.open(launchOf("5", "Sam Sailor", "Learner")).text)[1]
	if len(ticket)*5 < bits {
		t.Errorf("a ticket has %d letters", len(ticket))
	}
	jar, err := cookiejar.New(nil)
	must(t, err)
	sam := &person{world: w, client: &http.Client{Jar: jar}}
	sam.open(launchOf("5", "Sam Sailor", "Learner"))
	for _, c := range jar.Cookies(mustURL(t, w.url)) {
		if len(c.Value)*5 < bits {
			t.Errorf("the cookie %s has %d letters", c.Name, len(c.Value))
		}
	}
	// What a personal link says is known; its seal of 16 bytes is not.
	link := strings.TrimPrefix(w.requestPath("try"), "/r/")
	raw, err := base64.RawURLEncoding.DecodeString(link)
	must(t, err)
	for bit := range bits {
		bent := append([]byte{}, raw...)
		bent[len(bent)-1-bit/8] ^= 1 << (bit % 8)
		if _, err := w.links.ReadRequest(base64.RawURLEncoding.EncodeToString(bent)); err == nil {
			t.Errorf("bit %d of the seal counts for nothing", bit)
		}
	}
}

// What was sent once counts once, whoever sends it again: a browser, a proxy, a thief who has read it.
func TestWhatWasSentOnceIsNotSentAgainByAnybody(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	hand := url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"24 months."}}
	sam.postFiles(try, hand, file{"offer.pdf", "%PDF-1.7"}).has(t, http.StatusOK)
	first := w.handed("try")
	sam.postFiles(try, hand, file{"offer.pdf", "%PDF-1.7"})
	hand.Set("answer.did", "Something else.")
	sam.postFiles(try, hand, file{"other.pdf", "%PDF-1.7 other"})
	if again := w.handed("try"); again.ID != first.ID || w.enrolment("5").Steps["try"].Attempt != 1 {
		t.Errorf("the hand-in was replaced by a second one: %+v", again)
	}

	link, max := w.requestPath("try"), w.stranger()
	answer := url.Values{"outcome": {"return"}, "rating.trade": {"2"}, "comment": {"What did you ask for?"}, "sha256": {max.get(link).shown(t)}}
	max.post(link, answer).has(t, http.StatusOK, `id="answered"`)
	for _, replayed := range []url.Values{answer,
		{"outcome": {"approve"}, "rating.trade": {"4"}, "comment": {"Changed."}, "sha256": answer["sha256"]},
		{"outcome": {"approve"}, "rating.trade": {"4"}}} {
		w.stranger().post(link, replayed).hasNot(t, "Changed.")
	}
	w.stranger().post(link+"/forward", url.Values{"email": {"thief@example.org"}})
	w.stranger().post(link+"/decline", url.Values{"reason": {"stolen"}})
	st := w.enrolment("5").Steps["try"]
	if st.State != engine.Returned || len(st.Reviews) != 1 || st.Reviews[0].Outcome != "return" || w.act(engine.ActForward) != nil || w.act(engine.ActDecline) != nil {
		t.Errorf("an answered link was used again: %s, %+v", st.State, st.Reviews)
	}

	// An old hand-in cannot be approved in the place of a new one, by the old link or by the new.
	hand.Set("answer.did", "I asked for 24 months first.")
	sam.postFiles(try, hand, file{"offer.pdf", "%PDF-1.7 second"}).has(t, http.StatusOK, `data-state="submitted"`)
	old := url.Values{"outcome": {"approve"}, "rating.trade": {"4"}, "sha256": answer["sha256"]}
	w.stranger().post(link, old)
	w.stranger().post(w.requestPath("try"), old).has(t, http.StatusConflict)
	if have := w.state("5", "try"); have != engine.Submitted {
		t.Errorf("the step is %s", have)
	}

	// A ticket for another window opens one window.
	made := sam.do(http.MethodPost, sam.base+"/window", strings.NewReader("to="+url.QueryEscape(sam.base+"/portfolio")), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	ticket := ticketField.FindStringSubmatch(made.has(t, http.StatusOK).text)[1]
	opened := func() int {
		jar, err := cookiejar.New(nil)
		must(t, err)
		return (&person{world: w, client: &http.Client{Jar: jar}}).post("/open", url.Values{"ticket": {ticket}}).StatusCode
	}
	if a, b := opened(), opened(); a != http.StatusOK || b != http.StatusForbidden {
		t.Errorf("a ticket answers %d, then %d", a, b)
	}
}
