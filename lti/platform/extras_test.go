package platform_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti/platform"
)

const (
	mediaGroups  = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
	scopeGroups  = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
	scopeNotices = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
)

// handTool registers the probe tool by hand, with all that the quirks serve.
func handTool(t *testing.T, q platform.Quirks) *campus {
	t.Helper()
	p, err := platform.Start(t.Context(), platform.Options{Quirks: q})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSoon(t, p) })
	c := &campus{Platform: p, tool: startTool(t)}
	c.tool.auth = p.URL() + "/mod/lti/auth.php"
	if c.toolInfo, err = p.AddTool(t.Context(), platform.Tool{Name: "Probe tool", LoginURL: c.tool.URL + "/login", RedirectURIs: []string{c.tool.URL + "/launch"},
		JWKSURL: c.tool.URL + "/jwks", TargetLinkURI: c.tool.URL + "/launch", DeepLinking: true}); err != nil {
		t.Fatal(err)
	}
	if c.link, err = p.AddResourceLink(t.Context(), platform.DefaultActivity(c.toolInfo)); err != nil {
		t.Fatal(err)
	}
	return c
}

// claims are those of a launch of a path by a person.
func (c *campus) claims(t *testing.T, user, path string) map[string]any {
	t.Helper()
	claims, err := verify(t, c.Platform, c.launch(t, signIn(t, c.Platform, user), path).Get("id_token"))
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// get reads a service answer.
func (c *campus) get(t *testing.T, token, target, media string, into any) *http.Response {
	t.Helper()
	res, body := c.call(t, token, http.MethodGet, target, media, nil)
	if res.StatusCode != http.StatusOK || json.Unmarshal([]byte(body), into) != nil {
		t.Fatalf("%s: %d %s", target, res.StatusCode, body)
	}
	return res
}

func TestMoodleServesNeitherGroupsNorNotices(t *testing.T) {
	c := startCampus(t, platform.Options{})
	claims := c.claims(t, "5", "/mod/lti/launch.php?id=1")
	for name := range claims {
		if strings.Contains(name, "lti-gs") || strings.Contains(name, "notification") || strings.Contains(name, "lti1p1") {
			t.Errorf("a Moodle token holds %s", name)
		}
	}
}

func TestGroupsOfTheCourse(t *testing.T) {
	c := handTool(t, platform.Quirks{Groups: true})
	if err := c.SetGroups(platform.Group{ID: "g1", Name: "North", Set: "Regions", Members: []string{"5"}}, platform.Group{ID: "g2", Name: "South", Set: "Regions", Members: []string{"6"}},
		platform.Group{ID: "g3", Name: "All", Members: []string{"5", "6"}}); err != nil {
		t.Fatal(err)
	}
	service, _ := c.claims(t, "5", "/mod/lti/launch.php?id=1")["https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"].(map[string]any)
	all, _ := service["context_groups_url"].(string)
	token := c.token(t, scopeGroups)
	var got struct {
		Groups []struct {
			ID, Name string
			Set      string `json:"set_id"`
		}
		Sets []struct{ ID, Name string }
	}
	if c.get(t, token, all, mediaGroups, &got); len(got.Groups) != 3 || got.Groups[0].Set != "set-Regions" {
		t.Errorf("all: %+v", got)
	}
	if c.get(t, token, all+"?user_id=6", mediaGroups, &got); len(got.Groups) != 2 || got.Groups[0].Name != "South" {
		t.Errorf("of one person: %+v", got)
	}
	if res := c.get(t, token, all+"?limit=2", mediaGroups, &got); len(got.Groups) != 2 || !strings.Contains(res.Header.Get("Link"), `from=2>; rel="next"`) {
		t.Errorf("a page: %+v, %s", got, res.Header.Get("Link"))
	}
	sets, _ := service["context_group_sets_url"].(string)
	if c.get(t, token, sets, mediaGroups, &got); len(got.Sets) != 1 || got.Sets[0].ID != "set-Regions" {
		t.Errorf("sets: %+v", got)
	}
	if res, _ := c.call(t, c.token(t, allScopes...), http.MethodGet, all, mediaGroups, nil); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the scope: %d", res.StatusCode)
	}
}

