package platform

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Forgeries are what a tool must refuse, by name: certification's list and the
// usual attacks. Each differs from the true launch in one thing.
func Forgeries() map[string]Forgery {
	all := tokenForgeries()
	maps.Copy(all, keyForgeries())
	maps.Copy(all, deepLinkingForgeries())
	maps.Copy(all, loginForgeries())
	maps.Copy(all, migrationForgeries())
	maps.Copy(all, answerForgeries())
	return all
}

// tokenForgeries are in what the token says.
func tokenForgeries() map[string]Forgery {
	header := func(key string, value any) Forgery {
		return Forgery{Header: func(h map[string]any) { put(h, key, value) }}
	}
	claim := func(key string, value any) Forgery {
		return Forgery{Claims: func(c map[string]any) { put(c, key, value) }}
	}
	shift := func(iat, exp time.Duration) Forgery {
		return Forgery{Claims: func(c map[string]any) {
			now, _ := c["iat"].(int64)
			c["iat"] = now + int64(iat/time.Second)
			c["exp"] = now + int64(exp/time.Second)
		}}
	}
	link := func(value any) Forgery { return claim(claimResourceLink, value) }
	return map[string]Forgery{
		"wrong_key":               {Key: KeyWrong},
		"alg_none":                {Key: KeyNone},
		"public_key_as_secret":    {Key: KeyPublicAsSecret},
		"alg_rs512":               header("alg", "RS512"),
		"no_kid":                  header("kid", nil),
		"unknown_kid":             header("kid", "ffffffffffffffffffff"),
		"embedded_key":            header("jwk", map[string]any{"kty": "RSA", "e": "AQAB", "n": "AQAB"}),
		"jku":                     header("jku", "https://attacker.example/jwks.json"),
		"wrong_issuer":            claim("iss", "https://other.example"),
		"no_issuer":               claim("iss", nil),
		"wrong_audience":          claim("aud", "someone-else"),
		"no_audience":             claim("aud", nil),
		"extra_audience":          {Claims: func(c map[string]any) { c["aud"] = []any{c["aud"], "someone-else"}; c["azp"] = c["aud"].([]any)[0] }},
		"audience_array_no_azp":   {Claims: func(c map[string]any) { c["aud"] = []any{c["aud"], "someone-else"}; delete(c, "azp") }},
		"wrong_azp":               claim("azp", "someone-else"),
		"expired":                 shift(-time.Hour-time.Minute, -time.Hour),
		"too_old":                 shift(-48*time.Hour, time.Hour),
		"future":                  shift(time.Hour, time.Hour+time.Minute),
		"no_exp":                  claim("exp", nil),
		"no_iat":                  claim("iat", nil),
		"exp_text":                claim("exp", "tomorrow"),
		"exp_1970":                claim("exp", 22222),
		"no_nonce":                claim("nonce", nil),
		"wrong_nonce":             claim("nonce", "never-asked-for"),
		"nonce_reused":            {ReuseNonce: true},
		"wrong_version":           claim(claimVersion, "1.2.0"),
		"no_version":              claim(claimVersion, nil),
		"no_message_type":         claim(claimMessageType, nil),
		"unknown_message_type":    claim(claimMessageType, "LtiSurpriseRequest"),
		"no_deployment":           claim(claimDeployment, nil),
		"wrong_deployment":        claim(claimDeployment, "999"),
		"deployment_unknown":      claim(claimDeployment, "999"), // while the login names no deployment
		"issuer_of_another":       claim("iss", "https://another.example"),
		"deployment_number":       claim(claimDeployment, 1),
		"no_roles":                claim(claimRoles, nil),
		"roles_text":              claim(claimRoles, "Learner"),
		"no_resource_link":        link(nil),
		"resource_link_no_id":     link(map[string]any{"title": "No id"}),
		"resource_link_text":      link("1"),
		"resource_link_id_long":   link(map[string]any{"id": strings.Repeat("x", 256)}),
		"no_target":               claim(claimTargetLinkURI, nil),
		"target_elsewhere":        claim(claimTargetLinkURI, "https://attacker.example/launch"),
		"no_sub":                  claim("sub", nil),
		"empty_sub":               claim("sub", ""),
		"sub_long":                claim("sub", strings.Repeat("5", 256)),
		"sub_number":              claim("sub", 5),
		"context_text":            claim(claimContext, "2"),
		"custom_text":             claim(claimCustom, "workflow=first-steps"),
		"sub_control":             claim("sub", "5\n6"),
		"not_lti":                 {Claims: dropLTI},
		"audience_number":         claim("aud", 5),
		"version_number":          claim(claimVersion, 1.3),
		"role_null":               claim(claimRoles, []any{nil}),
		"email_number":            claim("email", 5),
		"custom_object":           claim(claimCustom, map[string]any{"workflow": map[string]any{}}),
		"services_text":           claim(claimAGS, "lineitems"),
		"iat_text":                claim("iat", "yesterday"),
		"exp_beyond":              claim("exp", 1e30),
		"not_before":              {Claims: func(c map[string]any) { c["nbf"] = c["iat"].(int64) + 3600 }},
		"alg_missing":             header("alg", nil),
		"critical_header":         header("crit", []string{"b64"}),
		"kid_number":              header("kid", 5),
		"target_other":            {Claims: func(c map[string]any) { c[claimTargetLinkURI] = c[claimTargetLinkURI].(string) + "?other" }},
		"review_of_nobody":        claim(claimMessageType, messageReview),
		"nonce_of_other_login":    {ReuseNonce: true},
		"not_json":                {Token: func(string) string { return "e30.bm90anNvbg.AA" }},
		"not_a_token":             {Token: func(string) string { return "hello" }},
		"payload_changed":         {Token: changePayload},
		"signature_missing":       {Token: func(t string) string { return t[:strings.LastIndex(t, ".")] }},
		"signature_of_other_text": {Token: func(t string) string { return t[:len(t)-8] + "AAAAAAAA" }},
	}
}

