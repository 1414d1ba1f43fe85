package lti_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func TestRefusedLogins(t *testing.T) {
	stores(t, refusedLogins)
}

func refusedLogins(t *testing.T, s lti.Store) {
	w := newWorld(t, s)
	for _, c := range []struct {
		name, code string
		spoil      func(url.Values)
	}{
		{"no iss", "issuer_missing", func(q url.Values) { q.Del("iss") }},
		{"no login_hint", "login_hint_missing", func(q url.Values) { q.Del("login_hint") }},
		{"no target", "target_missing", func(q url.Values) { q.Del("target_link_uri") }},
		{"unknown issuer", "unknown_issuer", func(q url.Values) { q.Set("iss", "https://nowhere.example") }},
		{"unknown client", "unknown_client", func(q url.Values) { q.Set("client_id", "client-2") }},
		{"target elsewhere", "target_off_origin", func(q url.Values) { q.Set("target_link_uri", "https://evil.example/") }},
		{"target with our host as user", "target_off_origin", func(q url.Values) { q.Set("target_link_uri", w.server.URL+"@evil.example/") }},
		{"empty iss", "issuer_missing", func(q url.Values) { q.Set("iss", "") }},
		{"the deployment spelled in two ways that differ", "deployment_ambiguous", func(q url.Values) { q.Set("deployment_id", "2") }},
		{"login_hint twice", "duplicate_parameter", func(q url.Values) { q.Add("login_hint", "6") }},
		{"long iss", "parameter_too_long", func(q url.Values) { q.Set("iss", "https://"+strings.Repeat("x", 255)) }},
		{"long client_id", "parameter_too_long", func(q url.Values) { q.Set("client_id", strings.Repeat("x", 256)) }},
		{"long deployment", "parameter_too_long", func(q url.Values) { q.Set("lti_deployment_id", strings.Repeat("x", 256)) }},
		{"target of another scheme", "target_off_origin", func(q url.Values) { q.Set("target_link_uri", "javascript:alert(1)") }},
		{"iss twice", "duplicate_parameter", func(q url.Values) { q.Add("iss", "x") }},
		{"long hint", "parameter_too_long", func(q url.Values) { q.Set("login_hint", strings.Repeat("x", 5000)) }},
		{"oversized body", "body_too_large", func(q url.Values) { q.Set("lti_message_hint", strings.Repeat("x", 70<<10)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.clock.Advance(time.Minute)
			q := w.loginParams()
			c.spoil(q)
			res, err := w.browser().PostForm(w.server.URL+"/lti/login", q)
			if err != nil {
				t.Fatal(err)
			}
			got := w.read(res)
			w.in(t).wantCode(got, c.code)
			w.in(t).wantFailure(got, lti.FailedLogin)
			if c.code == "body_too_large" {
				return
			}
			w.wantCode(w.get(w.browser(), w.server.URL+"/lti/login?"+q.Encode()), c.code)
		})
	}
	t.Run("a second client makes a login without client_id ambiguous", func(t *testing.T) {
		second := w.reg
		second.ClientID = "client-2"
		if _, err := w.tool.Register(t.Context(), second, "2"); err != nil {
			t.Fatal(err)
		}
		q := w.loginParams()
		q.Del("client_id")
		q.Del("lti_deployment_id")
		w.wantCode(w.get(w.browser(), w.server.URL+"/lti/login?"+q.Encode()), "ambiguous_client")
		q.Set("deployment_id", "2") // Canvas's spelling tells them apart
		if got := w.login(w.browser(), q).Get("client_id"); got != "client-2" {
			t.Fatalf("got client %q", got)
		}
	})
	t.Run("a body that is no form", func(t *testing.T) {
		res, err := w.browser().Post(w.server.URL+"/lti/launch", "application/json", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		w.wantCode(w.read(res), "bad_form")
	})
	t.Run("a launch by GET", func(t *testing.T) {
		res, err := w.browser().Get(w.server.URL + "/lti/launch")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed {
			t.Fatalf("got %d", res.StatusCode)
		}
	})
}
