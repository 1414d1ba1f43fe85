package web_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

func TestAnotherLearnersIDsInAnAddressOpenNothing(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	sofia, _ := w.launch(launchOf("6", "Sofia Silva", "Learner"))
	before := w.enrolment("5").Rev

	sofia.get(sam.base+"/").has(t, http.StatusForbidden, "Please open it from your course")
	sofia.get(sam.base+"/steps/try").has(t, http.StatusForbidden)
	sofia.post(sam.base+"/steps/try/skip", url.Values{"reason": {"x"}}).has(t, http.StatusForbidden)
	hands, err := w.store.Contributions(t.Context(), w.enrolment("5").ID)
	must(t, err)
	for _, hand := range hands {
		for _, f := range hand.Files {
			sofia.get(sofia.base+"/evidence/"+f.SHA256).has(t, http.StatusNotFound)
			sofia.get(sam.base+"/evidence/"+f.SHA256).has(t, http.StatusForbidden)
		}
	}
	sofia.post(sofia.base+"/board/"+string(w.enrolment("5").ID)+"/completed", nil).has(t, http.StatusForbidden)
	if have := w.enrolment("5").Rev; have != before {
		t.Errorf("something changed: revision %d, was %d", have, before)
	}

	// Sam's cookie under another handle opens nothing either.
	samsCookies := sam.client.Jar.Cookies(mustURL(t, w.url))
	jar, err := cookiejar.New(nil)
	must(t, err)
	handle := strings.TrimPrefix(sofia.base, "/s/")
	jar.SetCookies(mustURL(t, w.url), []*http.Cookie{{Name: "cairn-s-" + handle, Value: samsCookies[0].Value}})
	thief := &person{world: w, client: &http.Client{Jar: jar}}
	thief.get(sofia.base+"/").has(t, http.StatusForbidden)
}

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	return u
}

func TestAnAddressThatIsNoStepIsNotFound(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.get(sam.base+"/steps/nothing").has(t, http.StatusNotFound)
	sam.post(sam.base+"/steps/nothing/done", nil).has(t, http.StatusNotFound)
	sam.get("/nowhere").has(t, http.StatusNotFound, "There is no such page")
	sam.post(sam.base+"/", nil).has(t, http.StatusMethodNotAllowed)
	locked := sam.post(sam.base+"/steps/try", url.Values{"do": {"submit"}, "answer.did": {"x"}, "answer.result": {"x"}})
	if locked.StatusCode < 400 || w.state("5", "try") != engine.Locked {
		t.Errorf("a locked step took a hand-in: %d", locked.StatusCode)
	}
}

func TestLookingAroundChangesNothing(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	before := w.enrolment("5").Rev
	for _, path := range []string{"/", "/steps/read", "/steps/read?do=submit", "/steps/try", "/steps/read/done", "/steps/read/skip", "/steps/read/opened"} {
		sam.get(sam.base + path)
	}
	if have := w.enrolment("5").Rev; have != before {
		t.Errorf("revision %d, was %d", have, before)
	}
}

func TestAnotherSiteCannotPressOurButtons(t *testing.T) {
	w := newWorld(t, func(o *web.Options) { o.DevClock = &clock{now: o.Now()} })
	sam := w.sam()
	before := w.enrolment("5").Rev
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}}, // the LMS on another port of this host
		{"Origin": {"https://evil.example"}},
		{"Origin": {"null"}},
	} {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, path := range []string{sam.base + "/steps/read/done", sam.base + "/steps/read/opened", sam.base + "/steps/read", "/dev/clock", "/open"} {
			sam.do(http.MethodPost, path, strings.NewReader("do=submit&advance=day"), header).has(t, http.StatusForbidden, "That came from another site")
		}
	}
	if have := w.enrolment("5").Rev; have != before {
		t.Errorf("revision %d, was %d", have, before)
	}
	sam.do(http.MethodPost, sam.base+"/steps/read/done", nil, http.Header{"Sec-Fetch-Site": {"same-origin"}}).has(t, http.StatusOK, "1 of 3")
}

