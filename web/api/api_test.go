package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web/api"
)

func TestWhoHasNoGoodKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	read := w.key(lrs.ScopeWorkflowsRead)
	for name, header := range map[string]string{
		"nothing": "", "another secret": "Bearer " + read.ID + ".x", "no such key": "Bearer x.x", "no secret": "Bearer " + read.ID, "another scheme": "Digest " + read.ID,
	} {
		a := w.as(lrs.Credential{}, "GET", "/api/v1/workflows", "", "Authorization", header).want(t, 401)
		if len(a.Header.Values("WWW-Authenticate")) != 2 {
			t.Errorf("%s: WWW-Authenticate %v", name, a.Header.Values("WWW-Authenticate"))
		}
	}
	w.as(lrs.Credential{}, "GET", "/api/v1/workflows", "", "Authorization", "Bearer "+read.ID+"."+read.Secret).want(t, 200)
	w.as(read, "GET", "/api/v1/workflows", "").want(t, 200)
	soon := w.now.Add(time.Hour)
	short, err := lrs.CreateKey(t.Context(), w.keys, lrs.Key{Name: "short", Tenant: "main", Scopes: []string{lrs.ScopeAPI}, ExpiresAt: &soon}, w.now)
	must(t, err)
	w.as(short, "GET", "/api/v1/key", "").want(t, 200)
	w.advance(2 * time.Hour)
	w.as(short, "GET", "/api/v1/key", "").want(t, 401)
	must(t, w.keys.RevokeKey(t.Context(), "main", read.ID, w.now))
	w.as(read, "GET", "/api/v1/workflows", "").want(t, 401)
}

// A key for reports made before there was an API must not reach people by it.
func TestAKeyOfTheRecordStoreOpensNothingOfTheAPI(t *testing.T) {
	w := newWorld(t)
	w.as(w.key(lrs.ScopeAll), "GET", "/api/v1/workflows", "").want(t, 403)
	w.as(w.key(lrs.ScopeAllRead), "GET", "/api/v1/people/"+string(w.sam.Learner), "").want(t, 403)
}

func TestStrictRequests(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"Source": "x"}`:                        `write \"source\"`,
		`{"source": "x", "colour": 1}`:           `there is no \"colour\" here`,
		`{"source": 5}`:                          "expected a text",
		`{}`:                                     "is missing",
		`{"source": "x", "source": "y"}`:         "twice",
		`{"source": "x"} {}`:                     "behind",
		`{"source": "x"`:                         "no JSON",
		`[]`:                                     "expected an object",
		"{\n \"sorce\": 1,\n \"source\": \"x\"}": `"line":2,"column":2`,
	} {
		if a := w.post("/api/v1/lint", body).want(t, 400); !strings.Contains(a.text, want) {
			t.Errorf("%s: %s", body, a.text)
		}
	}
	w.as(w.all, "POST", "/api/v1/lint", `{"source": "x"}`, "Content-Type", "text/plain").want(t, 415)
	w.post("/api/v1/lint", `{"source": "`+strings.Repeat("x", 2<<20)+`"}`).want(t, 413)
	for _, query := range []string{"?Limit=5", "?limit=0", "?limit=201", "?limit=x", "?limit=1&limit=2", "?cursor=%21", "?state=Active", "?course=2", "?%zz"} {
		if a := w.get("/api/v1/enrolments" + query); a.StatusCode != 400 {
			t.Errorf("%s: %d", query, a.StatusCode)
		}
	}
	if a := w.as(w.all, "DELETE", "/api/v1/workflows", "").want(t, 405); a.Header.Get("Allow") != "HEAD, GET, POST, OPTIONS" {
		t.Errorf("Allow: %s", a.Header.Get("Allow"))
	}
	w.get("/api/v1/nothing").want(t, 404)
	if a := w.post("/api/v1/workflows", `{"source": "workflow: x\nversion: 0\ntitle: T\n"}`).want(t, 422); !strings.Contains(a.text, `"pointer":"version"`) || !strings.Contains(a.text, `"line":2`) {
		t.Errorf("a refused definition: %s", a.text)
	}
}

func TestAnAnswerQuotesWholeCharacters(t *testing.T) {
	w := newWorld(t)
	a := w.get("/api/v1/enrolments?x"+strings.Repeat("%C3%BC", 40)+"=1").want(t, 400) // ü
	if strings.Contains(a.text, "\uFFFD") || strings.Contains(a.text, `\ufffd`) || !strings.Contains(a.text, "ü…") {
		t.Errorf("a character was cut: %s", a.text)
	}
}

