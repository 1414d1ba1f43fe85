package lti_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// Each launch is spoilt in one place and must be refused for that reason, on both stores.
func TestRefusedLaunches(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	stranger := testKey(t)
	set := func(name string, value any) func(*attempt) {
		return func(a *attempt) {
			if value == nil {
				delete(a.claims, name)
			} else {
				a.claims[name] = value
			}
		}
	}
	head := func(name string, value any) func(*attempt) {
		return func(a *attempt) {
			if value == nil {
				delete(a.header, name)
			} else {
				a.header[name] = value
			}
		}
	}
	in := func(d time.Duration) func(a *attempt) int64 {
		return func(a *attempt) int64 { return a.w.clock.Now().Add(d).Unix() }
	}
	key := func(kid string, key map[string]any, private *rsa.PrivateKey) func(*attempt) {
		return func(a *attempt) {
			key["kid"] = kid
			p := a.w.platform
			p.publish(p.kid, append(p.jwks, key)...)
			a.header["kid"] = kid
			if private != nil {
				a.sign = func(h, c map[string]any) string { return signRS256(private, h, c) }
			}
		}
	}
	with := func(m map[string]any, name string, value any) map[string]any { m[name] = value; return m }
	deepLink := func(settings map[string]any) func(*attempt) {
		return func(a *attempt) {
			a.claims[claim+"message_type"] = "LtiDeepLinkingRequest"
			delete(a.claims, claim+"resource_link")
			if settings != nil {
				a.claims[claimDL+"deep_linking_settings"] = settings
			}
		}
	}
	long := strings.Repeat("x", 256)
	ags := "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	cases := []struct {
		name, code string
		spoil      func(*attempt)
	}{
		// Required of the chain.
		{"unknown issuer", "unknown_issuer", set("iss", "https://nowhere.example")},
		{"bad signature", "bad_signature", func(a *attempt) {
			a.sign = func(h, c map[string]any) string { return signRS256(stranger, h, c) }
		}},
		{"wrong audience", "wrong_audience", set("aud", "client-2")},
		{"expired", "token_expired", func(a *attempt) { a.claims["exp"] = in(-61 * time.Second)(a) }},
		{"reused nonce", "nonce_reused", func(a *attempt) {
			if got := a.post(); got.Page != "launched" {
				a.w.t.Fatal(got)
			}
		}},
		{"state of another browser", "state_other_browser", func(a *attempt) {
			a.browser = a.w.browser()
			a.form.Set("cairn_repeat", "1")
		}},
		{"missing deployment", "deployment_missing", set(claim+"deployment_id", nil)},
		{"wrong version", "wrong_version", set(claim+"version", "1.1.0")},

		// Certification list.
		{"no kid", "kid_missing", head("kid", nil)},
		{"wrong kid", "kid_unknown", head("kid", "another")},
		{"no version", "version_missing", set(claim+"version", nil)},
		{"no LTI token", "not_lti", func(a *attempt) {
			for name := range a.claims {
				if strings.HasPrefix(name, claim) {
					delete(a.claims, name)
				}
			}
		}},
		{"no message type", "message_type_missing", set(claim+"message_type", nil)},
		{"no roles", "roles_missing", set(claim+"roles", nil)},
		{"no resource link", "resource_link_missing", set(claim+"resource_link", nil)},
		{"no resource link id", "resource_link_id_missing", set(claim+"resource_link", map[string]any{"title": "x"})},
		{"no sub", "subject_missing", set("sub", nil)},
		{"empty sub", "subject_empty", set("sub", "")},
		{"exp 22222", "token_expired", set("exp", 22222)},
		{"exp as text", "bad_time", set("exp", "tomorrow")},
		{"iat as text", "bad_time", set("iat", "yesterday")},
		{"exp beyond all times", "bad_time", set("exp", 1e30)},

		// Crypto.
		{"alg none", "alg_none", func(a *attempt) {
			a.header["alg"] = "none"
			a.sign = func(h, c map[string]any) string { return b64(jsonOf(h)) + "." + b64(jsonOf(c)) + "." }
		}},
		{"no alg", "alg_none", head("alg", nil)},
		{"HS256 with the public key", "alg_not_allowed", func(a *attempt) {
			a.header["alg"] = "HS256"
			der, _ := x509.MarshalPKIXPublicKey(&a.w.platform.key.PublicKey)
			secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			a.sign = func(h, c map[string]any) string {
				input := b64(jsonOf(h)) + "." + b64(jsonOf(c))
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(input))
				return input + "." + b64(mac.Sum(nil))
			}
		}},
		{"alg not allowed", "alg_not_allowed", head("alg", "RS512")},
		{"oct key", "key_wrong_type", key("oct", map[string]any{"kty": "oct", "k": "c2VjcmV0"}, nil)},
		{"RSA 1024", "key_too_short", key("small", jwkOf(&small.PublicKey, ""), small)},
		{"use enc", "key_not_for_signing", key("enc", with(jwkOf(&stranger.PublicKey, ""), "use", "enc"), stranger)},
		{"key_ops encrypt", "key_not_for_signing", key("ops", with(jwkOf(&stranger.PublicKey, ""), "key_ops", []string{"encrypt"}), stranger)},
		{"key for another alg", "key_other_alg", key("rs512", with(jwkOf(&stranger.PublicKey, ""), "alg", "RS512"), stranger)},
		{"broken key", "key_malformed", key("broken", map[string]any{"kty": "RSA", "n": "!", "e": "AQAB"}, nil)},
		{"jku header", "embedded_key", head("jku", "https://evil.example/jwks")},
		{"jwk header", "embedded_key", head("jwk", jwkOf(&stranger.PublicKey, "kid-1"))},
		{"x5u header", "embedded_key", head("x5u", "https://evil.example/cert")},
		{"x5c header", "embedded_key", head("x5c", []string{"MIIB"})},
		{"crit header", "critical_header", head("crit", []string{"b64"})},
		{"no JWS", "token_malformed", func(a *attempt) { a.form.Set("id_token", "a.b") }},
		{"no JSON inside", "token_malformed", func(a *attempt) { a.form.Set("id_token", "e30.bm9qc29u.AA") }},
		{"kid of a wrong type", "token_malformed", head("kid", 5)},

		// Time.
		{"no exp", "exp_missing", set("exp", nil)},
		{"no iat", "iat_missing", set("iat", nil)},
		{"iat in the future", "issued_in_future", func(a *attempt) {
			a.claims["iat"], a.claims["exp"] = in(61*time.Second)(a), in(time.Hour)(a)
		}},
		{"iat too old", "issued_too_long_ago", func(a *attempt) {
			a.claims["iat"], a.claims["exp"] = in(-7*time.Minute)(a), in(time.Hour)(a)
		}},
		{"nbf in the future", "not_yet_valid", func(a *attempt) { a.claims["nbf"] = in(2 * time.Minute)(a) }},

		// Audience and issuer.
		{"no iss", "token_issuer_missing", set("iss", nil)},
		{"no aud", "audience_missing", set("aud", nil)},
		{"aud array without us", "wrong_audience", set("aud", []string{"client-2"})},
		{"two audiences without azp", "azp_missing", set("aud", []string{"client-1", "evil"})},
		{"azp of another", "azp_wrong", set("azp", "evil")},
		{"an unknown audience", "untrusted_audience", func(a *attempt) { a.claims["aud"], a.claims["azp"] = []string{"client-1", "evil"}, "client-1" }},
		{"aud of a wrong type", "bad_claim_type", set("aud", 5)},
		{"another registered issuer", "issuer_mismatch", func(a *attempt) {
			_, err := a.w.tool.Register(a.w.t.Context(), lti.Registration{
				Issuer: "https://other.example", ClientID: "c", AuthURL: "https://other.example/a", TokenURL: "https://other.example/t",
				JWKSURL: "https://other.example/j", Tenant: "main",
			})
			if err != nil {
				a.w.t.Fatal(err)
			}
			a.claims["iss"] = "https://other.example"
		}},
		{"another client than the login's", "wrong_audience", func(a *attempt) {
			second := a.w.reg
			second.ClientID = "client-other"
			if _, err := a.w.tool.Register(a.w.t.Context(), second, "1"); err != nil {
				a.w.t.Fatal(err)
			}
			a.claims["aud"] = "client-other"
		}},
		{"another deployment than the login's", "deployment_mismatch", set(claim+"deployment_id", "2")},
		{"an unknown deployment", "unknown_deployment", func(a *attempt) {
			*a = *a.w.loggedIn(func(q url.Values) { q.Del("lti_deployment_id") })
			a.claims[claim+"deployment_id"] = "99"
		}},
		{"a deployment that waits for approval", "deployment_pending", func(a *attempt) {
			if got := a.w.launchAs("77"); got.Code != "unknown_deployment" {
				a.w.t.Fatal(got)
			}
			*a = *a.w.loggedIn(func(q url.Values) { q.Del("lti_deployment_id") })
			a.claims[claim+"deployment_id"] = "77"
		}},
		{"a suspended deployment", "deployment_suspended", func(a *attempt) {
			if err := a.w.tool.SuspendDeployment(a.w.t.Context(), a.w.reg.ID, "1", lti.ByTenant); err != nil {
				a.w.t.Fatal(err)
			}
		}},
		{"a suspended registration", "registration_suspended", func(a *attempt) {
			reg := a.w.reg
			reg.Status = lti.StatusSuspended
			if err := a.w.store.SaveRegistration(a.w.t.Context(), reg); err != nil {
				a.w.t.Fatal(err)
			}
		}},

		// Nonce and state.
		{"no nonce", "nonce_missing", set("nonce", nil)},
		{"unknown nonce", "nonce_unknown", set("nonce", "made up")},
		{"nonce of another state", "nonce_other_state", func(a *attempt) {
			a.claims["nonce"] = a.w.login(a.w.browser(), a.w.loginParams()).Get("nonce")
		}},
		{"used nonce with a new state", "nonce_reused", func(a *attempt) {
			if got := a.post(); got.Page != "launched" {
				a.w.t.Fatal(got)
			}
			a.form.Set("state", a.w.login(a.browser, a.w.loginParams()).Get("state"))
		}},
		{"used state with a new token", "state_reused", func(a *attempt) {
			if got := a.post(); got.Page != "launched" {
				a.w.t.Fatal(got)
			}
			a.form.Del("id_token")
			a.claims["nonce"] = a.w.login(a.browser, a.w.loginParams()).Get("nonce")
		}},
		{"no state", "state_missing", func(a *attempt) { a.form.Del("state") }},
		{"unknown state", "state_unknown", func(a *attempt) { a.form.Set("state", "made up") }},
		{"expired state", "state_expired", func(a *attempt) { a.w.clock.Advance(10*time.Minute + time.Second) }},

		// Claims.
		{"version of a wrong type", "bad_claim_type", set(claim+"version", 1.3)},
		{"roles of a wrong type", "bad_claim_type", set(claim+"roles", "Learner")},
		{"a role of a wrong type", "bad_claim_type", set(claim+"roles", []any{nil})},
		{"context of a wrong type", "bad_claim_type", set(claim+"context", "2")},
		{"email of a wrong type", "bad_claim_type", set("email", 5)},
		{"custom object", "bad_claim_type", set(claim+"custom", map[string]any{"a": map[string]any{}})},
		{"AGS of a wrong type", "bad_claim_type", set(ags, []any{})},
		{"sub too long", "id_too_long", set("sub", long)},
		{"resource link id too long", "id_too_long", set(claim+"resource_link", map[string]any{"id": long})},
		{"control characters in an id", "id_malformed", set("sub", "5\n6")},
		{"unknown message type", "unknown_message_type", set(claim+"message_type", "LtiFutureRequest")},
		{"no target", "token_target_missing", set(claim+"target_link_uri", nil)},
		{"target elsewhere", "token_target_off_origin", set(claim+"target_link_uri", "https://evil.example/lti/launch")},
		{"target other than the login's", "target_mismatch", func(a *attempt) { a.claims[claim+"target_link_uri"] = a.w.target + "?x" }},
		{"deep link without settings", "deep_linking_settings_missing", deepLink(nil)},
		{"deep link without return URL", "deep_linking_return_url", deepLink(map[string]any{
			"accept_types": []string{"ltiResourceLink"}, "accept_presentation_document_targets": []string{"iframe"}})},
		{"deep link returning to a script", "deep_linking_return_url", deepLink(map[string]any{
			"deep_link_return_url": "javascript:alert(1)", "accept_types": []string{"ltiResourceLink"}, "accept_presentation_document_targets": []string{"iframe"}})},
		{"deep link that accepts nothing", "deep_linking_settings_incomplete", deepLink(map[string]any{"deep_link_return_url": "https://lms.example/r"})},
		{"submission review for nobody", "for_user_missing", set(claim+"message_type", "LtiSubmissionReviewRequest")},

		// Migration from LTI 1.1.
		{"a replayed migration claim", "migration_signature", func(a *attempt) {
			if err := a.w.tool.AddLegacyKey(a.w.t.Context(), "main", "key-1", "the secret"); err != nil {
				a.w.t.Fatal(err)
			}
			first := a.w.attempt()
			first.migrated("key-1", "the secret")
			if got := first.post(); got.Page != "launched" {
				a.w.t.Fatal(got)
			}
			a.claims[claim+"lti1p1"] = first.claims[claim+"lti1p1"]
		}},
		{"a migration claim signed for nobody", "migration_key_missing", set(claim+"lti1p1", map[string]any{"oauth_consumer_key_sign": "x"})},

		// Other.
		{"no token", "token_missing", func(a *attempt) { a.form.Set("id_token", "") }},
		{"the platform's error", "platform_error", func(a *attempt) {
			a.form = url.Values{"error": {"access_denied"}, "error_description": {"no <b>"}, "state": a.form["state"]}
			a.form.Set("id_token", "")
		}},
		{"oversized body", "body_too_large", func(a *attempt) { a.form.Set("id_token", strings.Repeat("x", 300<<10)) }},
		{"state twice", "duplicate_parameter", func(a *attempt) { a.form.Add("state", "x") }},
		{"id_token twice", "duplicate_parameter", func(a *attempt) { a.form["id_token"] = []string{"a", "b"} }},
	}
	stores(t, func(t *testing.T, s lti.Store) {
		shared := newWorld(t, s)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				w := shared
				if strings.HasSuffix(c.code, "_suspended") {
					w = newWorld(t, s)
				}
				w.clock.Advance(time.Minute) // an unknown kid is looked for again
				a := w.attempt()
				a.w = w.in(t)
				c.spoil(a)
				got := a.post()
				w.in(t).wantCode(got, c.code)
				w.in(t).wantFailure(got, lti.FailedLaunch)
				if c.code == "platform_error" && (got.Says != "no <b>" || strings.Contains(w.log.String(), "no <b>")) {
					t.Errorf("the platform's words belong on the page (%q) and not in the log", got.Says)
				}
			})
		}
	})
}