func TestAnotherSiteCannotAnswerForAReviewer(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	shown := w.stranger().get(link).shown(t)
	form := url.Values{"outcome": {"approve"}, "rating.trade": {"4"}, "sha256": {shown}}.Encode()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"null"}}
	w.stranger().do(http.MethodPost, link, strings.NewReader(form), header).has(t, http.StatusForbidden)
	if have := w.state("5", "try"); have != engine.Submitted {
		t.Fatalf("it is %s", have)
	}
	// Browsers without Sec-Fetch-Site call the origin of a no-referrer page null.
	header.Del("Sec-Fetch-Site")
	w.stranger().do(http.MethodPost, link, strings.NewReader(form), header).has(t, http.StatusOK, `id="answered"`)
}

func TestWhatIsTooLargeIsRefusedAndTheTextKept(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.post(sam.base+"/steps/read/done", nil)
	sam.post(sam.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"I give away too much, too early."}})
	try := sam.base + "/steps/try"
	words := url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"It worked."}}
	big := file{"big.pdf", "%PDF-1.7" + strings.Repeat("x", 10<<20)}
	sam.postFiles(try, words, big).has(t, http.StatusRequestEntityTooLarge, "I asked first.", `id="evidence-problem"`)
	small := file{"small.pdf", "%PDF-1.7"}
	sam.postFiles(try, words, small, small, small, small, small, small).has(t, http.StatusRequestEntityTooLarge, "I asked first.")
	sam.postFiles(try, words, file{"virus.exe", "MZ\x90"}).has(t, http.StatusUnprocessableEntity, "virus.exe", "I asked first.")
	sam.postFiles(try, words, file{"empty.pdf", ""}).has(t, http.StatusUnprocessableEntity, "empty.pdf")
	sam.get(try).has(t, http.StatusOK, "I asked first.") // as a draft
	if have := w.state("5", "try"); have != engine.Open {
		t.Errorf("the step is %s", have)
	}
	sam.post(sam.base+"/steps/try", url.Values{"answer.did": {strings.Repeat("x", 300<<10)}}).has(t, http.StatusRequestEntityTooLarge)
	sam.post(sam.base+"/steps/try/skip", url.Values{"reason": {strings.Repeat("x", 300<<10)}}).has(t, http.StatusRequestEntityTooLarge)
	sam.do(http.MethodPost, try, strings.NewReader("--x\r\nbroken"), http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}).has(t, http.StatusUnprocessableEntity)
	sam.do(http.MethodPost, try, strings.NewReader("x"), http.Header{"Content-Type": {"multipart/form-data"}}).has(t, http.StatusUnprocessableEntity)
}

var ticketField = regexp.MustCompile(`name="ticket" value="([^"]+)"`)

func TestABlockedCookieIsSaidAndANewWindowHelpsOnce(t *testing.T) {
	w := newWorld(t)
	blocked := w.stranger() // a browser that keeps no cookies in the frame
	page := blocked.open(launchOf("5", "Sam Sailor", "Learner"))
	page.has(t, http.StatusForbidden, `id="cookie-blocked"`, "Your browser blocked the cookie", `target="_blank"`, `action="/open"`)
	ticket := ticketField.FindStringSubmatch(page.text)[1]

	jar, err := cookiejar.New(nil)
	must(t, err)
	window := &person{world: w, client: &http.Client{Jar: jar}}
	window.post("/open", url.Values{"ticket": {ticket}}).has(t, http.StatusOK, `id="next-step"`)
	w.stranger().post("/open", url.Values{"ticket": {ticket}}).has(t, http.StatusForbidden)
	w.stranger().post("/open", url.Values{"ticket": {"made-up"}}).has(t, http.StatusForbidden)

	page = blocked.open(launchOf("5", "Sam Sailor", "Learner"))
	ticket = ticketField.FindStringSubmatch(page.text)[1]
	must(t, w.clock.Advance(6*time.Minute))
	w.stranger().post("/open", url.Values{"ticket": {ticket}}).has(t, http.StatusForbidden)
}

