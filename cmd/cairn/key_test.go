package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAKeyIsMadeListedAndRevoked(t *testing.T) {
	at := []string{"-data", t.TempDir(), "-public-url", "https://learn.example.org"}
	key := func(args ...string) string {
		t.Helper()
		out, err := cairn(t, append(append([]string{"key"}, args...), at...)...)
		must(t, err)
		return out
	}
	var made struct{ Endpoint, Key, Secret string }
	must(t, json.Unmarshal([]byte(key("create", "-json", "-name", "Reports of sales", "-scopes", "statements/read, profile", "-expires", "90d",
		"-origin", "https://reports.example.org", "-origin", "http://localhost:3000/")), &made))
	key("create", "-name", "LMS")
	_, err := cairn(t, append([]string{"tenant", "add", "other"}, at...)...)
	must(t, err)
	key("create", "-name", "elsewhere", "-tenant", "other")
	list := key("list", "-json")
	if strings.Contains(list, made.Secret) || strings.Contains(list, "hash") {
		t.Errorf("a secret is listed: %s", list)
	}
	var keys []listedKey
	must(t, json.Unmarshal([]byte(list), &keys))
	if len(keys) != 2 || keys[0].ID != made.Key || keys[0].State != "good" || strings.Join(keys[0].Scopes, " ") != "profile statements/read" ||
		strings.Join(keys[0].Origins, " ") != "http://localhost:3000 https://reports.example.org" || keys[0].Expires == nil || keys[0].Used != nil {
		t.Errorf("listed are %+v", keys)
	}
	if days := time.Until(*keys[0].Expires).Hours() / 24; days < 89.9 || days > 90 {
		t.Errorf("it ends in %v days", days)
	}
	if out := key("revoke", made.Key); !strings.Contains(out, made.Key) {
		t.Errorf("revoke said %q", out)
	}
	if out := key("list"); !strings.Contains(out, "revoked") || !strings.Contains(out, "Reports of sales") || strings.Contains(out, "elsewhere") {
		t.Errorf("list said %s", out)
	}
}

func TestAKeyThatCannotBeIsRefusedInTheWordsOfTheFlag(t *testing.T) {
	at := []string{"-data", t.TempDir(), "-public-url", "https://learn.example.org"}
	for words, args := range map[string][]string{
		"-expires":             {"create", "-name", "a", "-expires", "soon"},
		"-expires \"0d\"":      {"create", "-name", "a", "-expires", "0d"},
		"expired already":      {"create", "-name", "a", "-expires", "2020-01-01"},
		"origin \"*\"":         {"create", "-name", "a", "-origin", "*"},
		"no scope \"reading\"": {"create", "-name", "a", "-scopes", "reading"},
		"no key \"abc\"":       {"revoke", "abc"},
		"give one ID":          {"revoke"},
	} {
		if _, err := cairn(t, append(append([]string{"key"}, args...), at...)...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestAKeyLastsThroughItsLastDay(t *testing.T) {
	now := time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC)
	end, err := parseExpiry("2026-11-21", now)
	must(t, err)
	if !end.Equal(now.Add(time.Second)) {
		t.Errorf("it ends %v", end)
	}
}

// A revoked key is out of a server that runs, at its next request, and pages of the
// key's origin come through the guards that the rest of the site has.
func TestARunningServerKnowsKeysByTheMoment(t *testing.T) {
	s := newSite(t)
	s.serve("-worker=true")
	var made struct{ Endpoint, Key, Secret string }
	must(t, json.Unmarshal(s.command("key", "create", "-name", "reports", "-json", "-origin", "https://reports.example.org"), &made))
	ask := func(method string, headers ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, made.Endpoint+"/statements", strings.NewReader("[]"))
		must(t, err)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		a, err := http.DefaultClient.Do(r)
		must(t, err)
		must(t, a.Body.Close())
		return a
	}
	page := []string{"Origin", "https://reports.example.org", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}
	before := ask("OPTIONS", append(page, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")...)
	if before.StatusCode != http.StatusNoContent || before.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("the preflight is answered %s, %v", before.Status, before.Header)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.SetBasicAuth(made.Key, made.Secret)
	post := append(page, "Authorization", r.Header.Get("Authorization"), "Content-Type", "application/json", "X-Experience-API-Version", "1.0.3")
	if a := ask("POST", post...); a.StatusCode != http.StatusOK || a.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a page's request is answered %s, %v", a.Status, a.Header)
	}
	s.command("key", "revoke", made.Key)
	if a := ask("POST", post...); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the revoked key is answered %s", a.Status)
	}
	if out := string(s.command("key", "list")); !strings.Contains(out, "revoked") {
		t.Errorf("list said %s", out)
	}
}
