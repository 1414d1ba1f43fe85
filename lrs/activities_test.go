package lrs_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// about is statement n by name on the activity, which it defines.
func about(n int, name, activity, definition string) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"name":%q,"account":{"homePage":"https://lms.example","name":"5"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed","display":{"en-US":"completed","de":"schloss ab"}},`+
		`"object":{"id":%q,"definition":%s}}`, uuidOf(n), name, activity, definition)
}

func TestAnActivityIsAllThatStatementsSaidOfIt(t *testing.T) {
	s := start(t)
	const x = "https://lms.example/act/1?a=b&c"
	path := "/activities?activityId=" + url.QueryEscape(x)
	want := func(body string) {
		t.Helper()
		for _, version := range []string{"1.0.3", "2.0.0"} {
			if a := s.expect(200, "GET", path, "", "X-Experience-API-Version", version); string(a.body) != strings.ReplaceAll(body, "&", `\u0026`) {
				t.Errorf("got  %s\nwant %s", a.body, body)
			}
		}
	}
	want(`{"objectType":"Activity","id":"` + x + `"}`)
	s.expect(200, "POST", "/statements", about(1, "Sam", x, `{"name":{"en":"Pump","de":"Pumpe"}}`))
	s.expect(200, "POST", "/statements", strings.Replace(statement(2), `"parent":[{"id":"https://lms.example/course"}]`,
		`"parent":{"id":"`+x+`","definition":{"name":{"en":"Pumps"},"extensions":{"https://e.org/a.b$c":12345678901234567890}}}`, 1))
	all := `{"objectType":"Activity","id":"` + x + `","definition":{"name":{"de":"Pumpe","en":"Pumps"},"extensions":{"https://e.org/a.b$c":12345678901234567890}}}`
	want(all)
	if a := s.expect(200, "HEAD", path, ""); a.ContentLength != int64(len(all)+len(`\u0026`)-1) || len(a.body) > 0 {
		t.Errorf("HEAD has length %d and body %q", a.ContentLength, a.body)
	}
	s.expect(200, "GET", "/statements?format=canonical&activity="+url.QueryEscape(x), "")
}

func TestOnlyWhoMayDefineDefines(t *testing.T) {
	s := start(t)
	admin := s.cred
	const x = "https://lms.example/x"
	for i, c := range []struct {
		scopes []string
		want   string
	}{
		{[]string{lrs.ScopeWrite}, `{"objectType":"Activity","id":"https://lms.example/x"}`},
		{[]string{lrs.ScopeWrite, lrs.ScopeProfile, lrs.ScopeState, lrs.ScopeAllRead}, `{"objectType":"Activity","id":"https://lms.example/x"}`},
		{[]string{lrs.ScopeWrite, lrs.ScopeDefine}, `{"objectType":"Activity","id":"https://lms.example/x","definition":{"name":{"en":"n2"}}}`},
		{[]string{lrs.ScopeAll}, `{"objectType":"Activity","id":"https://lms.example/x","definition":{"name":{"en":"n3"}}}`},
	} {
		s.cred = s.key(c.scopes...)
		s.expect(204, "PUT", "/statements?statementId="+uuidOf(i), about(i, "Sam", x, fmt.Sprintf(`{"name":{"en":"n%d"}}`, i)))
		s.cred = admin
		if a := s.expect(200, "GET", "/activities?activityId="+x, ""); string(a.body) != c.want {
			t.Errorf("a key with %v: %s", c.scopes, a.body)
		}
	}
}

func TestActivitiesAndAgentsAreRefusedInWrongWords(t *testing.T) {
	s := start(t)
	agent := "agent=" + url.QueryEscape(`{"mbox":"mailto:a@b.c"}`)
	for path, want := range map[string]string{
		"/activities":                                                 `"path":"activityId"`,
		"/activities?activityId=":                                     `"path":"activityId"`,
		"/activities?activityId=x":                                    `"path":"activityId"`,
		"/activities?activityid=http://x":                             `"path":"activityid"`,
		"/activities?activityId=http://x/&activityId=http://y/":       `given more than once`,
		"/activities?activityId=http://x/&since=2026-11-21T00:00:00Z": `"path":"since"`,
		"/activities?activityId=%zz":                                  `not well-formed`,
		"/agents":                                                     `"path":"agent"`,
		"/agents?agent=":                                              `"path":"agent"`,
		"/agents?agent=x":                                             `"path":"agent"`,
		"/agents?" + agent + "&" + agent:                              `given more than once`,
		"/agents?" + agent + "&x=1":                                   `"path":"x"`,
		"/agents?Agent=" + agent[6:]:                                  `"path":"Agent"`,
		"/agents?agent=" + url.QueryEscape(`{"objectType":"Group","mbox":"mailto:a@b.c"}`): `"path":"agent.objectType"`,
		"/agents?agent=" + url.QueryEscape(`{"mbox":"mailto:a"}`):                          `"path":"agent.mbox"`,
	} {
		if a := s.expect(400, "GET", path, ""); !strings.Contains(string(a.body), want) {
			t.Errorf("%s answers %s", path, a.body)
		}
	}
	for _, path := range []string{"/activities?activityId=http://x.example", "/agents?" + agent} {
		s.expect(405, "POST", path, "{}")
		s.expect(405, "DELETE", path, "")
	}
	for scope, status := range map[string]int{lrs.ScopeAll: 200, lrs.ScopeAllRead: 200, lrs.ScopeDefine: 200, lrs.ScopeRead: 200, lrs.ScopeReadMine: 200,
		lrs.ScopeWrite: 403, lrs.ScopeState: 403, lrs.ScopeProfile: 403} {
		s.cred = s.key(scope)
		s.expect(status, "GET", "/activities?activityId=http://x.example", "")
		s.expect(status, "GET", "/agents?"+agent, "")
	}
}