// Somebody who has a ticket must not get others to work in a session of theirs.
func TestThePageAboutBlockedCookiesIsShownInFramesOfItsPlatformOnly(t *testing.T) {
	w := newWorld(t)
	var at string
	blocked := w.stranger()
	blocked.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error { at = r.URL.RequestURI(); return nil }
	page := blocked.open(launchOf("5", "Sam Sailor", "Learner"))
	page.has(t, http.StatusForbidden, `id="cookie-blocked"`, `data-frames="`+issuer+`"`)
	if policy := page.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors 'self' "+issuer) {
		t.Errorf("the policy is %s", policy)
	}
	for name, c := range map[string]struct {
		path string
		dest string
	}{
		"in a window of its own":     {at, "document"},
		"with a made-up ticket":      {strings.Split(at, "=")[0] + "=MADEUP", "iframe"},
		"for the handle of another":  {strings.Replace(at, "/s/", "/s/x", 1), "iframe"},
		"with a ticket far too long": {at + strings.Repeat("A", 100), "iframe"},
	} {
		got := w.stranger().do(http.MethodGet, c.path, nil, http.Header{"Sec-Fetch-Dest": {c.dest}})
		if got.StatusCode != http.StatusForbidden || strings.Contains(got.text, "cookie-blocked") {
			t.Errorf("%s: status %d\n%s", name, got.StatusCode, got.text)
		}
	}
	w.stranger().do(http.MethodGet, at, nil, http.Header{"Sec-Fetch-Dest": {"iframe"}}).has(t, http.StatusForbidden, `id="cookie-blocked"`)
}

func TestATicketIsUselessOnceTheCookieCameBack(t *testing.T) {
	w := newWorld(t)
	jar, err := cookiejar.New(nil)
	must(t, err)
	var seen string
	sam := &person{world: w, client: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if ticket := r.URL.Query().Get("ticket"); ticket != "" {
			seen = ticket
		}
		return nil
	}}}
	sam.open(launchOf("5", "Sam Sailor", "Learner")).has(t, http.StatusOK, `id="next-step"`)
	if seen == "" {
		t.Fatal("no ticket was given")
	}
	w.stranger().post("/open", url.Values{"ticket": {seen}}).has(t, http.StatusForbidden)
}

func TestSessionCookiesAreSetForFramesAndForDevelopment(t *testing.T) {
	cookies := func(w *world) map[string]*http.Cookie {
		p := w.stranger()
		p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		found := map[string]*http.Cookie{}
		for _, c := range p.open(launchOf("5", "Sam Sailor", "Learner")).Cookies() {
			found[c.Name[:strings.LastIndexByte(c.Name, '-')]] = c
		}
		return found
	}
	both := cookies(newWorld(t))
	main, twin := both["__Host-cairn-s"], both["cairn-s"]
	if main == nil || !main.Secure || !main.HttpOnly || !main.Partitioned || main.SameSite != http.SameSiteNoneMode || main.Path != "/" || main.Domain != "" {
		t.Errorf("the cookie is %v", main)
	}
	if twin == nil || twin.Secure || !twin.HttpOnly || twin.SameSite != http.SameSiteLaxMode {
		t.Errorf("the twin is %v", twin)
	}
	production := cookies(newWorld(t, func(o *web.Options) { o.PublicURL = "https://cairn.example" }))
	if production["__Host-cairn-s"] == nil || production["cairn-s"] != nil {
		t.Errorf("on https the cookies are %v", production)
	}
}

func TestAPanicIsAPageWithTheRequestsID(t *testing.T) {
	w := newWorld(t, func(o *web.Options) {
		healthy := o.Engine
		calls := 0
		o.Engine = func(ctx context.Context, tenant string) (*engine.Service, error) {
			if calls++; calls > 2 {
				panic("the engine is on fire, says sam@example.org")
			}
			return healthy(ctx, tenant)
		}
	})
	sam := w.sam()
	page := sam.get(sam.base + "/")
	id := page.Header.Get("X-Request-Id")
	page.has(t, http.StatusInternalServerError, "Something went wrong", id)
	page.hasNot(t, "on fire")
	if id == "" || !strings.Contains(w.log.String(), "request_id="+id) || !strings.Contains(w.log.String(), "on fire") {
		t.Errorf("the log does not tell about %s:\n%s", id, w.log)
	}
}

func TestTheLogHoldsNoTokensNamesOrAddresses(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	link := w.requestPath("try")
	w.stranger().get(link)
	w.stranger().get(link + "broken")
	for _, secret := range []string{strings.TrimPrefix(link, "/r/"), "example.org", "Sam", "Sailor"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, w.log)
		}
	}
}

func TestAnActivityWithoutWorkflowSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Custom["workflow"] = "no-such"
	_, page := w.launch(l)
	page.has(t, http.StatusNotFound, "Not set up yet", "Your teacher")
	page.hasNot(t, "workflow=trial")
	l = launchOf("9", "Tessa Teacher", "Instructor")
	l.Custom["workflow"] = "no-such"
	_, page = w.launch(l)
	page.has(t, http.StatusNotFound, "workflow=trial")
}
