package lti_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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
	w := newWorld(t, sqliteStore(t))
	address, err := w.tool.CanvasConfiguration(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // Canvas looks more than once
		status, body := fetchBody(t, address)
		var have struct {
			Title, Description string
			OIDC               string `json:"oidc_initiation_url"`
			Target             string `json:"target_link_uri"`
			JWKS               string `json:"public_jwk_url"`
			Scopes             []string
			Custom             map[string]string `json:"custom_fields"`
			Extensions         []struct {
				Platform, Domain, ToolID string
				Privacy                  string `json:"privacy_level"`
				Settings                 struct {
					Placements []struct {
						Placement   string
						MessageType string `json:"message_type"`
						Target      string `json:"target_link_uri"`
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &have); err != nil || status != http.StatusOK {
			t.Fatalf("answered %d %s: %v", status, body, err)
		}
		public, _ := url.Parse(w.server.URL)
		extension := have.Extensions[0]
		if have.Title == "" || have.Description == "" || have.OIDC != w.server.URL+"/lti/login" || have.Target != w.server.URL+"/lti/launch" ||
			have.JWKS != w.server.URL+"/lti/jwks" || !slices.Contains(have.Scopes, "https://purl.imsglobal.org/spec/lti-ags/scope/score") ||
			have.Custom["manager_email"] != "$Person.manager.email" || extension.Platform != "canvas.instructure.com" ||
			extension.Domain != public.Host || extension.Privacy != "public" {
			t.Fatalf("the configuration is %s", body)
		}
		var placements []string
		for _, p := range extension.Settings.Placements {
			placements = append(placements, p.Placement+" "+p.MessageType)
		}
		want := []string{"course_navigation LtiResourceLinkRequest", "assignment_selection LtiDeepLinkingRequest", "link_selection LtiDeepLinkingRequest"}
		if !slices.Equal(placements, want) {
			t.Fatalf("the placements are %q", placements)
		}
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
