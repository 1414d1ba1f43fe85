package lti

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func FuzzLoginParameters(f *testing.F) {
	f.Add("iss=https://lms.example&login_hint=5&target_link_uri=https://tool.example/lti/launch&lti_message_hint=%7B%22cmid%22:2%7D&client_id=c&lti_deployment_id=1")
	f.Add("iss=&iss=&login_hint=%00")
	f.Add("deployment_id=1&iss=x&login_hint=y&target_link_uri=z")
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, rej := parseLogin(v)
		if rej != nil {
			if spec, _ := rule(rej.Code); spec != rej.Spec || rej.Detail == "" {
				t.Fatalf("a refusal without a rule: %+v", rej)
			}
			return
		}
		if q.Issuer == "" || q.LoginHint == "" || q.TargetLinkURI == "" || len(q.Issuer) > maxID || q.MessageHint != v.Get("lti_message_hint") {
			t.Fatalf("accepted %+v", q)
		}
	})
}

func FuzzIDToken(f *testing.F) {
	files, err := filepath.Glob("testdata/raw.fixture-*.jwt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.TrimSpace(string(data)))
	}
	f.Add("e30.e30.")
	f.Add("...")
	now := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, compact string) {
		tok, rej := splitToken(compact)
		if rej != nil {
			return
		}
		if rej := checkHeader(tok, nil); rej == nil && tok.alg != "RS256" {
			t.Fatalf("accepted alg %q", tok.alg)
		}
		_, _ = checkSecurityClaims(tok.claims, "c", now, time.Minute)
		checkLaunch(t, tok.claims)
	})
}

func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"sub":"5","https://purl.imsglobal.org/spec/lti/claim/roles":[""],"https://purl.imsglobal.org/spec/lti/claim/custom":{"a":null,"b":1e3}}`))
	f.Add([]byte(`{"aud":["a",null],"exp":1e400,"iat":-1,"nbf":"x"}`))
	f.Add([]byte(`{"https://purl.imsglobal.org/spec/lti/claim/message_type":"LtiDeepLinkingRequest","https://purl.imsglobal.org/spec/lti/claim/version":"1.3.0","https://purl.imsglobal.org/spec/lti/claim/deployment_id":"1","https://purl.imsglobal.org/spec/lti/claim/target_link_uri":"x","sub":"1","https://purl.imsglobal.org/spec/lti/claim/roles":[],"https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings":{"deep_link_return_url":"https://x/","accept_types":["a"],"accept_presentation_document_targets":["b"],"data":"d"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseObject(data)
		if err != nil {
			return
		}
		_, _ = checkSecurityClaims(c, "c", time.Unix(1795254975, 0), time.Minute)
		checkLaunch(t, c)
	})
}

func checkLaunch(t *testing.T, c object) {
	t.Helper()
	l, rej := readLaunch(c, false)
	switch {
	case (l == nil) == (rej == nil):
		t.Fatal("neither a launch nor a refusal")
	case rej != nil:
		if spec, _ := rule(rej.Code); spec != rej.Spec {
			t.Fatalf("a refusal without a rule: %+v", rej)
		}
		return
	}
	if l.Subject == "" || l.DeploymentID == "" || len(l.Subject) > maxID || len(l.Name) > maxText {
		t.Fatalf("accepted %+v", l)
	}
	for _, u := range []string{l.ReturnURL, l.LineItemURL, l.LineItemsURL, l.MembershipsURL} {
		if u != "" && !strings.HasPrefix(strings.ToLower(u), "http") {
			t.Fatalf("accepted URL %q", u)
		}
	}
}

