package points

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

const (
	activity = "https://lms.example/act"
	ann      = `{"mbox":"mailto:ann@lms.example"}`
	octets   = "application/octet-stream"
)

// statePath, activityProfile and agentProfile are the paths of documents; more
// are further parameters.
func statePath(name string, more ...string) string {
	return "/activities/state" + query(append([]string{"activityId", activity, "agent", ann, "stateId", name}, more...)...)
}

func activityProfile(name string) string {
	return "/activities/profile" + query("activityId", activity, "profileId", name)
}

func agentProfile(name string) string {
	return "/agents/profile" + query("agent", ann, "profileId", name)
}

// resources runs the test for each document resource and version.
func documentResources(t *testing.T, test func(t *testing.T, s *server, path func(name string) string)) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for name, path := range map[string]func(string) string{
				"state":           func(name string) string { return statePath(name + s.version) },
				"activityprofile": func(name string) string { return activityProfile(name + s.version) },
				"agentprofile":    func(name string) string { return agentProfile(name + s.version) },
			} {
				t.Run(name, func(t *testing.T) { test(t, s.with(t), path) })
			}
		})
	})
}

// etag is that of a document with this body.
func etag(body string) string {
	sum := sha1.Sum([]byte(body))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// holds wants the document at path to have the body.
func (s *server) holds(path, body string) answer {
	s.t.Helper()
	a := s.get(path).want(200)
	if string(a.body) != body || a.Header.Get("ETag") != etag(body) {
		s.t.Errorf("%s holds %.300q with ETag %s, want %.300q with %s", path, a.body, a.Header.Get("ETag"), body, etag(body))
	}
	return a
}

func TestPoint45_TheETagIsTheQuotedSHA1OfTheBytes(t *testing.T) {
	documentResources(t, func(t *testing.T, s *server, path func(string) string) {
		for name, doc := range map[string]struct{ contentType, body string }{
			"json":    {"application/json", "{ \"b\" : 12345678901234567890 ,\r\n\"a\":1.10}\n"},
			"charset": {`Application/JSON ; Charset="UTF-8"`, `{}`},
			"bytes":   {octets, "\x00\xff\xfe\r\n\x00"},
			"page":    {"text/html", "<script>alert(1)</script>"},
			"empty":   {"text/plain", ""},
		} {
			made := s.put(path(name), doc.body, "Content-Type", doc.contentType, "If-None-Match", "*").want(204)
			a := s.holds(path(name), doc.body)
			if got := a.Header.Get("Content-Type"); got != doc.contentType {
				t.Errorf("%s: the Content-Type is %q, want %q", name, got, doc.contentType)
			}
			if made.Header.Get("ETag") != etag(doc.body) || made.Header.Get("Last-Modified") == "" {
				t.Errorf("%s: PUT answers with %v", name, made.Header)
			}
			if at, err := time.Parse(time.RFC1123, a.Header.Get("Last-Modified")); err != nil || time.Since(at).Abs() > time.Minute {
				t.Errorf("%s: Last-Modified is %q", name, a.Header.Get("Last-Modified"))
			}
			head := s.do("HEAD", path(name), "").want(200)
			if head.ContentLength != int64(len(doc.body)) || len(head.body) > 0 || head.Header.Get("ETag") != etag(doc.body) {
				t.Errorf("%s: HEAD answers with length %d and %v", name, head.ContentLength, head.Header)
			}
			s.do("HEAD", path(name), "", "If-None-Match", `"x", W/`+etag(doc.body)).want(304)
			s.get(path(name), "If-None-Match", `"x"`).want(200)
		}
		s.put(path("untyped"), "x", "Content-Type", "", "If-None-Match", "*").want(204)
		if got := s.holds(path("untyped"), "x").Header.Get("Content-Type"); got != octets {
			t.Errorf("bytes sent without a type come back as %q", got)
		}
		s.get(path("none")).want(404)
		s.do("HEAD", path("none"), "").want(404)
		posted := s.post(path("json"), `{"c":2}`).want(204)
		if now := s.get(path("json")).want(200); posted.Header.Get("ETag") != etag(string(now.body)) {
			t.Errorf("POST answers with ETag %s, the document is %q", posted.Header.Get("ETag"), now.body)
		}
		s.delete(path("json")).want(204)
		s.get(path("json")).want(404)
		s.delete(path("json")).want(204)
	})
}

func TestPoint46_PostMergesTheTopLevelOnly(t *testing.T) {
	documentResources(t, func(t *testing.T, s *server, path func(string) string) {
		s.post(path("x"), `{ "big" : 123456789012345678901 , "a":{"x":1,"y":2}, "é\u0041":"\ud800 \u00e9","z" : null}`).want(204)
		s.post(path("x"), `{"new": 1.00,"a" : {"y" :3},"\u00e9A":0}`, "Content-Type", "application/json; charset=utf-8").want(204)
		s.holds(path("x"), `{"big":123456789012345678901,"a":{"y" :3},"é\u0041":0,"z":null,"new":1.00}`)
		before := string(s.get(path("x")).body)
		for _, wrong := range []string{"abc", `{"a":1}{`, `[1]`, `"a"`, `null`, `{"a":01}`, `{"a"}`, "{\"\xff\":1}", strings.Repeat(`{"a":`, 20_000), ""} {
			s.post(path("x"), wrong, "Content-Type", "application/json").refused(400, "body", "JSON object")
		}
		s.post(path("x"), `{"a":1}`, "Content-Type", octets).refused(400, "Content-Type", "application/json")
		s.holds(path("x"), before)

		for name, there := range map[string]struct{ contentType, body string }{"octets": {octets, `{"a":1}`}, "array": {"application/json", `[1]`}, "text": {"application/json", `abc`}} {
			s.put(path(name), there.body, "Content-Type", there.contentType, "If-None-Match", "*").want(204)
			s.post(path(name), `{"a":2}`).refused(400, "", "use PUT")
			s.holds(path(name), there.body)
		}
		s.post(path("made"), "any bytes", "Content-Type", octets).want(204)
		s.holds(path("made"), "any bytes")
	})
}

func TestPoint47_IfMatchAndIfNoneMatchGuardEveryChange(t *testing.T) {
	documentResources(t, func(t *testing.T, s *server, path func(string) string) {
		one, two := `{"n":1}`, `{"n":2}`
		change := func(name, method string, headers ...string) answer {
			if method == "DELETE" {
				return s.delete(path(name), headers...)
			}
			return s.do(method, path(name), two, headers...)
		}
		for _, method := range []string{"PUT", "POST", "DELETE"} {
			s.put(path(method), one, "If-None-Match", "*").want(204)
			for _, stale := range [][]string{
				{"If-Match", `"1111111111111111111111111111111111111111"`},
				{"If-Match", "W/" + etag(one)}, // a weak tag is not good enough
				{"If-Match", `"a", "b"`},
				{"If-Match", strings.ToUpper(etag(one))},
				{"If-None-Match", "*"},
				{"If-None-Match", etag(one)},
				{"If-None-Match", `"a", W/` + etag(one)},
				{"If-Match", etag(one), "If-None-Match", etag(one)},
			} {
				change(method, method, stale...).refused(412, "", "If-Match")
			}
			for header, wrong := range map[string]string{"If-Match": `"a`, "If-None-Match": `"a" "b"`} {
				change(method, method, header, wrong).refused(400, header, "entity tags")
			}
			s.holds(path(method), one)
			change(method+" absent", method, "If-Match", "*").want(412)
			change(method+" absent", method, "If-Match", etag(one)).want(412)
			s.get(path(method + " absent")).want(404)
			change(method, method, "If-Match", ` "a" ,`+etag(one)).want(204)
			if method != "DELETE" {
				change(method, method, "If-Match", "*", "If-None-Match", `"a"`).want(204)
				change(method, method, "If-Match", strings.Trim(etag(two), `"`)).want(204)
				s.holds(path(method), two)
			}
		}

		// without either header
		s.post(path("bare"), one).want(204)
		switch {
		case s.version == "2.0.0":
			s.put(path("bare"), two).refused(409, "", "If-Match")
			s.put(path("fresh"), two).want(204)
		case strings.Contains(path(""), "/state"):
			s.put(path("bare"), two).want(204)
			s.put(path("bare"), one).want(204)
		default:
			s.put(path("bare"), two).refused(409, "", "If-Match")
			s.put(path("fresh"), two).refused(400, "If-None-Match", "needs")
			s.get(path("fresh")).want(404)
		}
		s.holds(path("bare"), one)
	})
}

// atOnce does n things at the same time and returns their answers.
func atOnce(n int, do func(i int) answer) []answer {
	out := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { out[i] = do(i) })
	}
	wg.Wait()
	return out
}