func TestListsArePagedToTheEnd(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.advance(time.Minute)
		w.post("/api/v1/enrolments", `{"workflow": "deals", "course": {"issuer": "https://lms.example", "id": "2"}, "subject": "new`+string(rune('a'+i))+`"}`).want(t, 201)
	}
	seen := map[string]bool{}
	path := "/api/v1/enrolments?limit=2&workflow=deals"
	for range 10 {
		var page struct {
			Items []struct{ ID string }
			Next  string
		}
		a := w.get(path).want(t, 200)
		a.into(t, &page)
		for _, e := range page.Items {
			if seen[e.ID] {
				t.Errorf("%s comes twice", e.ID)
			}
			seen[e.ID] = true
		}
		link := a.Header.Get("Link")
		if (link == "") != (page.Next == "") {
			t.Errorf("Link %q, next %q", link, page.Next)
		}
		if page.Next == "" {
			break
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
	}
	if len(seen) != 6 {
		t.Errorf("%d of 6", len(seen))
	}
}

func TestAnActCountsOnlyAtTheRevisionThatWasSeen(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/enrolments/" + string(w.sam.ID)
	tag := w.get(path).want(t, 200).Header.Get("ETag")
	w.as(w.all, "POST", path+"/pause", `{"reason": "ill"}`, "If-Match", `"999"`).want(t, 412)
	next := w.as(w.all, "POST", path+"/pause", `{"reason": "ill"}`, "If-Match", tag).want(t, 200).Header.Get("ETag")
	if next == tag || next == "" {
		t.Errorf("ETag %s became %s", tag, next)
	}
	w.as(w.all, "POST", path+"/resume", `{}`, "If-Match", tag).want(t, 412)
	w.as(w.all, "POST", path+"/resume", `{}`, "If-Match", "W/x").want(t, 412)
	w.as(w.all, "POST", path+"/resume", `{}`, "If-Match", next).want(t, 200)
}

func TestACreateWithAnIdempotencyKeyHappensOnce(t *testing.T) {
	w := newWorld(t)
	body := `{"workflow": "deals", "course": {"issuer": "https://lms.example", "id": "2"}, "subject": "new"}`
	first := w.as(w.all, "POST", "/api/v1/enrolments", body, "Idempotency-Key", "k").want(t, 201)
	again := w.as(w.all, "POST", "/api/v1/enrolments", body, "Idempotency-Key", "k").want(t, 201)
	if again.text != first.text || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("again: %v %s", again.Header, again.text)
	}
	w.as(w.all, "POST", "/api/v1/enrolments", strings.Replace(body, "new", "other", 1), "Idempotency-Key", "k").want(t, 409)
	bad := strings.Replace(body, "deals", "none", 1)
	w.as(w.all, "POST", "/api/v1/enrolments", bad, "Idempotency-Key", "k2").want(t, 404)
	w.as(w.all, "POST", "/api/v1/enrolments", body, "Idempotency-Key", "k2").want(t, 201) // what failed is not kept
	w.as(w.key(lrs.ScopeAPI), "POST", "/api/v1/enrolments", strings.Replace(body, "new", "third", 1), "Idempotency-Key", "k").want(t, 201)
}

func TestPagesOfOtherOriginsReadOnlyWhatAKeyAllows(t *testing.T) {
	w := newWorld(t)
	open, err := lrs.CreateKey(t.Context(), w.keys, lrs.Key{Name: "page", Tenant: "main", Scopes: []string{lrs.ScopeAPI}, Origins: []string{"https://app.example"}}, w.now)
	must(t, err)
	allowed := func(a answer) string { return a.Header.Get("Access-Control-Allow-Origin") }
	if got := allowed(w.as(open, "GET", "/api/v1/key", "", "Origin", "https://app.example")); got != "https://app.example" {
		t.Errorf("its own origin: %q", got)
	}
	if got := allowed(w.as(w.all, "GET", "/api/v1/key", "", "Origin", "https://app.example")); got != "" {
		t.Errorf("another key: %q", got)
	}
	if got := allowed(w.as(lrs.Credential{}, "OPTIONS", "/api/v1/key", "", "Origin", "https://app.example")); got != "https://app.example" {
		t.Errorf("preflight: %q", got)
	}
	if got := allowed(w.as(lrs.Credential{}, "OPTIONS", "/api/v1/key", "", "Origin", "https://evil.example")); got != "" {
		t.Errorf("preflight of a stranger: %q", got)
	}
}

func TestAKeyHasAQuota(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.PerMinute = 2 })
	w.get("/api/v1/key").want(t, 200)
	w.get("/api/v1/key").want(t, 200)
	if a := w.get("/api/v1/key").want(t, http.StatusTooManyRequests); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.as(w.key(lrs.ScopeAPI), "GET", "/api/v1/key", "").want(t, 200)
}

