package lti_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

// announced registers the tool with a platform whose configuration says this of
// itself, and gives what the platform was told.
func announced(t *testing.T, says map[string]any) (client, tool map[string]any, messages map[string]map[string]any) {
	t.Helper()
	w := newWorld(t, sqliteStore(t), func(o *lti.Options) {
		o.Announced = lti.Announced{
			LogoURL:     o.PublicURL + "/static/logo/icon.svg",
			Description: map[string]string{"": "Learning workflows", "de": "Lernwege"},
			Menu:        map[string]string{"view": "board"},
			PickLabel:   map[string]string{"": "Add a workflow", "de": "Lernweg einfügen"},
		}
	})
	conf := registering(w.platform, "dynamic-1")
	conf["https://purl.imsglobal.org/spec/lti-platform-configuration"] = says
	if got := w.get(w.browser(), w.registerURL(w.invite())); got.Page != "registered" {
		t.Fatalf("got %+v", got)
	}
	if err := json.Unmarshal([]byte(w.platform.requests("/register")[0].Body), &client); err != nil {
		t.Fatal(err)
	}
	tool, _ = client["https://purl.imsglobal.org/spec/lti-tool-configuration"].(map[string]any)
	messages = map[string]map[string]any{}
	for _, m := range tool["messages"].([]any) {
		one := m.(map[string]any)
		messages[one["type"].(string)] = one
	}
	return client, tool, messages
}

func strung(v any) []string {
	var list []string
	all, _ := v.([]any)
	for _, one := range all {
		list = append(list, one.(string))
	}
	return list
}

func TestMoodleIsToldOfThePickerInItsOwnWords(t *testing.T) {
	client, tool, messages := announced(t, map[string]any{"product_family_code": "moodle", "messages_supported": []map[string]any{
		{"type": lti.MessageResourceLink}, {"type": lti.MessageDeepLinking, "placements": []string{"ContentArea"}},
	}})
	if tool["description"] != "Learning workflows" || tool["description#de"] != "Lernwege" || !strings.HasSuffix(client["logo_uri"].(string), "/static/logo/icon.svg") {
		t.Errorf("got %v", client)
	}
	pick := messages[lti.MessageDeepLinking]
	if pick["label"] != "Add a workflow" || pick["label#de"] != "Lernweg einfügen" || !slices.Equal(strung(pick["placements"]), []string{"ContentArea"}) ||
		pick["target_link_uri"] != tool["target_link_uri"] {
		t.Errorf("got %v", pick)
	}
	for name := range tool {
		if strings.Contains(name, "canvas") {
			t.Errorf("Moodle is told %s", name)
		}
	}
	if _, ok := messages[lti.MessageSubmissionReview]; ok || messages[lti.MessageResourceLink] == nil {
		t.Errorf("got %v", messages)
	}
}

func TestCanvasIsToldOfPlacementsPrivacyAndSubmissionReview(t *testing.T) {
	_, tool, messages := announced(t, map[string]any{"product_family_code": "canvas", "messages_supported": []map[string]any{
		{"type": lti.MessageResourceLink, "placements": []string{"account_navigation", "course_navigation"}},
		{"type": lti.MessageDeepLinking, "placements": []string{"editor_button", "link_selection", "assignment_selection"}},
		{"type": lti.MessageSubmissionReview},
	}})
	canvas := "https://canvas.instructure.com/lti/"
	if tool[canvas+"privacy_level"] != "public" || tool[canvas+"tool_id"] != "cairn" {
		t.Errorf("got %v", tool)
	}
	link := messages[lti.MessageResourceLink]
	if link[canvas+"course_navigation/default_enabled"] != false || link[canvas+"visibility"] != "admins" || link["custom_parameters"].(map[string]any)["view"] != "board" || !slices.Equal(strung(link["placements"]), []string{"course_navigation"}) {
		t.Errorf("got %v", link)
	}
	if have := strung(messages[lti.MessageDeepLinking]["placements"]); !slices.Equal(have, []string{"assignment_selection", "link_selection"}) {
		t.Errorf("the picker is placed in %v", have)
	}
	if messages[lti.MessageSubmissionReview] == nil {
		t.Error("the submission review is not announced")
	}
}

func TestAPlatformThatSendsOnlyLinksIsToldOfNothingElse(t *testing.T) {
	for name, says := range map[string]any{
		"only links":      []map[string]any{{"type": lti.MessageResourceLink}},
		"said in silence": nil,
		"nonsense":        []int{1, 2},
		"more nonsense":   strings.Repeat("x", 100),
	} {
		_, _, messages := announced(t, map[string]any{"messages_supported": says})
		if _, picks := messages[lti.MessageDeepLinking]; picks == (name == "only links") {
			t.Errorf("%s: got %v", name, messages)
		}
	}
}
