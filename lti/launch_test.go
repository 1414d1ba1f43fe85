package lti_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func TestALaunchArrivesWithEverythingThePlatformSaid(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		a := w.attempt()
		for name, want := range map[string]string{
			"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none", "client_id": "client-1",
			"redirect_uri": w.target, "login_hint": "5", "lti_message_hint": w.loginParams().Get("lti_message_hint"), "x": "1",
		} {
			if got := a.auth.Get(name); got != want {
				t.Errorf("authorization request: %s is %q, want %q", name, got, want)
			}
		}
		got := a.post()
		if got.Page != "launched" {
			t.Fatalf("got %+v", got)
		}
		l := got.Launch
		for what, pair := range map[string][2]string{
			"tenant": {l.Tenant, "main"}, "subject": {l.Subject, "5"}, "name": {l.Name, "Sam Sailor"}, "email": {l.Email, "sam@example.org"},
			"locale": {l.Locale, "de"}, "course": {l.Course.ID + l.Course.Label, "2NEG101"}, "link": {l.ResourceLink.ID, "10"},
			"workflow": {l.Custom["workflow"], "first-steps"}, "unresolved": {l.Custom["unknown"], "$Canvas.user.id"}, "number": {l.Custom["count"], "3"},
			"line item": {l.LineItemURL, w.platform.URL + "/2/lineitems/11/lineitem?type_id=1"}, "roster": {l.MembershipsURL, w.platform.URL + "/memberships"},
			"relaunch": {l.RelaunchURL(), w.platform.URL + "/mod/lti/view.php?l=10"}, "registration": {string(l.Registration.ID), string(w.reg.ID)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
			}
		}
		if !l.IsLearner() || l.IsInstructor() || l.IsAdministrator() || !l.FromIframe || !l.IssuedAt.Equal(w.clock.Now()) {
			t.Errorf("got %+v", l)
		}
		if _, ok := l.Custom["rlid"]; ok {
			t.Error("a null custom value counts as absent")
		}
	})
}

func TestALoginByGETWorksToo(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	res, err := w.browser().Get(w.server.URL + "/lti/login?" + w.loginParams().Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d, %v", res.StatusCode, res.Header)
	}
}

func TestOverHTTPSTheHostCookieAloneBindsTheBrowser(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	b := w.browser()
	res, err := b.PostForm(w.server.URL+"/lti/login", w.loginParams())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Values("Set-Cookie"); len(got) != 1 || !strings.HasPrefix(got[0], "__Host-cairn-lti-") {
		t.Fatalf("got cookies %q", got)
	} else {
		for _, attribute := range []string{"Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"} {
			if !strings.Contains(got[0], "; "+attribute) {
				t.Errorf("the cookie lacks %s: %s", attribute, got[0])
			}
		}
	}
	a := w.attempt()
	if got := a.post(); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
	stranger := w.attempt()
	stranger.browser = w.browser()
	w.wantCode(stranger.post(), "state_other_browser") // no page that posts again on https
}

func TestOnHTTPACookielessArrivalIsPostedAgainAndUsesNothingUp(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	a := w.attempt()
	owner := a.browser
	a.browser = w.browser() // the platform's cross-site post brings no Lax cookie
	again := a.post()
	if again.Page != "repeat" || again.Action != w.target || again.Fields["state"] != a.auth.Get("state") {
		t.Fatalf("got %+v", again)
	}
	form := url.Values{}
	for name, value := range again.Fields {
		form.Set(name, value)
	}
	w.wantCode(w.postForm(w.browser(), form), "state_other_browser") // still none: no third time
	if got := w.postForm(owner, form); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
}

func TestAnotherBrowserIsOfferedARestartThatWorksOnce(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	a := w.attempt()
	a.browser = w.browser()
	refused := a.post()
	w.wantCode(refused, "state_other_browser")
	if !strings.HasPrefix(refused.Restart, w.server.URL+"/lti/restart?h=") {
		t.Fatalf("got restart %q", refused.Restart)
	}
	fresh := w.browser()
	res, err := fresh.Get(refused.Restart)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(to.String(), w.platform.URL+"/auth?") || to.Query().Get("lti_message_hint") != w.loginParams().Get("lti_message_hint") {
		t.Fatalf("the restart leads to %s", to)
	}
	b := w.attempt()
	b.browser, b.form = fresh, url.Values{"state": {to.Query().Get("state")}}
	b.claims["nonce"] = to.Query().Get("nonce")
	if got := b.post(); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
	w.wantCode(w.get(w.browser(), refused.Restart), "restart_unknown")
}

func TestInMoodleARestartBeginsInMoodle(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	reg, err := w.store.Registration(t.Context(), w.reg.ID)
	if err != nil {
		t.Fatal(err)
	}
	reg.ProductFamily = "moodle"
	if err := w.store.SaveRegistration(t.Context(), reg); err != nil {
		t.Fatal(err)
	}
	a := w.attempt()
	a.browser = w.browser()
	res, err := w.browser().Get(a.post().Restart)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got, want := res.Header.Get("Location"), w.platform.URL+"/mod/lti/launch.php?id=11"; got != want {
		t.Fatalf("the restart leads to %q, want %q", got, want)
	}
}

func TestTwoTabsNeverCross(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	one, two := w.attempt(), (*attempt)(nil)
	two = w.attempt()
	two.browser = one.browser // both logins in one browser
	two.auth = w.login(two.browser, w.loginParams())
	two.claims["nonce"], two.form = two.auth.Get("nonce"), url.Values{"state": {two.auth.Get("state")}}
	if got := two.post(); got.Page != "launched" {
		t.Fatalf("second tab: %+v", got)
	}
	if got := one.post(); got.Page != "launched" {
		t.Fatalf("first tab: %+v", got)
	}
}

// oneOfAHundredIsALaunch posts the same launch a hundred times at once.
func oneOfAHundredIsALaunch(t *testing.T, post func() shown) {
	t.Helper()
	var mu sync.Mutex
	count := map[string]int{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			got := post()
			mu.Lock()
			defer mu.Unlock()
			count[got.Page+" "+got.Code]++
		})
	}
	wg.Wait()
	if count["launched "] != 1 || count["refused nonce_reused"] != 99 {
		t.Fatalf("got %v", count)
	}
}

func TestOfAHundredParallelReplaysOneIsALaunch(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		a := w.attempt()
		a.form.Set("id_token", a.sign(a.header, a.claims))
		// Fixed cookies: a jar would lose them with the first answer.
		u, _ := url.Parse(w.server.URL)
		cookies := a.browser.Jar.Cookies(u)
		oneOfAHundredIsALaunch(t, func() shown {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.target, strings.NewReader(a.form.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range cookies {
				req.AddCookie(c)
			}
			res, err := w.server.Client().Do(req)
			if err != nil {
				t.Error(err)
				return shown{}
			}
			return w.read(res)
		})
	})
}

func TestTheLogNamesNobody(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if got := w.attempt().post(); got.Page != "launched" {
		t.Fatal(got)
	}
	bad := w.attempt()
	bad.claims[claim+"version"] = "1.1"
	w.wantCode(bad.post(), "wrong_version")
	for _, secret := range []string{"Sam", "Sailor", "sam@", bad.auth.Get("state"), bad.auth.Get("nonce"), bad.form.Get("id_token")} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, w.log)
		}
	}
}

func TestOldLoginsAreForgotten(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	a := w.attempt()
	w.clock.Advance(25 * time.Hour)
	w.login(w.browser(), w.loginParams())
	w.wantCode(a.post(), "state_unknown")
}