func TestNoticesReachTheirHandlerSigned(t *testing.T) {
	c := handTool(t, platform.Quirks{Notices: true})
	bodies := make(chan []byte, 10)
	handler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- body
		w.WriteHeader(http.StatusAccepted)
	}))
	defer handler.Close()
	if _, err := c.Notify(t.Context(), c.toolInfo.ClientID, platform.Notice{Type: platform.NoticeHello}); !errors.Is(err, platform.ErrNoHandler) {
		t.Fatalf("without a handler: %v", err)
	}
	service, _ := c.claims(t, "5", "/mod/lti/launch.php?id=1")[claim+"platformnotificationservice"].(map[string]any)
	target, _ := service["platform_notification_service_url"].(string)
	token := c.token(t, scopeNotices)
	for _, kind := range []string{platform.NoticeHello, platform.NoticeContextCopy} {
		if res, body := c.call(t, token, http.MethodPut, target, "application/json", map[string]any{"notice_type": kind, "handler": handler.URL}); res.StatusCode != http.StatusOK || !strings.Contains(body, kind) {
			t.Fatalf("PUT %s: %d %s", kind, res.StatusCode, body)
		}
	}
	if res, _ := c.call(t, token, http.MethodPut, target, "application/json", map[string]any{"notice_type": "LtiSurprise", "handler": handler.URL}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown type: %d", res.StatusCode)
	}
	var list struct {
		Handlers []struct{ Handler string } `json:"notice_handlers"`
	}
	if c.get(t, token, target, "application/json", &list); len(list.Handlers) != 2 || list.Handlers[0].Handler != handler.URL {
		t.Errorf("the handlers are %+v", list)
	}
	read := func() map[string]any {
		t.Helper()
		var in struct{ Notices []struct{ JWT string } }
		if err := json.Unmarshal(<-bodies, &in); err != nil || len(in.Notices) != 1 {
			t.Fatalf("got %+v, %v", in, err)
		}
		claims, err := verify(t, c.Platform, in.Notices[0].JWT)
		if err != nil {
			t.Fatal(err)
		}
		return claims
	}
	if status, err := c.Notify(t.Context(), c.toolInfo.ClientID, platform.Notice{Type: platform.NoticeHello, ID: "once"}); err != nil || status != http.StatusAccepted {
		t.Fatalf("got %d, %v", status, err)
	}
	if notice, _ := read()[claim+"notice"].(map[string]any); notice["id"] != "once" || notice["type"] != platform.NoticeHello {
		t.Errorf("the notice is %v", notice)
	}
	course, links, err := c.CopyCourse(t.Context(), platform.CopyOptions{})
	if err != nil || len(links) != 1 {
		t.Fatalf("got %v, %v", links, err)
	}
	claims := read()
	if into, _ := claims[claim+"context"].(map[string]any); into["id"] != course.ID || fmt.Sprint(claims[claim+"origin_contexts"]) != "[2]" {
		t.Errorf("the copy notice says %v", claims)
	}
}

