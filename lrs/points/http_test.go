package points

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// resources are one good GET for each resource, once furnish has been called.
func (s *server) resources() []string {
	act, ann := "https://lms.example/act", `{"account":{"homePage":"https://lms.example","name":"ann"}}`
	return []string{
		"/about",
		"/statements",
		"/statements" + query("statementId", id(1)),
		"/statements" + query("voidedStatementId", id(2)),
		"/statements" + query("attachments", "true", "limit", "1"),
		strings.TrimPrefix(s.list("limit", "1").More, "/xapi"),
		"/activities" + query("activityId", act),
		"/agents" + query("agent", ann),
		"/activities/state" + query("activityId", act, "agent", ann),
		"/activities/state" + query("activityId", act, "agent", ann, "stateId", "doc"),
		"/activities/profile" + query("activityId", act),
		"/activities/profile" + query("activityId", act, "profileId", "doc"),
		"/agents/profile" + query("agent", ann),
		"/agents/profile" + query("agent", ann, "profileId", "doc"),
	}
}

// furnish stores something of everything.
func (s *server) furnish() {
	s.t.Helper()
	act, ann := "https://lms.example/act", `{"account":{"homePage":"https://lms.example","name":"ann"}}`
	s.store(statement(1), statement(2), voiding(3, 2))
	for _, path := range []string{
		"/activities/state" + query("activityId", act, "agent", ann, "stateId", "doc"),
		"/activities/profile" + query("activityId", act, "profileId", "doc"),
		"/agents/profile" + query("agent", ann, "profileId", "doc"),
	} {
		s.put(path, `{"page":3}`, "If-None-Match", "*").want(204)
	}
}

func TestPoint51_EveryAnswerSaysItsVersion(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.furnish()
		says := func(a answer, status int, version string) {
			t.Helper()
			if got := a.want(status).Header.Values("X-Experience-API-Version"); len(got) != 1 || got[0] != version {
				t.Errorf("%s is answered in %q, want %s", a.what, got, version)
			}
		}
		for asked, answered := range map[string]string{
			"1.0": "1.0.3", "1.0.0": "1.0.3", "1.0.1": "1.0.3", "1.0.2": "1.0.3", "1.0.3": "1.0.3", "1.0.9": "1.0.3",
			"2.0": "2.0.0", "2.0.0": "2.0.0", "2.0.1": "2.0.0",
		} {
			c := s.in(asked)
			for _, path := range s.resources() {
				says(c.get(path), 200, answered)
			}
			says(c.put("/statements"+query("statementId", id(1)), statement(1).String()), 204, answered)
			says(c.post("/statements", statement(1).String()), 200, answered)
			says(c.get("/statements?x=1"), 400, answered)
			says(c.as(lrs.Credential{}).get("/statements"), 401, answered)
			says(c.as(s.key(lrs.ScopeState)).get("/statements"), 403, answered)
			says(c.get("/nothing"), 404, answered)
			says(c.get("/statements"+query("statementId", id(9))), 404, answered)
			says(c.delete("/statements"), 405, answered)
			says(c.do("PATCH", "/agents", ""), 405, answered)
			says(c.put("/statements"+query("statementId", id(1)), statement(1, "actor", obj{"mbox": "mailto:x@b.c"}).String()), 409, answered)
			says(c.put("/activities/profile"+query("activityId", "https://lms.example/act", "profileId", "doc"), `{}`, "If-Match", `"x"`), 412, answered)
			says(c.post("/statements", strings.Repeat(" ", 5<<20)), 413, answered)
		}
		for _, wrong := range []string{"", "0.9", "0.95", "1", "1.1", "1.1.0", "1.0.x", "1.0.", "v1.0.3", "1.0.3, 2.0.0", "2", "2.1.0", "3.0", "3.0.0"} {
			c := s.in(wrong)
			for _, path := range s.resources() {
				if path == "/about" {
					continue // tells the versions to whoever does not know them
				}
				says(c.get(path), 400, "0.95") // which neither version's client takes for its own
				says(c.do("HEAD", path, ""), 400, "0.95")
			}
			says(c.as(lrs.Credential{}).get("/statements"), 400, "0.95")
			says(c.get("/about"), 200, "2.0.0")
			c.post("/statements", statement(5).String()).refused(400, "X-Experience-API-Version", "")
		}
		about := s.in("").as(lrs.Credential{}).get("/about").object()
		for _, version := range []string{"1.0.3", "2.0.0"} {
			if !slices.Contains(about["version"].([]any), any(version)) {
				t.Errorf("about says %v", about)
			}
		}
		s.wantIDs("3 1")
	})
}