func TestNamesAreShownOnlyToWhoMayReadPeople(t *testing.T) {
	w := newWorld(t)
	poor := w.key(lrs.ScopeEnrolmentsRead, lrs.ScopeNudgesRead, lrs.ScopeWorkflowsRead, lrs.ScopeEventsRead)
	path := "/api/v1/enrolments/" + string(w.sam.ID)
	for _, p := range []string{"/api/v1/enrolments", path, path + "/home", path + "/steps", path + "/steps/view", "/api/v1/board?course_issuer=https://lms.example&course=2",
		"/api/v1/workflows/deals/funnel?course_issuer=https://lms.example&course=2", "/api/v1/people/" + string(w.sam.Learner) + "/messages", path + "/others", path + "/journey", path + "/next"} {
		a := w.as(poor, "GET", p, "").want(t, 200)
		for _, private := range []string{"Sam Sailor", "sam@example.org", "max@example.org"} {
			if strings.Contains(a.text, private) {
				t.Errorf("%s shows %s: %s", p, private, a.text)
			}
		}
	}
	w.as(poor, "GET", "/api/v1/people/"+string(w.sam.Learner), "").want(t, 403)
	if a := w.get("/api/v1/people?name=sam@example.org").want(t, 200); !strings.Contains(a.text, "Sam Sailor") {
		t.Errorf("with people/read: %s", a.text)
	}
}

func TestALearnersWorkIsDoneByTheAPI(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/enrolments/" + string(w.sam.ID)
	step := path + "/steps/plan"
	w.post(step+"/opened", "{}").want(t, 200)
	w.as(w.all, "PUT", step+"/draft", `{"answers": {"when": ["a buyer asks"]}}`).want(t, 200)
	if a := w.post(step+"/hand-in", `{"answers": {"when": ["a buyer asks"]}}`).want(t, 422); !strings.Contains(a.text, `"pointer":"then"`) {
		t.Errorf("short: %s", a.text)
	}
	var v struct {
		State struct{ State string }
		Hand  struct{ Answers []any }
	}
	w.post(step+"/hand-in", `{"answers": {"when": ["a buyer asks"], "then": ["I ask back"]}}`).want(t, 200).into(t, &v)
	if v.State.State != "done" || len(v.Hand.Answers) != 2 {
		t.Errorf("%+v", v)
	}
	w.post(step+"/reopen", `{"reason": "once more"}`).want(t, 200).into(t, &v)
	if v.State.State != "open" {
		t.Errorf("reopened: %+v", v)
	}
	w.post(path+"/steps/quote/excuse", `{"reason": "no quotes this year"}`).want(t, 200)
}

func TestNothingOfAnEventIsLogged(t *testing.T) {
	w := newWorld(t)
	w.as(w.all, "POST", "/api/events", event("subject", "sam@example.org"), "Content-Type", structured).want(t, 202)
	w.as(w.all, "POST", "/api/events", event("subject", "sam@example.org", "id", "-"), "Content-Type", structured).want(t, 400)
	if text := w.logged.String(); strings.Contains(text, "sam@") || strings.Contains(text, "60000") {
		t.Errorf("the log: %s", text)
	}
}

func TestACohortIsEnrolledInOneCallAndEachPersonForThemselves(t *testing.T) {
	w := newWorld(t)
	body := `{"workflow": "deals", "course": {"issuer": "https://lms.example", "id": "2"}, "people": [{"subject": "new1", "name": "Nora"}, {"email": "nobody@example.org"}, {"email": "no address"}, {"subject": "new2"}]}`
	var done struct {
		Enrolled, Resumed, There, Refused int
		People                            []struct{ Result, Enrolment, Why string }
	}
	a := w.as(w.all, "POST", "/api/v1/cohort/enrolments", body).want(t, 200)
	a.into(t, &done)
	if done.Enrolled != 2 || done.Refused != 2 || done.People[0].Enrolment == "" || !strings.Contains(done.People[1].Why, "enrol by the account") || !strings.Contains(done.People[2].Why, "not_an_email") || strings.Contains(a.text, "nobody@") {
		t.Errorf("enrolled %s", a.text)
	}
	first := done.People[0].Enrolment
	w.as(w.all, "POST", "/api/v1/enrolments/"+first+"/unenrol", `{}`).want(t, 200)
	w.as(w.all, "POST", "/api/v1/cohort/enrolments", body).want(t, 200).into(t, &done)
	if done.Enrolled != 0 || done.Resumed != 1 || done.There != 1 || done.People[0].Enrolment != first || done.People[0].Result != "resumed" {
		t.Errorf("again: %+v", done)
	}
	w.as(w.all, "POST", "/api/v1/cohort/enrolments", strings.Replace(body, "deals", "none", 1)).want(t, 404)
	w.as(w.all, "POST", "/api/v1/cohort/enrolments", `{"workflow": "deals", "course": {"issuer": "https://lms.example", "id": "2"}, "people": []}`).want(t, 400)
	w.as(w.all, "POST", "/api/v1/cohort/enrolments", `{"workflow": "deals", "course": {"issuer": "https://lms.example", "id": "2"}, "people": [`+strings.Repeat(`{"subject": "x"},`, 500)+`{"subject": "x"}]}`).want(t, 400)
	w.as(w.key(lrs.ScopeEnrolmentsRead), "POST", "/api/v1/cohort/enrolments", body).want(t, 403)
}
