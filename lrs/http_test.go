package lrs_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
	"github.com/cairn-lms/cairn/lrs/lrsmongo"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/cairn-lms/cairn/xapi"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// server is a running record store on a SQLite file.
type server struct {
	t    *testing.T
	url  string // ends in /xapi
	lrs  *lrs.LRS
	keys lrs.KeyStore
	cred lrs.Credential
	web  *httptest.Server

	blobs lrs.Blobs
}

func start(t *testing.T, configure ...func(*httptest.Server)) *server {
	t.Helper()
	db := newFile(t)
	store := openStore(t, db)
	keys, err := lrssqlite.NewKeys(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := lrsfiles.New(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, lrs: lrs.New(store, lrs.Options{PageSize: 50, Blobs: blobs, IRIBase: "https://cairn.example/main"}), keys: keys, blobs: blobs}
	service := &lrs.Service{
		Keys:    keys,
		Tenant:  func(context.Context, string) (*lrs.LRS, error) { return s.lrs, nil },
		IRIBase: func(tenant string) string { return "https://cairn.example/" + tenant },
		MaxBody: 1 << 20, MaxUpload: 4 << 20,
	}
	s.web = httptest.NewUnstartedServer(service.Handler())
	for _, c := range configure {
		c(s.web)
	}
	s.web.Start()
	t.Cleanup(s.web.Close)
	s.url = s.web.URL + "/xapi"
	s.cred = s.key()
	return s
}

// openStore is the SQLite store, or within TestOverMongoDB the MongoDB one.
func openStore(t *testing.T, db *sql.DB) lrs.Store {
	t.Helper()
	if strings.HasPrefix(t.Name(), "TestOverMongoDB/") {
		client, err := mongo.Connect(options.Client().ApplyURI(os.Getenv("CAIRN_TEST_MONGO_URI")))
		if err != nil {
			t.Fatal(err)
		}
		database := client.Database("cairn_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12])
		t.Cleanup(func() {
			ctx := context.WithoutCancel(t.Context())
			_ = database.Drop(ctx)
			_ = client.Disconnect(ctx)
		})
		store, err := lrsmongo.New(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	return openSQLite(t, db)
}

func openSQLite(t *testing.T, db *sql.DB) lrs.Store {
	t.Helper()
	store, err := lrssqlite.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// openHere is an empty SQLite store.
func openHere(t *testing.T) lrs.Store {
	t.Helper()
	return openSQLite(t, newFile(t))
}

// newFile is a SQLite file without tables.
func newFile(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "main.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestOverMongoDB(t *testing.T) {
	if os.Getenv("CAIRN_TEST_MONGO_URI") == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CAIRN_TEST_MONGO_URI is not set")
		}
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	for name, test := range map[string]func(*testing.T){
		"Moodle": TestMoodlesPostIsAnsweredWith200, "bytes": TestBytesComeBackAsTheyWereSent, "filters": TestEveryFilterAnswers,
		"more": TestAMoreWalkIsCompleteWhileOthersInsert, "headers": TestEveryAnswerNamesVersionAndConsistentThrough,
		"again": TestTheSameStatementAgainIsNoConflict, "forty": TestFortyPostsOfOneIDHaveOneWinner, "voiding": TestVoidingHidesAStatement,
		"record": TestRecordIsIdempotentByID, "follow": TestFollowTellsEveryStatementOnceInOrder, "scopes": TestAKeyMayDoWhatItsScopesSay,
		"activities": TestAnActivityIsAllThatStatementsSaidOfIt, "define": TestOnlyWhoMayDefineDefines, "agents": TestAPersonHasTheIdentifierAndTheNamesOfAnAgent,
	} {
		t.Run(name, test)
	}
}

func (s *server) key(scopes ...string) lrs.Credential {
	s.t.Helper()
	c, err := lrs.CreateKey(s.t.Context(), s.keys, lrs.Key{Tenant: "main", Name: "test", Scopes: scopes}, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

// do sends a request with the server's key, version 1.0.3 and JSON, unless the
// headers say otherwise; a header of "" is not sent.
func (s *server) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(s.cred.ID, s.cred.Secret)
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res, data}
}

func (s *server) expect(status int, method, path, body string, headers ...string) answer {
	s.t.Helper()
	a := s.do(method, path, body, headers...)
	if a.StatusCode != status {
		s.t.Fatalf("%s %s answers %d, want %d: %s", method, path, a.StatusCode, status, a.body)
	}
	return a
}

// result is a StatementResult.
type result struct {
	Statements []map[string]any `json:"statements"`
	More       *string          `json:"more"`
}

func (s *server) list(params ...string) result {
	s.t.Helper()
	v := url.Values{}
	for i := 0; i < len(params); i += 2 {
		v.Set(params[i], params[i+1])
	}
	return decode[result](s.t, s.expect(200, "GET", "/statements?"+v.Encode(), "").body)
}

func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return v
}

func uuidOf(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// statement n: learner n%2 completes activity n%3.
func statement(n int) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"account":{"homePage":"https://lms.example","name":"%d"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},`+
		`"object":{"id":"https://lms.example/act/%d"},"context":{"registration":%q,"instructor":{"mbox":"mailto:t@lms.example"},"contextActivities":{"parent":[{"id":"https://lms.example/course"}]}}}`,
		uuidOf(n), n%2, n%3, uuidOf(1000+n%2))
}

func ids(r result) []string {
	out := []string{}
	for _, s := range r.Statements {
		out = append(out, strings.TrimLeft(s["id"].(string)[24:], "0"))
	}
	return out
}

func (s *server) fill(n int) {
	s.t.Helper()
	for i := 1; i <= n; i++ {
		s.expect(200, "POST", "/statements", statement(i))
	}
}

func (s *server) wantIDs(want string, params ...string) {
	s.t.Helper()
	if got := fmt.Sprint(ids(s.list(params...))); got != want {
		s.t.Errorf("%v answers %s, want %s", params, got, want)
	}
}

func TestMoodlesPostIsAnsweredWith200(t *testing.T) {
	s := start(t)
	data, err := os.ReadFile("testdata/moodle-batch1.json")
	if err != nil {
		t.Fatal(err)
	}
	a := s.expect(200, "POST", "/statements", string(data))
	got := decode[[]string](t, a.body)
	want := decode[[]json.RawMessage](t, data)
	if len(got) != len(want) {
		t.Fatalf("%d ids for %d statements", len(got), len(want))
	}
	for i, id := range got {
		stored := decode[map[string]any](t, s.expect(200, "GET", "/statements?statementId="+id, "").body)
		if stored["stored"] == nil || stored["version"] != "1.0.0" || stored["id"] != id {
			t.Errorf("statement %d is returned as %v", i, stored)
		}
		for _, key := range []string{"id", "stored", "version", "authority"} {
			delete(stored, key)
		}
		before, _ := json.Marshal(decode[map[string]any](t, want[i]))
		after, _ := json.Marshal(stored)
		if !bytes.Equal(before, after) {
			t.Errorf("statement %d changed:\n%s\n%s", i, before, after)
		}
	}
	if a := s.expect(200, "POST", "/statements", "[]"); strings.TrimSpace(string(a.body)) != "[]" {
		t.Errorf("an empty batch is answered with %s", a.body)
	}
}

func TestBytesComeBackAsTheyWereSent(t *testing.T) {
	s := start(t)
	context := `{ "extensions" : {"https://e.org/a.b$c": [12345678901234567890123, 1.10, null, "\u0000é"]} }`
	object := `{"id":"https://e.org/` + strings.Repeat("ü", 300) + `"}`
	doc := `{"id":"` + strings.ToUpper("aa97b177-9383-4934-8543-0f91a7a02836") + `","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b/v"},"object":` + object + `,"context":` + context + `,"stored":"2001-01-01T00:00:00Z","authority":{"mbox":"mailto:evil@b.c"}}`
	s.expect(200, "POST", "/statements", doc)
	a := s.expect(200, "GET", "/statements?statementId=aa97b177-9383-4934-8543-0f91a7a02836", "")
	for _, part := range []string{context, object, `"AA97B177-`, `"authority":{"objectType":"Agent","account":{"homePage":"https://cairn.example/main","name":"` + s.cred.ID + `"}}`} {
		if !bytes.Contains(a.body, []byte(part)) {
			t.Errorf("the answer lacks %s:\n%s", part, a.body)
		}
	}
	got := decode[map[string]string](t, []byte(`{"t":`+field(t, a.body, "timestamp")+`,"s":`+field(t, a.body, "stored")+`}`))
	if got["t"] != got["s"] || strings.HasPrefix(got["s"], "2001") || bytes.Contains(a.body, []byte("evil")) {
		t.Errorf("what the client said of stored or authority was kept: %s", a.body)
	}
}