func TestPoint48_OfTwentyPutsWithOneETagOneWins(t *testing.T) {
	documentResources(t, func(t *testing.T, s *server, path func(string) string) {
		s.post(path("x"), `{"n":-1}`).want(204)
		for name, header := range map[string]string{"x": "If-Match", "new": "If-None-Match"} {
			value := etag(`{"n":-1}`)
			if name == "new" {
				value = "*"
			}
			won := -1
			for i, a := range atOnce(20, func(i int) answer { return s.put(path(name), fmt.Sprintf(`{"n":%d}`, i), header, value) }) {
				if a.want(204, 412).StatusCode == 204 {
					if won >= 0 {
						t.Errorf("%s: PUT %d won and PUT %d too", header, won, i)
					}
					won = i
				}
			}
			s.holds(path(name), fmt.Sprintf(`{"n":%d}`, won))
		}
	})
}

func TestPoint49_TwentyConcurrentMergesLoseNothing(t *testing.T) {
	documentResources(t, func(t *testing.T, s *server, path func(string) string) {
		for _, a := range atOnce(20, func(i int) answer { return s.post(path("x"), fmt.Sprintf(`{"n%d":%d}`, i, i)) }) {
			a.want(204)
		}
		got := s.get(path("x")).object()
		for i := range 20 {
			if got[fmt.Sprintf("n%d", i)] != float64(i) {
				t.Errorf("merge %d is lost: %v", i, got)
			}
		}
	})
}

