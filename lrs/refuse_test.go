package lrs_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

// refusal is the body of an error.
type refusal struct{ Error, Path string }

func (s *server) refused(status int, path, reason, method, target, body string, headers ...string) {
	s.t.Helper()
	a := s.expect(status, method, target, body, headers...)
	got := decode[refusal](s.t, a.body)
	if got.Path != path || !strings.Contains(got.Error, reason) {
		s.t.Errorf("%s %s is refused at %q because %q; want path %q, reason with %q", method, target, got.Path, got.Error, path, reason)
	}
}

func TestParametersAreValidatedLikeStatements(t *testing.T) {
	s := start(t)
	for query, path := range map[string]string{
		"foo=1": "foo", "Verb=http://a.b": "Verb", "related_agents=TRUE": "related_agents", "ascending=1": "ascending", "verb=attended": "verb",
		"since=2026-02-30T00:00:00Z": "since", "until=yesterday": "until", "limit=-1": "limit", "limit=1.5": "limit", "limit=": "limit", "format=Exact": "format",
		"registration=1": "registration", "activity=a": "activity", "attachments=yes": "attachments", "verb=http://a.b&verb=http://a.b": "verb",
		"agent=" + url.QueryEscape(`{"mbox":"mailto:a@b.c","openid":"http://a.b"}`):             "agent",
		"agent=" + url.QueryEscape(`{"mbox":"a@b.c"}`):                                          "agent.mbox",
		"agent=" + url.QueryEscape(`{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"}]}`): "agent",
		"agent=x": "agent", "statementId=1": "statementId",
		"statementId=" + uuidOf(1) + "&voidedStatementId=" + uuidOf(1): "statementId",
		"statementId=" + uuidOf(1) + "&limit=1":                        "statementId",
	} {
		s.refused(400, path, "", "GET", "/statements?"+query, "")
	}
	s.refused(400, "statementId", "once", "PUT", "/statements?statementId="+uuidOf(1)+"&statementId="+uuidOf(1), statement(1))
	s.refused(400, "statementId", "UUID", "PUT", "/statements", statement(1))
	s.refused(400, "more", "", "GET", "/statements/more/abc", "")
	s.expect(405, "DELETE", "/statements", "")
	s.expect(404, "GET", "/nothing", "")
}

func TestWrongStatementsLeaveNothingBehind(t *testing.T) {
	s := start(t)
	broken := strings.Replace(statement(2), `"object"`, `"result":{"duration":"P"},"object"`, 1)
	s.refused(400, "statements[1].result.duration", "ISO 8601", "POST", "/statements", "["+statement(1)+","+broken+"]")
	s.refused(400, "result.duration", "ISO 8601", "PUT", "/statements?statementId="+uuidOf(2), broken)
	s.refused(400, "id", "differs", "PUT", "/statements?statementId="+uuidOf(3), statement(2))
	s.refused(400, "statements[2].id", "too", "POST", "/statements", "["+statement(1)+","+statement(2)+","+statement(1)+"]")
	s.refused(400, "ACTOR", "Case matters", "POST", "/statements", strings.Replace(statement(1), `"actor"`, `"ACTOR"`, 1))
	s.refused(400, "statements[1].actor", "too early", "POST", "/statements", `[`+statement(1)+`,{"actor":`)
	s.refused(400, "Content-Type", "application/json", "POST", "/statements", statement(1), "Content-Type", "text/plain")
	s.refused(400, "Content-Type", "application/json", "POST", "/statements", statement(1), "Content-Type", "")
	deep := strings.Replace(statement(1), `"object"`, `"result":{"extensions":{"x:y":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}},"object"`, 1)
	s.expect(400, "POST", "/statements", deep)
	attached := strings.Replace(statement(1), `"object"`, `"attachments":[{"usageType":"x:y","display":{"en":"x"},"contentType":"text/plain","length":1,"sha2":"`+strings.Repeat("0", 64)+`"}],"object"`, 1)
	s.refused(400, "statements[0].attachments[0]", "fileUrl", "POST", "/statements", "["+attached+"]")
	s.wantIDs("[]")
}

func TestAnOversizedBodyIs413AndLeavesNothingBehind(t *testing.T) {
	s := start(t) // 1 MiB
	var list []string
	for i := 1; i <= 3000; i++ {
		list = append(list, statement(i))
	}
	body := "[" + strings.Join(list, ",") + "]"
	s.refused(413, "body", "larger", "POST", "/statements", body)
	s.refused(413, "body", "larger", "PUT", "/statements?statementId="+uuidOf(1), statement(1)+strings.Repeat(" ", 1<<20))
	s.wantIDs("[]")
}

