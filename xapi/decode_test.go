package xapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

const simple = `{"actor":{"mbox":"mailto:sam@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"https://example.org/a"}}`

// with is simple with extra members before its end.
func with(extra string) string { return simple[:len(simple)-1] + "," + extra + "}" }

func TestMoodlesBatchIsAccepted(t *testing.T) {
	data, err := os.ReadFile("testdata/moodle-batch1.json")
	if err != nil {
		t.Fatal(err)
	}
	list, err := xapi.DecodeList(data, xapi.V103)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 5 {
		t.Fatalf("decoded %d statements only", len(list))
	}
	for i, s := range list {
		if !bytes.Contains(data, s.Raw) {
			t.Errorf("statement %d does not keep its bytes", i)
		}
		if s.Actor.Key() == "" || s.Verb.ID == "" || s.Timestamp.IsZero() {
			t.Errorf("statement %d lost actor, verb or time: %+v", i, s)
		}
	}
}

func TestAnEmptyArrayIsNoStatements(t *testing.T) {
	list, err := xapi.DecodeList([]byte(" [ ] "), xapi.V103)
	if err != nil || len(list) != 0 {
		t.Fatalf("got %v, %v", list, err)
	}
}

func TestWrongStatementsAreRefusedWithPathAndReason(t *testing.T) {
	for _, c := range []struct{ name, doc, path, reason string }{
		{"not an object", `5`, "", "a statement is an object"},
		{"empty", ``, "", "ends too early"},
		{"no actor", `{}`, "", `needs "actor"`},
		{"trailing text", simple + "x", "", "unexpected text"},
		{"wrong case", `{"ACTOR":{}}`, "ACTOR", `did you mean "actor"`},
		{"unknown key", with(`"foo":1`), "foo", "no such property"},
		{"duplicate key", with(`"verb":{}`), "", `"verb" appears twice`},
		{"duplicate inside", with(`"result":{"success":true,"success":false}`), "result", `"success" appears twice`},
		{"null", with(`"result":null`), "result", "a result is an object, not null"},
		{"null text", with(`"result":{"response":null}`), "result.response", "not null"},
		{"duration", with(`"result":{"duration":"PT"}`), "result.duration", "ISO 8601 duration"},
		{"score", with(`"result":{"score":{"scaled":1.01}}`), "result.score.scaled", "-1 to 1"},
		{"raw above max", with(`"result":{"score":{"raw":9,"max":8}}`), "result.score.raw", "no more than max"},
		{"success as text", with(`"result":{"success":"true"}`), "result.success", "true or false"},
		{"timestamp without zone", with(`"timestamp":"2026-11-21T09:44:10"`), "timestamp", "ISO 8601"},
		{"timestamp -00:00", with(`"timestamp":"2026-11-21T09:44:10-00:00"`), "timestamp", "ISO 8601"},
		{"timestamp Feb 30", with(`"timestamp":"2026-02-30T09:44:10Z"`), "timestamp", "ISO 8601"},
		{"id", with(`"id":"1"`), "id", "UUID"},
		{"registration", with(`"context":{"registration":"x"}`), "context.registration", "UUID"},
		{"language", with(`"context":{"language":"en_US"}`), "context.language", "RFC 5646"},
		{"extension key", with(`"context":{"extensions":{"a b":1}}`), `context.extensions["a b"]`, "absolute IRI"},
		{"category", with(`"context":{"contextActivities":{"category":[{"id":"https://e.org"},{"id":"x"}]}}`), "context.contextActivities.category[1].id", "IRI"},
		{"context agents in 1.0.3", with(`"context":{"contextAgents":[]}`), "context.contextAgents", "no such property"},
		{"version", with(`"version":"2.0.0"`), "version", "version"},
		{"team is an agent", with(`"context":{"team":{"mbox":"mailto:a@b.c"}}`), "context.team", "objectType"},
		{"attachment", with(`"attachments":[{"usageType":"https://e.org"}]`), "attachments[0]", `needs "display"`},
		{"two identifiers", `{"actor":{"mbox":"mailto:a@b.c","openid":"http://a.b"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b"}}`, "actor", "exactly one"},
		{"mbox", `{"actor":{"mbox":"mailto:a"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b"}}`, "actor.mbox", "mail address"},
		{"sha1sum", `{"actor":{"mbox_sha1sum":"abc"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b"}}`, "actor.mbox_sha1sum", "40"},
		{"empty group", `{"actor":{"objectType":"Group"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b"}}`, "actor.member", "needs members"},
		{"voiding an activity", `{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"id":"http://a.b"}}`, "object", "StatementRef"},
		{"platform about an agent", `{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"objectType":"Agent","mbox":"mailto:a@b.c"},"context":{"platform":"x"}}`, "context.platform", "Activity"},
		{"nested sub-statement", `{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"objectType":"SubStatement"}}}`, "object.object.objectType", "cannot hold"},
		{"sub-statement with id", `{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"objectType":"SubStatement","id":"x"}}`, "object.id", "no such property"},
		{"choices without type", `{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b","definition":{"choices":[]}}}`, "object.definition.choices", "interactionType"},
		{"invalid UTF-8", with("\"result\":{\"response\":\"\xff\"}"), "result.response", "UTF-8"},
		{"leading zero", with(`"result":{"score":{"raw":01}}`), "result.score", "comma"},
		{"bare word", with(`"result":{"success":yes}`), "result.success", "cannot start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := xapi.Decode([]byte(c.doc), xapi.V103)
			var e *xapi.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *xapi.Error", err)
			}
			if e.Path != c.path || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("got path %q, reason %q\nwant path %q, reason with %q", e.Path, e.Reason, c.path, c.reason)
			}
		})
	}
}

