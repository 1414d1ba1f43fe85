package points

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

func TestPoint21_DocumentParametersAreKnownAndValid(t *testing.T) {
	state := map[string]string{"activityId": activity, "agent": ann, "stateId": "x"}
	activityDoc := map[string]string{"activityId": activity, "profileId": "x"}
	agentDoc := map[string]string{"agent": ann, "profileId": "x"}
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, c := range []struct {
				resource string
				base     map[string]string
				name     string // parameter
				values   []string
			}{
				{"/activities/state", state, "activityId", []string{"", "act", "https://lms.example/a b"}},
				{"/activities/state", state, "agent", []string{"", "x", "{}", `{"mbox":"ann@lms.example"}`, `{"MBOX":"mailto:a@b.c"}`, `{"mbox":"mailto:a@b.c","openid":"https://a.b"}`, `{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"}]}`}},
				{"/activities/state", state, "stateId", []string{"", strings.Repeat("x", 2049), "\xff"}},
				{"/activities/state", state, "registration", []string{"", "1", "true", id(1) + "0"}},
				{"/activities/state", state, "since", []string{"yesterday", "2026-11-21", time.Now().Format(time.RFC3339)}}, // since is for lists
				{"/activities/state", state, "stateid", []string{"x"}},
				{"/activities/state", state, "profileId", []string{"x"}},
				{"/activities/profile", activityDoc, "activityId", []string{"", "act"}},
				{"/activities/profile", activityDoc, "profileId", []string{"", strings.Repeat("x", 2049)}},
				{"/activities/profile", activityDoc, "agent", []string{ann}},
				{"/activities/profile", activityDoc, "registration", []string{id(1)}},
				{"/agents/profile", agentDoc, "agent", []string{"", "x"}},
				{"/agents/profile", agentDoc, "activityId", []string{activity}},
				{"/agents/profile", agentDoc, "Agent", []string{ann}},
			} {
				for _, value := range c.values {
					params := maps.Clone(c.base)
					params[c.name] = value
					var pairs []string
					for name, value := range params {
						pairs = append(pairs, name, value)
					}
					for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
						got := decode[struct{ Path string }](t, s.do(method, c.resource+query(pairs...), "{}", "If-None-Match", "*").want(400).body)
						if name, _, _ := strings.Cut(got.Path, "."); name != c.name && (got.Path != "since" || c.name != "since") {
							t.Errorf("%s %s with %s=%.50q is refused at %q", method, c.resource, c.name, value, got.Path)
						}
					}
				}
			}
			for resource, needed := range map[string]map[string]string{"/activities/state": state, "/activities/profile": activityDoc, "/agents/profile": agentDoc} {
				for missing := range needed {
					var pairs []string
					for name, value := range needed {
						if name != missing {
							pairs = append(pairs, name, value)
						}
					}
					optional := map[string]bool{"GET": missing != "activityId" && missing != "agent", "DELETE": missing == "stateId"}
					for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
						if !optional[method] {
							s.do(method, resource+query(pairs...), "{}", "If-None-Match", "*").refused(400, missing, "is needed")
						}
					}
				}
				s.delete(resource + query("since", "2026-11-21T09:00:00Z")).want(400)
				s.do("PATCH", resource, "{}").want(405)
			}
			s.get(statePath("x", "stateId", "y")).refused(400, "stateId", "more than once")
			s.get(statePath("x") + "&a=%zz").want(400)
		})
	})
}

func TestPoint46_ADocumentOrMergeThatIsTooLargeIs413(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		big := `{"a":"` + strings.Repeat("x", 1990) + `"}`
		s.post(statePath("x"), big).want(204)
		s.post(statePath("x"), `{"b":1}`).refused(413, "body", "at most 2000 bytes")
		s.put(statePath("x"), big+"   ").refused(413, "body", "at most 2000 bytes")
		s.post(statePath("x"), `{"a":1}`).want(204)
		s.holds(statePath("x"), `{"a":1}`)
	}, func(with *setup) {
		options := with.options
		with.options = func(tenant string) (o lrs.Options) {
			o = options(tenant)
			o.MaxDocument = 2000
			return o
		}
	})
}

func TestPoint52_AKeyReadsAndWritesTheDocumentsOfItsScopes(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		list := func(path string) string {
			return strings.NewReplacer("&stateId=x", "", "&profileId=x", "").Replace(path)
		}
		for path, scope := range map[string]string{statePath("x"): "state", activityProfile("x"): "profile", agentProfile("x"): "profile"} {
			s.post(path, `{}`).want(204)
			for _, c := range []struct {
				scopes      []string
				read, write bool
			}{
				{[]string{scope}, true, true}, {[]string{"all"}, true, true}, {[]string{"all/read"}, true, false},
				{[]string{"statements/write", "statements/read", "define"}, false, false},
				{[]string{map[string]string{"state": "profile", "profile": "state"}[scope]}, false, false},
			} {
				key := s.as(s.key(c.scopes...))
				for _, read := range []answer{key.get(path), key.get(list(path))} {
					if c.read {
						read.want(200)
					} else {
						read.refused(403, "", "scope "+scope)
					}
				}
				for _, write := range []answer{key.put(path, `{}`, "If-Match", "*"), key.post(path, `{}`), key.delete(path, "If-Match", `"x"`)} {
					if c.write {
						write.want(204, 412)
					} else {
						write.refused(403, "", "scope "+scope)
					}
				}
			}
		}
	})
}
