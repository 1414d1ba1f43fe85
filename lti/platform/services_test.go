package platform_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

const (
	mediaItem    = "application/vnd.ims.lis.v2.lineitem+json"
	mediaItems   = "application/vnd.ims.lis.v2.lineitemcontainer+json"
	mediaResults = "application/vnd.ims.lis.v2.resultcontainer+json"
	mediaScore   = "application/vnd.ims.lis.v1.score+json"
	mediaMembers = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
)

// assertion is a good client assertion, but for what change does to it.
func (c *campus) assertion(header map[string]any, change func(map[string]any)) string {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": c.toolInfo.ClientID, "sub": c.toolInfo.ClientID, "aud": c.URL() + "/mod/lti/token.php",
		"iat": now - 5, "exp": now + 60, "jti": "jti-1",
	}
	if change != nil {
		change(claims)
	}
	return c.tool.sign(header, claims)
}

func (c *campus) askToken(t *testing.T, assertion, scope string) (*http.Response, string) {
	t.Helper()
	return post(t, http.DefaultClient, c.URL()+"/mod/lti/token.php", url.Values{
		"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {assertion}, "scope": {scope},
	})
}

func (c *campus) token(t *testing.T, scopes ...string) string {
	t.Helper()
	var answer struct {
		Token string `json:"access_token"`
	}
	res, body := c.askToken(t, c.assertion(nil, nil), strings.Join(scopes, " "))
	if err := json.Unmarshal([]byte(body), &answer); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("token: %d %s", res.StatusCode, body)
	}
	return answer.Token
}

