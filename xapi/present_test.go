package xapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func rewritten(t *testing.T, got []byte, err error, want string) {
	t.Helper()
	if err != nil || string(got) != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
}

func TestAReaderIsShownWhatItsVersionKnows(t *testing.T) {
	doc := []byte(`{"timestamp":"2026-11-21T10:00:00+01:00","context":{"contextAgents":[{}],"language":"en","contextActivities":{"parent":{"id":"p"},"other":[]}},"object":{"objectType":"SubStatement","timestamp":"2026-11-21T10:00:00+01:00","context":{"contextGroups":[]}}}`)
	got, err := xapi.Adapt(doc, xapi.V103)
	rewritten(t, got, err, `{"timestamp":"2026-11-21T10:00:00+01:00","context":{"language":"en","contextActivities":{"parent":[{"id":"p"}],"other":[]}},"object":{"objectType":"SubStatement","timestamp":"2026-11-21T10:00:00+01:00","context":{}}}`)
	got, err = xapi.Adapt(doc, xapi.V200)
	rewritten(t, got, err, `{"timestamp":"2026-11-21T09:00:00.000000000Z","context":{"contextAgents":[{}],"language":"en","contextActivities":{"parent":[{"id":"p"}],"other":[]}},"object":{"objectType":"SubStatement","timestamp":"2026-11-21T09:00:00.000000000Z","context":{"contextGroups":[]}}}`)
}

func TestIDsKeepOnlyWhatIdentifies(t *testing.T) {
	got, err := xapi.IDsOnly([]byte(`{"id":"1","actor":{"objectType":"Group","name":"x","member":[{"name":"y","mbox":"mailto:a@b.c"}]},"verb":{"id":"v","display":{"en":"d"}},"object":{"id":"o","definition":{}},` +
		`"context":{"team":{"objectType":"Group","mbox":"m","member":[]},"contextActivities":{"parent":[{"id":"p","definition":{}}]},"language":"en"},"result":{"score":{"raw":1.50}}}`))
	rewritten(t, got, err, `{"id":"1","actor":{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"}]},"verb":{"id":"v"},"object":{"id":"o"},`+
		`"context":{"team":{"objectType":"Group","mbox":"m"},"contextActivities":{"parent":[{"id":"p"}]},"language":"en"},"result":{"score":{"raw":1.50}}}`)
}

