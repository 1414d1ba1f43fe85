package platform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

// steppingClock is a clock for tests.
type steppingClock struct {
	mu  sync.Mutex
	now time.Time
	err error
}

func (c *steppingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *steppingClock) Advance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.now = c.now.Add(d)
	}
	return c.err
}

func TestTheClockBarMovesTheClock(t *testing.T) {
	clock := &steppingClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	c := startCampus(t, platform.Options{Clock: clock})
	sam := signIn(t, c.Platform, "5")
	_, page := fetch(t, sam, c.URL()+"/course/view.php?id=2")
	if !strings.Contains(page, "Sat 21 November 2026, 13:00 CET") || !strings.Contains(page, `id="advance-week"`) {
		t.Errorf("the clock bar is not there, or not in Sam's zone:\n%s", page)
	}
	for _, by := range []string{"day", "week"} {
		res, _ := post(t, sam, c.URL()+"/clock/advance", url.Values{"by": {by}, "back": {"/course/view.php?id=2"}})
		if res.Request.URL.RequestURI() != "/course/view.php?id=2" {
			t.Errorf("+1 %s leads to %s", by, res.Request.URL)
		}
	}
	if got := clock.Now().Format("2006-01-02"); got != "2026-11-29" {
		t.Errorf("the clock shows %s", got)
	}
	if res, _ := post(t, sam, c.URL()+"/clock/advance", url.Values{"by": {"year"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("+1 year answers %d", res.StatusCode)
	}
	clock.err = errors.New("stuck")
	if res, _ := post(t, sam, c.URL()+"/clock/advance", url.Values{"by": {"day"}}); res.StatusCode != http.StatusInternalServerError {
		t.Errorf("a stuck clock answers %d", res.StatusCode)
	}
}

func TestWithoutAClockThereIsNoClockBar(t *testing.T) {
	c := startCampus(t, platform.Options{})
	sam := signIn(t, c.Platform, "5")
	if _, page := fetch(t, sam, c.URL()+"/"); strings.Contains(page, "advance-day") {
		t.Error("there is a clock bar")
	}
	if res, _ := post(t, sam, c.URL()+"/clock/advance", url.Values{"by": {"day"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("moving no clock answers %d", res.StatusCode)
	}
}

func TestCourseCompletedPostsTheStatementOfLogstoreXAPI(t *testing.T) {
	type sent struct {
		header http.Header
		body   string
	}
	got := make(chan sent, 10)
	status := http.StatusOK
	lrs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/xapi/statements" {
			body = []byte(r.Method + " " + r.URL.Path)
		}
		got <- sent{r.Header, string(body)}
		w.WriteHeader(status)
	}))
	defer lrs.Close()
	clock := &steppingClock{now: time.Date(2026, 11, 21, 10, 0, 24, 700e6, time.UTC)}
	c := startCampus(t, platform.Options{Clock: clock})
	c.SetXAPI(platform.XAPIConfig{Endpoint: lrs.URL + "/xapi/", Key: "moodle", Secret: "s3cret"})
	sofia := signIn(t, c.Platform, "6")
	_, page := post(t, sofia, c.URL()+"/course/completed", nil)
	if !strings.Contains(page, "You completed this course on Saturday 21 November 2026, 05:00") || !strings.Contains(page, "has been told") {
		t.Errorf("the page does not say so:\n%s", page)
	}
	s := <-got
	if user, pass, _ := (&http.Request{Header: s.header}).BasicAuth(); user != "moodle" || pass != "s3cret" {
		t.Errorf("signed in as %s:%s", user, pass)
	}
	if v := s.header.Get("X-Experience-API-Version"); v != "1.0.3" {
		t.Errorf("version %q", v)
	}
	registration := regexp.MustCompile(`"registration":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)
	var have, want any
	wantJSON := fmt.Sprintf(`[{"context":{"platform":"Moodle","registration":"r","language":"en","extensions":{
	  "http://lrs.learninglocker.net/define/extensions/info":{"http://moodle.org":"4.5.5+ (Build: 20250613)",
	  "https://github.com/xAPI-vle/moodle-logstore_xapi":"5.0.1","event_name":"\\core\\event\\course_completed",
	  "event_function":"\\src\\transformer\\events\\core\\course_completed"}},"contextActivities":{"category":[{"objectType":"Activity",
	  "id":"%[1]s","definition":{"type":"http://id.tincanapi.com/activitytype/lms","name":{"en":"Harbour Campus"}}}]}},
	  "timestamp":"2026-11-21T10:00:24.000Z","actor":{"name":"Sofia Silva","account":{"homePage":"%[1]s","name":"6"}},
	  "verb":{"id":"http://adlnet.gov/expapi/verbs/completed","display":{"en":"Completed"}},
	  "object":{"objectType":"Activity","id":"%[1]s/course/view.php?id=2","definition":{
	  "type":"https://w3id.org/xapi/cmi5/activitytype/course","name":{"en":"Negotiation skills"}}}}]`, c.URL())
	if err := json.Unmarshal([]byte(registration.ReplaceAllString(s.body, `"registration":"r"`)), &have); err != nil {
		t.Fatalf("%v in %s", err, s.body)
	}
	if err := json.Unmarshal([]byte(wantJSON), &want); err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(have), fmt.Sprint(want); a != b {
		t.Errorf("posted %s\nwant   %s", a, b)
	}
	// Again, and not taken: the completion stands, and its time.
	status = http.StatusServiceUnavailable
	if err := clock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	_, page = post(t, sofia, c.URL()+"/course/completed", nil)
	if !strings.Contains(page, "did not take the statement") {
		t.Errorf("a failed post is not told:\n%s", page)
	}
	if s := <-got; !strings.Contains(s.body, "2026-11-21T10:00:24.000Z") {
		t.Errorf("the second statement is %s", s.body)
	}
	if res, _ := post(t, signIn(t, c.Platform, "3"), c.URL()+"/course/completed", nil); res.StatusCode != http.StatusForbidden {
		t.Errorf("a teacher completing answers %d", res.StatusCode)
	}
	if err := c.CompleteCourse(t.Context(), "99"); err == nil {
		t.Error("a stranger completed the course")
	}
}

func TestTheGradebookShowsAllToTeachersAndALearnerTheirOwn(t *testing.T) {
	c := startCampus(t, platform.Options{})
	token := c.token(t, allScopes...)
	for _, user := range []string{"5", "6"} {
		c.call(t, token, "POST", c.URL()+"/mod/lti/services.php/2/lineitems/2/lineitem/scores?type_id=1", mediaScore, map[string]any{
			"userId": user, "timestamp": "2026-11-21T09:00:00Z", "activityProgress": "Completed", "gradingProgress": "FullyGraded",
			"scoreGiven": 20 + len(user), "scoreMaximum": 100, "comment": "<script>of " + user + "</script>",
		})
	}
	const path = "/grade/report/index.php"
	_, all := fetch(t, signIn(t, c.Platform, "3"), c.URL()+path)
	for _, want := range []string{`<td data-user="5" data-item="2"><span class="grade">21</span>`, "Sofia Silva", "&lt;script&gt;of 5"} {
		if !strings.Contains(all, want) {
			t.Errorf("the teacher's gradebook lacks %s:\n%s", want, all)
		}
	}
	_, own := fetch(t, signIn(t, c.Platform, "5"), c.URL()+path)
	if !strings.Contains(own, "of 5&lt;/script&gt;") || strings.Contains(own, "of 6") || strings.Contains(own, "Sofia") {
		t.Errorf("Sam's grades are\n%s", own)
	}
	if res, _ := fetch(t, signIn(t, c.Platform, "4"), c.URL()+path); res.StatusCode != http.StatusForbidden {
		t.Errorf("the manager's gradebook answers %d", res.StatusCode)
	}
}

func TestGetNeverChangesTheWorldAndEveryPageIsStrict(t *testing.T) {
	file := t.TempDir() + "/lms.json"
	c := startCampus(t, platform.Options{StateFile: file, Clock: &steppingClock{now: time.Now()}})
	ada, sam := signIn(t, c.Platform, "2"), signIn(t, c.Platform, "5")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "/login/index.php", "/login/logout.php", "/course/view.php?id=2", "/course/view.php?id=3", "/course/completed", "/user/index.php",
		"/grade/report/index.php", "/course/modedit.php", "/admin/tools", "/admin/tools/activate", "/clock/advance?by=day",
		"/mod/lti/view.php?l=1", "/mod/lti/view.php?l=9", "/mod/lti/launch.php?id=1", "/mod/lti/return.php?lti_msg=%3Cb%3E", "/mod/lti/contentitem_return.php",
		"/mod/lti/openid-configuration.php", "/mod/lti/certs.php", "/static/style.css", "/nowhere",
	} {
		for _, b := range []*http.Client{ada, sam, browser(t)} {
			res, page := fetch(t, b, c.URL()+path)
			if res.StatusCode >= 500 {
				t.Errorf("%s answers %d", path, res.StatusCode)
			}
			csp := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-src 'self' "+c.URL()+" "+c.tool.URL) {
				t.Errorf("%s has the policy %q", path, csp)
			}
			if strings.Contains(page, "<b>") || strings.Contains(page, "style=") || strings.Contains(page, "ZgotmplZ") {
				t.Errorf("%s has what it should not:\n%s", path, page)
			}
		}
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("looking at pages changed the world")
	}
}

func TestPostsFromOtherSitesAreRefused(t *testing.T) {
	c := startCampus(t, platform.Options{})
	sam := signIn(t, c.Platform, "5")
	for _, path := range []string{"/login/index.php", "/login/logout.php", "/course/completed", "/clock/advance"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL()+path, strings.NewReader("user=6"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://attacker.example")
		res, err := sam.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := read(t, res); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}

func TestARestartContinuesWhereItWas(t *testing.T) {
	file := t.TempDir() + "/sub/lms.json"
	c := startCampus(t, platform.Options{StateFile: file})
	sam := signIn(t, c.Platform, "5")
	token := c.token(t, allScopes...)
	c.call(t, token, "POST", c.URL()+"/mod/lti/services.php/2/lineitems/2/lineitem/scores?type_id=1", mediaScore, map[string]any{
		"userId": "5", "timestamp": "2026-11-21T09:00:00Z", "activityProgress": "Completed", "gradingProgress": "FullyGraded", "scoreGiven": 1, "scoreMaximum": 2,
	})
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state file is %v, %v", info.Mode(), err)
	}
	_, keys := fetch(t, sam, c.URL()+"/mod/lti/certs.php")
	closeSoon(t, c.Platform)

	p, err := platform.Start(t.Context(), platform.Options{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	again := &campus{Platform: p, tool: c.tool, toolInfo: c.toolInfo, link: c.link}
	if p.URL() != c.URL() {
		t.Fatalf("the issuer became %s, was %s", p.URL(), c.URL())
	}
	if _, now := fetch(t, sam, p.URL()+"/mod/lti/certs.php"); now != keys {
		t.Error("the key changed")
	}
	if s, ok := p.Grade("5", "2"); !ok || s.Given != 50 {
		t.Errorf("the grade is %+v, %v", s, ok)
	}
	landed := again.launch(t, sam, "/mod/lti/launch.php?id=1") // still signed in
	if _, err := verify(t, p, landed.Get("id_token")); err != nil {
		t.Error(err)
	}
	closeSoon(t, p)
}

func TestAPublicURLNamesTheIssuerAndPeopleAreBroughtToIt(t *testing.T) {
	p, err := platform.Start(t.Context(), platform.Options{Addr: "127.0.0.1:0", PublicURL: "http://localhost:0/"})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSoon(t, p)
	if !regexp.MustCompile(`^http://localhost:\d+$`).MatchString(p.URL()) || strings.HasSuffix(p.URL(), ":0") {
		t.Errorf("the issuer is %s", p.URL())
	}
	res, _ := fetch(t, browser(t), strings.Replace(p.URL(), "localhost", "127.0.0.1", 1)+"/login/index.php?back=%2Fx")
	if got := res.Request.URL.String(); got != p.URL()+"/login/index.php?back=%2Fx" {
		t.Errorf("arrived at %s", got)
	}
	if _, err := platform.Start(t.Context(), platform.Options{PublicURL: "ftp://x"}); err == nil {
		t.Error("started with a public URL that is none")
	}
}
