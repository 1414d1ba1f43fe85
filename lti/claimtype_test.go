package lti_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

const (
	claimAGS    = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	claimNRPS   = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
	claimGroups = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
)

// anything but the type named.
var (
	noText   = []any{5, true, map[string]any{}, []any{"x"}}
	noTexts  = []any{"x", 5, true, map[string]any{}, []any{5}, []any{nil}}
	noTime   = []any{"1795254975", true, map[string]any{}, []any{5}, -5, 1e30}
	noObject = []any{"x", 5, true, []any{}}
	noFlag   = []any{"x", 5, map[string]any{}, []any{true}}
)

func TestEveryClaimOfAWrongTypeIsRefused(t *testing.T) {
	cases := []struct {
		path, code string // members after a blank
		wrong      []any
		deep       bool // in a deep linking request
	}{
		{"iss", "bad_claim_type", noText, false},
		{"sub", "bad_claim_type", noText, false},
		{"aud", "bad_claim_type", []any{5, true, map[string]any{}, []any{5}}, false},
		{"azp", "bad_claim_type", noText, false},
		{"nonce", "bad_claim_type", noText, false},
		{"exp", "bad_time", noTime, false},
		{"iat", "bad_time", noTime, false},
		{"nbf", "bad_time", noTime, false},
		{"name", "bad_claim_type", noText, false},
		{"given_name", "bad_claim_type", noText, false},
		{"family_name", "bad_claim_type", noText, false},
		{"email", "bad_claim_type", noText, false},
		{"locale", "bad_claim_type", noText, false},
		{claim + "message_type", "bad_claim_type", noText, false},
		{claim + "version", "bad_claim_type", noText, false},
		{claim + "deployment_id", "bad_claim_type", noText, false},
		{claim + "target_link_uri", "bad_claim_type", noText, false},
		{claim + "roles", "bad_claim_type", noTexts, false},
		{claim + "role_scope_mentor", "bad_claim_type", noTexts, false},
		{claim + "resource_link", "bad_claim_type", noObject, false},
		{claim + "resource_link id", "bad_claim_type", noText, false},
		{claim + "resource_link title", "bad_claim_type", noText, false},
		{claim + "resource_link description", "bad_claim_type", noText, false},
		{claim + "context", "bad_claim_type", noObject, false},
		{claim + "context id", "bad_claim_type", noText, false},
		{claim + "context label", "bad_claim_type", noText, false},
		{claim + "context title", "bad_claim_type", noText, false},
		{claim + "tool_platform", "bad_claim_type", noObject, false},
		{claim + "tool_platform product_family_code", "bad_claim_type", noText, false},
		{claim + "tool_platform guid", "bad_claim_type", noText, false},
		{claim + "launch_presentation", "bad_claim_type", noObject, false},
		{claim + "launch_presentation document_target", "bad_claim_type", noText, false},
		{claim + "launch_presentation return_url", "bad_claim_type", noText, false},
		{claim + "launch_presentation locale", "bad_claim_type", noText, false},
		{claim + "custom", "bad_claim_type", noObject, false},
		{claim + "custom workflow", "bad_claim_type", []any{map[string]any{}, []any{"x"}}, false},
		{claim + "for_user", "bad_claim_type", noObject, false},
		{claim + "for_user user_id", "bad_claim_type", noText, false},
		{claim + "lti1p1", "bad_claim_type", noObject, false},
		{claim + "lti1p1 oauth_consumer_key", "bad_claim_type", noText, false},
		{claim + "lti1p1 oauth_consumer_key_sign", "bad_claim_type", noText, false},
		{claim + "lti1p1 user_id", "bad_claim_type", noText, false},
		{claim + "platformnotificationservice", "bad_claim_type", noObject, false},
		{claimAGS, "bad_claim_type", noObject, false},
		{claimAGS + " scope", "bad_claim_type", noTexts, false},
		{claimAGS + " lineitems", "bad_claim_type", noText, false},
		{claimAGS + " lineitem", "bad_claim_type", noText, false},
		{claimNRPS, "bad_claim_type", noObject, false},
		{claimNRPS + " context_memberships_url", "bad_claim_type", noText, false},
		{claimGroups, "bad_claim_type", noObject, false},
		{claimGroups + " context_groups_url", "bad_claim_type", noText, false},
		{claimDL + "deep_linking_settings", "bad_claim_type", noObject, true},
		{claimDL + "deep_linking_settings deep_link_return_url", "bad_claim_type", noText, true},
		{claimDL + "deep_linking_settings accept_types", "bad_claim_type", noTexts, true},
		{claimDL + "deep_linking_settings accept_presentation_document_targets", "bad_claim_type", noTexts, true},
		{claimDL + "deep_linking_settings accept_multiple", "bad_claim_type", noFlag, true},
		{claimDL + "deep_linking_settings accept_lineitem", "bad_claim_type", noFlag, true},
		{claimDL + "deep_linking_settings title", "bad_claim_type", noText, true},
		{claimDL + "deep_linking_settings text", "bad_claim_type", noText, true},
		{claimDL + "deep_linking_settings data", "bad_claim_type", noText, true},
	}
	stores(t, func(t *testing.T, s lti.Store) {
		shared := newWorld(t, s)
		tried := 0
		for _, c := range cases {
			wrong := c.wrong
			if strings.HasSuffix(t.Name(), "mongo") {
				wrong = wrong[:1] // what is wrong does not depend on the store
			}
			t.Run(c.path[strings.LastIndexAny(c.path, "/")+1:], func(t *testing.T) {
				w := shared.in(t)
				for _, value := range wrong {
					w.clock.Advance(2 * time.Second)
					a := w.attempt()
					if c.deep {
						a.claims[claim+"message_type"] = "LtiDeepLinkingRequest"
						a.claims[claimDL+"deep_linking_settings"] = map[string]any{
							"deep_link_return_url": w.platform.URL + "/dl", "accept_types": []string{"ltiResourceLink"},
							"accept_presentation_document_targets": []string{"iframe"}, "data": "d",
						}
					}
					put(a.claims, c.path, value)
					got := a.post()
					if got.Page != "refused" || got.Code != c.code {
						t.Errorf("%v: got page %q with code %q (%s), want %q", value, got.Page, got.Code, got.Detail, c.code)
					}
					tried++
				}
			})
		}
		t.Logf("%d launches with a claim of a wrong type", tried)
	})
}

