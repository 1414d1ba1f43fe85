package lti_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
	demolms "github.com/cairn-lms/cairn/lti/platform"
)

// forgeryCodes says for each forgery of the demo LMS why the tool must refuse it.
func forgeryCodes() map[string]string {
	return map[string]string{
		// The signature and its key.
		"wrong_key": "bad_signature", "payload_changed": "bad_signature", "signature_of_other_text": "bad_signature",
		"alg_none": "alg_none", "alg_missing": "alg_none", "alg_rs512": "alg_not_allowed", "public_key_as_secret": "alg_not_allowed",
		"no_kid": "kid_missing", "unknown_kid": "kid_unknown", "embedded_key": "embedded_key", "jku": "embedded_key", "critical_header": "critical_header",
		"key_oct": "key_wrong_type", "key_rsa_1024": "key_too_short", "key_use_enc": "key_not_for_signing", "key_ops_encrypt": "key_not_for_signing",
		"key_other_alg": "key_other_alg", "key_unreadable": "key_malformed", "keys_down": "keys_unavailable",
		"not_a_token": "token_malformed", "not_json": "token_malformed", "signature_missing": "token_malformed", "kid_number": "token_malformed",
		// Issuer, audience, time, nonce.
		"wrong_issuer": "unknown_issuer", "no_issuer": "token_issuer_missing", "issuer_of_another": "issuer_mismatch",
		"wrong_audience": "wrong_audience", "no_audience": "audience_missing", "extra_audience": "untrusted_audience", "audience_array_no_azp": "azp_missing",
		"wrong_azp": "azp_wrong", "audience_number": "bad_claim_type",
		"expired": "token_expired", "exp_1970": "token_expired", "too_old": "issued_too_long_ago", "future": "issued_in_future", "not_before": "not_yet_valid",
		"no_exp": "exp_missing", "no_iat": "iat_missing", "exp_text": "bad_time", "iat_text": "bad_time", "exp_beyond": "bad_time",
		"no_nonce": "nonce_missing", "wrong_nonce": "nonce_unknown", "nonce_reused": "nonce_reused", "nonce_of_other_login": "nonce_other_state",
		// Claims.
		"not_lti": "not_lti", "wrong_version": "wrong_version", "no_version": "version_missing", "version_number": "bad_claim_type",
		"no_message_type": "message_type_missing", "unknown_message_type": "unknown_message_type",
		"no_deployment": "deployment_missing", "wrong_deployment": "deployment_mismatch", "deployment_number": "bad_claim_type", "deployment_unknown": "unknown_deployment",
		"no_roles": "roles_missing", "roles_text": "bad_claim_type", "role_null": "bad_claim_type",
		"no_resource_link": "resource_link_missing", "resource_link_no_id": "resource_link_id_missing", "resource_link_text": "bad_claim_type", "resource_link_id_long": "id_too_long",
		"no_target": "token_target_missing", "target_elsewhere": "token_target_off_origin", "target_other": "target_mismatch",
		"no_sub": "subject_missing", "empty_sub": "subject_empty", "sub_long": "id_too_long", "sub_number": "bad_claim_type", "sub_control": "id_malformed",
		"context_text": "bad_claim_type", "custom_text": "bad_claim_type", "custom_object": "bad_claim_type", "email_number": "bad_claim_type", "services_text": "bad_claim_type",
		"review_of_nobody": "for_user_missing",
		"deep_no_settings": "deep_linking_settings_missing", "deep_settings_text": "bad_claim_type", "deep_no_return": "deep_linking_return_url",
		"deep_return_to_script": "deep_linking_return_url", "deep_no_types": "deep_linking_settings_incomplete", "deep_no_targets": "deep_linking_settings_incomplete",
		"migration_replayed": "migration_signature", "migration_made_up": "migration_signature", "migration_of_nobody": "migration_key_missing", "migration_text": "bad_claim_type",
		// The login initiation.
		"login_no_issuer": "issuer_missing", "login_no_hint": "login_hint_missing", "login_no_target": "target_missing",
		"login_target_elsewhere": "target_off_origin", "login_target_as_user": "target_off_origin", "login_target_script": "target_off_origin",
		"login_unknown_issuer": "unknown_issuer", "login_unknown_client": "unknown_client", "login_no_client": "ambiguous_client",
		"login_issuer_twice": "duplicate_parameter", "login_client_twice": "duplicate_parameter", "login_two_deployments": "deployment_ambiguous",
		"login_hint_long": "parameter_too_long", "login_client_long": "parameter_too_long", "login_oversized": "body_too_large", "login_other_deployment": "deployment_mismatch",
		// The form with the token.
		"no_state": "state_missing", "unknown_state": "state_unknown", "state_reused": "state_reused", "state_twice": "duplicate_parameter",
		"no_token": "token_missing", "token_twice": "duplicate_parameter", "answer_oversized": "body_too_large", "answer_as_text": "bad_form", "answer_error": "platform_error",
		"answer_late": "state_expired",
	}
}