func TestThePathOfAListNamesTheStatement(t *testing.T) {
	for doc, path := range map[string]string{
		"[" + simple + "," + with(`"result":{"duration":"P"}`) + "]": "statements[1].result.duration",
		"[" + simple + ", 5]":           "statements[1]",
		"[" + simple + "," + `{"a":x}]`: "statements[1].a",
	} {
		_, err := xapi.DecodeList([]byte(doc), xapi.V103)
		var e *xapi.Error
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%s: got %v, want path %s", doc, err, path)
		}
	}
}

func TestUnusualButLegalStatementsAreAccepted(t *testing.T) {
	for name, doc := range map[string]string{
		"null inside an extension":    with(`"context":{"extensions":{"https://e.org/x.$y":{"a":null}}}`),
		"escapes and NUL":             with(`"result":{"response":"a\u0000\ud83d\ude00\n"}`),
		"a lone surrogate":            with(`"result":{"response":"cut \ud83d"}`),
		"single context activity":     with(`"context":{"contextActivities":{"parent":{"id":"urn:x:y"}}}`),
		"long IRI":                    strings.Replace(simple, "https://example.org/a", "https://example.org/"+strings.Repeat("ü", 4000), 1),
		"big integer in an extension": with(`"result":{"extensions":{"https://e.org/n":12345678901234567890123}}`),
		"upper case UUID":             with(`"id":"AA97B177-9383-4934-8543-0F91A7A02836"`),
		"nanoseconds":                 with(`"timestamp":"2026-11-21T09:44:10.123456789+05:30"`),
		"what the store sets":         with(`"stored":"2026-11-21T09:44:10Z","authority":{"mbox":"mailto:a@b.c"},"version":"1.0.9"`),
	} {
		if _, err := xapi.Decode([]byte(doc), xapi.V103); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestContextAgentsAreForVersion2(t *testing.T) {
	doc := with(`"context":{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.c"},"relevantTypes":["https://e.org/t"]}]}`)
	s, err := xapi.Decode([]byte(doc), xapi.V200)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Context.ContextAgents[0].Agent.Key(); got != "mbox|mailto:a@b.c" {
		t.Errorf("context agent is %q", got)
	}
}

func TestDepthAndSizeAreBounded(t *testing.T) {
	deep := with(`"context":{"extensions":{"https://e.org":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}`)
	wide := with(`"context":{"extensions":{"https://e.org":[` + strings.Repeat("0,", 300000) + `0]}}`)
	for _, doc := range []string{deep, wide, strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<18)} {
		var e *xapi.Error
		if _, err := xapi.DecodeList([]byte(doc), xapi.V103); !errors.As(err, &e) {
			t.Errorf("got %v, want an *xapi.Error", err)
		}
	}
}

func TestAListOfTooManyStatementsIsRefused(t *testing.T) {
	list := func(n int) []byte { return []byte("[" + strings.Repeat(simple+",", n-1) + simple + "]") }
	if got, err := xapi.DecodeList(list(xapi.MaxStatements), xapi.V103); err != nil || len(got) != xapi.MaxStatements {
		t.Errorf("%d statements: %v", len(got), err)
	}
	if _, err := xapi.DecodeList(list(xapi.MaxStatements+1), xapi.V103); !errors.Is(err, xapi.ErrTooMany) {
		t.Errorf("got %v, want ErrTooMany", err)
	}
}

func TestAComposedStatementIsValidInBothVersions(t *testing.T) {
	yes, score := true, 0.5
	s := xapi.Statement{
		ID:     "aa97b177-9383-4934-8543-0f91a7a02836",
		Actor:  xapi.AccountAgent("https://lms.example.org", "5"),
		Verb:   xapi.VerbOf(xapi.VerbReflected),
		Object: xapi.ActivityObject(xapi.Activity{ID: "https://e.org/step", Definition: &xapi.Definition{Type: xapi.TypeStep, Name: xapi.En("Look back")}}),
		Result: &xapi.Result{Response: "I waited.", Completion: &yes, Duration: "PT90S", Score: &xapi.Score{Scaled: &score},
			Extensions: map[string]any{xapi.ExtProgress: 40}},
		Context: &xapi.Context{
			Registration: "00000000-0000-4000-8000-000000000001", Language: "en",
			ContextActivities: &xapi.ContextActivities{Category: []xapi.Activity{{ID: xapi.ProfilePrefix + "v1"}}},
		},
		Timestamp: time.Date(2026, 11, 21, 9, 0, 0, 5, time.UTC),
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []xapi.Version{xapi.V103, xapi.V200} {
		got, err := xapi.Decode(data, v)
		if err != nil {
			t.Fatalf("%s: %v\n%s", v, err, data)
		}
		again, err := json.Marshal(got)
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("decoding and encoding changed it:\n%s\n%s (%v)", data, again, err)
		}
	}
	for _, o := range []xapi.Object{xapi.AgentObject(xapi.Agent{Mbox: "mailto:a@b.c"}), xapi.RefObject(s.ID),
		xapi.SubObject(xapi.SubStatement{Actor: s.Actor, Verb: s.Verb, Object: s.Object})} {
		s.Object = o
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := xapi.Decode(data, xapi.V103); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
	}
}

func TestEveryVerbIsAnIRIWithADisplay(t *testing.T) {
	for _, iri := range []string{xapi.VerbCompleted, xapi.VerbSubmitted, xapi.VerbPerformedOffline, xapi.VerbEscalated, xapi.VerbVerified} {
		v := xapi.VerbOf(iri)
		if !xapi.ValidIRI(iri) || v.Display["en"] == "" || strings.Contains(v.Display["en"], "/") {
			t.Errorf("%s reads %q", iri, v.Display["en"])
		}
	}
}