func FuzzLinkHeader(f *testing.F) {
	f.Add(`<https://lms.example/p?limit=2&from=2>; rel="next"`)
	f.Add("<http://localhost:8000/l?type_id=1&amp;from=0>; rel=\u201cfirst\u201d, <http://localhost:8000/l?type_id=1&amp;from=1>; rel=\u201cnext\u201d")
	f.Add(`<a>; rel="prev next"; title="x, y; rel=next"`)
	f.Add(`<<>,;=">`)
	f.Fuzz(func(t *testing.T, header string) {
		next, ok := linkOf([]string{header}, "next")
		if !ok && next != "" || ok && !strings.Contains(strings.ToLower(header), "next") {
			t.Fatalf("got %q, %v", next, ok)
		}
	})
}

func FuzzKeySet(f *testing.F) {
	data, err := os.ReadFile("testdata/jwks.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"keys":[{"kid":"a","kty":"RSA","n":"AQ","e":"AQ"},{"kid":"b","kty":"oct","k":"x"},5,null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeySet(data)
		if err != nil {
			return
		}
		for _, k := range keys {
			if public, rej := k.forAlg("RS256"); (public == nil) == (rej == nil) {
				t.Fatal("neither a key nor a refusal")
			}
		}
	})
}

func TestNextLink(t *testing.T) {
	for header, want := range map[string]string{
		`<https://a/b>; rel="next"`: "https://a/b",
		`<https://a/b>; rel=next`:   "https://a/b",
		`<https://a/1>; rel="prev", <https://a/2?x=1,2>; rel="last next"`: "https://a/2?x=1,2",
		`<https://a/1>; title="next"; rel="prev"`:                         "",
		`<https://a/1>; rel="nextish"`:                                    "",
		"<https://a/1?a=1&amp;b=2>; rel=\u201dnext\u201d":                 "https://a/1?a=1&b=2",
		"":                          "",
		"no brackets; rel=\"next\"": "",
	} {
		if got, _ := linkOf([]string{header}, "next"); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

func TestEveryCodeHasItsRule(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`reject\("([a-z_]+)"`).FindAllStringSubmatch(string(src), -1) {
			used[m[1]] = true
		}
	}
	if len(used) < 60 {
		t.Fatalf("found %d codes only", len(used))
	}
	src, err := os.ReadFile("rejection.go")
	if err != nil {
		t.Fatal(err)
	}
	for code := range used {
		if !strings.Contains(string(src), `"`+code+`"`) {
			t.Errorf("the code %s has no rule", code)
		}
	}
	for _, m := range regexp.MustCompile(`case ("[a-z_]+"(?:, "[a-z_]+")*):\n\t\treturn `).FindAllStringSubmatch(string(src), -1) {
		for _, code := range strings.Split(strings.ReplaceAll(m[1], `"`, ""), ", ") {
			if !used[code] {
				t.Errorf("the rule of %s is never used", code)
			}
		}
	}
}

func TestASealedKeyOpensWithItsOwnLabelOnly(t *testing.T) {
	s, err := newSealer(make([]byte, 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.seal([]byte("private"), "a")
	if got, err := s.open(sealed, "a"); err != nil || string(got) != "private" {
		t.Fatalf("got %q, %v", got, err)
	}
	for _, bad := range [][]byte{nil, sealed[:5], append([]byte{1}, sealed[1:]...)} {
		if _, err := s.open(bad, "a"); err == nil {
			t.Error("a damaged seal opened")
		}
	}
	if _, err := s.open(sealed, "b"); err == nil {
		t.Error("a key moved to another registration opened")
	}
}

// Each code is what some test of this package expects over HTTP.
func TestEveryCodeIsExpectedByATest(t *testing.T) {
	source, err := os.ReadFile("rejection.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "package lti_test") {
			tests.Write(data)
		}
	}
	codes := 0
	for _, m := range regexp.MustCompile(`case ("[a-z_]+"(?:, "[a-z_]+")*):\n\t\treturn [^t]`).FindAllStringSubmatch(string(source), -1) {
		for _, code := range strings.Split(m[1], ", ") {
			codes++
			if !strings.Contains(tests.String(), code) {
				t.Errorf("no test expects %s", code)
			}
		}
	}
	if codes < 80 {
		t.Fatalf("found %d codes only", codes)
	}
}
