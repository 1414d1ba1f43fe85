package main

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

const ltiClaim = "https://purl.imsglobal.org/spec/lti/claim/"

// Every launch that must be refused, tried on a running Cairn by a real LMS
// that was told to forge: each has its own page, its own code and its own line
// in the log, without personal data.
func TestARefusedLaunchSaysWhyOnThePageAndInTheLog(t *testing.T) {
	s := newSite(t)
	server := s.serve()
	s.furnish()
	w := newWalk(t, s.demo, s.clock)

	forged := func(f platform.Forgery) func(*visitor) {
		return func(v *visitor) {
			s.lms.SetHostile(&f)
			defer s.lms.SetHostile(nil)
			w.untilToken(v)
			w.sendToken(v)
		}
	}
	claims := func(change func(map[string]any)) func(*visitor) {
		return forged(platform.Forgery{Claims: change})
	}
	refusals := []struct {
		code string
		try  func(*visitor)
	}{
		{"unknown_issuer", func(v *visitor) {
			v.get(s.demo.Tool.URL + "/lti/login?" + url.Values{
				"iss": {"https://nobody.example"}, "login_hint": {"5"}, "target_link_uri": {s.demo.Tool.URL + "/lti/launch"},
			}.Encode())
		}},
		{"bad_signature", forged(platform.Forgery{Key: platform.KeyWrong})},
		{"wrong_audience", claims(func(c map[string]any) { c["aud"] = "somebody-else" })},
		{"token_expired", claims(func(c map[string]any) {
			c["iat"], c["exp"] = s.clock.Now().Add(-10*time.Minute).Unix(), s.clock.Now().Add(-9*time.Minute).Unix()
		})},
		{"nonce_reused", func(v *visitor) {
			w.launch(v, "signin-sam") // a good launch uses its nonce up
			forged(platform.Forgery{ReuseNonce: true})(v)
		}},
		{"state_other_browser", func(v *visitor) {
			w.untilToken(v)
			thief := newVisitor(t)
			thief.page = v.page
			thief.follow() // the token and state of v's launch, in a browser without its cookie
			if thief.page.status == http.StatusOK {
				thief.follow() // asked to post again from our own origin
			}
			v.page = thief.page
		}},
		{"deployment_missing", claims(func(c map[string]any) { delete(c, ltiClaim+"deployment_id") })},
		{"wrong_version", claims(func(c map[string]any) { c[ltiClaim+"version"] = "1.1.0" })},
	}
	pages := map[string]string{}
	for _, refusal := range refusals {
		t.Run(refusal.code, func(t *testing.T) {
			v := newVisitor(t)
			before := len(server.log.String())
			refusal.try(v)
			if v.page.status < 400 || v.page.status >= 500 {
				t.Fatalf("answered %d:\n%s", v.page.status, v.page.text())
			}
			v.sees(refusal.code)
			said := strings.ReplaceAll(v.page.text(), refusal.code, "")
			if other, seen := pages[said]; seen {
				t.Errorf("the page is the same as for %s", other)
			}
			pages[said] = refusal.code
			w.eventually("the log says "+refusal.code, func() bool { return strings.Contains(server.log.String()[before:], refusal.code) })
			log := server.log.String()[before:]
			for _, personal := range []string{"Sam Sailor", "sam@"} {
				if strings.Contains(log, personal) {
					t.Errorf("the log says %q", personal)
				}
			}
		})
	}
}

// untilToken signs Sam in and goes on until the page that posts the id_token.
func (w *walk) untilToken(v *visitor) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/")
	if v.page.find("signin-sam") != nil {
		v.submit("signin-sam", nil)
	}
	v.get(w.demo.LMS.URL + "/course/view.php?id=2")
	v.get(attr(v.page.find("activity-frame"), "src"))
	for range 3 {
		if strings.Contains(v.page.body, "id_token") {
			return
		}
		v.follow()
	}
	w.t.Fatalf("no id_token at %s:\n%s", v.page.url, v.page.text())
}

// sendToken posts it, and again from our own origin if asked to.
func (w *walk) sendToken(v *visitor) {
	w.t.Helper()
	v.follow()
	if v.page.status == http.StatusOK && strings.Contains(v.page.body, "id_token") {
		v.follow()
	}
}

// Nothing bad gets in, in whole or in part.
func TestBadStatementsAndWorkflowsAreRefusedWithPathAndReason(t *testing.T) {
	s, w := furnishedSite(t, platform.Quirks{})
	before := len(w.statements(""))

	good := `{"actor":{"mbox":"mailto:a@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"http://example.org/a"}}`
	bad := strings.Replace(good, `"mailto:a@example.org"`, `"a@example.org"`, 1)
	for name, c := range map[string]struct {
		body   string
		status int
		says   []string
	}{
		"one bad statement behind a good one": {"[" + good + "," + bad + "]", 400, []string{"statements[1].actor.mbox"}},
		"a wrong-case property":               {strings.Replace(good, `"actor"`, `"ACTOR"`, 1), 400, []string{"ACTOR"}},
		"a duration that is none":             {strings.Replace(good, `"object"`, `"result":{"duration":"P"},"object"`, 1), 400, []string{"result.duration"}},
		"no JSON at all":                      {"hello", 400, nil},
		"an oversized body":                   {"[" + strings.Repeat(good+",", 500_000) + good + "]", 413, nil},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.demo.LRS.Endpoint+"/statements", strings.NewReader(c.body))
		must(t, err)
		request.SetBasicAuth(s.demo.LRS.Key, s.demo.LRS.Secret)
		request.Header.Set("X-Experience-API-Version", "1.0.3")
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		var answer bytes.Buffer
		_, _ = answer.ReadFrom(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s: answered %s: %s", name, response.Status, &answer)
		}
		for _, phrase := range c.says {
			if !strings.Contains(answer.String(), phrase) {
				t.Errorf("%s: the answer does not name %s: %s", name, phrase, &answer)
			}
		}
	}
	if after := len(w.statements("")); after != before {
		t.Errorf("%d statements were written", after-before)
	}
}

func TestABadWorkflowIsRefusedWithLineColumnAndPath(t *testing.T) {
	s := newSite(t)
	file := t.TempDir() + "/bad.yaml"
	must(t, writeFile(file, `workflow: bad
version: 1
title: Bad
goal: {outcome: None}
behaviours:
  - {id: trade, text: Trades, scale: [never, always], target: 2, observers: [manager]}
phases:
  - phase: before
    steps:
      - {id: kickoff, kind: read, title: Read, by: learner, content: {url: "https://example.org"}}
      - {id: try, kind: experiment, title: Try, by: learner, needs: [kickof]}
`))
	cmd := s.exec(append([]string{"workflow", "import", file}, s.flags...)...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("it was imported: %s", out)
	}
	for _, phrase := range []string{"bad.yaml:11:", "phases[0].steps[1].needs[0]", "kickof", `did you mean "kickoff"?`} {
		if !strings.Contains(string(out), phrase) {
			t.Errorf("the error does not say %q:\n%s", phrase, out)
		}
	}
}
