package points

import (
	"strings"
	"testing"
)

func TestPoint20_ParametersAreValidatedLikeStatements(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1))
		for _, wrong := range [][2]string{
			{"related_agents", "TRUE"},
			{"related_agents", "1"},
			{"related_activities", "yes"},
			{"related_activities", ""},
			{"ascending", "1"},
			{"ascending", "True"},
			{"attachments", "false "},
			{"verb", "attended"},
			{"verb", "/verbs/attended"},
			{"verb", ""},
			{"verb", "http://a.b/c d"},
			{"activity", "act"},
			{"since", "2026-02-30T00:00:00Z"},
			{"since", "2026-02-28"},
			{"since", "2026-02-28T10:00:00-00:00"},
			{"until", "2026-13-01T00:00:00Z"},
			{"until", "now"},
			{"until", "2026-02-28T10:00:00 01:00"}, // a + that was not escaped
			{"limit", "-1"},
			{"limit", "1.0"},
			{"limit", "1e1"},
			{"limit", "ten"},
			{"limit", ""},
			{"limit", "99999999999999999999"},
			{"format", "Exact"},
			{"format", ""},
			{"registration", "1"},
			{"registration", "{" + id(1) + "}"},
			{"registration", strings.ReplaceAll(id(1), "-", "")},
			{"statementId", "1"},
			{"voidedStatementId", "x"},
			{"agent", "ann"},
			{"agent", `{"mbox":"mailto:a@b.c"`},
			{"agent", `{"mbox":"mailto:a@b.c"}{}`},
			{"agent", `{"name":"Ann"}`},
			{"agent", `{"mbox":"a@b.c"}`},
			{"agent", `{"mbox":"mailto:a@b.c","openid":"http://a.b"}`},
			{"agent", `{"mbox":"mailto:a@b.c","Name":"x"}`},
			{"agent", `{"objectType":"agent","mbox":"mailto:a@b.c"}`},
			{"agent", `{"account":{"name":"ann"}}`},
			{"agent", `{"account":{"homePage":"lms","name":"ann"}}`},
			{"agent", `["mailto:a@b.c"]`},
			{"agent", `{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"}]}`},
		} {
			a := s.get("/statements" + query(wrong[0], wrong[1]))
			if a.StatusCode != 400 {
				t.Errorf("%s=%s is answered %d", wrong[0], wrong[1], a.StatusCode)
				continue
			}
			if got := decode[struct{ Error, Path string }](t, a.body); !strings.HasPrefix(got.Path, wrong[0]) || got.Error == "" {
				t.Errorf("%s=%s is refused as %s", wrong[0], wrong[1], a.body)
			}
		}
		for _, good := range [][2]string{
			{"related_agents", "true"},
			{"ascending", "false"},
			{"verb", "urn:example:did"},
			{"verb", "http://a.b/ü?x=1#y"},
			{"since", "2026-02-28T10:00:00.123456789+01:00"},
			{"limit", "007"},
			{"format", "canonical"},
			{"registration", strings.ToUpper(id(1))},
			{"agent", `{"objectType":"Agent","account":{"homePage":"https://lms.example","name":"ann"},"name":"Ann"}`},
			{"agent", `{"objectType":"Group","mbox":"mailto:g@b.c"}`},
		} {
			if a := s.get("/statements" + query(good[0], good[1])); a.StatusCode != 200 {
				t.Errorf("%s=%s is answered %d: %s", good[0], good[1], a.StatusCode, a.body)
			}
		}
	})
}

