package platform

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzVerifyJWT: nothing that we did not sign verifies, and nothing panics.
func FuzzVerifyJWT(f *testing.F) {
	f.Add(`{"alg":"RS256","kid":"k"}`, `{"exp":1}`, "c2ln", `{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}`)
	f.Add(`{"alg":"none"}`, `null`, "", `{"keys":[{"kty":"oct"}]}`)
	f.Fuzz(func(t *testing.T, header, claims, sig, set string) {
		keys, err := parseKeySet([]byte(set))
		if err != nil {
			keys = nil
		}
		token := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(claims)) + "." + sig
		if _, err := verifyJWT(token, keys, time.Now()); err == nil {
			t.Error("a made-up token verifies")
		}
		_, _ = verifyJWT(header+claims+sig, keys, time.Now())
	})
}

// FuzzLocalPath: what it lets through stays on this site.
func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x.example", "/\\x", "https://x", "/a?b=//c", "/%2f%2fx", "/\tx"} {
		f.Add(s)
	}
	base, _ := url.Parse("http://127.0.0.1:1/")
	f.Fuzz(func(t *testing.T, s string) {
		got := localPath(s)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || strings.HasPrefix(got, "//") {
			t.Errorf("%q leads to %q", s, got)
		}
	})
}

// FuzzScore: any body is either read or refused.
func FuzzScore(f *testing.F) {
	f.Add(`{"userId":5,"scoreGiven":"1e309","scoreMaximum":10,"timestamp":"2026-11-21T09:37:42.086Z"}`)
	f.Add(`{"userId":null,"scoreGiven":{}}`)
	f.Fuzz(func(_ *testing.T, body string) {
		var in scoreInput
		if json.Unmarshal([]byte(body), &in) == nil {
			_, _ = in.Given.number()
			_, _ = in.Maximum.number()
		}
		var m clientMetadata
		if json.Unmarshal([]byte(body), &m) == nil && m.problem() == "" {
			_ = m.tool("x", servedScopes())
		}
		_, _ = lineItemOfURL(body)
	})
}
