package lti

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// captured are the tokens that Moodle signed.
func captured(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/raw.fixture-*.jwt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no captured tokens: %v", err)
	}
	var all []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, strings.TrimSpace(string(data)))
	}
	return all
}

// knownClaims are all that the tool reads, with a member where there is one.
func knownClaims() []string {
	return []string{
		"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "name", "given_name", "family_name", "email", "locale",
		claim + "message_type", claim + "version", claim + "deployment_id", claim + "target_link_uri", claim + "roles", claim + "role_scope_mentor",
		claim + "resource_link", claim + "context", claim + "tool_platform", claim + "launch_presentation", claim + "custom", claim + "for_user",
		claim + "lti1p1", claim + "ext", claimAGS, claimNRPS, claimGroups, claimNotices, claimDL + "deep_linking_settings",
	}
}

// Whatever JSON stands in a claim: no panic, and what is taken keeps its bounds.
func FuzzAnyTypeInAnyClaim(f *testing.F) {
	tok, rej := splitToken(captured(f)[0])
	if rej != nil {
		f.Fatal(rej)
	}
	for i := range knownClaims() {
		for _, value := range []string{`5`, `"x"`, `true`, `null`, `[]`, `[null]`, `{}`, `{"id":5,"user_id":[],"scope":{},"data":1}`, `1e999`, `"\ud800"`} {
			f.Add(uint8(i), value)
		}
	}
	now := time.Unix(1795254996, 0)
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		if !json.Valid([]byte(value)) {
			return
		}
		c := object{}
		for name, raw := range tok.claims {
			c[name] = raw
		}
		name := knownClaims()[int(which)%len(knownClaims())]
		c[name] = json.RawMessage(value)
		_, _ = checkSecurityClaims(c, "T461rmCaAeOhnFL", now, time.Minute)
		checkLaunch(t, c)
		fail := newFailure(FailedLaunch, reject("bad_claim_type", "x"), failing{claims: c}, "r", now)
		if len(fail.ClaimNames) > maxFailureClaims || len(fail.Claims) > 20 {
			t.Fatalf("%d names and %d values are kept", len(fail.ClaimNames), len(fail.Claims))
		}
		for short, v := range fail.Claims {
			if len(v) > 1500 || strings.ContainsAny(v, "\r\n\x00") {
				t.Fatalf("%s is kept as %q", short, v)
			}
		}
	})
}

// Only what Moodle signed is taken for signed by Moodle.
func FuzzSignature(f *testing.F) {
	var signed []string
	for _, compact := range captured(f) {
		f.Add(compact)
		f.Add(compact[:len(compact)-4] + "AAAA")
		signed = append(signed, compact[:strings.LastIndex(compact, ".")])
	}
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	data, err := os.ReadFile("testdata/jwks.json")
	if err != nil {
		f.Fatal(err)
	}
	keys, err := parseKeySet(data)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1795254996, 0)
	tool := &Tool{keySets: newKeySets(nil, func() time.Time { return now })}
	tool.keySets.byURL["keys"] = &keySet{keys: keys, fetched: now, missed: now} // nothing to fetch
	f.Fuzz(func(t *testing.T, compact string) {
		tok, rej := splitToken(compact)
		if rej != nil {
			return
		}
		if rej := tool.verify(t.Context(), Registration{JWKSURL: "keys"}, tok); rej == nil && !slices.Contains(signed, compact[:strings.LastIndex(compact, ".")]) {
			t.Fatalf("accepted %s", compact)
		}
	})
}