func TestOnlyAGoodKeyComesIn(t *testing.T) {
	s := start(t)
	good := s.cred
	for name, c := range map[string]lrs.Credential{"no secret": {ID: good.ID}, "wrong secret": {ID: good.ID, Secret: good.Secret + "x"}, "unknown key": {ID: "x", Secret: good.Secret}, "none": {}} {
		s.cred = c
		if a := s.expect(401, "GET", "/statements", ""); !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") || a.Header.Get("X-Experience-API-Version") != "1.0.3" {
			t.Errorf("%s: headers are %v", name, a.Header)
		}
	}
	s.cred = good
	k, err := s.keys.Key(t.Context(), good.ID)
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Second)
	k.ExpiresAt = &past
	if err := s.keys.PutKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	s.expect(401, "GET", "/statements", "")
}

func TestAKeyMayDoWhatItsScopesSay(t *testing.T) {
	s := start(t)
	all, writer, reader, mine := s.cred, s.key(lrs.ScopeWrite), s.key(lrs.ScopeAllRead), s.key(lrs.ScopeWrite, lrs.ScopeReadMine)
	s.expect(200, "POST", "/statements", statement(1))
	s.cred = writer
	s.expect(200, "POST", "/statements", statement(2))
	s.refused(403, "", "statements/read", "GET", "/statements", "")
	s.cred = reader
	s.refused(403, "", "statements/write", "POST", "/statements", statement(3))
	s.refused(403, "", "statements/write", "PUT", "/statements?statementId="+uuidOf(3), statement(3))
	s.wantIDs("[2 1]")
	s.cred = mine
	s.expect(200, "POST", "/statements", statement(3))
	s.expect(200, "POST", "/statements", statement(4))
	s.wantIDs("[4 3]")
	s.wantIDs("[3]", "activity", "https://lms.example/act/0")
	s.expect(404, "GET", "/statements?statementId="+uuidOf(1), "")
	page := s.list("limit", "1")
	s.cred = writer
	s.expect(403, "GET", strings.TrimPrefix(*page.More, "/xapi"), "")
	s.cred = all
	s.wantIDs("[4 3 2 1]")
	if _, err := lrs.CreateKey(t.Context(), s.keys, lrs.Key{Tenant: "main", Name: "x", Scopes: []string{"everything"}}, time.Now()); err == nil {
		t.Error("a key with an unknown scope was made")
	}
}

func TestTheSameStatementAgainIsNoConflict(t *testing.T) {
	s := start(t)
	s.expect(204, "PUT", "/statements?statementId="+uuidOf(1), statement(1))
	s.expect(204, "PUT", "/statements?statementId="+uuidOf(1), statement(1))
	again := strings.Replace(statement(1), `"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"}`, `"verb":{"display":{"en":"did"},"id":"http://adlnet.gov/expapi/verbs/completed"}`, 1)
	s.expect(200, "POST", "/statements", "["+again+","+statement(2)+"]")
	returned := s.expect(200, "GET", "/statements?statementId="+uuidOf(1), "")
	s.expect(204, "PUT", "/statements?statementId="+uuidOf(1), string(returned.body))
	s.expect(204, "PUT", "/statements?statementId="+strings.ToUpper(uuidOf(1)), statement(1))
	other := strings.Replace(statement(1), "completed", "failed", 1)
	s.refused(409, "id", uuidOf(1), "PUT", "/statements?statementId="+uuidOf(1), other)
	s.refused(409, "statements[1].id", uuidOf(1), "POST", "/statements", "["+statement(3)+","+other+"]")
	s.wantIDs("[2 1]")
}

func TestFortyPostsOfOneIDHaveOneWinner(t *testing.T) {
	s := start(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for i := range 40 {
		wg.Go(func() {
			a := s.do("POST", "/statements", strings.Replace(statement(1), "/act/1", fmt.Sprintf("/act/%d", 100+i), 1))
			mu.Lock()
			defer mu.Unlock()
			codes[a.StatusCode]++
		})
	}
	wg.Wait()
	if codes[200] != 1 || codes[409] != 39 {
		t.Errorf("answers are %v, want one 200 and 39 409", codes)
	}
	s.wantIDs("[1]")
}

func TestVoidingHidesAStatement(t *testing.T) {
	s := start(t)
	void := func(n, target int) string {
		return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":%q},"object":{"objectType":"StatementRef","id":%q}}`, uuidOf(n), xapi.VerbVoided, strings.ToUpper(uuidOf(target)))
	}
	s.fill(2)
	s.expect(200, "POST", "/statements", void(8, 1))
	s.expect(200, "POST", "/statements", void(9, 8)) // a voiding is not voided
	s.expect(200, "POST", "/statements", void(7, 3)) // before its target
	s.expect(200, "POST", "/statements", statement(3))
	s.wantIDs("[7 9 8 2]")
	s.expect(404, "GET", "/statements?statementId="+uuidOf(1), "")
	s.expect(200, "GET", "/statements?voidedStatementId="+uuidOf(1), "")
	s.expect(200, "GET", "/statements?voidedStatementId="+uuidOf(3), "")
	s.expect(404, "GET", "/statements?voidedStatementId="+uuidOf(2), "")
	s.wantIDs("[9 8]", "registration", uuidOf(1001), "until", s.list("ascending", "true", "limit", "3").Statements[2]["stored"].(string))
}