func registrationForgeryCodes() map[string]string {
	return map[string]string{
		"invite_no_configuration": "configuration_missing", "invite_configuration_ftp": "configuration_url", "configuration_down": "configuration_unreachable",
		"configuration_other_issuer": "configuration_issuer", "configuration_no_issuer": "configuration_issuer", "configuration_no_keys": "configuration_invalid",
		"configuration_no_token_url": "configuration_invalid", "configuration_keys_number": "configuration_invalid",
		"registration_down": "registration_refused", "registration_without_client": "registration_answer", "registration_of_another": "registration_taken",
	}
}

// notThePlatforms are the codes that no platform can provoke, and what does.
func notThePlatforms() map[string]string {
	return map[string]string{
		"state_other_browser": "the person's browser", "storage_not_offered": "the person's browser", "storage_other_site": "the person's browser",
		"storage_mismatch": "the person's browser", "restart_unknown": "the person's browser",
		"registration_suspended": "our administrator", "deployment_suspended": "our administrator", "registration_removed": "our administrator",
		"deployment_pending": "our administrator, who wants to approve deployments",
		"too_many_logins":    "whoever begins tens of thousands of logins",
		"issuer_taken":       "an administrator of ours, who registered the issuer with other keys",
		"invite_missing":     "who opens the registration page", "invite_unknown": "who opens the registration page",
		"event_unsigned": "the set-up of a data stream in Canvas", "too_many_events": "a data stream of Canvas",
		"internal": "ourselves",
	}
}

// Every forgery of the demo LMS, sent over HTTP as a browser sends it, is refused, each
// for its own reason; and every reason that a platform can give has its forgery.
func TestEveryForgeryIsRefusedForItsReason(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w, lms, tool, _ := withDemoLMS(t, s, demolms.Quirks{})
		link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target})
		if err != nil {
			t.Fatal(err)
		}
		launch := "/mod/lti/launch.php?id=" + link.ID
		forgeries, codes := demolms.Forgeries(), forgeryCodes()
		for _, name := range slices.Sorted(maps.Keys(forgeries)) {
			code, known := codes[name]
			if !known {
				t.Errorf("no code is expected of the forgery %s", name)
				continue
			}
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				f := forgeries[name]
				w.clock.Advance(time.Minute) // an unknown key is looked for again
				b := signedIn(t, lms, "3")
				switch name {
				case "nonce_reused", "state_reused":
					if got := open(t, w, lms, b, launch, nil); got.Page != "launched" {
						t.Fatalf("the honest launch before was refused with %s", got.Code)
					}
				case "nonce_of_other_login":
					open(t, w, lms, b, launch, func(string, url.Values) bool { return false })
				case "keys_down":
					w.clock.Advance(25 * time.Hour) // no old keys are good enough
				case "login_no_client":
					second, err := lms.RegisterTool(t.Context(), w.invite())
					if err != nil {
						t.Fatal(err)
					}
					defer lms.SetQuirks(lms.Quirks())
					q := lms.Quirks()
					q.NoDeploymentHint = true
					lms.SetQuirks(q)
					_ = second
				case "migration_replayed", "migration_made_up":
					if err := w.tool.AddLegacyKey(t.Context(), "main", "old-key", "old-secret"); err != nil {
						t.Fatal(err)
					}
					defer lms.SetQuirks(lms.Quirks())
					q := lms.Quirks()
					q.Migration = &demolms.Migration{Key: "old-key", Secret: "old-secret", UserIDs: map[string]string{"3": "old-3"}}
					lms.SetQuirks(q)
					if got := open(t, w, lms, b, launch, nil); got.Page != "launched" || !got.Launch.Migrated.Verified || got.Launch.Migrated.UserID != "old-3" {
						t.Fatalf("the honest launch before was refused with %s, or %+v", got.Code, got.Launch)
					}
				case "deployment_unknown":
					defer lms.SetQuirks(lms.Quirks())
					q := lms.Quirks()
					q.NoDeploymentHint = true
					lms.SetQuirks(q)
				case "issuer_of_another":
					if _, err := w.tool.Register(t.Context(), lti.Registration{Issuer: "https://another.example", ClientID: "c", AuthURL: "https://another.example/a",
						TokenURL: "https://another.example/t", JWKSURL: "https://another.example/j", Tenant: "main"}); err != nil {
						t.Fatal(err)
					}
				}
				lms.SetHostile(&f)
				defer lms.SetHostile(nil)
				path := launch
				if f.DeepLinking {
					path = "deep:" + tool.ClientID
				}
				var got shown
				if name == "answer_late" {
					got = open(t, w, lms, b, path, func(string, url.Values) bool { w.clock.Advance(11 * time.Minute); return true })
				} else {
					got = open(t, w, lms, b, path, nil)
				}
				w.wantCode(got, code)
			})
		}
		lms.SetHostile(nil)
		w.clock.Advance(time.Minute)
		if got := open(t, w, lms, signedIn(t, lms, "5"), launch, nil); got.Page != "launched" {
			t.Fatalf("after all forgeries an honest launch is refused with %s", got.Code)
		}
		for _, name := range slices.Sorted(maps.Keys(demolms.RegistrationForgeries())) {
			t.Run(name, func(t *testing.T) {
				f := demolms.RegistrationForgeries()[name]
				if name == "registration_of_another" {
					if _, err := w.tool.Register(t.Context(), lti.Registration{Issuer: lms.URL(), ClientID: "someone-else", AuthURL: lms.URL() + "/a",
						TokenURL: lms.URL() + "/t", JWKSURL: lms.URL() + "/j", Tenant: "another"}); err != nil {
						t.Fatal(err)
					}
				}
				lms.SetHostile(&f)
				defer lms.SetHostile(nil)
				before, err := w.tool.Registrations(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, err = lms.RegisterTool(t.Context(), w.in(t).invite())
				after, _ := w.tool.Registrations(t.Context())
				if name == "registration_without_client" || name == "registration_of_another" { // the platform itself thinks that it went well
					if len(after) != len(before) || !strings.Contains(w.log.String(), "code="+registrationForgeryCodes()[name]) {
						t.Fatalf("the tool has %d registrations, had %d", len(after), len(before))
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), `"Code":"`+registrationForgeryCodes()[name]+`"`) || len(after) != len(before) {
					t.Fatalf("got %v with %d registrations, had %d", err, len(after), len(before))
				}
			})
		}
	})
}

