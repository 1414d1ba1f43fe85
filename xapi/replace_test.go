package xapi_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func TestAnAgentIsReplacedWhereverItIsNamed(t *testing.T) {
	const sam, account = `"mbox" : "mailto:sam@e.org"`, `"account":{"homePage":"https://e.org/<1>","name":"p7"}`
	const key = "mbox|mailto:sam@e.org"
	doc := ` {"actor": { "name":"Sam",` + sam + ` }, "verb":{"id":"v" , "display":{"en":"Sam"}},
	"object":{"objectType":"SubStatement","actor":{"objectType":"Group","member":[{"mbox":"mailto:a@e.org"},{` + sam + `,"objectType" : "Agent"}]},
		"object":{ "name":"Sam", "objectType":"Agent",` + sam + `},"context":{"instructor":{` + sam + `}}},
	"context":{"team":{` + sam + `,"member" : [ {` + sam + `}, {"mbox":"mailto:b@e.org"} ],"objectType":"Group"},
		"contextAgents":[{"objectType":"contextAgent","agent":{` + sam + `}}],"contextGroups":[{"group":{"objectType":"Group","member":[{` + sam + `}]}}],
		"extensions":{"https://e.org/x":{"actor":{` + sam + `}, "n":1.50}}},
	"authority":{` + sam + `}} `
	want := ` {"actor": {` + account + `}, "verb":{"id":"v" , "display":{"en":"Sam"}},
	"object":{"objectType":"SubStatement","actor":{"objectType":"Group","member":[{"mbox":"mailto:a@e.org"},{` + account + `,"objectType":"Agent"}]},
		"object":{` + account + `,"objectType":"Agent"},"context":{"instructor":{` + account + `}}},
	"context":{"team":{` + account + `,"member":[ {` + account + `}, {"mbox":"mailto:b@e.org"} ],"objectType":"Group"},
		"contextAgents":[{"objectType":"contextAgent","agent":{` + account + `}}],"contextGroups":[{"group":{"objectType":"Group","member":[{` + account + `}]}}],
		"extensions":{"https://e.org/x":{"actor":{` + sam + `}, "n":1.50}}},
	"authority":{` + sam + `}} `
	want = strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(want)
	got, n, err := xapi.ReplaceAgent([]byte(doc), key, xapi.AccountAgent("https://e.org/<1>", "p7"))
	if n != 8 {
		t.Errorf("%d replaced, want 8", n)
	}
	rewritten(t, got, err, want)
	got, n, err = xapi.ReplaceAgent([]byte(doc), "mbox|mailto:nobody@e.org", xapi.AccountAgent("https://e.org", "p7"))
	if n != 0 {
		t.Errorf("%d replaced, want none", n)
	}
	rewritten(t, got, err, doc)
}

func TestEveryKindOfIdentifierIsReplaced(t *testing.T) {
	for _, agent := range []string{`{"mbox":"mailto:a@b.c"}`, `{"openid":"https://a.b"}`, `{"account":{"name":"5","homePage":"https://a.b"}}`, `{"mbox_sha1sum":"` + strings.Repeat("Ab", 20) + `"}`} {
		a, err := xapi.ParseAgent(agent, xapi.V103)
		if err != nil {
			t.Fatal(err)
		}
		got, n, err := xapi.ReplaceAgent([]byte(`{"actor":`+agent+`}`), a.Key(), xapi.Agent{OpenID: "https://e.org/p"})
		if n != 1 {
			t.Errorf("%s: %d replaced", agent, n)
		}
		rewritten(t, got, err, `{"actor":{"openid":"https://e.org/p"}}`)
	}
	if _, _, err := xapi.ReplaceAgent([]byte(`{}`), "", xapi.Agent{OpenID: "https://e.org/p"}); err == nil {
		t.Error("anonymous groups are replaced")
	}
	if _, _, err := xapi.ReplaceAgent([]byte(`{}`), "mbox|mailto:a@b.c", xapi.Agent{Name: "x"}); err == nil {
		t.Error("an agent without identifier is put in")
	}
}

func TestAttachmentsAreDroppedWithTheirCommas(t *testing.T) {
	drop := func(a xapi.Attachment) bool { return a.UsageType == "s" }
	for doc, want := range map[string]string{
		`{"a":1, "attachments" : [ {"usageType":"s"} ] , "b":2}`:                            `{"a":1 , "b":2}`,
		`{ "attachments":[{"usageType":"s"}] , "b":2}`:                                      `{ "b":2}`,
		`{"attachments":[{"usageType":"s"},{"usageType":"s"}] }`:                            `{ }`,
		`{"attachments":[ {"usageType":"s"}, {"usageType":"s"}, {"usageType":"k"} ]}`:       `{"attachments":[ {"usageType":"k"} ]}`,
		`{"attachments":[ {"usageType":"k"}, {"usageType":"s"}, {"usageType":"s"} ]}`:       `{"attachments":[ {"usageType":"k"} ]}`,
		`{"attachments":[{"usageType":"s"},{"usageType":"k"},{"usageType":"s"},{"n":1.0}]}`: `{"attachments":[{"usageType":"k"},{"n":1.0}]}`,
		`{"object":{"objectType":"SubStatement","attachments":[{"usageType":"s"}]}}`:        `{"object":{"objectType":"SubStatement"}}`,
		`{"attachments":[{"usageType":"k"}],"object":{"attachments":[{"usageType":"s"}]}}`:  `{"attachments":[{"usageType":"k"}],"object":{"attachments":[{"usageType":"s"}]}}`,
	} {
		got, _, err := xapi.DropAttachments([]byte(doc), drop)
		rewritten(t, got, err, want)
	}
}

// Replacing an agent leaves JSON that reads as before, but for the agent; and
// putting the new one in its own place changes nothing any more.
func FuzzReplaceAgent(f *testing.F) {
	f.Add([]byte(simple))
	f.Add([]byte(`{"actor":{"objectType":"Group","member":[{"mbox":"mailto:sam@example.org"}],"mbox":"mailto:sam@example.org"},"attachments":[{"usageType":"x"},{}]}`))
	with := xapi.AccountAgent("https://e.org", "p7")
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		got, n, err := xapi.ReplaceAgent(data, "mbox|mailto:sam@example.org", with)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q", data, got)
		}
		if n == 0 && !bytes.Equal(data, got) {
			t.Fatalf("nothing was replaced, but %q became %q", data, got)
		}
		if _, rest, err := xapi.ReplaceAgent(got, "mbox|mailto:sam@example.org", with); err != nil || rest > 0 {
			t.Fatalf("%d left in %q: %v", rest, got, err)
		}
		less, _, err := xapi.DropAttachments(got, func(a xapi.Attachment) bool { return a.UsageType == "x" })
		if err != nil || !json.Valid(less) {
			t.Fatalf("%q became %q: %v", got, less, err)
		}
	})
}