// keyForgeries are signed with keys that no platform may publish for that.
func keyForgeries() map[string]Forgery {
	return map[string]Forgery{
		"key_oct":         {Key: KeyOct},
		"key_rsa_1024":    {Key: KeyShort},
		"key_use_enc":     {Key: KeyEncrypting},
		"key_ops_encrypt": {Key: KeyOpsEncrypt},
		"key_other_alg":   {Key: KeyOtherAlg},
		"key_unreadable":  {Key: KeyUnreadable},
		"keys_down":       {Down: []string{keySetPath}},
	}
}

// deepLinkingForgeries are deep linking requests.
func deepLinkingForgeries() map[string]Forgery {
	settings := func(key string, value any) Forgery {
		return Forgery{DeepLinking: true, Claims: func(c map[string]any) {
			s, _ := c[claimDeepLinking].(map[string]any)
			put(s, key, value)
		}}
	}
	return map[string]Forgery{
		"deep_no_settings":      {DeepLinking: true, Claims: func(c map[string]any) { delete(c, claimDeepLinking) }},
		"deep_settings_text":    {DeepLinking: true, Claims: func(c map[string]any) { c[claimDeepLinking] = "all" }},
		"deep_no_return":        settings("deep_link_return_url", nil),
		"deep_return_to_script": settings("deep_link_return_url", "javascript:alert(1)"),
		"deep_no_types":         settings("accept_types", nil),
		"deep_no_targets":       settings("accept_presentation_document_targets", nil),
	}
}

// migrationForgeries claim an LTI 1.1 past; the first needs Quirks.Migration.
func migrationForgeries() map[string]Forgery {
	claim := func(c map[string]any) Forgery {
		return Forgery{Claims: func(all map[string]any) { all[claimMigration] = c }}
	}
	return map[string]Forgery{
		"migration_replayed":  {ReuseMigration: true},
		"migration_made_up":   claim(map[string]any{"oauth_consumer_key": "old-key", "oauth_consumer_key_sign": "bWFkZSB1cA==", "user_id": "1"}),
		"migration_of_nobody": claim(map[string]any{"oauth_consumer_key_sign": "bWFkZSB1cA==", "user_id": "1"}),
		"migration_text":      {Claims: func(c map[string]any) { c[claimMigration] = "old-key" }},
	}
}

