package platform_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

// score posts one as it is and answers the status.
func (c *campus) score(t *testing.T, token, user string, at time.Time, more map[string]any) *http.Response {
	t.Helper()
	body := map[string]any{"userId": user, "timestamp": at.Format(time.RFC3339Nano), "activityProgress": "Completed", "gradingProgress": "FullyGraded", "scoreGiven": 50, "scoreMaximum": 100}
	for k, v := range more {
		body[k] = v
	}
	res, _ := c.call(t, token, http.MethodPost, c.URL()+"/mod/lti/services.php/2/lineitems/"+c.link.LineItemID+"/lineitem/scores?type_id=1", mediaScore, body)
	return res
}

func TestCanvasCountsAttemptsAndRefusesItsWay(t *testing.T) {
	c := startCampus(t, platform.Options{})
	c.SetQuirks(platform.CanvasQuirks())
	landed := c.launch(t, signIn(t, c.Platform, "5"), "/mod/lti/launch.php?id="+c.link.ID)
	claims, err := verify(t, c.Platform, landed.Get("id_token"))
	if err != nil || claims["iss"] != "https://canvas.instructure.com" {
		t.Fatalf("got %v, %v", claims["iss"], err)
	}
	if c.tool.last.Get("iss") != "https://canvas.instructure.com" || c.tool.last.Get("deployment_id") != c.toolInfo.DeploymentID || c.tool.last.Has("lti_deployment_id") ||
		c.tool.last.Get("lti_storage_target") != "post_message_forwarding" {
		t.Fatalf("the login says %v", c.tool.last)
	}
	token, now := c.token(t, allScopes...), time.Now()
	const submission = "https://canvas.instructure.com/lti/submission"
	for i, step := range []struct {
		more     map[string]any
		attempts int
	}{
		{nil, 1},
		{map[string]any{submission: map[string]any{"new_submission": false}}, 1},
		{map[string]any{submission: map[string]any{"submission_type": "none"}}, 2},
	} {
		if res := c.score(t, token, "5", now.Add(time.Duration(i)*time.Second), step.more); res.StatusCode != http.StatusOK {
			t.Fatalf("step %d: got %d", i, res.StatusCode)
		}
		if s, _ := c.Grade("5", c.link.LineItemID); s.Attempts != step.attempts {
			t.Errorf("step %d: %d attempts", i, s.Attempts)
		}
	}
	if res := c.score(t, token, "5", now, nil); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a stale score: got %d", res.StatusCode)
	}
	if res := c.score(t, token, "3", now, nil); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a teacher's score: got %d", res.StatusCode)
	}
	q := platform.CanvasQuirks()
	q.RateLimited = 1
	c.SetQuirks(q)
	members := c.URL() + "/mod/lti/services.php/CourseSection/2/bindings/1/memberships"
	if res, body := c.call(t, token, http.MethodGet, members, mediaMembers, nil); res.StatusCode != http.StatusForbidden || !strings.Contains(body, "Rate Limit Exceeded") {
		t.Errorf("throttled: got %d %s", res.StatusCode, body)
	}
	if res, _ := c.call(t, token, http.MethodGet, members, mediaMembers, nil); res.StatusCode != http.StatusOK {
		t.Errorf("the call after: got %d", res.StatusCode)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, members, nil)
	req.Header = http.Header{"Authorization": {"Bearer " + token}, "Accept": {mediaMembers}, "User-Agent": {""}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("without User-Agent: got %d", res.StatusCode)
	}
}

func TestOpenEdXSendsAResourceLinkWithDeepLinking(t *testing.T) {
	c := startCampus(t, platform.Options{Quirks: platform.OpenEdXQuirks()})
	if _, body := fetch(t, http.DefaultClient, c.URL()+"/mod/lti/certs.php"); strings.Contains(body, `"alg"`) || strings.Contains(body, `"use"`) || !strings.Contains(body, `"key_ops":["verify"]`) {
		t.Errorf("the keys are %s", body)
	}
	token, err := c.Forge(platform.Launch{UserID: "3", ClientID: c.toolInfo.ClientID, Nonce: "n", DeepLinking: true}, platform.Forgery{})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := verify(t, c.Platform, token)
	if err != nil || claims[claim+"resource_link"] == nil || claims[claim+"message_type"] != "LtiDeepLinkingRequest" {
		t.Errorf("got %v, %v", claims, err)
	}
}

func TestBrightspaceHasAnAudienceOfItsOwnAndRetryAfter(t *testing.T) {
	c := startCampus(t, platform.Options{})
	q := platform.BrightspaceQuirks()
	q.RateLimited = 1
	c.SetQuirks(q)
	if res, body := c.askToken(t, c.assertion(nil, nil), allScopes[4]); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "invalid_audience") {
		t.Errorf("for the token URL: got %d %s", res.StatusCode, body)
	}
	res, body := c.askToken(t, c.assertion(nil, func(m map[string]any) { m["aud"] = q.TokenAudience }), allScopes[4])
	if res.StatusCode != http.StatusOK {
		t.Fatalf("for its audience: got %d %s", res.StatusCode, body)
	}
	if _, body := fetch(t, http.DefaultClient, c.URL()+"/mod/lti/openid-configuration.php"); !strings.Contains(body, `"authorization_server":"`+q.TokenAudience) {
		t.Errorf("the configuration says %s", body)
	}
	members := c.URL() + "/mod/lti/services.php/CourseSection/2/bindings/1/memberships"
	if res, _ := c.call(t, "", http.MethodGet, members, mediaMembers, nil); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" {
		t.Errorf("throttled: got %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
}

func TestALinkMayHaveADeploymentOfItsOwn(t *testing.T) {
	c := startCampus(t, platform.Options{})
	l, err := c.AddResourceLink(t.Context(), platform.ResourceLink{ClientID: c.toolInfo.ClientID, DeploymentID: "77"})
	if err != nil {
		t.Fatal(err)
	}
	landed := c.launch(t, signIn(t, c.Platform, "5"), "/mod/lti/launch.php?id="+l.ID)
	claims, err := verify(t, c.Platform, landed.Get("id_token"))
	if err != nil || claims[claim+"deployment_id"] != "77" || c.tool.last.Get("lti_deployment_id") != "77" {
		t.Errorf("the login says %q, the token %v, %v", c.tool.last.Get("lti_deployment_id"), claims[claim+"deployment_id"], err)
	}
}
