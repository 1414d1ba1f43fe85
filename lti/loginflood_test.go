package lti_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func TestUnusedLoginsAreForgottenMinutesAfterTheyExpireAndUsedOnesAfterADay(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		used, unused := w.attempt(), w.attempt()
		if got := used.post(); got.Page != "launched" {
			t.Fatal(got)
		}
		again := func() { w.login(w.browser(), w.loginParams()) } // purges
		w.clock.Advance(15 * time.Minute)
		again()
		w.wantCode(unused.post(), "state_expired")
		w.clock.Advance(20 * time.Minute)
		again()
		w.wantCode(unused.post(), "state_unknown")
		w.wantCode(used.post(), "nonce_reused")
		w.clock.Advance(22 * time.Hour)
		again()
		w.wantCode(used.post(), "nonce_reused")
		w.clock.Advance(3 * time.Hour)
		again()
		w.wantCode(used.post(), "state_unknown")
	})
}

func TestARefusedAnswerThatIsRepeatedLeavesOneRestartOnly(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s, overTLS)
		a := w.attempt()
		a.browser = w.browser()
		first := a.post()
		w.wantCode(first, "state_other_browser")
		for range 5 {
			if got := a.post(); got.Restart != first.Restart {
				t.Fatalf("one login has the restarts %q and %q", first.Restart, got.Restart)
			}
		}
		other := w.attempt()
		other.browser = w.browser()
		if got := other.post(); got.Restart == first.Restart || got.Restart == "" {
			t.Fatalf("two logins share the restart %q", got.Restart)
		}
		if u, err := url.Parse(first.Restart); err != nil || len(u.Query().Get("h")) < 40 || u.Query().Get("h") == a.form.Get("state") {
			t.Fatalf("the handle can be guessed or gives the state away: %q", first.Restart)
		}
	})
}

func TestHintsAreBounded(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for name, c := range map[string]struct {
		name     string
		fits, is int
	}{
		"login_hint": {"login_hint", 2 << 10, 2<<10 + 1}, "lti_message_hint": {"lti_message_hint", 8 << 10, 8<<10 + 1}, "target": {"target_link_uri", 0, 2<<10 + 1},
	} {
		p := w.loginParams()
		if c.fits > 0 {
			p.Set(c.name, strings.Repeat("x", c.fits))
			w.login(w.browser(), p)
		}
		p.Set(c.name, w.target+"?"+strings.Repeat("x", c.is-len(w.target)-1))
		res, err := w.browser().PostForm(w.server.URL+"/lti/login", p)
		if err != nil {
			t.Fatal(name, err)
		}
		w.wantCode(w.read(res), "parameter_too_long")
	}
}

func TestARegistrationHasSoManyOpenLoginsAndNoMore(t *testing.T) {
	w := newWorld(t, sqliteStore(t), func(o *lti.Options) { o.MaxLogins = 3 })
	for range 3 {
		w.login(w.browser(), w.loginParams())
	}
	try := func() (shown, string) {
		res, err := w.browser().PostForm(w.server.URL+"/lti/login", w.loginParams())
		if err != nil {
			t.Fatal(err)
		}
		return w.read(res), res.Header.Get("Retry-After")
	}
	got, after := try()
	w.wantCode(got, "too_many_logins")
	if got.Status != http.StatusServiceUnavailable || after == "" {
		t.Fatalf("HTTP %d, Retry-After %q", got.Status, after)
	}
	w.wantFailure(got, lti.FailedLogin)
	second := w.reg
	second.ClientID = "client-2"
	if _, err := w.tool.Register(t.Context(), second, "1"); err != nil {
		t.Fatal(err)
	}
	p := w.loginParams()
	p.Set("client_id", "client-2")
	w.login(w.browser(), p) // another registration goes on
	w.clock.Advance(10 * time.Minute)
	w.login(w.browser(), w.loginParams())
}
