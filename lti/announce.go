package lti

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Announced is what a platform is told of the tool at registration, beside its
// addresses. Texts are by language tag; "" is the one for everybody (OpenID
// Connect Dynamic Client Registration 1.0 §2.1 names the others "description#de").
type Announced struct {
	LogoURL     string            // a picture on our own origin; "": none
	Description map[string]string // what the tool is for
	PickLabel   map[string]string // what a teacher reads on the button that opens the picker
	Menu        map[string]string // launch parameters of the link in a course's own menu (Canvas)
	ToolID      string            // Canvas knows deployments of one tool by it; "": cairn
}

// messageSupport is a message type that a platform sends, and where it can be placed.
type messageSupport struct {
	Type       string   `json:"type"`
	Placements []string `json:"placements"`
}

const maxMessages = 100

// readMessageSupport reads messages_supported of the platform configuration
// (Dynamic Registration 1.0 §2.1.1). It only helps to announce, so what cannot be
// read counts as not said.
func readMessageSupport(lms object) []messageSupport {
	raw, ok := lms["messages_supported"]
	if !ok {
		return nil
	}
	var list []messageSupport
	if err := json.Unmarshal(raw, &list); err != nil || len(list) > maxMessages {
		return nil
	}
	return list
}

// toolScopes are what the tool can use.
func toolScopes() []string {
	return []string{scopeLineItem, scopeLineItemRead, scopeScore, scopeResult, scopeMembers, scopeGroups, scopeNotices}
}

// askedScopes are those of ours that the platform knows; all, if it does not say.
func askedScopes(supported []string) []string {
	if len(supported) == 0 {
		return toolScopes()
	}
	return slices.DeleteFunc(toolScopes(), func(s string) bool { return !slices.Contains(supported, s) })
}

// metadata is the client that we are.
func (t *Tool) metadata(conf platformConfig) map[string]any {
	launch := t.o.PublicURL + "/lti/launch"
	custom := t.o.CustomParameters
	if custom == nil {
		custom = map[string]string{}
	}
	tool := map[string]any{
		"domain":            t.public.Host, // with the port: Moodle compares
		"target_link_uri":   launch,
		"custom_parameters": custom,
		"claims":            []string{"iss", "sub", "name", "given_name", "family_name", "email", "locale"},
		"messages":          t.messages(conf, launch),
	}
	translated(tool, "description", t.o.Announced.Description)
	client := map[string]any{
		"application_type":           "web",
		"response_types":             []string{"id_token"},
		"grant_types":                []string{"implicit", "client_credentials"},
		"initiate_login_uri":         t.o.PublicURL + "/lti/login",
		"redirect_uris":              []string{launch},
		"client_name":                t.o.ToolName,
		"jwks_uri":                   t.o.PublicURL + "/lti/jwks",
		"token_endpoint_auth_method": "private_key_jwt",
		"client_uri":                 t.o.PublicURL,
		"scope":                      strings.Join(askedScopes(conf.scopes), " "),
		claimTool:                    tool,
	}
	if logo := t.o.Announced.LogoURL; logo != "" {
		client["logo_uri"] = logo
	}
	if conf.family == FamilyCanvas {
		tool[canvasKey+"privacy_level"] = "public" // names and addresses: managers are asked by e-mail
		tool[canvasKey+"tool_id"] = t.toolID()
	}
	return client
}

// canvasKey begins the members that Canvas adds to the tool configuration.
const canvasKey = "https://canvas.instructure.com/lti/"

func (t *Tool) toolID() string {
	if t.o.Announced.ToolID != "" {
		return t.o.Announced.ToolID
	}
	return "cairn"
}

// pickPlacements are where a platform may offer the picker: the place in a course
// where activities are added, by the names of Moodle and of Canvas.
func pickPlacements() []string {
	return []string{"ContentArea", "assignment_selection", "link_selection"}
}

// messages are the messages that we take, as far as the platform sends them, each
// placed where it knows a place. Resource links need no support: every platform has them.
func (t *Tool) messages(conf platformConfig, launch string) []map[string]any {
	link := t.message(MessageResourceLink, launch)
	link["label"] = t.o.ToolName
	if slices.Contains(conf.places(MessageResourceLink), "course_navigation") {
		// Canvas: the board behind a link of the course's own menu. Learners reach
		// their workflow by the activities that are placed, so the link is for staff,
		// and there when somebody switches it on.
		link["placements"] = []string{"course_navigation"}
		if len(t.o.Announced.Menu) > 0 {
			link["custom_parameters"] = t.o.Announced.Menu
		}
		link[canvasKey+"course_navigation/default_enabled"] = false
		link[canvasKey+"visibility"] = "admins"
	}
	list := []map[string]any{link}
	if conf.sends(MessageDeepLinking) {
		pick := t.message(MessageDeepLinking, launch)
		pick["label"] = t.o.ToolName
		translated(pick, "label", t.o.Announced.PickLabel)
		places := conf.places(MessageDeepLinking)
		if ours := slices.DeleteFunc(pickPlacements(), func(p string) bool { return !slices.Contains(places, p) }); len(ours) > 0 {
			pick["placements"] = ours
		}
		list = append(list, pick)
	}
	// Moodle opens submission reviews without naming them here, and asks nobody
	// whether they are wanted; others must be told.
	if len(conf.messages) > 0 && conf.sends(MessageSubmissionReview) {
		list = append(list, t.message(MessageSubmissionReview, launch))
	}
	return list
}

func (t *Tool) message(kind, launch string) map[string]any {
	m := map[string]any{"type": kind, "target_link_uri": launch}
	if logo := t.o.Announced.LogoURL; logo != "" {
		m["icon_uri"] = logo
	}
	return m
}

// sends tells whether the platform sends a message type; one that does not say may.
func (c platformConfig) sends(kind string) bool {
	return len(c.messages) == 0 || slices.ContainsFunc(c.messages, func(m messageSupport) bool { return m.Type == kind })
}

// places are where the platform can place a message type.
func (c platformConfig) places(kind string) []string {
	var list []string
	for _, m := range c.messages {
		if m.Type == kind {
			list = append(list, m.Placements...)
		}
	}
	return list
}

// translated writes a text for people with its translations, "name#de" beside "name".
func translated(to map[string]any, name string, texts map[string]string) {
	for _, language := range slices.Sorted(maps.Keys(texts)) {
		if language == "" {
			to[name] = texts[language]
			continue
		}
		to[name+"#"+language] = texts[language]
	}
}
