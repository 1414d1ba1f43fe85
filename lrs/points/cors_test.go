package points

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// preflight asks whether a page of the origin may send the method.
func (s *server) preflight(origin, method, path string) answer {
	s.t.Helper()
	anyone := s.as(lrs.Credential{}).in("")
	return anyone.do("OPTIONS", path, "", "Origin", origin, "Access-Control-Request-Method", method,
		"Access-Control-Request-Headers", "authorization,content-type,x-experience-api-version")
}

// lists tells whether a header of names has this one, in any case.
func lists(h http.Header, header, name string) bool {
	return slices.ContainsFunc(strings.Split(h.Get(header), ","), func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) })
}

func TestPoint53_APreflightNeedsNoCredentials(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.made(lrs.Key{Origins: []string{"https://Reports.example:443/"}}, time.Now())
		for _, path := range []string{"/statements", "/statements/more/x", "/about"} {
			a := s.preflight("https://reports.example", "PUT", path).want(204)
			if a.Header.Get("Access-Control-Allow-Origin") != "https://reports.example" || !slices.Contains(a.Header.Values("Vary"), "Origin") {
				t.Errorf("%s: headers are %v", path, a.Header)
			}
			for _, name := range []string{"Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Experience-API-Version"} {
				if !lists(a.Header, "Access-Control-Allow-Headers", name) {
					t.Errorf("%s: a page may not send %s: %v", path, name, a.Header)
				}
			}
			for _, name := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
				if !lists(a.Header, "Access-Control-Allow-Methods", name) {
					t.Errorf("%s: a page may not send %s: %v", path, name, a.Header)
				}
			}
			if a.Header.Get("Access-Control-Max-Age") == "" {
				t.Errorf("%s: every request will ask again: %v", path, a.Header)
			}
		}
		for _, origin := range []string{"https://evil.example", "http://reports.example", "https://reports.example:8443", "null", "https://reports.example.evil.example"} {
			if a := s.preflight(origin, "GET", "/statements").want(204); a.Header.Get("Access-Control-Allow-Origin") != "" || a.Header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s is let in: %v", origin, a.Header)
			}
		}
		s.preflight("https://reports.example", "GET", "/nothing").want(404)
	})
}

func TestAnAnswerIsReadableByTheOriginsOfItsKeyOnly(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		one := s.as(s.made(lrs.Key{Origins: []string{"https://one.example", "http://localhost:3000"}}, time.Now()))
		two := s.as(s.made(lrs.Key{Origins: []string{"https://two.example"}, Tenant: "other"}, time.Now()))
		readable := func(a answer, origin string) bool {
			t.Helper()
			switch got := a.Header.Get("Access-Control-Allow-Origin"); {
			case a.Header.Get("Access-Control-Allow-Credentials") != "":
				t.Errorf("%s: cookies are let in: %v", a.what, a.Header)
			case !slices.Contains(a.Header.Values("Vary"), "Origin"):
				t.Errorf("%s: caches may mix origins up: %v", a.what, a.Header)
			case got == origin:
				for _, name := range []string{"ETag", "Last-Modified", "X-Experience-API-Version", "X-Experience-API-Consistent-Through", "WWW-Authenticate"} {
					if !lists(a.Header, "Access-Control-Expose-Headers", name) {
						t.Errorf("%s: a page cannot read %s", a.what, name)
					}
				}
				return true
			case got != "":
				t.Errorf("%s: %q may read what was asked from %q", a.what, got, origin)
			}
			return false
		}
		for name, test := range map[string]struct {
			a      answer
			origin string
			want   bool
		}{
			"its own":             {one.get("/statements", "Origin", "https://one.example"), "https://one.example", true},
			"its other":           {one.post("/statements", statement(1).String(), "Origin", "http://localhost:3000"), "http://localhost:3000", true},
			"an error":            {one.get("/statements?x=1", "Origin", "https://one.example").want(400), "https://one.example", true},
			"not found":           {one.get("/nothing", "Origin", "https://one.example").want(404), "https://one.example", true},
			"a wrong method":      {one.delete("/statements", "Origin", "https://one.example").want(405), "https://one.example", true},
			"no version":          {one.in("").get("/statements", "Origin", "https://one.example").want(400), "https://one.example", true},
			"a wrong secret":      {s.as(lrs.Credential{ID: one.cred.ID, Secret: "x"}).get("/statements", "Origin", "https://one.example").want(401), "https://one.example", true},
			"about":               {one.get("/about", "Origin", "https://two.example"), "https://two.example", true},
			"of another key":      {one.get("/statements", "Origin", "https://two.example").want(200), "https://two.example", false},
			"and the other way":   {two.get("/statements", "Origin", "https://one.example").want(200), "https://one.example", false},
			"an error of its key": {two.get("/statements?x=1", "Origin", "https://one.example").want(400), "https://one.example", false},
			"of nobody":           {one.get("/statements", "Origin", "https://evil.example"), "https://evil.example", false},
			"without keys":        {s.as(lrs.Credential{}).get("/statements", "Origin", "https://evil.example").want(401), "https://evil.example", false},
			"of a key without":    {s.get("/statements", "Origin", "https://one.example").want(200), "https://one.example", false},
			"no page":             {one.get("/statements"), "https://one.example", false},
		} {
			if got := readable(test.a, test.origin); got != test.want {
				t.Errorf("%s: readable is %v, headers are %v", name, got, test.a.Header)
			}
		}
	})
}

func TestOriginsOfKeysThatEndedAreForgotten(t *testing.T) {
	c := newClock()
	each(t, func(t *testing.T, s *server) {
		c.now = newClock().now
		end := c.now.Add(time.Hour)
		s.made(lrs.Key{Origins: []string{"https://expired.example"}, ExpiresAt: &end}, c.now)
		gone := s.made(lrs.Key{Origins: []string{"https://gone.example"}}, c.now)
		allowed := func(origin string) bool {
			t.Helper()
			return s.preflight(origin, "GET", "/statements").want(204).Header.Get("Access-Control-Allow-Origin") == origin
		}
		if !allowed("https://gone.example") || !allowed("https://expired.example") {
			t.Error("a good key's origin is not let in")
		}
		must(t, s.keys.RevokeKey(t.Context(), "main", gone.ID, c.now))
		c.now = c.now.Add(11 * time.Second) // it may be remembered for 10
		if allowed("https://gone.example") || !allowed("https://expired.example") {
			t.Error("the origin of the revoked key is let in, or the other one is not")
		}
		c.now = end
		if allowed("https://expired.example") {
			t.Error("the origin of the expired key is let in")
		}
	}, c.use)
}
