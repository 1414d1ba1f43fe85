package platform_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

func TestALearnerLaunchesFromTheIframeOfTheCoursePage(t *testing.T) {
	c := startCampus(t, platform.Options{})
	b := signIn(t, c.Platform, "5")
	_, course := fetch(t, b, c.URL()+"/course/view.php?id=2")
	src := "/mod/lti/launch.php?id=" + c.link.ID
	if !strings.Contains(course, `<iframe id="activity-frame" title="First steps in negotiation" src="`+src+`">`) {
		t.Fatalf("the course page has no frame:\n%s", course)
	}
	landed := c.launch(t, b, src)
	if landed.Get("state") != "state-1" {
		t.Errorf("state came back as %q", landed.Get("state"))
	}
	login := c.tool.last
	want := map[string]string{
		"iss": c.URL(), "target_link_uri": c.tool.URL + "/launch", "login_hint": "5",
		"client_id": c.toolInfo.ClientID, "lti_deployment_id": c.toolInfo.DeploymentID,
	}
	for k, v := range want {
		if login.Get(k) != v {
			t.Errorf("login initiation has %s=%q, want %q", k, login.Get(k), v)
		}
	}
	if !strings.HasPrefix(login.Get("lti_message_hint"), `{"cmid":1,"launchid":"ltilaunch1_`) || login.Has("lti_storage_target") {
		t.Errorf("login initiation is %v", login)
	}
	got, err := verify(t, c.Platform, landed.Get("id_token"))
	if err != nil {
		t.Fatal(err)
	}
	if exp, iat := got["exp"].(float64), got["iat"].(float64); exp-iat != 60 {
		t.Errorf("the token lives %v s, want 60", exp-iat)
	}
	for k, want := range map[string]any{
		"iss": c.URL(), "aud": c.toolInfo.ClientID, "sub": "5", "nonce": "nonce-1", "name": "Sam Sailor", "email": "sam@example.org",
		claim + "message_type": "LtiResourceLinkRequest", claim + "version": "1.3.0", claim + "deployment_id": "1",
		claim + "target_link_uri": c.tool.URL + "/launch",
	} {
		if got[k] != want {
			t.Errorf("%s is %v, want %v", k, got[k], want)
		}
	}
	custom := got[claim+"custom"].(map[string]any)
	for k, want := range map[string]any{
		"workflow": "first-steps", "manager_email": "max@example.org", "zone": "Europe/Berlin",
		"unknown": "$Canvas.user.id", "rlid": "1", "lit": "literal",
	} {
		if custom[k] != want {
			t.Errorf("custom %s is %v, want %v", k, custom[k], want)
		}
	}
	presentation := got[claim+"launch_presentation"].(map[string]any)
	if presentation["document_target"] != "iframe" || presentation["locale"] != "en" {
		t.Errorf("presentation is %v", presentation)
	}
	ags := got["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"].(map[string]any)
	if ags["lineitem"] != c.URL()+"/mod/lti/services.php/2/lineitems/2/lineitem?type_id=1" ||
		ags["lineitems"] != c.URL()+"/mod/lti/services.php/2/lineitems?type_id=1" {
		t.Errorf("AGS claim is %v", ags)
	}
}

func TestANewWindowAndEachRoleLaunchAsMoodleSaysThem(t *testing.T) {
	c := startCampus(t, platform.Options{})
	const membership = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
	for user, want := range map[string][]string{
		"5": {membership + "Learner"},
		"3": {membership + "Instructor"},
		"4": {membership + "Mentor", membership + "Manager"},
		"2": {"http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator", membership + "Instructor",
			"http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"},
	} {
		landed := c.launch(t, signIn(t, c.Platform, user), "/mod/lti/launch.php?id=1&target=window")
		got, err := verify(t, c.Platform, landed.Get("id_token"))
		if err != nil {
			t.Fatal(err)
		}
		var roles []string
		for _, r := range got[claim+"roles"].([]any) {
			roles = append(roles, r.(string))
		}
		if !slices.Equal(roles, want) {
			t.Errorf("user %s launches as %v, want %v", user, roles, want)
		}
		if target := got[claim+"launch_presentation"].(map[string]any)["document_target"]; target != "window" {
			t.Errorf("document_target is %v", target)
		}
	}
}

