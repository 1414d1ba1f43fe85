package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti/platform"
)

// legacyKey runs a command about LTI 1.1 keys, with the secret in a file.
func (s *school) legacyKey(args ...string) string {
	s.t.Helper()
	var out, stderr bytes.Buffer
	env := func(name string) string {
		return map[string]string{"CAIRN_SECRET_KEY": s.h.cfg.secret, "CAIRN_LEGACY_SECRET": "old-secret"}[name]
	}
	command := append([]string{"cairn", "lms", "legacy-key"}, args...)
	must(s.t, run(s.t.Context(), append(command, "-data", s.h.cfg.data, "-public-url", s.demo.Tool.URL, "-allow-private-platforms"), env, &out, &stderr))
	return out.String()
}

// saysCompleted posts that the person of this id completed the course, as a store
// of the LTI 1.1 days would.
func (s *school) saysCompleted(user string) {
	s.t.Helper()
	if s.key.Name == "" {
		s.key = s.newKey()
	}
	body := `{"actor":{"account":{"homePage":"` + s.lms.URL() + `","name":"` + user + `"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},` +
		`"object":{"id":"` + s.lms.URL() + `/course/view.php?id=2"}}`
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.demo.Tool.URL+"/xapi/statements", strings.NewReader(body))
	must(s.t, err)
	request.SetBasicAuth(s.key.Name, s.key.Secret)
	request.Header.Set("X-Experience-API-Version", "1.0.3")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(s.t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("the statement was answered with %d", response.StatusCode)
	}
	s.follows()
}

// What is said about the id of the LTI 1.1 days is about the person who proves it.
func TestWhatCameUnderTheIDOfTheLTI11DaysFindsThePerson(t *testing.T) {
	s := newSchool(t, "")
	s.legacyKey("add", "old-key")
	s.lms.SetQuirks(platform.Quirks{Migration: &platform.Migration{
		Key: "old-key", Secret: "old-secret", UserIDs: map[string]string{"5": "old-5", "6": "old-6"},
	}})
	s.saysCompleted("old-5") // before anybody came
	s.launches("sam", s.link)
	s.wantBy("5", engine.SourceStatement)
	s.launches("sofia", s.link)
	s.wantBy("6")
	s.launches("sofia", s.link)
	s.saysCompleted("old-6")
	s.wantBy("6", engine.SourceStatement)
	s.saysCompleted("sofia") // her user name counts beside it
	r, err := s.h.rooms(t.Context(), "main")
	must(t, err)
	sofia, err := r.store.PersonByAccount(t.Context(), s.lms.URL(), "6")
	must(t, err)
	for _, name := range []string{"old-6", "sofia"} {
		found := false
		for _, n := range sofia.Names {
			found = found || n == engine.ByAccount(s.lms.URL(), name)
		}
		if !found {
			t.Errorf("she does not go by %s: %v", name, sofia.Names)
		}
	}
}

// A claim that nobody signed proves nothing.
func TestAnUnprovenIDOfTheLTI11DaysIsNobodysName(t *testing.T) {
	s := newSchool(t, "")
	for name, migration := range map[string]*platform.Migration{
		"without a signature":     {Key: "old-key", UserIDs: map[string]string{"5": "old-5"}},
		"by a key we do not know": {Key: "other-key", Secret: "old-secret", UserIDs: map[string]string{"5": "old-5"}},
	} {
		s.legacyKey("add", "old-key")
		s.lms.SetQuirks(platform.Quirks{Migration: migration})
		s.launches("sam", s.link)
		s.saysCompleted("old-5")
		if by := s.by("5"); len(by) != 0 {
			t.Errorf("%s: completed by %v", name, by)
		}
	}
}

func TestLTI11KeysAreAddedListedAndRemovedAndTheirSecretsNeverShown(t *testing.T) {
	s := newSchool(t, "")
	file := t.TempDir() + "/secret"
	must(t, writeFile(file, "from a file\n"))
	s.legacyKey("add", "first")
	s.legacyKey("add", "second", "-secret-file", file)
	if out := s.legacyKey("list", "-json"); strings.TrimSpace(out) != `["first","second"]` {
		t.Errorf("listed %s", out)
	}
	s.legacyKey("remove", "first")
	if out := s.legacyKey("list"); strings.Contains(out, "first") || !strings.Contains(out, "second") || strings.Contains(out, "from a file") {
		t.Errorf("listed %s", out)
	}
	entries, err := s.h.stores.site.Audit(t.Context(), "main", false, 20)
	must(t, err)
	acts := ""
	for _, e := range entries {
		acts += e.Act + " " + e.Object + " " + e.Detail + "\n"
	}
	for _, act := range []string{"legacy_key.add first", "legacy_key.add second", "legacy_key.remove first"} {
		if !strings.Contains(acts, act) {
			t.Errorf("%s is not in the log of acts:\n%s", act, acts)
		}
	}
	if strings.Contains(acts, "old-secret") || strings.Contains(acts, "from a file") {
		t.Errorf("a secret is in the log of acts:\n%s", acts)
	}
}
