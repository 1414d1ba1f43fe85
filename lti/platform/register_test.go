package platform_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti/platform"
)

const toolConfig = "https://purl.imsglobal.org/spec/lti-tool-configuration"

func TestAToolRegistersItselfAndIsActivated(t *testing.T) {
	c := startCampus(t, platform.Options{})
	if !c.toolInfo.Active || c.toolInfo.DeploymentID != "1" || len(c.toolInfo.ClientID) != 15 || !c.toolInfo.DeepLinking {
		t.Errorf("registered %+v", c.toolInfo)
	}
	var reply map[string]any
	if err := json.Unmarshal(c.tool.reply, &reply); err != nil {
		t.Fatal(err)
	}
	lti := reply[toolConfig].(map[string]any)
	for name, pair := range map[string][2]any{
		"client_id":     {reply["client_id"], c.toolInfo.ClientID},
		"scope":         {reply["scope"], strings.Join(allScopes, " ")}, // basicoutcome is not granted
		"auth method":   {reply["token_endpoint_auth_method"], "private_key_jwt"},
		"deployment_id": {lti["deployment_id"], "1"},
		"version":       {lti["version"], "1.3.0"},
		"target":        {lti["target_link_uri"], c.tool.URL + "/launch"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
	if messages := lti["messages"].([]any); len(messages) != 1 {
		t.Errorf("messages are %v", messages)
	}
}

func TestARegistrationThatFailsIsToldWithTheToolsAnswer(t *testing.T) {
	p, err := platform.Start(t.Context(), platform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSoon(t, p)
	tl := startTool(t)
	if _, err := p.RegisterTool(t.Context(), tl.URL+"/nowhere"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a page that is not there answers %v", err)
	}
	if _, err := p.RegisterTool(t.Context(), "file:///etc/passwd"); err == nil {
		t.Error("registered a file")
	}
	if n := len(p.Tools()); n != 0 {
		t.Errorf("%d tools were kept", n)
	}
}

func TestRegistrationRefusesIncompleteMetadataInMoodlesWords(t *testing.T) {
	c := startCampus(t, platform.Options{})
	ada := signIn(t, c.Platform, "2")
	frame := regexp.MustCompile(`registration_token=([\w.-]+)`)
	_, page := post(t, ada, c.URL()+"/admin/tools/register", url.Values{"url": {c.tool.URL + "/register?x=1"}})
	token := frame.FindStringSubmatch(page)[1]
	send := func(token string, metadata any) (*http.Response, string) {
		return c.call(t, token, http.MethodPost, c.URL()+"/mod/lti/openid-registration.php", "application/json", metadata)
	}
	if res, body := send("", c.tool.metadata()); res.StatusCode != 401 || body != "missing_registration_token" {
		t.Errorf("no token: %d %s", res.StatusCode, body)
	}
	if res, _ := send("hello", c.tool.metadata()); res.StatusCode != 404 {
		t.Errorf("a bad token: %d", res.StatusCode)
	}
	for name, tc := range map[string]struct {
		change func(m map[string]any)
		want   string
	}{
		"jwks_uri":       {func(m map[string]any) { delete(m, "jwks_uri") }, "missing required attribute jwks_uri"},
		"client_name":    {func(m map[string]any) { delete(m, "client_name") }, "missing required attribute client_name"},
		"response_types": {func(m map[string]any) { delete(m, "response_types") }, "missing required attribute response_types"},
		"lti":            {func(m map[string]any) { delete(m, toolConfig) }, "missing required attribute " + toolConfig},
		"domain":         {func(m map[string]any) { delete(m[toolConfig].(map[string]any), "domain") }, "missing_domain"},
		"other domain":   {func(m map[string]any) { m[toolConfig].(map[string]any)["domain"] = "tool.example" }, "domain_targetlinkuri_mismatch"},
		"auth method":    {func(m map[string]any) { m["token_endpoint_auth_method"] = "none" }, "invalid_token_endpoint_auth_method"},
		"native":         {func(m map[string]any) { m["application_type"] = "native" }, "invalid_application_type"},
	} {
		m := c.tool.metadata()
		tc.change(m)
		if res, body := send(token, m); res.StatusCode != 400 || body != tc.want {
			t.Errorf("%s: %d %s, want %s", name, res.StatusCode, body, tc.want)
		}
	}
	if res, body := send(token, c.tool.metadata()); res.StatusCode != 200 {
		t.Fatalf("complete metadata: %d %s", res.StatusCode, body)
	}
	if res, body := send(token, c.tool.metadata()); res.StatusCode != 401 || body != "token_already_used" {
		t.Errorf("the token again: %d %s", res.StatusCode, body)
	}

	// The tool is pending until Ada activates it.
	pending := c.Tools()[1]
	if pending.Active {
		t.Error("a tool is active without an administrator")
	}
	link, err := c.AddResourceLink(t.Context(), platform.ResourceLink{ClientID: pending.ClientID})
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := fetch(t, ada, c.URL()+"/mod/lti/launch.php?id="+link.ID); res.StatusCode != http.StatusConflict {
		t.Errorf("a pending tool launches with %d", res.StatusCode)
	}
	if res, _ := post(t, signIn(t, c.Platform, "3"), c.URL()+"/admin/tools/activate", url.Values{"tool": {pending.ClientID}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a teacher activating a tool answers %d", res.StatusCode)
	}
	post(t, ada, c.URL()+"/admin/tools/activate", url.Values{"tool": {pending.ClientID}})
	if !c.Tools()[1].Active {
		t.Error("Ada's button did not activate the tool")
	}
}

func TestATeacherAddsAnActivityByDeepLinking(t *testing.T) {
	c := startCampus(t, platform.Options{})
	tessa := signIn(t, c.Platform, "3")
	_, page := post(t, tessa, c.URL()+"/mod/lti/contentitem.php", url.Values{"tool": {c.toolInfo.ClientID}})
	action, fields := form(t, page)
	if !strings.HasPrefix(fields.Get("lti_message_hint"), `{"launchid":"ltilaunch_ContentItemSelectionRequest_`) {
		t.Errorf("message hint is %s", fields.Get("lti_message_hint"))
	}
	_, page = post(t, tessa, action, fields)
	_, fields = form(t, page)
	claims, err := verify(t, c.Platform, fields.Get("id_token"))
	if err != nil {
		t.Fatal(err)
	}
	if claims[claim+"message_type"] != "LtiDeepLinkingRequest" || claims[claim+"resource_link"] != nil {
		t.Errorf("the request is %v", claims)
	}
	if rlid, there := claims[claim+"custom"].(map[string]any)["rlid"]; !there || rlid != nil {
		t.Errorf("$ResourceLink.id is %v, want null", rlid)
	}
	settings := claims["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"].(map[string]any)
	back := settings["deep_link_return_url"].(string)
	answer := func(change func(map[string]any)) string {
		return c.assertion(nil, func(m map[string]any) {
			m["aud"], m[claim+"message_type"], m[claim+"version"], m[claim+"deployment_id"] = c.URL(), "LtiDeepLinkingResponse", "1.3.0", "1"
			m["https://purl.imsglobal.org/spec/lti-dl/claim/msg"] = "Added by the tool"
			m["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"] = []any{
				map[string]any{"type": "ltiResourceLink", "title": "Plan <it>", "url": c.tool.URL + "/launch?wf=plan", "text": "Before",
					"custom": map[string]string{"workflow": "plan"}, "lineItem": map[string]any{"scoreMaximum": 50, "resourceId": "res", "tag": "wf"}},
				map[string]any{"type": "link", "title": "Plain", "url": "https://example.com/"},
				map[string]any{"type": "ltiResourceLink", "title": "No grade"},
			}
			if change != nil {
				change(m)
			}
		})
	}
	for name, bad := range map[string]string{
		"unsigned":             "hello",
		"another tool's":       answer(func(m map[string]any) { m["iss"] = "someone" }),
		"another deployment's": answer(func(m map[string]any) { m[claim+"deployment_id"] = "2" }),
		"for someone else":     answer(func(m map[string]any) { m["aud"] = "https://other.example" }),
		"expired":              answer(func(m map[string]any) { m["exp"] = m["iat"] }),
	} {
		if res, _ := post(t, tessa, back, url.Values{"JWT": {bad}}); res.StatusCode != http.StatusBadRequest {
			t.Errorf("an answer that is %s: %d", name, res.StatusCode)
		}
	}
	if res, _ := post(t, tessa, strings.Replace(back, "sesskey=", "sesskey=0", 1), url.Values{"JWT": {answer(nil)}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("an answer to nobody's question: %d", res.StatusCode)
	}
	for i := range 2 { // the return may arrive twice
		res, page := post(t, tessa, back, url.Values{"JWT": {answer(nil)}})
		if res.StatusCode != http.StatusOK || !strings.Contains(page, "Plan &lt;it&gt;") || !strings.Contains(page, "Added by the tool") {
			t.Fatalf("time %d: %d %s", i+1, res.StatusCode, page)
		}
	}
	links := c.ResourceLinks()
	if len(links) != 3 {
		t.Fatalf("%d activities, want 3", len(links))
	}
	added := links[1]
	if added.TargetLinkURI != c.tool.URL+"/launch?wf=plan" || added.Custom["workflow"] != "plan" || added.Tag != "wf" || !links[2].Ungraded {
		t.Errorf("added %+v and %+v", added, links[2])
	}
	if items := c.LineItems(); len(items) != 2 || items[1].ScoreMaximum != 50 || items[1].ResourceLinkID != added.ID {
		t.Errorf("line items are %+v", items)
	}
	launched, err := verify(t, c.Platform, c.launch(t, signIn(t, c.Platform, "5"), "/mod/lti/launch.php?id="+added.ID).Get("id_token"))
	if err != nil || launched[claim+"target_link_uri"] != c.tool.URL+"/launch?wf=plan" {
		t.Errorf("launches to %v, %v", launched[claim+"target_link_uri"], err)
	}
}

func TestLearnersDoNotAddActivities(t *testing.T) {
	c := startCampus(t, platform.Options{})
	sam := signIn(t, c.Platform, "5")
	for _, path := range []string{"/mod/lti/contentitem.php", "/course/modedit.php"} {
		if res, _ := post(t, sam, c.URL()+path, url.Values{"tool": {c.toolInfo.ClientID}, "title": {"x"}}); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}