// call makes a service request; media is Accept for GET and Content-Type else.
func (c *campus) call(t *testing.T, token, method, url, media string, body any) (*http.Response, string) {
	t.Helper()
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r = strings.NewReader(string(data))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	if media != "" {
		req.Header.Set(map[bool]string{true: "Accept", false: "Content-Type"}[method == http.MethodGet], media)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func TestTheTokenEndpointAnswersAsMoodleDoes(t *testing.T) {
	c := startCampus(t, platform.Options{})
	set := func(k string, v any) func(map[string]any) { return func(m map[string]any) { m[k] = v } }
	const score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	future := time.Now().Add(30 * time.Second)
	for name, tc := range map[string]struct {
		assertion string
		scope     string
		status    int
		want      string
	}{
		"good":             {c.assertion(nil, nil), score, 200, `"scope" : "` + score + `"`},
		"unknown scope":    {c.assertion(nil, nil), "https://example.com/unknown", 400, "invalid_scope"},
		"partly unknown":   {c.assertion(nil, nil), score + " https://example.com/unknown", 200, `"scope" : "` + score + `"`},
		"no scope":         {c.assertion(nil, nil), "", 400, "invalid_request"},
		"another audience": {c.assertion(nil, set("aud", c.URL())), score, 200, "access_token"},
		"another issuer":   {c.assertion(nil, set("iss", "https://tool.example")), score, 200, "access_token"},
		"unknown client":   {c.assertion(nil, set("sub", "nope")), score, 400, "invalid_client"},
		"expired":          {c.assertion(nil, set("exp", time.Now().Unix()-10)), score, 400, "Expired token"},
		"iat ahead": {c.assertion(nil, set("iat", future.Unix())), score, 400,
			"Cannot handle token with iat prior to " + future.UTC().Format("2006-01-02T15:04:05+0000")},
		"unknown kid":  {c.assertion(map[string]any{"kid": "other"}, nil), score, 400, `{"error" : ""kid" invalid, unable to lookup correct key"}`},
		"changed":      {c.assertion(nil, nil) + "AA", score, 400, "Signature verification failed"},
		"no assertion": {"", score, 400, "invalid_request"},
	} {
		res, body := c.askToken(t, tc.assertion, tc.scope)
		body = strings.ReplaceAll(strings.ReplaceAll(body, "\n", ""), "  ", "")
		if res.StatusCode != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d %s, want %d %s", name, res.StatusCode, body, tc.status, tc.want)
		}
		if ct := res.Header.Get("Content-Type"); ct != "text/html; charset=utf-8" {
			t.Errorf("%s: labelled %s", name, ct)
		}
	}
	c.tool.mu.Lock()
	c.tool.down = true
	c.tool.mu.Unlock()
	res, body := c.askToken(t, c.assertion(nil, nil), score)
	if res.StatusCode != http.StatusNotFound || !strings.HasPrefix(body, "<!DOCTYPE html>") {
		t.Errorf("with our keys out of reach it answers %d %s", res.StatusCode, body)
	}
}

func TestAStrictPlatformRefusesAReplayedAssertion(t *testing.T) {
	c := startCampus(t, platform.Options{})
	c.SetQuirks(platform.Quirks{StrictJTI: true, StrictAudience: true})
	const score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	for i, want := range []int{200, 400} {
		if res, body := c.askToken(t, c.assertion(nil, nil), score); res.StatusCode != want {
			t.Errorf("time %d: %d %s", i+1, res.StatusCode, body)
		}
	}
}

func TestServicesAnswerOnlyTheirExactMediaTypesAndScopes(t *testing.T) {
	c := startCampus(t, platform.Options{})
	all := c.token(t, allScopes...)
	readonly := c.token(t, "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly")
	base := c.URL() + "/mod/lti/services.php"
	items, item := base+"/2/lineitems?type_id=1", base+"/2/lineitems/2/lineitem"
	members := base + "/CourseSection/2/bindings/1/memberships"
	for name, tc := range map[string]struct {
		token, method, url, media string
		body                      any
		status                    int
		want                      string
	}{
		"line items":              {all, "GET", items, mediaItems, nil, 200, `"resourceLinkId":"1"`},
		"without type_id":         {all, "GET", base + "/2/lineitems", mediaItems, nil, 200, `"ltiLinkId":"1"`},
		"line items as anything":  {all, "GET", items, "*/*", nil, 400, "No context or unsupported content type"},
		"line items as JSON":      {all, "GET", items, "application/json", nil, 400, "No handler found for /2/lineitems application/json "},
		"line items as line item": {all, "GET", items, mediaItem, nil, 400, "No context or unsupported content type"},
		"no token":                {"", "GET", items, mediaItems, nil, 401, "Unauthorized"},
		"garbage token":           {"garbage", "GET", items, mediaItems, nil, 401, "Unauthorized"},
		"read only may read":      {readonly, "GET", items, mediaItems, nil, 200, "scoreMaximum"},
		"read only may not write": {readonly, "POST", items, mediaItem, map[string]any{"label": "x", "scoreMaximum": 1}, 401, "Unauthorized"},
		"read only may not score": {readonly, "POST", item + "/scores?type_id=1", mediaScore, map[string]any{}, 401, "Unauthorized"},
		"one line item":           {all, "GET", item + "?type_id=1", mediaItem, nil, 200, `"scoreMaximum":100`},
		"unknown line item":       {all, "GET", base + "/2/lineitems/99/lineitem?type_id=1", mediaItem, nil, 404, "Grade item 99 doesn't exist"},
		"post as JSON":            {all, "POST", items, "application/json", map[string]any{"label": "x", "scoreMaximum": 1}, 400, "No handler found for /2/lineitems  application/json"},
		"post with a charset":     {all, "POST", items, mediaItem + "; charset=utf-8", map[string]any{"label": "charset", "scoreMaximum": 1}, 201, "/lineitem?type_id=1"},
		"post without a label":    {all, "POST", items, mediaItem, map[string]any{"scoreMaximum": 1}, 400, "No label or Score Maximum"},
		"post to an unknown link": {all, "POST", items, mediaItem, map[string]any{"label": "x", "scoreMaximum": 1, "resourceLinkId": "999"}, 403, "Forbidden"},
		"delete a coupled item":   {all, "DELETE", item + "?type_id=1", "", nil, 403, "Forbidden"},
		"results with a limit":    {all, "GET", item + "/results?type_id=1&limit=2", mediaResults, nil, 404, "<!DOCTYPE html>"},
		"results as anything":     {all, "GET", item + "/results?type_id=1", "", nil, 200, "[]"},
		"score after the query":   {all, "POST", item + "?type_id=1/scores", mediaScore, map[string]any{}, 400, "No handler found for /2/lineitems/2/lineitem  " + mediaScore},
		"members as JSON":         {all, "GET", members, "application/json", nil, 400, "No handler found"},
		"members as anything":     {all, "GET", members, "", nil, 200, `"title":"Negotiation skills"`},
		"members without scope":   {readonly, "GET", members, mediaMembers, nil, 401, "Unauthorized"},
		"members of other course": {all, "GET", base + "/CourseSection/99/bindings/1/memberships", mediaMembers, nil, 404, "Course 99 doesn't exist"},
		"members of unknown link": {all, "GET", members + "?rlid=999", mediaMembers, nil, 404, "LTI link 999 doesn't exist"},
		"nothing at all":          {all, "GET", base + "/nothing", "*/*", nil, 400, "No handler found"},
		"an oversized score":      {all, "POST", item + "/scores?type_id=1", mediaScore, strings.Repeat("x", 1<<20), 413, "too large"},
	} {
		res, body := c.call(t, tc.token, tc.method, tc.url, tc.media, tc.body)
		if res.StatusCode != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d %.300s, want %d %s", name, res.StatusCode, body, tc.status, tc.want)
		}
	}
}

