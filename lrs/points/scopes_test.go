package points

import (
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// A key may do what its scopes say (xAPI 1.0.3 Part Three, 4.2, where they come
// from OAuth), on every resource.
func TestAKeyMayDoWhatItsScopesSayOnEveryResource(t *testing.T) {
	act, ann := "https://lms.example/act", `{"account":{"homePage":"https://lms.example","name":"ann"}}`
	one := statement(1).String()
	state := query("activityId", act, "agent", ann, "stateId", "doc")
	ofActivity, ofAgent := query("activityId", act, "profileId", "doc"), query("agent", ann, "profileId", "doc")
	const (
		all, allRead, write, read, mine     = lrs.ScopeAll, lrs.ScopeAllRead, lrs.ScopeWrite, lrs.ScopeRead, lrs.ScopeReadMine
		stateScope, profile, define, nobody = lrs.ScopeState, lrs.ScopeProfile, lrs.ScopeDefine, ""
	)
	table := []struct {
		request string // method and path
		body    string
		lacks   string   // what a refusal names
		scopes  []string // any of these will do, beside all
	}{
		{"PUT /statements" + query("statementId", id(1)), one, write, []string{write}},
		{"POST /statements", one, write, []string{write}},
		{"GET /statements", "", read, []string{read, mine, allRead}},
		{"HEAD /statements", "", nobody, []string{read, mine, allRead}},
		{"GET /statements" + query("limit", "1", "attachments", "true"), "", read, []string{read, mine, allRead}},
		{"GET /statements" + query("statementId", id(1)), "", read, []string{read, allRead}}, // mine: it is another's, hence 404
		{"GET /statements" + query("voidedStatementId", id(2)), "", read, []string{read, allRead}},
		{"GET more", "", read, []string{read, mine, allRead}},
		{"GET /activities" + query("activityId", act), "", define, []string{define, read, mine, allRead}},
		{"GET /agents" + query("agent", ann), "", define, []string{define, read, mine, allRead}},
		{"GET /activities/state" + state, "", stateScope, []string{stateScope, allRead}},
		{"HEAD /activities/state" + state, "", nobody, []string{stateScope, allRead}},
		{"GET /activities/state" + query("activityId", act, "agent", ann), "", stateScope, []string{stateScope, allRead}},
		{"PUT /activities/state" + state, "{}", stateScope, []string{stateScope}},
		{"POST /activities/state" + state, "{}", stateScope, []string{stateScope}},
		{"GET /activities/profile" + ofActivity, "", profile, []string{profile, allRead}},
		{"GET /activities/profile" + query("activityId", act), "", profile, []string{profile, allRead}},
		{"PUT /activities/profile" + ofActivity, "{}", profile, []string{profile}},
		{"POST /activities/profile" + ofActivity, "{}", profile, []string{profile}},
		{"GET /agents/profile" + ofAgent, "", profile, []string{profile, allRead}},
		{"GET /agents/profile" + query("agent", ann), "", profile, []string{profile, allRead}},
		{"PUT /agents/profile" + ofAgent, "{}", profile, []string{profile}},
		{"POST /agents/profile" + ofAgent, "{}", profile, []string{profile}},
		{"DELETE /activities/state" + query("activityId", act, "agent", ann, "stateId", "other"), "", stateScope, []string{stateScope}},
		{"DELETE /activities/state" + query("activityId", act, "agent", ann, "registration", id(700)), "", stateScope, []string{stateScope}},
		{"DELETE /activities/profile" + query("activityId", act, "profileId", "other"), "", profile, []string{profile}},
		{"DELETE /agents/profile" + query("agent", ann, "profileId", "other"), "", profile, []string{profile}},
	}
	eachVersion(t, func(t *testing.T, s *server) {
		s.furnish()
		more := strings.TrimPrefix(s.list("limit", "1").More, "/xapi")
		for _, scope := range lrs.Scopes() {
			c := s.as(s.key(scope))
			for _, row := range table {
				method, path, _ := strings.Cut(row.request, " ")
				if path == "more" {
					path = more
				}
				headers := []string{"If-Match", ""}
				if row.body == "{}" { // over what is there, as 2.0 and profiles want it told
					headers[1] = s.do("HEAD", path, "").Header.Get("ETag")
				}
				a := c.do(method, path, row.body, headers...)
				switch may := scope == all || slices.Contains(row.scopes, scope); {
				case may && a.StatusCode/100 != 2:
					t.Errorf("%s may not %s: %d %s", scope, row.request, a.StatusCode, a.body)
				case may:
				case scope == mine && strings.Contains(path, "tatementId=") && method == "GET":
					a.want(404)
				case a.StatusCode != 403 || !strings.Contains(string(a.body), row.lacks):
					t.Errorf("%s may %s, or is not told why not: %d %s", scope, row.request, a.StatusCode, a.body)
				}
			}
		}
	})
}

func TestSeveralScopesAddUp(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		c := s.as(s.key(lrs.ScopeWrite, lrs.ScopeState))
		c.post("/statements", statement(1).String()).want(200)
		c.get("/activities/state" + query("activityId", "https://lms.example/act", "agent", `{"mbox":"mailto:a@b.c"}`)).want(200)
		c.get("/statements").refused(403, "", lrs.ScopeRead)
		c.get("/agents/profile"+query("agent", `{"mbox":"mailto:a@b.c"}`)).refused(403, "", lrs.ScopeProfile)
	})
}
