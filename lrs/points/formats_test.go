package points

import (
	"fmt"
	"strings"
	"testing"
)

// shown is the only statement, in a format, as a reader of some languages gets it.
func (s *server) shown(format, languages string) map[string]any {
	s.t.Helper()
	r := decode[result](s.t, s.get("/statements"+query("format", format, "limit", "1"), "Accept-Language", languages).want(200).body)
	if len(r.Statements) != 1 {
		s.t.Fatalf("%d statements", len(r.Statements))
	}
	return r.Statements[0]
}

// at is the value below o at path.
func at(t *testing.T, o any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := o.(map[string]any)
			o = m[step]
		case int:
			l, _ := o.([]any)
			if step >= len(l) {
				return nil
			}
			o = l[step]
		}
	}
	return o
}

// same wants that a value reads so.
func same(t *testing.T, what string, got any, want string) {
	t.Helper()
	if text := fmt.Sprint(got); text != want {
		t.Errorf("%s is %s, want %s", what, text, want)
	}
}

func TestPoint26_CanonicalPicksOneLanguageOfEachMap(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.post("/statements", statement(1,
			"verb", obj{"id": "http://adlnet.gov/expapi/verbs/answered", "display": obj{"en-GB": "answered", "de": "hat beantwortet"}},
			"object", obj{"id": "https://lms.example/q", "definition": obj{
				"name": obj{"de": "Frage", "fr": "question"}, "description": obj{"en-US": "color", "en-GB": "colour"},
				"interactionType": "choice", "choices": []obj{{"id": "a", "description": obj{"de": "rot", "en": "red"}}}}},
			"context", obj{"contextActivities": obj{"parent": []obj{{"id": "https://lms.example/p", "definition": obj{"name": obj{"zh-Hant-TW": "z", "es": "e"}}}}}},
		).String()).want(200)
		for languages, want := range map[string][5]string{
			"en":                          {"answered", "map[de:Frage]", "map[en-GB:colour]", "map[en:red]", "map[es:e]"},
			"en-US":                       {"answered", "map[de:Frage]", "map[en-US:color]", "map[en:red]", "map[es:e]"},
			"fr;q=0.2, de;q=0.9, es":      {"hat beantwortet", "map[de:Frage]", "map[en-GB:colour]", "map[de:rot]", "map[es:e]"},
			"de;q=0.2, fr;q=0.9, zh-Hant": {"hat beantwortet", "map[fr:question]", "map[en-GB:colour]", "map[de:rot]", "map[zh-Hant-TW:z]"},
			"de;q=0, *;q=0.1":             {"answered", "map[fr:question]", "map[en-GB:colour]", "map[en:red]", "map[es:e]"},
			"EN-us;q=1.0,de;q=0.5":        {"answered", "map[de:Frage]", "map[en-US:color]", "map[en:red]", "map[es:e]"},
			"garbage;;q=x,,":              {"hat beantwortet", "map[de:Frage]", "map[en-GB:colour]", "map[de:rot]", "map[es:e]"},
			"":                            {"hat beantwortet", "map[de:Frage]", "map[en-GB:colour]", "map[de:rot]", "map[es:e]"},
		} {
			got := s.shown("canonical", languages)
			display := at(t, got, "verb", "display")
			if m, ok := display.(map[string]any); !ok || len(m) != 1 || !strings.Contains(fmt.Sprint(display), want[0]) {
				t.Errorf("%q: display is %v, want only %q", languages, display, want[0])
			}
			d := at(t, got, "object", "definition")
			same(t, languages+": name", at(t, d, "name"), want[1])
			same(t, languages+": description", at(t, d, "description"), want[2])
			same(t, languages+": choice", at(t, d, "choices", 0, "description"), want[3])
			same(t, languages+": parent", at(t, got, "context", "contextActivities", "parent", 0, "definition", "name"), want[4])
		}
		one := s.get("/statements"+query("statementId", id(1), "format", "canonical"), "Accept-Language", "fr").object()
		same(t, "name of the one", at(t, one, "object", "definition", "name"), "map[fr:question]")
	})
}

