package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestOnlyTheLaunchingPlatformMayFrameASession(t *testing.T) {
	for _, c := range []struct {
		issuer, back string
		want         []string
	}{
		{"https://LMS.example:443/moodle", "https://lms.example:8443/x", []string{"https://lms.example", "https://lms.example:8443"}},
		{"https://lms.example/moodle", "https://lms.example/moodle/return", []string{"https://lms.example"}},
		{"https://canvas.instructure.com", "https://school.instructure.com/x", []string{"https://canvas.instructure.com", "https://school.instructure.com"}},
		{"http://localhost:8081", "", []string{"http://localhost:8081"}},
		{"urn:lms", "javascript:alert(1)", nil},
		{"https://*", "https://a b", nil},
		{"https://evil.example; script-src *", "https://lms.example;x", nil},
	} {
		if have := ancestorsOf(c.issuer, c.back); !slices.Equal(have, c.want) {
			t.Errorf("%s and %s give %q, want %q", c.issuer, c.back, have, c.want)
		}
	}
	h := http.Header{}
	setPolicy(h, nil)
	if !strings.HasSuffix(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("a page for nobody's frame has %v", h)
	}
	setPolicy(h, []string{"https://lms.example"})
	if !strings.HasSuffix(h.Get("Content-Security-Policy"), "frame-ancestors 'self' https://lms.example") || h.Get("X-Frame-Options") != "" {
		t.Errorf("a framed page has %v", h)
	}
}

func FuzzOriginOf(f *testing.F) {
	f.Add("https://lms.example:8443/x?y")
	f.Add("https://a;b")
	f.Fuzz(func(t *testing.T, raw string) {
		if have := originOf(raw); strings.ContainsAny(have, " ;,'\"\r\n\t*") {
			t.Fatalf("%q became %q", raw, have)
		}
	})
}

func TestOnlyPathsOfThisSiteAreReturnedTo(t *testing.T) {
	for path, want := range map[string]bool{"/s/x/": true, "/": true, "//evil.example": false, "https://evil.example": false, `/\evil.example`: false, "": false, "/a\r\nb": false} {
		if localPath(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
}

func TestAZoneIsTakenOnlyIfItExists(t *testing.T) {
	for value, want := range map[string]string{"Europe/Vienna": "Europe/Vienna", "$Person.address.timezone": "", "99": "", "": "", "Local": "", "../../etc/passwd": ""} {
		if have := zoneOf(value); have != want {
			t.Errorf("%q became %q", value, have)
		}
	}
}