// names are the ids that a list of documents answers with, sorted.
func (s *server) names(path string) string {
	s.t.Helper()
	list := decode[[]string](s.t, s.get(path).want(200).body)
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestPoint50_DeletingOneRegistrationSparesTheOthers(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			registrations := map[string][]string{"none": nil, "first": {"registration", id(1)}, "second": {"registration", strings.ToUpper(id(0xa))}}
			all := func(in string) string {
				return "/activities/state" + query(append([]string{"activityId", activity, "agent", ann}, registrations[in]...)...)
			}
			fill := func() {
				for in, more := range registrations {
					s.post(statePath("x", more...), `{"in":"`+in+`"}`).want(204)
					s.post(statePath("y", more...), `{}`).want(204)
				}
				s.post(strings.Replace(statePath("x"), "ann", "ben", 1), `{}`).want(204)
			}
			for gone := range registrations {
				fill()
				s.delete(all(gone), "If-Match", "*").refused(400, "", "one document")
				s.delete(all(gone)).want(204)
				for in, more := range registrations {
					want := "x y"
					if in == gone {
						want = ""
						s.get(statePath("x", more...)).want(404)
					} else {
						s.holds(statePath("x", more...), `{"in":"`+in+`"}`)
					}
					if got := s.names(all(in)); got != want {
						t.Errorf("after DELETE of %s, %s has %q, want %q", gone, in, got, want)
					}
				}
				s.get(strings.Replace(statePath("x"), "ann", "ben", 1)).want(200)
			}
			fill()
			s.holds(statePath("x", "registration", id(0xa)), `{"in":"second"}`) // UUIDs have no case
			s.delete(statePath("x", registrations["first"]...)).want(204)
			if got := s.names(all("first")) + "|" + s.names(all("none")); got != "y|x y" {
				t.Errorf("after DELETE of one document there are %q", got)
			}
			for in := range registrations {
				s.delete(all(in)).want(204)
			}
		})
	})
}

func TestPoint50_SinceListsWhatChangedAfterIt(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	tick := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			lists := map[string]func(string) string{
				"/activities/state" + query("activityId", activity, "agent", ann): func(n string) string { return statePath(n) },
				"/activities/profile" + query("activityId", activity):             activityProfile,
				"/agents/profile" + query("agent", ann):                           agentProfile,
			}
			for list, path := range lists {
				v := s.version
				before := clock().Format(time.RFC3339Nano)
				tick(time.Minute)
				s.post(path("a"+v), `{}`).want(204)
				between := clock().Format(time.RFC3339Nano) // when it was stored: since is exclusive
				tick(time.Minute)
				s.post(path("b"+v), `{}`).want(204)
				since := func(t string) string { return list + "&" + query("since", t)[1:] }
				wants := func(when, want string) {
					if got := s.names(since(when)); got != want {
						t.Errorf("%s since %s lists %q, want %q", list, when, got, want)
					}
				}
				wants(before, "a"+v+" b"+v)
				wants(between, "b"+v)
				wants(clock().Format(time.RFC3339Nano), "")
				wants("9999-01-01T00:00:00Z", "")
				tick(time.Minute)
				s.post(path("a"+v), `{"again":true}`).want(204)
				wants(between, "a"+v+" b"+v)
				if a := s.get(since(between)); a.Header.Get("Last-Modified") != clock().Format("Mon, 02 Jan 2006 15:04:05 GMT") {
					t.Errorf("the list was last modified %q, want %v", a.Header.Get("Last-Modified"), clock())
				}
				last := clock().Format(time.RFC3339Nano)
				tick(-time.Hour)
				s.post(path("a"+v), `{"again":false}`).want(204)
				wants(last, "a"+v)
				tick(time.Hour)
				s.delete(path("a" + v)).want(204)
				s.delete(path("b" + v)).want(204)
				wants("0001-01-01T00:00:00Z", "")
			}
		})
	}, func(with *setup) {
		options := with.options
		with.options = func(tenant string) (o lrs.Options) {
			o = options(tenant)
			o.Now = clock
			return o
		}
	})
}

func TestPoint50_AnAgentIsItsIdentifierWhateverItIsCalled(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		as := func(agent string) string {
			return "/activities/state" + query("activityId", activity, "agent", agent, "stateId", "x")
		}
		s.put(as(`{"mbox":"mailto:ann@lms.example","name":"Ann"}`), "1", "Content-Type", octets).want(204)
		s.holds(as(`{ "name":"Anna","objectType":"Agent", "mbox":"mailto:ann@lms.example" }`), "1")
		for _, other := range []string{
			`{"mbox":"mailto:ben@lms.example","name":"Ann"}`,
			`{"account":{"homePage":"https://lms.example","name":"ann"}}`,
			`{"account":{"homePage":"https://lms.example/","name":"ann"}}`,
			`{"openid":"https://lms.example/ann"}`,
		} {
			s.get(as(other)).want(404)
			s.put(as(other), other, "Content-Type", octets).want(204)
		}
		s.holds(as(ann), "1")
	})
}
