package lti_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/cmd/egress"
	"github.com/cairn-lms/cairn/lti"
)

func fetchBody(t *testing.T, address string) (int, string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestCanvasReadsItsConfigurationWithACodeForAnHourAndNotWithoutOne(t *testing.T) {
	w := newWorld(t, sqliteStore(t), func(o *lti.Options) {
		o.ToolName = "Cairn"
		o.Announced = lti.Announced{Description: map[string]string{"": "Learning workflows"}, Menu: map[string]string{"view": "board"}, ToolID: "cairn-1"}
	})
	address, err := w.tool.CanvasConfiguration(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	public, _ := url.Parse(w.server.URL)
	launch, custom := w.server.URL+"/lti/launch", map[string]any{"manager_email": "$Person.manager.email"}
	placement := func(name, message string) map[string]any {
		return map[string]any{"placement": name, "message_type": message, "target_link_uri": launch, "text": "Cairn", "enabled": true}
	}
	menu := placement("course_navigation", "LtiResourceLinkRequest")
	menu["default"], menu["visibility"], menu["custom_fields"] = "disabled", "admins", map[string]any{"view": "board"}
	want := map[string]any{
		"title": "Cairn", "description": "Learning workflows", "oidc_initiation_url": w.server.URL + "/lti/login", "target_link_uri": launch,
		"redirect_uris": []any{launch}, "public_jwk_url": w.server.URL + "/lti/jwks", "custom_fields": custom,
		"scopes": []any{
			"https://purl.imsglobal.org/spec/lti-ags/scope/lineitem", "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
			"https://purl.imsglobal.org/spec/lti-ags/scope/score", "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
			"https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly", "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly",
			"https://purl.imsglobal.org/spec/lti/scope/noticehandlers",
		},
		"extensions": []any{map[string]any{
			"platform": "canvas.instructure.com", "domain": public.Host, "tool_id": "cairn-1", "privacy_level": "public",
			"settings": map[string]any{"text": "Cairn", "placements": []any{
				menu, placement("assignment_selection", "LtiDeepLinkingRequest"), placement("link_selection", "LtiDeepLinkingRequest"),
			}},
		}},
	}
	for range 3 { // Canvas looks more than once
		status, body := fetchBody(t, address)
		var have map[string]any
		if err := json.Unmarshal([]byte(body), &have); err != nil || status != http.StatusOK {
			t.Fatalf("answered %d %s: %v", status, body, err)
		}
		if !reflect.DeepEqual(have, want) {
			t.Fatalf("the configuration is\n%v\nwant\n%v", have, want)
		}
	}
	if at := w.tool.Setup().MenuURL; at != launch+"?view=board" {
		t.Errorf("who types it in is told %s", at)
	}
	for name, address := range map[string]string{
		"no code": w.server.URL + "/lti/canvas.json", "another code": w.server.URL + "/lti/canvas.json?code=" + strings.Repeat("a", 43),
		"a long code": w.server.URL + "/lti/canvas.json?code=" + strings.Repeat("a", 5000),
	} {
		if status, _ := fetchBody(t, address); status != http.StatusForbidden {
			t.Errorf("%s: answered %d", name, status)
		}
	}
	w.clock.Advance(time.Hour)
	if status, _ := fetchBody(t, address); status != http.StatusForbidden {
		t.Errorf("after an hour: answered %d", status)
	}
}

func TestTheKeySetAnswersBeforeAnyRegistrationExists(t *testing.T) {
	router := mux.NewRouter()
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	tool, err := lti.New(sqliteStore(t), lti.Options{
		PublicURL: server.URL, Client: egress.New(egress.Options{}), Secret: bytes.Repeat([]byte{7}, 32), Pages: pages{},
		OnLaunch: func(http.ResponseWriter, *http.Request, *lti.Launch) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	tool.Routes(router)
	status, body := fetchBody(t, tool.Setup().KeySetURL)
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &set); err != nil || status != http.StatusOK || set.Keys == nil || len(set.Keys) != 0 {
		t.Fatalf("answered %d %s", status, body)
	}
}