func TestAuthorizationRefusesWhatMoodleRefuses(t *testing.T) {
	c := startCampus(t, platform.Options{})
	b := signIn(t, c.Platform, "5")
	set := func(k, v string) func(url.Values) { return func(q url.Values) { q.Set(k, v) } }
	del := func(k string) func(url.Values) { return func(q url.Values) { q.Del(k) } }
	for name, tc := range map[string]struct {
		change func(url.Values)
		status int
		error  string
	}{
		"nothing wrong":        {func(url.Values) {}, 200, ""},
		"no prompt":            {del("prompt"), 200, ""},
		"no state":             {del("state"), 200, ""},
		"other redirect":       {set("redirect_uri", "https://attacker.example/"), 404, ""},
		"trailing slash":       {set("redirect_uri", c.tool.URL+"/launch/"), 404, ""},
		"query on redirect":    {set("redirect_uri", c.tool.URL+"/launch?x=1"), 404, ""},
		"wrong client":         {set("client_id", "nope"), 200, "unauthorized_client"},
		"wrong login hint":     {set("login_hint", "6"), 200, "access_denied"},
		"no nonce":             {del("nonce"), 404, ""},
		"no response mode":     {del("response_mode"), 200, "invalid_request"},
		"prompt login":         {set("prompt", "login"), 200, "invalid_request"},
		"no message hint":      {del("lti_message_hint"), 404, ""},
		"foreign message hint": {set("lti_message_hint", `{"cmid":1,"launchid":"ltilaunch1_1"}`), 404, ""},
		"hint that is no JSON": {set("lti_message_hint", "hello"), 404, ""},
		"more scope":           {set("scope", "openid email"), 404, ""},
	} {
		_, page := fetch(t, b, c.URL()+"/mod/lti/launch.php?id=1")
		_, login := form(t, page)
		q := c.tool.authRequest(login)
		tc.change(q)
		res, page := fetch(t, b, c.URL()+"/mod/lti/auth.php?"+q.Encode())
		if res.StatusCode != tc.status {
			t.Errorf("%s: status %d, want %d", name, res.StatusCode, tc.status)
			continue
		}
		if tc.status == http.StatusNotFound {
			if !strings.Contains(page, "Invalid request") {
				t.Errorf("%s: the page does not say so", name)
			}
			continue
		}
		action, fields := form(t, page)
		if action != c.tool.URL+"/launch" || fields.Get("error") != tc.error || fields.Has("id_token") != (tc.error == "") {
			t.Errorf("%s: posts %v to %s, want error %q", name, slices.Sorted(maps.Keys(fields)), action, tc.error)
		}
		// A message hint works once.
		if res, _ := fetch(t, b, c.URL()+"/mod/lti/auth.php?"+q.Encode()); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: a used message hint answers %d", name, res.StatusCode)
		}
	}
}

func TestAMessageHintBelongsToTheBrowserItWasGivenTo(t *testing.T) {
	c := startCampus(t, platform.Options{})
	_, page := fetch(t, signIn(t, c.Platform, "5"), c.URL()+"/mod/lti/launch.php?id=1")
	_, login := form(t, page)
	other := signIn(t, c.Platform, "5")
	if res, _ := fetch(t, other, c.URL()+"/mod/lti/auth.php?"+c.tool.authRequest(login).Encode()); res.StatusCode != http.StatusNotFound {
		t.Errorf("another browser's hint answers %d", res.StatusCode)
	}
}

func TestWithoutACookieAuthorizationPostsToItselfOnce(t *testing.T) {
	c := startCampus(t, platform.Options{})
	b := signIn(t, c.Platform, "5")
	_, page := fetch(t, b, c.URL()+"/mod/lti/launch.php?id=1")
	_, login := form(t, page)
	q := c.tool.authRequest(login)
	// As in a frame after a cross-site POST: the Lax cookie stays at home.
	_, page = post(t, browser(t), c.URL()+"/mod/lti/auth.php", q)
	action, fields := form(t, page)
	if action != "/mod/lti/auth.php" || fields.Get("repost") != "true" || fields.Get("nonce") != "nonce-1" {
		t.Fatalf("posts %v to %s", fields, action)
	}
	if res, _ := post(t, browser(t), c.URL()+action, fields); res.StatusCode != http.StatusNotFound {
		t.Errorf("a second time without a cookie answers %d", res.StatusCode)
	}
	_, page = post(t, b, c.URL()+action, fields)
	if _, fields := form(t, page); !fields.Has("id_token") {
		t.Errorf("with the cookie there is no token in %v", fields)
	}
}

func TestALinkInAnEMailSignsInFirstAndComesBackToTheActivity(t *testing.T) {
	c := startCampus(t, platform.Options{})
	b := browser(t)
	res, page := fetch(t, b, c.URL()+"/mod/lti/view.php?l=1")
	if res.Request.URL.Path != "/login/index.php" || !strings.Contains(page, `id="signin-sam"`) {
		t.Fatalf("arrived at %s", res.Request.URL)
	}
	back := inputs.FindAllStringSubmatch(page, -1)[1][2]
	res, page = post(t, b, c.URL()+"/login/index.php", url.Values{"user": {"5"}, "back": {back}})
	if res.Request.URL.RequestURI() != "/mod/lti/view.php?l=1" || !strings.Contains(page, `id="activity-frame"`) {
		t.Errorf("arrived at %s:\n%s", res.Request.URL, page)
	}
}