// loginForgeries are in the login initiation.
func loginForgeries() map[string]Forgery {
	login := func(key string, values ...string) Forgery {
		return Forgery{Login: func(f url.Values) {
			f.Del(key)
			if len(values) > 0 {
				f[key] = values
			}
		}}
	}
	return map[string]Forgery{
		"login_no_issuer":        login("iss"),
		"login_no_hint":          login("login_hint"),
		"login_no_target":        login("target_link_uri"),
		"login_target_elsewhere": login("target_link_uri", "https://attacker.example/launch"),
		"login_target_as_user": {Login: func(f url.Values) {
			f.Set("target_link_uri", strings.Replace(f.Get("target_link_uri"), "://", "://tool@attacker.example/", 1))
		}},
		"login_target_script":    login("target_link_uri", "javascript:alert(1)"),
		"login_unknown_issuer":   login("iss", "https://other.example"),
		"login_unknown_client":   login("client_id", "someone-else"),
		"login_no_client":        login("client_id"), // ambiguous once a platform has two tools and names no deployment
		"login_issuer_twice":     login("iss", "https://other.example", "https://another.example"),
		"login_client_twice":     login("client_id", "someone", "someone-else"),
		"login_hint_long":        login("login_hint", strings.Repeat("5", 5_000)),
		"login_client_long":      login("client_id", strings.Repeat("c", 256)),
		"login_oversized":        login("lti_message_hint", strings.Repeat("x", 200<<10)),
		"login_two_deployments":  {Login: func(f url.Values) { f.Set("lti_deployment_id", "1"); f.Set("deployment_id", "2") }},
		"login_other_deployment": login("lti_deployment_id", "999"),
	}
}

// answerForgeries are in the form that carries the token.
func answerForgeries() map[string]Forgery {
	answer := func(key string, values ...string) Forgery {
		return Forgery{Answer: func(f url.Values) {
			f.Del(key)
			if len(values) > 0 {
				f[key] = values
			}
		}}
	}
	return map[string]Forgery{
		"answer_late":      {}, // honest, but for who waits too long before posting it
		"no_state":         answer("state"),
		"unknown_state":    answer("state", "never-asked-for"),
		"state_reused":     {ReuseState: true},
		"state_twice":      {Answer: func(f url.Values) { f.Add("state", "another") }},
		"no_token":         answer("id_token"),
		"token_twice":      {Answer: func(f url.Values) { f.Add("id_token", f.Get("id_token")) }},
		"answer_oversized": answer("id_token", strings.Repeat("x", 300<<10)),
		"answer_as_text":   {Enctype: "text/plain"},
		"answer_error": {Answer: func(f url.Values) {
			f.Del("id_token")
			f.Set("error", "access_denied")
			f.Set("error_description", "The person is <b>not</b> in the course")
		}},
	}
}

// RegistrationForgeries are registrations that a tool must refuse, by name.
func RegistrationForgeries() map[string]Forgery {
	invite := func(key, value string) Forgery {
		return Forgery{Invite: func(q url.Values) {
			if q.Del(key); value != "" {
				q.Set(key, value)
			}
		}}
	}
	conf := func(key string, value any) Forgery {
		return Forgery{Configuration: func(c map[string]any) { put(c, key, value) }}
	}
	return map[string]Forgery{
		"invite_no_configuration":     invite("openid_configuration", ""),
		"invite_configuration_ftp":    invite("openid_configuration", "ftp://platform.example/configuration"),
		"configuration_down":          {Down: []string{configurationPath}},
		"configuration_other_issuer":  conf("issuer", "https://other.example"),
		"configuration_no_issuer":     conf("issuer", nil),
		"configuration_no_keys":       conf("jwks_uri", nil),
		"configuration_no_token_url":  conf("token_endpoint", nil),
		"configuration_keys_number":   conf("jwks_uri", 5),
		"registration_down":           {Down: []string{registrationPath}},
		"registration_of_another":     {Registered: func(a map[string]any) { a["client_id"] = "someone-else" }},
		"registration_without_client": {Registered: func(a map[string]any) { delete(a, "client_id") }},
	}
}

// dropLTI leaves nothing of LTI in the token.
func dropLTI(c map[string]any) {
	for k := range c {
		if strings.HasPrefix(k, ltiClaim) {
			delete(c, k)
		}
	}
}

// ForgeryNames are the names of Forgeries, sorted.
func ForgeryNames() []string { return slices.Sorted(maps.Keys(Forgeries())) }

func put(m map[string]any, key string, value any) {
	if value == nil {
		delete(m, key)
		return
	}
	m[key] = value
}

// changePayload makes everyone an instructor, under the old signature.
func changePayload(token string) string {
	parts := strings.Split(token, ".")
	data, err := b64.DecodeString(parts[1])
	if err != nil {
		return token
	}
	parts[1] = b64.EncodeToString([]byte(strings.ReplaceAll(string(data), "#Learner", "#Instructor") + " "))
	return strings.Join(parts, ".")
}