func TestAPersonHasTheIdentifierAndTheNamesOfAnAgent(t *testing.T) {
	s := start(t)
	ids := map[string]string{
		`"mbox":"mailto:a@b.c"`: `"mbox":["mailto:a@b.c"]`,
		`"mbox_sha1sum":"ebd31e95054c018b10727ccffd2ef2ec3a016ee9"`:   `"mbox_sha1sum":["ebd31e95054c018b10727ccffd2ef2ec3a016ee9"]`,
		`"openid":"https://a.b/c"`:                                    `"openid":["https://a.b/c"]`,
		`"account":{"homePage":"https://lms.example","name":"7"}`:     `"account":[{"homePage":"https://lms.example","name":"7"}]`,
		`"account":{"homePage":"https://lms.example","name":"7\\|8"}`: `"account":[{"homePage":"https://lms.example","name":"7\\|8"}]`,
	}
	n := 0
	for id, list := range ids {
		path := "/agents?agent=" + url.QueryEscape(`{`+id+`}`)
		want := func(names string) {
			t.Helper()
			for _, version := range []string{"1.0.3", "2.0.0"} {
				a := s.expect(200, "GET", path, "", "X-Experience-API-Version", version)
				if got, want := string(a.body), `{"objectType":"Person","name":[`+names+`],`+list+`}`; got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
		}
		want("")
		for _, place := range []string{
			`"actor":{"name":"Sam",` + id + `},"object":{"id":"https://e.org/x"}`,
			`"actor":{"mbox":"mailto:x@b.c","name":"X"},"object":{"objectType":"Agent","name":"Samuel",` + id + `}`,
			`"actor":{"mbox":"mailto:x@b.c","name":"X"},"object":{"id":"https://e.org/x"},"context":{"instructor":{"name":"Sam",` + id + `},"team":{"objectType":"Group","name":"T","member":[{"name":"Sammy",` + id + `},{"mbox":"mailto:x@b.c","name":"Y"}]}}`,
		} {
			n++
			s.expect(200, "POST", "/statements", fmt.Sprintf(`{"id":%q,"verb":{"id":"http://a.b/v"},%s}`, uuidOf(n), place))
		}
		want(`"Sam","Sammy","Samuel"`)
	}
	admin := s.cred
	s.cred = s.key(lrs.ScopeReadMine, lrs.ScopeWrite)
	path := "/agents?agent=" + url.QueryEscape(`{"mbox":"mailto:a@b.c"}`)
	if a := s.expect(200, "GET", path, ""); strings.Contains(string(a.body), "Sam") {
		t.Errorf("a key that may read its own statements only is told names: %s", a.body)
	}
	s.expect(200, "POST", "/statements", `{"actor":{"name":"Me","mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b/v"},"object":{"id":"https://e.org/x"}}`)
	mine := s.cred
	for _, also := range []string{lrs.ScopeState, lrs.ScopeDefine} { // other scopes open no names
		s.cred = s.key(lrs.ScopeReadMine, also)
		if a := s.expect(200, "GET", path, ""); strings.Contains(string(a.body), "Me") || strings.Contains(string(a.body), "Sam") {
			t.Errorf("a key with %s that may read its own statements only is told %s", also, a.body)
		}
	}
	s.cred = s.key(lrs.ScopeDefine)
	if a := s.expect(200, "GET", path, ""); string(a.body) != `{"objectType":"Person","name":[],"mbox":["mailto:a@b.c"]}` {
		t.Errorf("a key that may only define is told %s", a.body)
	}
	s.cred = mine
	if a := s.expect(200, "GET", path, ""); !strings.Contains(string(a.body), `"name":["Me"]`) {
		t.Errorf("of its own statement it is told %s", a.body)
	}
	s.cred = admin
	s.expect(200, "HEAD", path, "")
}