func TestPoint27_ExactIsUntouchedByLaterDefinitions(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		first := `{"id":"https://lms.example/x" , "definition":{"type":"https://e.org/t","name":{"en":"first","de":"erste"}}}`
		about := func(n int, object string) string {
			return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b/v"},"object":%s}`, id(n), object)
		}
		s.post("/statements", about(1, first)).want(200)
		s.post("/statements", about(2, `{"id":"https://lms.example/x","definition":{"name":{"en":"second"},"moreInfo":"https://e.org/more"}}`)).want(200)
		s.post("/statements", about(3, `{"id":"https://lms.example/x"}`)).want(200)
		for _, path := range []string{"/statements" + query("statementId", id(1)), "/statements" + query("format", "exact"), "/statements" + query("activity", "https://lms.example/x", "format", "exact")} {
			if a := s.get(path).want(200); !strings.Contains(string(a.body), first) {
				t.Errorf("%s answers %s", path, a.body)
			}
		}
		bare := s.get("/statements" + query("statementId", id(3), "format", "exact")).object()
		same(t, "the object of one without definition", at(t, bare, "object"), "map[id:https://lms.example/x]")
		for n := 1; n <= 3; n++ { // canonical is what is known by now, whoever said it
			got := s.get("/statements"+query("statementId", id(n), "format", "canonical"), "Accept-Language", "en").object()
			same(t, "canonical", at(t, got, "object", "definition"), "map[moreInfo:https://e.org/more name:map[en:second] type:https://e.org/t]")
		}
		writer := s.as(s.key("statements/write"))
		writer.post("/statements", about(4, `{"id":"https://lms.example/x","definition":{"name":{"en":"usurped"}}}`)).want(200)
		got := s.get("/statements"+query("statementId", id(4), "format", "canonical"), "Accept-Language", "en").object()
		same(t, "canonical, after a key without define", at(t, got, "object", "definition", "name"), "map[en:second]")
	})
}

func TestPoint28_IDsKeepAnonymousMembersMinimal(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		ann, ben := obj{"name": "Ann", "mbox": "mailto:ann@e.org"}, obj{"objectType": "Agent", "name": "Ben", "account": obj{"homePage": "https://lms.example", "name": "ben"}}
		activity := obj{"objectType": "Activity", "id": "https://lms.example/p", "definition": obj{"name": obj{"en": "p"}}}
		s.post("/statements", statement(1,
			"actor", obj{"objectType": "Group", "name": "Team", "member": []obj{ann, ben}},
			"verb", obj{"id": "http://a.b/v", "display": obj{"en": "did"}},
			"object", activity,
			"context", obj{
				"instructor":        ben,
				"team":              obj{"objectType": "Group", "name": "Known", "mbox": "mailto:team@e.org", "member": []obj{ann}},
				"contextActivities": obj{"parent": []obj{activity}, "other": []obj{activity}},
				"platform":          "Moodle",
			},
			"result", obj{"response": "kept"}).String()).want(200)
		got := s.shown("ids", "en")
		same(t, "actor", at(t, got, "actor"), "map[member:[map[mbox:mailto:ann@e.org] map[account:map[homePage:https://lms.example name:ben] objectType:Agent]] objectType:Group]")
		same(t, "verb", at(t, got, "verb"), "map[id:http://a.b/v]")
		same(t, "object", at(t, got, "object"), "map[id:https://lms.example/p]")
		same(t, "instructor", at(t, got, "context", "instructor"), "map[account:map[homePage:https://lms.example name:ben] objectType:Agent]")
		same(t, "team", at(t, got, "context", "team"), "map[mbox:mailto:team@e.org objectType:Group]")
		same(t, "context activities", at(t, got, "context", "contextActivities"), "map[other:[map[id:https://lms.example/p]] parent:[map[id:https://lms.example/p]]]")
		same(t, "what identifies nothing", []any{at(t, got, "context", "platform"), at(t, got, "result", "response")}, "[Moodle kept]")

		two := s.in("2.0.0")
		two.post("/statements", statement(2, "object", obj{"objectType": "SubStatement", "actor": ann, "verb": obj{"id": "http://a.b/v", "display": obj{"en": "did"}},
			"object": ben.but("objectType", "Agent")},
			"context", obj{"contextAgents": []obj{{"objectType": "contextAgent", "agent": ann, "relevantTypes": []string{"https://e.org/t"}}},
				"contextGroups": []obj{{"objectType": "contextGroup", "group": obj{"objectType": "Group", "name": "G", "member": []obj{ann}}}}}).String()).want(200)
		got = two.shown("ids", "en")
		same(t, "sub-statement", at(t, got, "object"), "map[actor:map[mbox:mailto:ann@e.org] object:map[account:map[homePage:https://lms.example name:ben] objectType:Agent] objectType:SubStatement verb:map[id:http://a.b/v]]")
		same(t, "context agent", at(t, got, "context", "contextAgents", 0), "map[agent:map[mbox:mailto:ann@e.org] objectType:contextAgent relevantTypes:[https://e.org/t]]")
		same(t, "context group", at(t, got, "context", "contextGroups", 0), "map[group:map[member:[map[mbox:mailto:ann@e.org]] objectType:Group] objectType:contextGroup]")
	})
}