func field(t *testing.T, doc []byte, name string) string {
	t.Helper()
	return string(decode[map[string]json.RawMessage](t, doc)[name])
}

func TestEveryFilterAnswers(t *testing.T) {
	s := start(t)
	s.fill(6)
	agent := `{"account":{"homePage":"https://lms.example","name":"1"}}`
	instructor := `{"mbox":"mailto:t@lms.example"}`
	completed := "http://adlnet.gov/expapi/verbs/completed"
	s.wantIDs("[6 5 4 3 2 1]")
	s.wantIDs("[1 2 3 4 5 6]", "ascending", "true")
	s.wantIDs("[5 3 1]", "agent", agent)
	s.wantIDs("[5 3 1]", "agent", agent, "related_agents", "true")
	s.wantIDs("[]", "agent", instructor)
	s.wantIDs("[6 5 4 3 2 1]", "agent", instructor, "related_agents", "true")
	s.wantIDs("[6 5 4 3 2 1]", "verb", completed)
	s.wantIDs("[]", "verb", "http://adlnet.gov/expapi/verbs/failed")
	s.wantIDs("[6 3]", "activity", "https://lms.example/act/0")
	s.wantIDs("[]", "activity", "https://lms.example/course")
	s.wantIDs("[6 5 4 3 2 1]", "activity", "https://lms.example/course", "related_activities", "true")
	s.wantIDs("[6 4 2]", "registration", uuidOf(1000))
	s.wantIDs("[3]", "agent", agent, "activity", "https://lms.example/act/0", "verb", completed)
	s.wantIDs("[6]", "registration", uuidOf(1000), "activity", "https://lms.example/act/0", "verb", completed)
	s.wantIDs("[5 3 1]", "agent", agent, "activity", "https://lms.example/course", "related_activities", "true", "verb", completed)
	s.wantIDs("[6 5]", "limit", "2")
	s.wantIDs("[6 5 4 3 2 1]", "limit", "0")
	stored := func(i int) string { return s.list("ascending", "true").Statements[i-1]["stored"].(string) }
	s.wantIDs("[6 5]", "since", stored(4))
	s.wantIDs("[4 3 2 1]", "until", stored(4))
	s.wantIDs("[3]", "since", stored(2), "until", stored(4), "agent", agent)
}