// canonical shows a document as its reader likes it.
func canonical(t *testing.T, doc, accept string, definitions map[string][]byte) ([]byte, error) {
	t.Helper()
	d, err := xapi.ReadDocument([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	c := xapi.NewCanonical(accept)
	for id, definition := range definitions {
		if _, err := c.Define(id, definition); err != nil {
			t.Fatal(err)
		}
	}
	got, whole := c.Show(d, 1<<20)
	if !whole {
		t.Error("something was left out")
	}
	return got, nil
}

func TestOneLanguageOfEachText(t *testing.T) {
	doc := `{"verb":{"id":"v","display":{"fr":"f","en-GB":"b","de":"d"}},"object":{"id":"o","definition":{"name":{"de":"d","es":"e"}}}}`
	for accept, want := range map[string][2]string{
		"en":                              {`"en-GB":"b"`, `"de":"d"`},
		"de;q=0.5, en-US;q=0.8":           {`"en-GB":"b"`, `"de":"d"`},
		"es, fr;q=0.9":                    {`"fr":"f"`, `"es":"e"`},
		"":                                {`"fr":"f"`, `"de":"d"`},
		"de;q=0, es;q=0.1, *;q=.1":        {`"fr":"f"`, `"es":"e"`},
		"fr;q=0,de;q=0":                   {`"en-GB":"b"`, `"es":"e"`},
		"*, de;q=0":                       {`"fr":"f"`, `"es":"e"`},
		"de;q=NaN,de;q=2,de;q=x,,;q=1,ES": {`"fr":"f"`, `"es":"e"`},
		"EN-gb-oxendict":                  {`"en-GB":"b"`, `"de":"d"`},
		strings.Repeat("x,", 1000) + "es": {`"fr":"f"`, `"de":"d"`},
	} {
		got, err := canonical(t, doc, accept, nil)
		rewritten(t, got, err, `{"verb":{"id":"v","display":{`+want[0]+`}},"object":{"id":"o","definition":{"name":{`+want[1]+`}}}}`)
	}
}

func TestActivitiesAreShownAsTheyAreDefined(t *testing.T) {
	doc := `{"object":{"id":"a","definition":{"name":{"en":"old"}},"objectType":"Activity"},"context":{"contextActivities":{"parent":[{"id":"b"},{"id":"c","definition":{"name":{"en":"own","de":"eigen"}}}],` +
		`"other":{"id":"b"}},"extensions":{"id":"a"}},"actor":{"id":"a"}}`
	d, err := xapi.ReadDocument([]byte(doc))
	if err != nil || fmt.Sprint(d.Activities()) != "[a b c b]" {
		t.Errorf("activities are %v, %v", d.Activities(), err)
	}
	got, err := canonical(t, doc, "de", map[string][]byte{
		"a": []byte(`{"name":{"en":"a","de":"A"},"choices":[{"id":"1","description":{"en":"x","de":"X"}}],"extensions":{"https://e.org":{"name":{"en":1,"de":2}}}}`),
		"b": []byte(`{"type":"t"}`),
	})
	rewritten(t, got, err, `{"object":{"id":"a","objectType":"Activity","definition":{"name":{"de":"A"},"choices":[{"id":"1","description":{"de":"X"}}],"extensions":{"https://e.org":{"name":{"en":1,"de":2}}}}},`+
		`"context":{"contextActivities":{"parent":[{"id":"b","definition":{"type":"t"}},{"id":"c","definition":{"name":{"de":"eigen"}}}],"other":{"id":"b","definition":{"type":"t"}}},"extensions":{"id":"a"}},"actor":{"id":"a"}}`)
	got, err = canonical(t, `{"object":{"objectType":"SubStatement","verb":{"id":"v","display":{"en":"e","de":"d"}},"object":{"id":"b"},"context":{"contextActivities":{"grouping":[{"id":"b"}]}}}}`, "de", map[string][]byte{"b": []byte(`{}`)})
	rewritten(t, got, err, `{"object":{"objectType":"SubStatement","verb":{"id":"v","display":{"de":"d"}},"object":{"id":"b","definition":{}},"context":{"contextActivities":{"grouping":[{"id":"b","definition":{}}]}}}}`)
}

func TestActivitiesAreShownAsSentOnceTheStatementHasGrownTooLarge(t *testing.T) {
	d, err := xapi.ReadDocument([]byte(`{"object":{"id":"a"},"context":{"contextActivities":{"parent":[{"id":"a"},{"id":"b"}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	c := xapi.NewCanonical("")
	for _, id := range []string{"a", "b"} {
		if size, err := c.Define(id, []byte(`{"type":"t","name":{"en":"e","de":"d"}}`)); err != nil || size != len(`{"type":"t","name":{"en":"e"}}`) {
			t.Fatal(size, err)
		}
	}
	got, whole := c.Show(d, 80)
	if whole {
		t.Error("it says that it is whole")
	}
	rewritten(t, got, nil, `{"object":{"id":"a","definition":{"type":"t","name":{"en":"e"}}},"context":{"contextActivities":{"parent":[{"id":"a"},{"id":"b"}]}}}`)
}

// What is made for readers of an accepted statement is JSON, and accepted again.
func FuzzPresent(f *testing.F) {
	f.Add([]byte(with(`"context":{"contextActivities":{"parent":{"id":"urn:x:y","definition":{"name":{"en":"a","de":"b"}}}}},"timestamp":"2026-11-21T10:00:00+01:00"`)), "de, en;q=0.1")
	f.Fuzz(func(t *testing.T, data []byte, accept string) {
		if _, err := xapi.Decode(data, xapi.V200); err != nil {
			return
		}
		d, err := xapi.ReadDocument(data)
		if err != nil {
			t.Fatal(err)
		}
		c := xapi.NewCanonical(accept)
		for _, id := range d.Activities() {
			if _, err := c.Define(id, []byte(`{"name":{"en":"x","de":"y"}}`)); err != nil {
				t.Fatal(err)
			}
		}
		shown, _ := c.Show(d, 1<<20)
		ids, err := xapi.IDsOnly(data)
		if err != nil {
			t.Fatal(err)
		}
		adapted, err := xapi.Adapt(data, xapi.V200)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range [][]byte{shown, ids, adapted} {
			if _, err := xapi.Decode(got, xapi.V200); err != nil {
				t.Fatalf("%q became %q: %v", data, got, err)
			}
		}
	})
}