func TestEveryReasonOfAPlatformHasAForgery(t *testing.T) {
	forged := slices.AppendSeq(slices.Collect(maps.Values(forgeryCodes())), maps.Values(registrationForgeryCodes()))
	file, err := parser.ParseFile(token.NewFileSet(), "rejection.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		clause, ok := n.(*ast.CaseClause)
		if !ok || len(clause.Body) != 1 {
			return true
		}
		if r, ok := clause.Body[0].(*ast.ReturnStmt); !ok || len(r.Results) != 2 {
			return true
		}
		for _, e := range clause.List {
			lit, ok := e.(*ast.BasicLit)
			if !ok {
				continue
			}
			code, _ := strconv.Unquote(lit.Value)
			codes++
			if _, other := notThePlatforms()[code]; !other && !slices.Contains(forged, code) {
				t.Errorf("no forgery of the demo LMS is refused with %s", code)
			}
		}
		return true
	})
	if codes < 80 {
		t.Fatalf("found only %d codes in rejection.go", codes)
	}
	for name := range forgeryCodes() {
		if _, ok := demolms.Forgeries()[name]; !ok {
			t.Errorf("the demo LMS has no forgery %s", name)
		}
	}
	for name := range registrationForgeryCodes() {
		if _, ok := demolms.RegistrationForgeries()[name]; !ok {
			t.Errorf("the demo LMS has no registration forgery %s", name)
		}
	}
}

func signedIn(t *testing.T, lms *demolms.Platform, user string) *http.Client {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	b := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	res, err := b.PostForm(lms.URL()+"/login/index.php", url.Values{"user": {user}, "back": {"/"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return b
}

// open goes through the forms as a browser would, until the tool says something of its
// own. path is a page of the LMS, or "deep:" and a client id. Before the form with the
// token is posted, before is asked whether to.
func open(t *testing.T, w *world, lms *demolms.Platform, b *http.Client, path string, before func(action string, fields url.Values) bool) shown {
	t.Helper()
	var res *http.Response
	var err error
	if client, deep := strings.CutPrefix(path, "deep:"); deep {
		res, err = b.PostForm(lms.URL()+"/mod/lti/contentitem.php", url.Values{"tool": {client}})
	} else {
		res, err = b.Get(lms.URL() + path)
	}
	for range 6 {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(w.server.URL, "://"+res.Request.URL.Host) {
			said := w.read(res)
			if said.Page != "keep" { // the platform's storage; this browser has cookies too, and goes on
				return said
			}
			res, err = b.Get(said.Action)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("HTTP %d at %s: %s", res.StatusCode, res.Request.URL.Path, body)
		}
		action, fields := readPostForm(t, string(body))
		if action == w.target && before != nil && !before(action, fields) {
			return shown{}
		}
		enctype := "application/x-www-form-urlencoded"
		if m := regexp.MustCompile(`enctype="([^"]*)"`).FindSubmatch(body); m != nil {
			enctype = string(m[1])
		}
		res, err = b.Post(action, enctype, strings.NewReader(fields.Encode()))
	}
	t.Fatal("the forms go round in circles")
	return shown{}
}