func TestAMoreWalkIsCompleteWhileOthersInsert(t *testing.T) {
	for _, ascending := range []string{"false", "true"} {
		s := start(t)
		s.fill(7)
		page := s.list("limit", "3", "ascending", ascending, "activity", "https://lms.example/course", "related_activities", "true")
		got := ids(page)
		for n := 8; *page.More != ""; n++ {
			if !strings.HasPrefix(*page.More, "/xapi/statements/more/") {
				t.Fatalf("more is %q", *page.More)
			}
			s.expect(200, "POST", "/statements", statement(n))
			page = decode[result](t, s.expect(200, "GET", strings.TrimPrefix(*page.More, "/xapi"), "").body)
			got = append(got, ids(page)...)
		}
		want := "[7 6 5 4 3 2 1]"
		if ascending == "true" {
			want = "[1 2 3 4 5 6 7]"
		}
		if fmt.Sprint(got) != want {
			t.Errorf("ascending=%s: the walk saw %v, want %s", ascending, got, want)
		}
	}
}

func TestEveryAnswerNamesVersionAndConsistentThrough(t *testing.T) {
	s := start(t)
	posted := s.expect(200, "POST", "/statements", statement(1))
	for name, a := range map[string]answer{
		"POST":     posted,
		"PUT":      s.expect(204, "PUT", "/statements?statementId="+uuidOf(2), statement(2)),
		"GET":      s.expect(200, "GET", "/statements", ""),
		"HEAD":     s.expect(200, "HEAD", "/statements", ""),
		"wrong":    s.expect(400, "GET", "/statements?foo=1", ""),
		"missing":  s.expect(404, "GET", "/statements?statementId="+uuidOf(99), ""),
		"conflict": s.expect(409, "PUT", "/statements?statementId="+uuidOf(1), strings.Replace(statement(1), "completed", "failed", 1)),
	} {
		through, ok := xapi.ParseTimestamp(a.Header.Get("X-Experience-API-Consistent-Through"))
		if !ok || a.Header.Get("X-Experience-API-Version") != "1.0.3" {
			t.Errorf("%s: headers are %v", name, a.Header)
		}
		if stored := s.list("ascending", "true").Statements[0]["stored"].(string); name != "missing" {
			if at, _ := xapi.ParseTimestamp(stored); through.Before(at) && name != "POST" {
				t.Errorf("%s is consistent through %v only, statement 1 was stored %v", name, through, at)
			}
		}
	}
	if a := s.expect(200, "GET", "/statements", "", "X-Experience-API-Version", "2.0.0"); a.Header.Get("X-Experience-API-Version") != "2.0.0" {
		t.Errorf("2.0.0 is answered with %v", a.Header)
	}
	for _, version := range []string{"", "1.1.0", "3.0", "0.95", "x"} {
		if a := s.expect(400, "GET", "/statements", "", "X-Experience-API-Version", version); a.Header.Get("X-Experience-API-Version") != "0.95" {
			t.Errorf("version %q is answered with %v", version, a.Header)
		}
	}
	if a := s.expect(200, "HEAD", "/statements", ""); a.ContentLength <= 0 || len(a.body) > 0 {
		t.Errorf("HEAD has length %d and body %q", a.ContentLength, a.body)
	}
	about := s.expect(200, "GET", "/about", "", "X-Experience-API-Version", "", "Authorization", "")
	if !bytes.Contains(about.body, []byte(`"2.0.0"`)) || about.Header.Get("X-Experience-API-Version") == "" {
		t.Errorf("about answers %s", about.body)
	}
}
