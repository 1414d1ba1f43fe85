package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The blocks must be real for the walks in browsers to mean anything: a frame of
// another site cannot keep a cookie that is not partitioned, or none at all.
func TestTheBrowsersOfTheseTestsBlockCookiesInFrames(t *testing.T) {
	for name, c := range map[string]struct {
		settings, framed, alone string
		apart                   bool
	}{
		"third-party cookies blocked":                    {settings: blocksThirdParty, framed: "parted=1", alone: "parted=1; plain=1"},
		"no cookies in frames at all":                    {settings: blocksFrames, alone: "parted=1; plain=1"},
		"third-party cookies blocked in a window of one": {settings: blocksThirdParty, framed: "parted=1", alone: "parted=1; plain=1", apart: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowserWith(t, c.settings)
			if c.apart {
				b = b.window(t, 1280)
			}
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			defer server.Close()
			elsewhere := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
			mux.HandleFunc("/outer", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`<!doctype html><iframe src="` + server.URL + `/set"></iframe>`))
			})
			mux.HandleFunc("/set", func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "parted", Value: "1", Path: "/", Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true})
				http.SetCookie(w, &http.Cookie{Name: "plain", Value: "1", Path: "/", Secure: true, SameSite: http.SameSiteNoneMode})
				http.Redirect(w, r, "/show", http.StatusSeeOther)
			})
			mux.HandleFunc("/show", func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte(`<!doctype html><p id="cookies">` + r.Header.Get("Cookie") + `</p>`))
			})
			for address, want := range map[string]string{elsewhere + "/outer": c.framed, server.URL + "/set": c.alone} {
				b.open(address)
				shown := b.frame(server.URL + "/show")
				shown.sees("#cookies")
				var cookies string
				must(t, shown.try("document.querySelector('#cookies').textContent", &cookies))
				if cookies != want {
					t.Errorf("%s: the browser sends %q, want %q", address, cookies, want)
				}
			}
		})
	}
}
