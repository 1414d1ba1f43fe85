package lti_test

import (
	"net/url"
	"strings"
	"testing"
)

// Whatever a login or a token names as its target, nobody is sent to another site.
func TestNoTargetLeadsToAnotherOrigin(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	host := strings.TrimPrefix(w.server.URL, "https://")
	for _, target := range []string{
		"https://evil.example/", "//evil.example/", "https://" + host + "@evil.example/", "https://evil.example/https://" + host + "/",
		"https://" + host + ".evil.example/", "https://" + host + `\@evil.example/`, `https:\\evil.example`, "https:evil.example", "https:/" + host,
		"http://" + host + "/lti/launch", "https://user:pw@" + host + "/lti/launch", "https://127.0.0.1:1/", "https://127.0.0.1/lti/launch",
		"javascript:alert(1)//" + host, "data:text/html," + host, "/lti/launch", "https://" + host + "\r\nSet-Cookie: a=b", "https://" + host + "%2eevil.example/",
		" https://" + host, "ftp://" + host + "/",
	} {
		params := w.loginParams()
		params.Set("target_link_uri", target)
		res, err := w.browser().PostForm(w.server.URL+"/lti/login", params)
		if err != nil {
			t.Fatal(err)
		}
		w.wantCode(w.read(res), "target_off_origin")
		a := w.attempt()
		a.claims[claim+"target_link_uri"] = target
		if got := a.post(); got.Page != "refused" {
			t.Errorf("a token for %q is answered with %+v", target, got)
		}
	}
}

// What a platform sends with a login travels to its own authorization endpoint,
// whatever it looks like.
func TestALoginLeadsToTheRegisteredEndpointOnly(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	for _, hint := range []string{"https://evil.example/", "&redirect_uri=https://evil.example/", "\r\nLocation: https://evil.example/", `"><script>`} {
		params := w.loginParams()
		params.Set("login_hint", hint)
		params.Set("lti_message_hint", hint)
		for _, target := range []string{"", "_parent"} {
			params.Set("lti_storage_target", target)
			res := w.framed().send(w.server.URL+"/lti/login", w.platform.URL, params)
			next := res.Header.Get("Location")
			if target != "" {
				next = w.read(res).Action
			} else {
				res.Body.Close()
			}
			u, err := url.Parse(next)
			if err != nil || !strings.HasPrefix(next, w.platform.URL+"/auth?") || len(u.Query()["redirect_uri"]) != 1 || u.Query().Get("redirect_uri") != w.target || u.Query().Get("login_hint") != hint {
				t.Errorf("%q leads to %q", hint, next)
			}
		}
	}
}
