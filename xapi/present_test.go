package xapi_test

import (
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

func TestOneLanguageOfEachText(t *testing.T) {
	doc := []byte(`{"verb":{"id":"v","display":{"fr":"f","en-GB":"b","de":"d"}},"object":{"id":"o","definition":{"name":{"de":"d","es":"e"}}}}`)
	for accept, want := range map[string][2]string{
		"en":                       {`"en-GB":"b"`, `"de":"d"`},
		"de;q=0.5, en-US;q=0.8":    {`"en-GB":"b"`, `"de":"d"`},
		"es, fr;q=0.9":             {`"fr":"f"`, `"es":"e"`},
		"":                         {`"fr":"f"`, `"de":"d"`},
		"de;q=0, es;q=0.1, *;q=.1": {`"fr":"f"`, `"es":"e"`},
	} {
		got, err := xapi.InLanguage(doc, accept)
		rewritten(t, got, err, `{"verb":{"id":"v","display":{`+want[0]+`}},"object":{"id":"o","definition":{"name":{`+want[1]+`}}}}`)
	}
}