func TestPoint52_WithoutAGoodKeyTheAnswerIs401WithAChallenge(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.furnish()
		for _, cred := range []lrs.Credential{
			{},
			{ID: s.cred.ID},
			{ID: s.cred.ID, Secret: s.cred.Secret + "x"},
			{ID: s.cred.ID, Secret: s.cred.Secret[1:]},
			{ID: "unknown", Secret: s.cred.Secret},
			{ID: "", Secret: s.cred.Secret},
		} {
			for _, path := range s.resources() {
				if path == "/about" {
					continue
				}
				for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
					a := s.as(cred).do(method, path, "").want(401)
					if challenge := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, `Basic realm=`) {
						t.Errorf("%s: the challenge is %q", a.what, challenge)
					}
				}
			}
		}
		s.get("/statements", "Authorization", "Bearer "+s.cred.Secret).want(401)
		s.get("/statements", "Authorization", "Basic not-base64!").want(401)
		s.get("/statements").want(200)
	})
}

func TestPoint54_HeadIsGetWithoutTheBody(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.furnish()
		for _, path := range s.resources() {
			get, head := s.get(path).want(200), s.do("HEAD", path, "").want(200)
			if head.ContentLength != int64(len(get.body)) && !strings.Contains(path, "attachments") || head.ContentLength <= 0 || len(head.body) > 0 {
				t.Errorf("HEAD %s has length %d and body %q; GET has %d bytes", path, head.ContentLength, head.body, len(get.body))
			}
			for _, name := range []string{"Etag", "Last-Modified", "X-Experience-Api-Version"} {
				if get.Header.Get(name) != head.Header.Get(name) {
					t.Errorf("HEAD %s has %s %q, GET has %q", path, name, head.Header.Get(name), get.Header.Get(name))
				}
			}
			mime := func(a answer) string { typ, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); return typ }
			if mime(get) != mime(head) {
				t.Errorf("HEAD %s is %s, GET is %s", path, mime(head), mime(get))
			}
		}
		for path, status := range map[string]int{"/statements?x=1": 400, "/nothing": 404, "/statements" + query("statementId", id(9)): 404} {
			if a := s.do("HEAD", path, "").want(status); len(a.body) > 0 || a.ContentLength <= 0 {
				t.Errorf("HEAD %s has length %d and body %q", path, a.ContentLength, a.body)
			}
		}
	})
}