func TestScoresFollowMoodlesRules(t *testing.T) {
	c := startCampus(t, platform.Options{})
	token := c.token(t, allScopes...)
	item := c.URL() + "/mod/lti/services.php/2/lineitems/2/lineitem"
	at := func(s float64) string {
		return time.Date(2026, 11, 21, 9, 37, 0, 0, time.UTC).Add(time.Duration(s * float64(time.Second))).Format(time.RFC3339Nano)
	}
	type m = map[string]any
	score := func(user any, s float64, more m) m {
		b := m{"userId": user, "timestamp": at(s), "activityProgress": "Completed", "gradingProgress": "FullyGraded"}
		for k, v := range more {
			b[k] = v
		}
		return b
	}
	for i, step := range []struct {
		name   string
		body   m
		status int
		grade  string // of user 5 afterwards
	}{
		{"begun", score("5", 1, m{"activityProgress": "Initialized", "gradingProgress": "NotReady"}), 200, "none"},
		{"a score that is not ready", score("5", 2, m{"gradingProgress": "NotReady", "scoreGiven": 3, "scoreMaximum": 10}), 200, "none"},
		{"a grade, rescaled", score("5", 3, m{"scoreGiven": 8, "scoreMaximum": 10, "comment": "Well done"}), 200, "80 Well done"},
		{"the same second", score("5", 3.4, m{"scoreGiven": 9, "scoreMaximum": 10}), 409, "80 Well done"},
		{"earlier", score("5", -5, m{"scoreGiven": 9, "scoreMaximum": 10}), 409, "80 Well done"},
		{"no maximum", score("5", 4, m{"scoreGiven": 1}), 400, "80 Well done"},
		{"maximum of zero", score("5", 4, m{"scoreGiven": 1, "scoreMaximum": 0}), 400, "80 Well done"},
		{"no timestamp", score("5", 4, m{"timestamp": "yesterday", "scoreGiven": 1, "scoreMaximum": 1}), 400, "80 Well done"},
		{"too much, clamped", score("5", 5, m{"scoreGiven": 15, "scoreMaximum": 10}), 200, "100 "},
		{"nothing is a grade too", score("5", 6, m{"scoreGiven": 0, "scoreMaximum": 10}), 200, "0 "},
		{"less than nothing", score("5", 7, m{"scoreGiven": -1, "scoreMaximum": 10}), 200, "0 "},
		{"cleared without a score", score("5", 8, m{"gradingProgress": "NotReady"}), 200, "none"},
		{"a number for a user", score(5, 9, m{"scoreGiven": 1, "scoreMaximum": 4}), 200, "25 "},
		{"a teacher", score("3", 9, m{"scoreGiven": 1, "scoreMaximum": 1}), 400, "25 "},
		{"a manager", score("4", 9, m{"scoreGiven": 1, "scoreMaximum": 1}), 400, "25 "},
		{"an admin, not enrolled", score("2", 9, m{"scoreGiven": 1, "scoreMaximum": 1}), 400, "25 "},
		{"a stranger", score("77", 9, m{"scoreGiven": 1, "scoreMaximum": 1}), 400, "25 "},
	} {
		res, body := c.call(t, token, "POST", item+"/scores?type_id=1", mediaScore, step.body)
		if res.StatusCode != step.status || (step.status == 200) != (body == "") {
			t.Errorf("%d %s: %d %q, want %d", i, step.name, res.StatusCode, body, step.status)
		}
		got := "none"
		if s, ok := c.Grade("5", item+"?type_id=1"); ok {
			got = fmt.Sprint(s.Given, " ", s.Comment)
		}
		if got != step.grade {
			t.Errorf("%d %s: the grade is %q, want %q", i, step.name, got, step.grade)
		}
	}
	_, body := c.call(t, token, "GET", item+"/results?type_id=1&user_id=5", mediaResults, nil)
	want := fmt.Sprintf(`[{"id":"%s/results?type_id=1\u0026user_id=5","userId":"5","resultScore":25,"resultMaximum":100,"scoreOf":"%s?type_id=1","timestamp":"2026-11-21T09:37:09+00:00"}]`, item, item)
	if body != want {
		t.Errorf("results are %s\nwant        %s", body, want)
	}
	c.SetQuirks(platform.Quirks{FailScores: 1})
	for i, want := range []int{503, 200} {
		if res, _ := c.call(t, token, "POST", item+"/scores?type_id=1", mediaScore, score("6", float64(i), m{"scoreGiven": 1, "scoreMaximum": 1})); res.StatusCode != want {
			t.Errorf("score %d on a failing platform: %d, want %d", i, res.StatusCode, want)
		}
	}
}

