package xapi_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func TestANewerDefinitionIsPutOverTheOlder(t *testing.T) {
	for _, c := range []struct{ name, old, newer, want string }{
		{"first", ``, `{ "type":"https://e.org/t" }`, `{"type":"https://e.org/t"}`},
		{"nothing new", `{"type":"https://e.org/t"}`, `{}`, `{"type":"https://e.org/t"}`},
		{"property", `{"type":"https://e.org/t","moreInfo":"https://e.org"}`, `{"type":"https://e.org/u"}`, `{"type":"https://e.org/u","moreInfo":"https://e.org"}`},
		{"languages", `{"name":{"en-us":"a","de":"b"}}`, `{"name":{"en-US":"c","fr":"d"},"description":{"en":"e"}}`, `{"name":{"de":"b","en-US":"c","fr":"d"},"description":{"en":"e"}}`},
		{"extensions", `{"extensions":{"https://e.org/a.b":{"x":1},"https://e.org/A.b":2}}`, `{"extensions":{"https://e.org/a.b":{"y":1.0}}}`, `{"extensions":{"https://e.org/A.b":2,"https://e.org/a.b":{"y":1.0}}}`},
		{"becomes a question", `{"name":{"en":"n"}}`, `{"interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}`, `{"name":{"en":"n"},"interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}`},
		{"texts of choices", `{"interactionType":"choice","choices":[{"id":"a"},{"id":"b","description":{"en":"B"}}],"correctResponsesPattern":["a"]}`,
			`{"choices":[{"id":"c"},{"description":{"en":"b","de":"x"},"id":"b"},{"id":"a","description":{"en":"A"}}],"name":{"en":"n"}}`,
			`{"interactionType":"choice","choices":[{"id":"a","description":{"en":"A"}},{"id":"b","description":{"en":"b","de":"x"}}],"correctResponsesPattern":["a"],"name":{"en":"n"}}`},
		{"other responses", `{"interactionType":"choice","correctResponsesPattern":["a"]}`, `{"interactionType":"choice","choices":[{"id":"b"}],"correctResponsesPattern":["b"]}`, `{"interactionType":"choice","correctResponsesPattern":["a"],"choices":[{"id":"b"}]}`},
		{"other interaction", `{"choices":[{"id":"a"}],"interactionType":"choice","name":{"en":"n"}}`, `{"interactionType":"likert","scale":[{"id":"b"}],"correctResponsesPattern":["b"],"name":{"en":"m"}}`, `{"choices":[{"id":"a"}],"interactionType":"choice","name":{"en":"m"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := xapi.MergeDefinition([]byte(c.old), []byte(c.newer))
			rewritten(t, got, err, c.want)
			again, err := xapi.MergeDefinition(got, []byte(c.newer))
			rewritten(t, again, err, c.want)
		})
	}
}

func TestDefinitionsAreFoundInEveryPlaceOfAnActivity(t *testing.T) {
	activity := func(n int) string {
		return fmt.Sprintf(`{"id":"https://e.org/%d","definition":{"name" : {"en":"%d"}}}`, n, n)
	}
	s, err := xapi.Decode([]byte(`{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},`+
		`"object":`+activity(6)+`,"context":{"contextActivities":{"parent":`+activity(7)+`}}},`+
		`"context":{"contextActivities":{"other":[`+activity(4)+`,{"id":"https://e.org/5"}],"parent":`+activity(1)+`,"grouping":[`+activity(2)+`],"category":[`+activity(3)+`]}}}`), xapi.V103)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for id, raw := range s.Definitions() {
		got += id[len("https://e.org/"):]
		if want := fmt.Sprintf(`{"name" : {"en":"%s"}}`, id[len("https://e.org/"):]); raw != want {
			t.Errorf("%s has %s, want %s", id, raw, want)
		}
	}
	if got != "123467" {
		t.Errorf("found %s", got)
	}
	for range s.Definitions() {
		break // must not panic
	}
}

// Merging is stable: what is merged is JSON, and merging the same again changes
// nothing.
func FuzzMergeDefinition(f *testing.F) {
	f.Add([]byte(`{"name":{"en":"a"},"interactionType":"choice","choices":[]}`), []byte(`{"name":{"EN":"b"},"interactionType":"likert"}`))
	f.Add([]byte(``), []byte(`{"extensions":{"a":1}}`))
	f.Fuzz(func(t *testing.T, old, newer []byte) {
		got, err := xapi.MergeDefinition(old, newer)
		if err != nil {
			return
		}
		again, err := xapi.MergeDefinition(got, newer)
		if err != nil || !json.Valid(got) || string(again) != string(got) {
			t.Fatalf("%q over %q is %q, then %q (%v)", newer, old, got, again, err)
		}
	})
}