// put sets a claim, or the member of one: "claim member".
func put(claims map[string]any, path string, value any) {
	name, member, ok := strings.Cut(path, " ")
	if !ok {
		claims[name] = value
		return
	}
	o := map[string]any{}
	if old, isObject := claims[name].(map[string]any); isObject {
		for k, v := range old {
			o[k] = v
		}
	}
	o[member] = value
	claims[name] = o
}

func TestEveryIDLongerThan255CharactersIsRefused(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for _, path := range []string{
		"sub", claim + "deployment_id", claim + "resource_link id", claim + "context id", claim + "for_user user_id",
		claim + "lti1p1 user_id", claim + "lti1p1 oauth_consumer_key",
	} {
		for _, id := range []string{strings.Repeat("x", 256), strings.Repeat("ü", 128)} {
			a := w.attempt()
			put(a.claims, path, id)
			if got := a.post(); got.Code != "id_too_long" {
				t.Errorf("%s of %d bytes: %s %s", path, len(id), got.Page, got.Code)
			}
		}
	}
}

func TestARequiredClaimThatIsNullIsMissing(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for path, code := range map[string]string{
		"iss": "token_issuer_missing", "aud": "audience_missing", "exp": "exp_missing", "iat": "iat_missing", "nonce": "nonce_missing", "sub": "subject_missing",
		claim + "message_type": "message_type_missing", claim + "version": "version_missing", claim + "deployment_id": "deployment_missing",
		claim + "target_link_uri": "token_target_missing", claim + "roles": "roles_missing", claim + "resource_link": "resource_link_missing",
		claim + "resource_link id": "resource_link_id_missing",
	} {
		a := w.attempt()
		put(a.claims, path, nil)
		if got := a.post(); got.Code != code {
			t.Errorf("%s: got %s, want %s", path, cmpOr(got.Code, got.Page), code)
		}
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return fmt.Sprintf("(%s)", b)
}