func TestLineItemsAreMadeFoundReplacedAndDeleted(t *testing.T) {
	c := startCampus(t, platform.Options{})
	token := c.token(t, allScopes...)
	items := c.URL() + "/mod/lti/services.php/2/lineitems?type_id=1"
	res, body := c.call(t, token, "POST", items, mediaItem, map[string]any{"label": "Manager sign-off", "scoreMaximum": 100, "resourceId": "signoff", "tag": "wf", "resourceLinkId": "1"})
	var made struct {
		ID    string `json:"id"`
		Label string `json:"label"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	count := func(filter string) int {
		var list []any
		_, body := c.call(t, token, "GET", items+filter, mediaItems, nil)
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	for filter, want := range map[string]int{"": 2, "&tag=wf": 1, "&resource_id=signoff": 1, "&resource_link_id=1": 2, "&tag=other": 0, "&limit=1": 1, "&limit=1&from=1": 1, "&limit=1&from=9": 0} {
		if got := count(filter); got != want {
			t.Errorf("%q finds %d, want %d", filter, got, want)
		}
	}
	res, _ = c.call(t, token, "GET", items+"&limit=1", mediaItems, nil)
	if link := res.Header.Get("Link"); !strings.Contains(link, "&amp;limit=1&amp;from=1>; rel=“next”") {
		t.Errorf("the Link header is %q, not as broken as Moodle's", link)
	}
	// With two line items the launch names none.
	claims, err := verify(t, c.Platform, c.launch(t, signIn(t, c.Platform, "5"), "/mod/lti/launch.php?id=1").Get("id_token"))
	if err != nil {
		t.Fatal(err)
	}
	if _, there := claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"].(map[string]any)["lineitem"]; there {
		t.Error("a link with two line items names one")
	}
	if res, body := c.call(t, token, "PUT", made.ID, mediaItem, map[string]any{"label": "Sign-off v2", "scoreMaximum": 10}); res.StatusCode != http.StatusOK || !strings.Contains(body, made.ID) {
		t.Errorf("PUT answers %d %s", res.StatusCode, body)
	}
	if got := count("&tag=wf"); got != 0 {
		t.Error("PUT kept what it did not say")
	}
	if res, _ := c.call(t, token, "DELETE", made.ID, "", nil); res.StatusCode != http.StatusNoContent {
		t.Errorf("DELETE answers %d", res.StatusCode)
	}
	if res, _ := c.call(t, token, "GET", made.ID, mediaItem, nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("a deleted item answers %d", res.StatusCode)
	}
}

func TestTheRosterPagesForgetTheRoleAndListsWhoMayOpenALink(t *testing.T) {
	c := startCampus(t, platform.Options{})
	after, err := c.AddResourceLink(t.Context(), platform.ResourceLink{ClientID: c.toolInfo.ClientID, Title: "After", AfterCompletion: true})
	if err != nil {
		t.Fatal(err)
	}
	token := c.token(t, allScopes...)
	members := c.URL() + "/mod/lti/services.php/CourseSection/2/bindings/1/memberships"
	ids := func(query string) (string, string) {
		var page struct {
			Members []struct {
				ID    string   `json:"user_id"`
				Roles []string `json:"roles"`
			} `json:"members"`
		}
		res, body := c.call(t, token, "GET", members+query, mediaMembers, nil)
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var ids []string
		for _, m := range page.Members {
			ids = append(ids, m.ID+m.Roles[0][:1])
		}
		return strings.Join(ids, " "), res.Header.Get("Link")
	}
	if err := c.CompleteCourse(t.Context(), "6"); err == nil {
		t.Error("a completion nobody hears of is no error")
	}
	for query, want := range map[string][2]string{
		"":              {"4L 5L 6L 3I", ""},
		"?role=Learner": {"4L 5L 6L", ""},
		"?role=http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Instructor": {"3I", ""},
		"?role=Learner&limit=2": {"4L 5L", "<" + members + `?limit=2&from=2>; rel="next"`},
		"?limit=2&from=2":       {"6L 3I", ""},
		"?rlid=1&limit=3":       {"4L 5L 6L", "<" + members + `?limit=3&from=3&rlid=1>; rel="next"`},
		"?rlid=" + after.ID:     {"4L 6L 3I", ""},
	} {
		got, link := ids(query)
		if got != want[0] || link != want[1] {
			t.Errorf("%s lists %q, next %q; want %q", query, got, link, want)
		}
	}
}

func TestManyPeopleAndScoresAtOnceLoseNothing(t *testing.T) {
	c := startCampus(t, platform.Options{StateFile: t.TempDir() + "/lms.json"})
	token := c.token(t, allScopes...)
	item := c.URL() + "/mod/lti/services.php/2/lineitems/2/lineitem"
	const people = 40
	failed := make(chan string, people)
	for i := range people {
		go func() {
			id := fmt.Sprint(1000 + i)
			if err := c.AddUser(platform.User{ID: id, Given: "P", Family: id}); err != nil {
				failed <- err.Error()
				return
			}
			body := fmt.Sprintf(`{"userId":"%s","timestamp":"2026-11-21T09:00:00Z","activityProgress":"Completed","gradingProgress":"FullyGraded","scoreGiven":1,"scoreMaximum":1}`, id)
			req, _ := http.NewRequest(http.MethodPost, item+"/scores?type_id=1", strings.NewReader(body)) //nolint:noctx // a test
			req.Header.Set("Content-Type", mediaScore)
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				failed <- err.Error()
				return
			}
			_ = res.Body.Close()
			failed <- map[bool]string{true: "", false: res.Status}[res.StatusCode == http.StatusOK]
		}()
	}
	for range people {
		if problem := <-failed; problem != "" {
			t.Error(problem)
		}
	}
	if n := len(c.Scores()); n != people {
		t.Errorf("%d scores, want %d", n, people)
	}
	if !slices.ContainsFunc(c.Users(), func(u platform.User) bool { return u.ID == "1039" && u.Username == "user1039" }) {
		t.Error("a person is missing")
	}
}