func TestPoint21_UnknownOrWrongCaseParametersAreRefused(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		act, ann := "https://lms.example/act", `{"mbox":"mailto:ann@lms.example"}`
		for _, resource := range []struct {
			path     string
			params   []string // right ones
			document bool
		}{
			{"/statements", nil, false},
			{"/statements", []string{"limit", "1"}, false},
			{"/statements", []string{"statementId", id(1)}, false},
			{"/activities/state", []string{"activityId", act, "agent", ann, "stateId", "s"}, true},
			{"/activities/state", []string{"activityId", act, "agent", ann}, false},
			{"/activities/profile", []string{"activityId", act, "profileId", "p"}, true},
			{"/activities/profile", []string{"activityId", act}, false},
			{"/agents/profile", []string{"agent", ann, "profileId", "p"}, true},
			{"/agents/profile", []string{"agent", ann}, false},
			{"/activities", []string{"activityId", act}, false},
			{"/agents", []string{"agent", ann}, false},
			{"/about", nil, false},
		} {
			ask := func(method string, params []string) {
				t.Helper()
				body := ""
				if method == "PUT" || method == "POST" {
					body = `{"a":1}`
				}
				if a := s.do(method, resource.path+query(params...), body, "If-None-Match", map[bool]string{true: "*"}[method == "PUT"]); a.StatusCode != 400 {
					t.Errorf("%s is answered %d: %.200s", a.what, a.StatusCode, a.body)
				}
			}
			methods := []string{"GET"}
			if resource.document {
				methods = []string{"GET", "PUT", "POST", "DELETE"}
			}
			for _, method := range methods {
				ask(method, append(resource.params[:len(resource.params):len(resource.params)], "foo", "1"))
				for i := 0; i < len(resource.params); i += 2 { // each once more, and each in another case
					ask(method, append(resource.params[:len(resource.params):len(resource.params)], resource.params[i], resource.params[i+1]))
					wrong := append([]string{}, resource.params...)
					wrong[i] = strings.ToUpper(wrong[i][:1]) + wrong[i][1:]
					ask(method, wrong)
				}
			}
		}
		s.put("/statements"+query("statementId", id(1), "foo", "1"), statement(1).String()).want(400)
		s.put("/statements"+query("statementID", id(1)), statement(1).String()).want(400)
		s.post("/statements?foo=1", statement(1).String()).want(400)
		s.post("/statements"+query("statementId", id(1)), statement(1).String()).want(400)
		s.get("/statements" + query("statementId", id(1), "voidedStatementId", id(1))).want(400)
		s.get("/statements" + query("statementId", id(1), "limit", "1")).want(400)
		s.get("/statements?limit=1;foo=2").want(400)
		s.get("/statements?limit=%zz").want(400)
		s.wantIDs("")
	})
}

func TestPoint22_UUIDsCompareInAnyCase(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		const lower, other, registration = "abcdef00-0000-4000-8000-00000000000a", "abcdef00-0000-4000-8000-00000000000b", "abcdef00-0000-4000-8000-00000000000c"
		upper := strings.ToUpper(lower)
		one := statement(1, "id", upper, "context", obj{"registration": strings.ToUpper(registration)})
		s.post("/statements", one.String()).want(200)
		s.post("/statements", one.but("id", lower).String()).want(200) // the same again
		s.put("/statements"+query("statementId", lower), one.String()).want(204)
		s.put("/statements"+query("statementId", upper), one.but("id", lower).String()).want(204)
		s.post("/statements", one.but("id", lower, "result", obj{"success": true}).String()).want(409)
		for _, as := range []string{lower, upper} {
			s.get("/statements" + query("statementId", as)).want(200)
		}
		for _, as := range []string{registration, strings.ToUpper(registration)} {
			if found := s.list("registration", as); len(found.Statements) != 1 {
				t.Errorf("registration %s finds %d", as, len(found.Statements))
			}
		}
		s.post("/statements", referring(2, 1, "id", other, "object", obj{"objectType": "StatementRef", "id": upper}).String()).want(200)
		if found := s.list("registration", registration); len(found.Statements) != 2 {
			t.Errorf("a reference in upper case: %d are found", len(found.Statements))
		}
		s.post("/statements", voiding(3, 1).but("object", obj{"objectType": "StatementRef", "id": upper}).String()).want(200)
		s.get("/statements" + query("statementId", lower)).want(404)
		s.get("/statements" + query("voidedStatementId", upper)).want(200)
	})
}