func TestSigningInNeverLeadsToAnotherSite(t *testing.T) {
	p, err := platform.Start(t.Context(), platform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSoon(t, p)
	b := browser(t)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, back := range []string{"https://attacker.example/", "//attacker.example/", `/\attacker.example`, "javascript:alert(1)", "", "/a\nb"} {
		res, _ := post(t, b, p.URL()+"/login/index.php", url.Values{"user": {"5"}, "back": {back}})
		if got := res.Header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", back, got)
		}
	}
}

func TestQuirksChangeWhatTheySay(t *testing.T) {
	c := startCampus(t, platform.Options{})
	b := signIn(t, c.Platform, "5")
	launch := func(q platform.Quirks) (url.Values, map[string]any) {
		c.SetQuirks(q)
		defer c.SetQuirks(platform.Quirks{})
		landed := c.launch(t, b, "/mod/lti/launch.php?id=1")
		claims, err := verify(t, c.Platform, landed.Get("id_token"))
		if err != nil {
			t.Fatal(err)
		}
		return c.tool.last, claims
	}
	login, _ := launch(platform.Quirks{StorageTarget: "_parent", CanvasDeploymentName: true})
	if login.Get("lti_storage_target") != "_parent" || login.Get("deployment_id") != "1" || login.Has("lti_deployment_id") {
		t.Errorf("login initiation is %v", login)
	}
	_, claims := launch(platform.Quirks{AudienceArray: true})
	if aud, ok := claims["aud"].([]any); !ok || len(aud) != 1 || claims["azp"] != c.toolInfo.ClientID {
		t.Errorf("aud %v, azp %v", claims["aud"], claims["azp"])
	}
	_, claims = launch(platform.Quirks{NoEmail: true, NoNames: true, NoServices: true, NoContext: true})
	for _, k := range []string{"email", "name", "given_name", claim + "context", "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"} {
		if _, there := claims[k]; there {
			t.Errorf("%s is there all the same", k)
		}
	}
	_, claims = launch(platform.Quirks{Anonymous: true})
	if _, there := claims["sub"]; there {
		t.Error("an anonymous launch has a sub")
	}
	_, claims = launch(platform.Quirks{ClockSkew: time.Hour})
	if at := time.Unix(int64(claims["iat"].(float64)), 0); time.Until(at) < 50*time.Minute {
		t.Errorf("iat is %v", at)
	}
	c.SetQuirks(platform.Quirks{JWKSWithoutAlg: true})
	if _, body := fetch(t, b, c.URL()+"/mod/lti/certs.php"); strings.Contains(body, `"alg"`) {
		t.Errorf("the JWKS says %s", body)
	}
	c.SetQuirks(platform.Quirks{LoginByGET: true})
	_, page := fetch(t, b, c.URL()+"/mod/lti/launch.php?id=1") // → tool's login → auth.php
	if _, fields := form(t, page); !fields.Has("id_token") {
		t.Errorf("a login by GET ends with %v", fields)
	}
}

func TestEveryForgeryDiffersFromTheTrueToken(t *testing.T) {
	c := startCampus(t, platform.Options{})
	of := platform.Launch{UserID: "5", ResourceLinkID: "1", Nonce: "nonce-2"}
	if _, err := c.Forge(of, platform.Forgery{}); err != nil { // so that a nonce can be reused
		t.Fatal(err)
	}
	of.Nonce = "nonce-3"
	unsigned := map[string]bool{
		"wrong_key": true, "alg_none": true, "public_key_as_secret": true, "alg_rs512": true, "no_kid": true, "unknown_kid": true,
		"not_a_token": true, "payload_changed": true, "signature_missing": true, "signature_of_other_text": true,
		"not_json": true, "alg_missing": true, "kid_number": true, "key_oct": true, "key_rsa_1024": true, "key_use_enc": true, "key_ops_encrypt": true,
		"key_other_alg": true, "key_unreadable": true,
	}
	for name, f := range platform.Forgeries() {
		token, err := c.Forge(of, f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := verify(t, c.Platform, token); (err != nil) != unsigned[name] {
			t.Errorf("%s: its signature verifies with %v", name, err)
		}
	}
	token, err := c.Forge(of, platform.Forgeries()["nonce_reused"])
	if err != nil {
		t.Fatal(err)
	}
	if claims, _ := verify(t, c.Platform, token); claims["nonce"] != "nonce-3" {
		t.Errorf("the reused nonce is %v", claims["nonce"])
	}
	forgery := platform.Forgeries()["wrong_audience"]
	c.SetHostile(&forgery)
	landed := c.launch(t, signIn(t, c.Platform, "5"), "/mod/lti/launch.php?id=1")
	if claims, _ := verify(t, c.Platform, landed.Get("id_token")); claims["aud"] != "someone-else" {
		t.Errorf("a hostile launch has aud %v", claims["aud"])
	}
}
