package points

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

const formType = "application/x-www-form-urlencoded"

// form sends a request in the alternate syntax of 1.0.3; pairs are names and values
// of the form. The form has the key and the version, and no header has.
func (s *server) form(method, path string, pairs ...string) answer {
	s.t.Helper()
	f := url.Values{"X-Experience-API-Version": {s.version}}
	f.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(s.cred.ID+":"+s.cred.Secret)))
	for pair := range slices.Chunk(pairs, 2) {
		f.Add(pair[0], pair[1])
	}
	return s.as(lrs.Credential{}).in("").post(path+"?method="+method, f.Encode(), "Content-Type", formType)
}

func TestTheAlternateSyntaxIsTheRequestItStandsFor(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.form("PUT", "/statements", "statementId", id(1), "content", statement(1).String()).want(204)
		s.form("POST", "/statements", "content", batch(statement(2), statement(3)), "Content-Type", "application/json; charset=utf-8").want(200)
		got := decode[result](t, s.form("GET", "/statements", "verb", "http://adlnet.gov/expapi/verbs/completed", "limit", "2").want(200).body)
		if ids := strings.Join(got.numbers(), " "); ids != "3 2" {
			t.Errorf("it found %s", ids)
		}
		a := s.form("HEAD", "/statements").want(200)
		if len(a.body) != 0 || a.Header.Get("X-Experience-API-Consistent-Through") == "" {
			t.Errorf("HEAD is answered with %q, %v", a.body, a.Header)
		}
		s.form("GET", "/about").want(200)
		s.form("DELETE", "/statements").want(405)
		s.form("GET", "/statements", "statementId", id(9)).want(404)
		s.as(s.key(lrs.ScopeRead)).form("PUT", "/statements", "statementId", id(4), "content", statement(4).String()).want(403)
		s.as(lrs.Credential{ID: "x", Secret: "y"}).form("GET", "/statements").want(401)
		if a := s.form("GET", "/statements").want(200); a.Header.Get("X-Experience-API-Version") != "1.0.3" {
			t.Errorf("the version of the answer is %v", a.Header)
		}
		s.wantIDs("3 2 1")
	})
}

func TestTheAlternateSyntaxIsForDocumentsToo(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		at := []string{"activityId", "https://lms.example/act", "agent", `{"mbox":"mailto:ann@lms.example"}`, "stateId", "bookmark"}
		with := func(more ...string) []string { return append(slices.Clone(at), more...) }
		s.form("PUT", "/activities/state", with("content", "p\x00\xffage 3", "Content-Type", "application/x-bookmark")...).want(204)
		a := s.form("GET", "/activities/state", at...).want(200)
		if !bytes.Equal(a.body, []byte("p\x00\xffage 3")) || a.Header.Get("Content-Type") != "application/x-bookmark" {
			t.Errorf("the document is %q of %s", a.body, a.Header.Get("Content-Type"))
		}
		s.form("PUT", "/activities/state", with("content", "page 4", "If-Match", `"other"`)...).want(412)
		s.form("PUT", "/activities/state", with("content", `{"a":1}`, "if-match", a.Header.Get("ETag"), "content-type", "application/json")...).want(204)
		s.form("POST", "/activities/state", with("content", `{"b":2}`, "Content-Type", "application/json")...).want(204)
		if got := s.form("GET", "/activities/state", at...).object(); len(got) != 2 {
			t.Errorf("the merged document is %v", got)
		}
		s.form("DELETE", "/activities/state", at...).want(204)
		s.form("GET", "/activities/state", at...).want(404)
	})
}

func TestTheAlternateSyntaxIsStrict(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		one := statement(1).String()
		s.form("PUT", "/statements", "statementId", id(1)).refused(400, "content", "expected")
		s.form("PUT", "/statements", "content", one).refused(400, "statementId", "")
		s.form("PUT", "/statements", "statementId", id(1), "content", one, "content", one).refused(400, "content", "")
		s.form("PUT", "/statements", "statementId", id(1), "statementId", id(1), "content", one).refused(400, "statementId", "more than once")
		s.form("PUT", "/statements", "statementId", id(1), "content", one, "extra", "1").refused(400, "extra", "")
		s.form("POST", "/statements", "content", one, "extra", "1").refused(400, "extra", "")
		s.form("GET", "/statements", "content", one).refused(400, "content", "")
		s.form("GET", "/statements", "Limit", "1").refused(400, "Limit", "")
		s.form("GET", "/statements", "If-Match", "a\r\nX: b").refused(400, "If-Match", "")
		for _, method := range []string{"PATCH", "get", "OPTIONS", ""} {
			s.form(method, "/statements").refused(400, "method", "")
		}
		for path, wrong := range map[string]string{
			"/statements?method=GET&limit=1":                        "limit",
			"/statements?method=PUT&statementId=" + id(1):           "statementId",
			"/statements?method=GET&method=GET":                     "method",
			"/statements?method=GET&X-Experience-API-Version=1.0.3": "X-Experience-API-Version",
		} {
			s.post(path, "a=b", "Content-Type", formType).refused(400, wrong, "")
		}
		s.post("/statements?method=GET", "limit=%zz", "Content-Type", formType).want(400)
		s.post("/statements?method=PUT", statement(1).String()).refused(400, "Content-Type", "")
		s.post("/statements?method=PUT", "").refused(400, "Content-Type", "")
		s.put("/statements?method=POST", one).want(400)
		s.get("/statements?method=POST").want(400)
		s.in("1.0.3").post("/statements?method=GET", "X-Experience-API-Version=0.8", "Content-Type", formType).refused(400, "X-Experience-API-Version", "")
		s.wantIDs("")
	})
}

func TestTheAlternateSyntaxIsNotPartOfXAPI2(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.in("2.0.0").post("/statements?method=GET", "limit=1", "Content-Type", formType).refused(400, "method", "2.0")
		s.in("2.0.0").form("GET", "/statements").refused(400, "X-Experience-API-Version", "2.0")
	})
}

func TestAFormFromAnyoneIsBounded(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		big := "limit=" + strings.Repeat("1", 3<<20)
		s.as(lrs.Credential{}).in("").post("/statements?method=GET", big, "Content-Type", formType).want(413)
		s.post("/statements?method=GET", big, "Content-Type", formType).refused(400, "limit", "")
		s.post("/statements?method=GET", "limit="+strings.Repeat("1", 5<<20), "Content-Type", formType).want(413)
	})
}

func TestAPageReadsTheAnswerToItsForm(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		page := s.as(s.made(lrs.Key{Origins: []string{"https://page.example"}}, time.Now()))
		for origin, want := range map[string]string{"https://page.example": "https://page.example", "https://evil.example": ""} {
			a := page.post("/statements?method=GET", "limit=1", "Content-Type", formType, "Origin", origin).want(200)
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s: %q may read it", origin, got)
			}
		}
	})
}
