package points

import (
	"strings"
	"testing"
)

// Two tenants of one server hold different things under the same names, and through
// no resource does either see what the other has.
func TestTwoTenantsNeverSeeEachOther(t *testing.T) {
	act, ann := "https://lms.example/act", `{"account":{"homePage":"https://lms.example","name":"ann"}}`
	state := query("activityId", act, "agent", ann, "stateId", "doc")
	ofActivity, ofAgent := query("activityId", act, "profileId", "doc"), query("agent", ann, "profileId", "doc")
	eachVersion(t, func(t *testing.T, s *server) {
		one, two := s.as(s.keyOf("main")), s.as(s.keyOf("other"))
		named := func(name string) obj {
			return obj{"account": obj{"homePage": "https://lms.example", "name": "ann"}, "name": "Ann of " + name}
		}
		defined := func(name string) obj { return obj{"id": act, "definition": obj{"name": obj{"en": "Act of " + name}}} }
		secret := func(a answer, of string) {
			t.Helper()
			if strings.Contains(string(a.body), of) {
				t.Errorf("%s shows what is another tenant's: %s", a.what, a.body)
			}
		}

		// Statements, one of them voided, an attachment, definitions and names.
		for n := 1; n <= 4; n++ {
			one.store(statement(n, "actor", named("one"), "object", defined("one"), "result", obj{"response": "response of one"}))
		}
		one.store(voiding(5, 4))
		shared := []obj{attachment("attachment of one")}
		one.upload("/statements", statement(6, "actor", named("one"), "object", defined("one"), "attachments", shared).String(), bytesOf("attachment of one")).want(200)
		for n := 1; n <= 6; n++ {
			two.get("/statements" + query("statementId", id(n))).want(404)
			two.get("/statements" + query("voidedStatementId", id(n))).want(404)
		}
		for _, params := range [][]string{nil, {"agent", ann}, {"agent", ann, "related_agents", "true"}, {"activity", act}, {"verb", "http://adlnet.gov/expapi/verbs/completed"}, {"attachments", "true"}} {
			secret(two.get("/statements"+query(params...)).want(200), id(1)[:24])
		}
		walk := strings.TrimPrefix(one.list("limit", "1").More, "/xapi")
		secret(two.get(walk).want(200), id(1)[:24]) // the walk of one goes through the statements of two
		secret(two.get("/activities"+query("activityId", act)).want(200), "one")
		secret(two.get("/agents"+query("agent", ann)).want(200), "one")

		// The same ids are free, and stay apart.
		two.store(statement(1, "actor", named("two"), "object", defined("two")))
		two.store(voiding(7, 2)) // of a statement that two does not have
		two.store(referring(8, 3))
		one.wantIDs("6 5 3 2 1")
		two.wantIDs("8 7 1")
		one.get("/statements" + query("statementId", id(2))).want(200)
		one.get("/statements" + query("statementId", id(7))).want(404)
		two.wantIDs("1", "activity", act)
		secret(one.get("/statements"+query("statementId", id(1))).want(200), "two")
		secret(one.get("/activities"+query("activityId", act)).want(200), "two")
		secret(one.get("/agents"+query("agent", ann)).want(200), "two")

		// The bytes of an attachment, even if two knows their digest.
		two.post("/statements", statement(9, "attachments", shared).String()).want(400)
		elsewhere := []obj{attachment("attachment of one", "fileUrl", "https://elsewhere.example/file")}
		two.post("/statements", statement(9, "attachments", elsewhere).String()).want(200)
		two.get("/statements" + query("statementId", id(9), "attachments", "true")).wantParts()
		one.get("/statements" + query("statementId", id(6), "attachments", "true")).wantParts("attachment of one")
		for n, key := range []*server{two, s.as(s.key())} { // nor beside bytes of one's own, in this tenant or the other
			both := append(elsewhere[:1:1], attachment("own", "fileUrl", "https://elsewhere.example/own"))
			key.upload("/statements", statement(10+n, "attachments", both).String(), bytesOf("own")).want(200)
			key.get("/statements" + query("statementId", id(10+n), "attachments", "true")).wantParts("own")
		}

		// Documents.
		for _, path := range []string{"/activities/state" + state, "/activities/profile" + ofActivity, "/agents/profile" + ofAgent} {
			one.put(path, `{"of":"one"}`, "If-None-Match", "*").want(204)
			etag := one.get(path).want(200).Header.Get("ETag")
			two.get(path).want(404)
			two.put(path, `{}`, "If-Match", etag).want(412)
			set, _, _ := strings.Cut(path, "&"+map[bool]string{true: "profileId", false: "stateId"}[strings.Contains(path, "profile")])
			secret(two.get(set).want(200), "doc")
			two.delete(path)
			two.put(path, `{"of":"two"}`, "If-None-Match", "*").want(204)
			two.post(path, `{"more":"two"}`).want(204)
			two.delete(path, "If-Match", two.get(path).want(200).Header.Get("ETag")).want(204)
			if a := one.get(path).want(200); string(a.body) != `{"of":"one"}` || a.Header.Get("ETag") != etag {
				t.Errorf("%s became %s", path, a.body)
			}
		}
		two.delete("/activities/state" + query("activityId", act, "agent", ann)).want(204) // all of two's
		one.get("/activities/state" + state).want(200)
	})
}