func TestPoint55_WhatIsNewIn2StaysIn2(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		one, two := s.in("1.0.3"), s.in("2.0.0")
		agents := []obj{{"objectType": "contextAgent", "agent": obj{"mbox": "mailto:coach@lms.example"}, "relevantTypes": []string{"https://lms.example/coach"}}}
		groups := []obj{{"objectType": "contextGroup", "group": obj{"objectType": "Group", "mbox": "mailto:group@lms.example"}}}
		sub := obj{
			"objectType": "SubStatement", "actor": obj{"mbox": "mailto:sub@lms.example"}, "verb": obj{"id": "http://a.b/v"}, "object": obj{"id": "http://a.b/o"},
			"context": obj{"contextAgents": agents, "platform": "kept"},
		}
		news := []obj{
			statement(1, "context", obj{"contextAgents": agents, "platform": "kept"}),
			statement(2, "context", obj{"contextGroups": groups, "platform": "kept"}),
			statement(3, "object", sub),
		}
		for i, st := range news {
			path := "context.contextAgents"
			switch i {
			case 1:
				path = "context.contextGroups"
			case 2:
				path = "object.context.contextAgents"
			}
			one.post("/statements", st.String()).refused(400, path, "")
			one.put("/statements"+query("statementId", st["id"].(string)), st.String()).refused(400, path, "")
		}
		two.store(news...)
		never := func(a answer) {
			t.Helper()
			if a.want(200); bytes.Contains(a.body, []byte("contextAgent")) || bytes.Contains(a.body, []byte("contextGroup")) || !bytes.Contains(a.body, []byte("kept")) {
				t.Errorf("%s shows a 1.0.3 reader %s", a.what, a.body)
			}
		}
		for n := 1; n <= 3; n++ {
			never(one.get("/statements" + query("statementId", id(n))))
			if a := two.get("/statements" + query("statementId", id(n))).want(200); !bytes.Contains(a.body, []byte(`"contextAgent`)) && !bytes.Contains(a.body, []byte(`"contextGroup`)) {
				t.Errorf("%s shows a 2.0 reader %s", a.what, a.body)
			}
		}
		for _, format := range []string{"exact", "canonical"} {
			never(one.get("/statements" + query("format", format)))
			never(one.get("/statements" + query("format", format, "attachments", "true")))
		}
		page := one.list("limit", "1")
		never(one.get(strings.TrimPrefix(page.More, "/xapi")))
		two.store(voiding(9, 1))
		never(one.get("/statements" + query("voidedStatementId", id(1))))
		one.wantIDs("9 3", "agent", `{"mbox":"mailto:coach@lms.example"}`, "related_agents", "true") // found all the same
	})
}

func TestPoint56_AnErrorSaysWhatIsWrongAndWhy(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		list := func(but ...any) string { return batch(statement(1), statement(2), statement(3), statement(4, but...)) }
		s.post("/statements", list("result", obj{"duration": "P1W2D"})).refused(400, "statements[3].result.duration", "ISO 8601")
		s.post("/statements", list("verb", obj{"id": "did"})).refused(400, "statements[3].verb.id", "IRI")
		s.post("/statements", list("verb", nil)).refused(400, "statements[3]", `needs "verb"`)
		s.post("/statements", list("actor", obj{"mbox": "mailto:a@b.c", "openid": "http://a.b"})).refused(400, "statements[3].actor", "")
		s.post("/statements", list("ACTOR", obj{})).refused(400, "statements[3].ACTOR", "ase matters")
		s.post("/statements", list("result", obj{"score": obj{"scaled": 2}})).refused(400, "statements[3].result.score.scaled", "")
		s.post("/statements", list("result", obj{"extensions": obj{"key": 1}})).refused(400, `statements[3].result.extensions.key`, "IRI")
		s.post("/statements", list("context", obj{"contextActivities": obj{"parent": []obj{{"id": "http://a.b"}, {"id": 1}}}})).refused(400, "statements[3].context.contextActivities.parent[1].id", "")
		s.post("/statements", list("timestamp", "2026-02-30T10:00:00Z")).refused(400, "statements[3].timestamp", "")
		s.post("/statements", statement(1, "object", nil).String()).refused(400, "body", `needs "object"`)
		s.post("/statements", "", "Content-Type", "application/json").refused(400, "body", "")
		s.post("/statements", "[").refused(400, "statements[0]", "")
		s.post("/statements", "[]]").refused(400, "body", "")
		s.post("/statements", batch(statement(1))+"x").refused(400, "body", "")
		s.post("/statements", strings.Replace(batch(statement(1), statement(2)), "},{", "};{", 1)).refused(400, "body", "comma")
		s.upload("/statements", batch(statement(1))+"x").refused(400, "body", "")
		s.post("/statements", strings.Repeat(" ", 5<<20)).refused(413, "body", "larger")
		s.upload("/statements", "["+strings.Repeat(" ", 5<<20)+"]").refused(413, "body", "larger")
		for _, path := range []string{"/statements", "/agents", "/activities", "/activities/state", "/activities/profile", "/agents/profile"} {
			s.get(path+"?limit=%zz").refused(400, "query", "not well-formed")
		}
		s.post("/statements?limit=%zz", statement(1).String()).refused(400, "query", "not well-formed")
		s.put("/statements?limit=%zz", statement(1).String()).refused(400, "query", "not well-formed")
		s.put("/statements"+query("statementId", id(1)), statement(2).String()).refused(400, "id", "statementId")
		s.put("/statements", statement(1).String()).refused(400, "statementId", "")
		s.get("/statements"+query("agent", `{"mbox":"a@b.c"}`)).refused(400, "agent.mbox", "")
		s.get("/statements"+query("limit", "-1")).refused(400, "limit", "")
		s.get("/activities/state"+query("activityId", "https://lms.example/act")).refused(400, "agent", "")
		s.as(s.key(lrs.ScopeRead)).post("/statements", statement(1).String()).refused(403, "", lrs.ScopeWrite)
		s.in("3.0").get("/statements").refused(400, "X-Experience-API-Version", "3.0")
		s.wantIDs("")
	})
}

