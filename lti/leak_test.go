package lti_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/lti"
)

// What a platform says is shown to the person whose login it answers, and to nobody else.
func TestWordsPostedFromAnywhereAreNotShownAsThePlatforms(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	const lure = "Call 0900 666 to unlock your account"
	errorFor := func(state string) url.Values {
		return url.Values{"state": {state}, "error": {"Your account is locked"}, "error_description": {lure}}
	}
	used := w.attempt()
	if got := used.post(); got.Page != "launched" {
		t.Fatal(got)
	}
	fresh := w.attempt()
	for name, got := range map[string]shown{
		"no state":             w.postForm(w.browser(), errorFor("")),
		"an unknown state":     w.postForm(w.browser(), errorFor("made up")),
		"a used state":         w.postForm(used.browser, errorFor(used.form.Get("state"))),
		"another's open state": w.postForm(w.browser(), errorFor(fresh.form.Get("state"))),
	} {
		w.in(t).wantCode(got, "platform_error")
		if got.Says != "" || strings.Contains(got.Detail, "locked") {
			t.Errorf("%s: a stranger's words are shown: %q, %q", name, got.Says, got.Detail)
		}
	}
	if got := w.postForm(fresh.browser, errorFor(fresh.form.Get("state"))); got.Says != lure {
		t.Errorf("the platform's words to the browser that began the login are not shown: %+v", got)
	}
}

func TestTheSecretsOfARegistrationsAddressAreNotLogged(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.platform.handle("/config", func(rw http.ResponseWriter, _ *http.Request) {
		p := w.platform.URL
		writeJSON(rw, map[string]any{"issuer": p, "authorization_endpoint": p + "/auth", "token_endpoint": p + "/token", "jwks_uri": p + "/jwks",
			"registration_endpoint": "http://127.0.0.1:1/register?registration_token=TOPSECRET"})
	})
	for _, config := range []string{
		"http://127.0.0.1:1/openid?registration_token=TOPSECRET", "http://127.0.0.1:1/%zz?registration_token=TOPSECRET",
		w.platform.URL + "/config?registration_token=TOPSECRET",
	} {
		got := w.get(w.browser(), w.invite()+"&openid_configuration="+url.QueryEscape(config))
		if got.Page != "refused" {
			t.Fatalf("%s: got %+v", config, got)
		}
	}
	log := w.log.String()
	if strings.Contains(log, "TOPSECRET") {
		t.Fatalf("the log holds the platform's registration token:\n%s", log)
	}
	if !strings.Contains(log, "127.0.0.1:1") || !strings.Contains(log, "refused") {
		t.Fatalf("the log does not say what could not be reached:\n%s", log)
	}
}

// A new sealing secret does not silence the streams that are set up in Canvas.
func TestTheAddressForLiveEventsOutlivesANewSecret(t *testing.T) {
	s := newStream(t, sqliteStore(t))
	old := s.url()
	path := strings.TrimPrefix(old, s.options.PublicURL)
	answered := func(o lti.Options) int {
		t.Helper()
		tool, err := lti.New(s.store, o)
		if err != nil {
			t.Fatal(err)
		}
		if rotated := tool.LiveEventsURL(s.reg.ID); rotated == old {
			t.Error("the address does not depend on the secret")
		}
		return serveOnce(t, tool, http.MethodPost, path)
	}
	o := s.options
	o.Secret, o.PreviousSecret = bytes.Repeat([]byte{9}, 32), o.Secret
	if status := answered(o); status != http.StatusOK {
		t.Errorf("with the previous secret the old address answers %d", status)
	}
	o.PreviousSecret = bytes.Repeat([]byte{5}, 32)
	if status := answered(o); status != http.StatusNotFound {
		t.Errorf("an address of no secret answers %d", status)
	}
}

// serveOnce answers the status of one empty request.
func serveOnce(t *testing.T, tool *lti.Tool, method, path string) int {
	t.Helper()
	router := mux.NewRouter()
	tool.Routes(router)
	rec := httptest.NewRecorder()
	router.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return rec.Code
}

func TestASuspendedPlatformOrDeploymentGetsNoDeepLink(t *testing.T) {
	stores(t, func(t *testing.T, store lti.Store) {
		w := newWorld(t, store)
		handle := w.deepLink().Handle
		refused := func(what string) {
			t.Helper()
			if answer, err := w.tool.DeepLinkResponse(t.Context(), handle, nil, ""); !errors.Is(err, lti.ErrLaunch) || answer.JWT != "" {
				t.Errorf("%s: got %+v, %v", what, answer, err)
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(w.tool.SuspendRegistration(t.Context(), w.reg.ID, lti.ByOperator))
		refused("suspended registration")
		must(w.tool.ResumeRegistration(t.Context(), w.reg.ID, lti.ByOperator))
		must(w.tool.SuspendDeployment(t.Context(), w.reg.ID, "1", lti.ByOperator))
		refused("suspended deployment")
		must(w.tool.ApproveDeployment(t.Context(), w.reg.ID, "1", "", lti.ByOperator))
		if _, err := w.tool.DeepLinkResponse(t.Context(), handle, nil, ""); err != nil {
			t.Errorf("resumed, the teacher cannot go on: %v", err)
		}
	})
}

func TestAStrangersJunkDoesNotHideTheValueThatAnAdministratorLooksFor(t *testing.T) {
	stores(t, func(t *testing.T, store lti.Store) {
		w := newWorld(t, store)
		b := w.browser()
		login := func(client string) shown {
			w.clock.Advance(2 * time.Second)
			p := w.loginParams()
			p.Set("client_id", client)
			return w.get(b, w.server.URL+"/lti/login?"+p.Encode())
		}
		for i := range 40 {
			login(fmt.Sprint("junk-", i))
		}
		real := login("the-real-typo")
		w.wantCode(real, "unknown_client")
		all, err := w.tool.Failures(t.Context(), "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(f lti.Failure) bool { return f.Received == "the-real-typo" && f.ClientID == "the-real-typo" }) {
			t.Error("the latest value is not shown as what was received")
		}
		for i := range 40 {
			login(fmt.Sprint("more-", i))
		}
		if all, err = w.tool.Failures(t.Context(), "", 0); err != nil || len(all) > 10 {
			t.Fatalf("%d entries, %v", len(all), err)
		}
		for _, f := range all {
			if len(f.Seen) > 20 {
				t.Errorf("%d values are kept", len(f.Seen))
			}
			if slices.Contains(f.Seen, lti.SeenValue{Received: "the-real-typo", RequestID: real.RequestID}) {
				return
			}
		}
		t.Errorf("after more junk the value and its request are gone: %+v", all)
	})
}