func TestACopiedCourseHasItsOwnLinksAndItems(t *testing.T) {
	c := handTool(t, platform.Quirks{})
	kept, links, err := c.CopyCourse(t.Context(), platform.CopyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	changed, moved, err := c.CopyCourse(t.Context(), platform.CopyOptions{NewDeployments: true})
	if err != nil || changed.ID == kept.ID {
		t.Fatalf("got %+v, %v", changed, err)
	}
	first, second := c.claims(t, "5", "/mod/lti/launch.php?id="+links[0].ID), c.claims(t, "5", "/mod/lti/launch.php?id="+moved[0].ID)
	context, _ := first[claim+"context"].(map[string]any)
	if context["id"] != kept.ID || first[claim+"deployment_id"] != c.toolInfo.DeploymentID || second[claim+"deployment_id"] == c.toolInfo.DeploymentID {
		t.Errorf("the copies launch in %v under %v and %v", context, first[claim+"deployment_id"], second[claim+"deployment_id"])
	}
	ags, _ := first["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"].(map[string]any)
	var items []struct{ ID string }
	if c.get(t, c.token(t, allScopes...), ags["lineitems"].(string), mediaItems, &items); len(items) != 1 || items[0].ID != ags["lineitem"] {
		t.Errorf("the copy's line items are %+v, its own is %v", items, ags["lineitem"])
	}
	if links[0].Custom["workflow"] != "first-steps" || links[0].LineItemID == c.link.LineItemID {
		t.Errorf("the copied link is %+v", links[0])
	}
}

func TestATeacherOpensOneLearnersWorkFromTheGradebook(t *testing.T) {
	c := handTool(t, platform.Quirks{SubmissionReview: true})
	path := "/mod/lti/launch.php?id=" + c.link.ID + "&item=" + c.link.LineItemID + "&for=5"
	for _, user := range []string{"3", "4"} { // teacher, manager
		if _, page := fetch(t, signIn(t, c.Platform, user), c.URL()+"/grade/report/index.php"); !strings.Contains(page, "&amp;for=5") {
			t.Errorf("no review in the gradebook of %s: %s", user, page)
		}
		claims := c.claims(t, user, path)
		about, _ := claims[claim+"for_user"].(map[string]any)
		ags, _ := claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"].(map[string]any)
		if claims[claim+"message_type"] != "LtiSubmissionReviewRequest" || about["user_id"] != "5" || claims["sub"] != user || !strings.Contains(ags["lineitem"].(string), "/lineitems/"+c.link.LineItemID+"/") {
			t.Errorf("got %v", claims)
		}
	}
	if res, _ := fetch(t, signIn(t, c.Platform, "6"), c.URL()+path); res.StatusCode != http.StatusForbidden {
		t.Errorf("a learner: %d", res.StatusCode)
	}
	if res, _ := fetch(t, signIn(t, c.Platform, "3"), c.URL()+strings.Replace(path, "for=5", "for=3", 1)); res.StatusCode != http.StatusForbidden {
		t.Errorf("about a teacher: %d", res.StatusCode)
	}
	c.SetQuirks(platform.Quirks{})
	if res, _ := fetch(t, signIn(t, c.Platform, "3"), c.URL()+path); res.StatusCode != http.StatusForbidden {
		t.Errorf("on Moodle 4.5: %d", res.StatusCode)
	}
}

func TestTheRosterTellsWhoLeft(t *testing.T) {
	c := handTool(t, platform.Quirks{Differences: true})
	token := c.token(t, allScopes...)
	type roster struct {
		Members []struct {
			UserID string `json:"user_id"`
			Status string
		}
	}
	var all, diff, none roster
	res := c.get(t, token, c.URL()+"/mod/lti/services.php/CourseSection/2/bindings/1/memberships", mediaMembers, &all)
	differences := func(res *http.Response) string {
		t.Helper()
		target, rel, _ := strings.Cut(strings.TrimPrefix(res.Header.Get("Link"), "<"), ">")
		if rel != `; rel="differences"` {
			t.Fatalf("the Link is %s", res.Header.Get("Link"))
		}
		return target
	}
	since := differences(res)
	if c.get(t, token, since, mediaMembers, &none); len(all.Members) != 4 || len(none.Members) != 0 {
		t.Fatalf("got %+v, then %+v", all, none)
	}
	if err := c.RemoveUser("6"); err != nil {
		t.Fatal(err)
	}
	if err := c.AddUser(platform.User{ID: "9", Given: "Nora", Family: "New"}); err != nil {
		t.Fatal(err)
	}
	res = c.get(t, token, since, mediaMembers, &diff)
	if len(diff.Members) != 2 || diff.Members[0].UserID != "6" || diff.Members[0].Status != "Deleted" || diff.Members[1].UserID != "9" || diff.Members[1].Status != "Active" {
		t.Errorf("the differences are %+v", diff)
	}
	none = roster{}
	if c.get(t, token, differences(res), mediaMembers, &none); len(none.Members) != 0 {
		t.Errorf("after that: %+v", none)
	}
	all = roster{}
	if c.get(t, token, c.URL()+"/mod/lti/services.php/CourseSection/2/bindings/1/memberships", mediaMembers, &all); len(all.Members) != 4 {
		t.Errorf("the whole roster is %+v", all)
	}
	if res, _ := fetch(t, signIn(t, c.Platform, "6"), c.URL()+"/mod/lti/launch.php?id=1"); res.StatusCode != http.StatusForbidden {
		t.Errorf("who left still launches: %d", res.StatusCode)
	}
	if err := c.ReturnUser("6"); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveUser("nobody"); err == nil {
		t.Error("nobody was removed")
	}
}

func TestTheMigrationClaimIsSigned(t *testing.T) {
	c := handTool(t, platform.Quirks{Migration: &platform.Migration{Key: "old-key", Secret: "old-secret", UserIDs: map[string]string{"5": "old-5"}, ContextID: "old-course"}})
	claims := c.claims(t, "5", "/mod/lti/launch.php?id=1")
	old, _ := claims[claim+"lti1p1"].(map[string]any)
	mac := hmac.New(sha256.New, []byte("old-secret"))
	fmt.Fprintf(mac, "old-key&%s&%s&%s&%d&%s", claims[claim+"deployment_id"], claims["iss"], claims["aud"], int64(claims["exp"].(float64)), claims["nonce"])
	if old["oauth_consumer_key"] != "old-key" || old["user_id"] != "old-5" || old["context_id"] != "old-course" || old["oauth_consumer_key_sign"] != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		t.Errorf("the claim is %v", old)
	}
}

func TestAForgedConfigurationIsServed(t *testing.T) {
	c := startCampus(t, platform.Options{})
	f := platform.RegistrationForgeries()["configuration_other_issuer"]
	c.SetHostile(&f)
	if _, err := c.RegisterTool(t.Context(), c.tool.URL+"/register"); err != nil {
		t.Fatal(err) // the probe tool checks nothing
	}
	if _, body := fetch(t, http.DefaultClient, c.URL()+"/mod/lti/openid-configuration.php"); !strings.Contains(body, `"issuer":"https://other.example"`) {
		t.Errorf("got %s", body)
	}
	f = platform.Forgeries()["login_two_deployments"]
	c.SetHostile(&f)
	_, page := fetch(t, signIn(t, c.Platform, "5"), c.URL()+"/mod/lti/launch.php?id=1")
	if _, fields := form(t, page); fields.Get("lti_deployment_id") == fields.Get("deployment_id") {
		t.Errorf("the login says %v", fields)
	}
}