func TestWhatAResourceDoesNotKnowIs405WithWhatItKnows(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for path, methods := range map[string]string{
			"/about":              "GET, HEAD, OPTIONS",
			"/statements":         "GET, POST, PUT, HEAD, OPTIONS",
			"/statements/more/x":  "GET, HEAD, OPTIONS",
			"/activities":         "GET, HEAD, OPTIONS",
			"/agents":             "GET, HEAD, OPTIONS",
			"/activities/state":   "DELETE, GET, POST, PUT, HEAD, OPTIONS",
			"/activities/profile": "DELETE, GET, POST, PUT, HEAD, OPTIONS",
			"/agents/profile":     "DELETE, GET, POST, PUT, HEAD, OPTIONS",
		} {
			if a := s.do("PATCH", path, "").want(405); a.Header.Get("Allow") != methods {
				t.Errorf("PATCH %s allows %q, want %q", path, a.Header.Get("Allow"), methods)
			}
		}
		for _, path := range []string{"", "/", "/Statements", "/statements/", "/activities/states", "/agents/profile/x", "/statements/more"} {
			s.get(path).want(404)
		}
	})
}

func TestTenThousandStatementsAreOnePostAndMoreAreNot(t *testing.T) {
	body := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(map[bool]string{true: "[", false: ","}[i == 0] + `{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"v:v"},"object":{"id":"o:` + strconv.Itoa(i%7) + `"}}`)
		}
		return b.String() + "]"
	}
	s := start(t, sqlite(t), nil) // a page of SQLite is enough: the limits are those of the service
	if ids := decode[[]string](t, s.post("/statements", body(10_000)).want(200).body); len(ids) != 10_000 {
		t.Errorf("%d ids", len(ids))
	}
	s.post("/statements", body(10_001)).refused(413, "body", "10000")
	if n := len(s.list("ascending", "true", "activity", "o:3").Statements); n != 20 {
		t.Errorf("a page has %d", n)
	}
}

func TestABodyOfSixtyFourMebibytesIs413HoweverItComes(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.furnish()
		act, ann := "https://lms.example/act", `{"mbox":"mailto:a@b.c"}`
		for _, target := range []string{
			"POST /statements",
			"PUT /statements" + query("statementId", id(9)),
			"PUT /activities/state" + query("activityId", act, "agent", ann, "stateId", "big"),
			"POST /activities/state" + query("activityId", act, "agent", ann, "stateId", "big"),
			"PUT /activities/profile" + query("activityId", act, "profileId", "big"),
			"PUT /agents/profile" + query("agent", ann, "profileId", "big"),
		} {
			for _, length := range []int64{64 << 20, -1} { // told, and chunked
				method, path, _ := strings.Cut(target, " ")
				r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, io.LimitReader(spaces{}, 64<<20))
				must(t, err)
				r.ContentLength = length
				r.SetBasicAuth(s.cred.ID, s.cred.Secret)
				r.Header.Set("X-Experience-API-Version", s.version)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("If-None-Match", "*")
				r.Header.Set("Expect", "100-continue") // or the client may see a reset instead of the answer
				a, err := http.DefaultClient.Do(r)
				must(t, err)
				must(t, a.Body.Close())
				if a.StatusCode != 413 {
					t.Errorf("%s of length %d is answered %s", target, length, a.Status)
				}
			}
		}
	})
}

// spaces never end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
