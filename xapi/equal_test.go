package xapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

const full = `{"id":"aa97b177-9383-4934-8543-0f91a7a02836","actor":{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"},{"mbox":"mailto:d@b.c"}]},
"verb":{"id":"http://a.b/v","display":{"en":"did"}},"object":{"id":"http://a.b/o","definition":{"name":{"en":"x"}}},
"result":{"duration":"PT1.234S","score":{"raw":10}},"timestamp":"2026-11-21T09:00:00Z","context":{"contextActivities":{"parent":{"id":"http://a.b/p"}}}}`

func TestTheSameStatementInOtherWords(t *testing.T) {
	for name, edit := range map[string][2]string{
		"key order":             {`"duration":"PT1.234S","score":{"raw":10}`, `"score":{"raw":10},"duration":"PT1.234S"`},
		"default objectType":    {`{"mbox":"mailto:a@b.c"}`, `{"objectType":"Agent","mbox":"mailto:a@b.c"}`},
		"activity objectType":   {`"object":{"id"`, `"object":{"objectType":"Activity","id"`},
		"zone of one instant":   {`2026-11-21T09:00:00Z`, `2026-11-21T10:00:00.000+01:00`},
		"verb display":          {`{"en":"did"}`, `{"de":"tat"}`},
		"no verb display":       {`,"display":{"en":"did"}`, ``},
		"activity definition":   {`,"definition":{"name":{"en":"x"}}`, ``},
		"order of members":      {`{"mbox":"mailto:a@b.c"},{"mbox":"mailto:d@b.c"}`, `{"mbox":"mailto:d@b.c"},{"mbox":"mailto:a@b.c"}`},
		"what the store sets":   {`{"id":`, `{"stored":"2026-11-21T09:00:00Z","version":"1.0.0","authority":{"mbox":"mailto:x@y.z"},"id":`},
		"case of the id":        {`aa97b177`, `AA97B177`},
		"the number ten":        {`{"raw":10}`, `{"raw":1.00e+1}`},
		"one parent as a list":  {`{"parent":{"id":"http://a.b/p"}}`, `{"parent":[{"id":"http://a.b/p"}]}`},
		"an escape in a string": {`"http://a.b/p"`, `"http:\/\/a.b\/p"`},
	} {
		other := strings.Replace(full, edit[0], edit[1], 1)
		if other == full {
			t.Fatalf("%s: nothing edited", name)
		}
		if !xapi.Same([]byte(full), []byte(other), xapi.V103) {
			t.Errorf("%s makes a difference", name)
		}
	}
}

func TestTheSameContextAndAttachmentsInOtherWords(t *testing.T) {
	const doc = `{"context":{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.c"},"relevantTypes":["x:a","x:b"]}],
"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"},{"mbox":"mailto:d@b.c"}]}}]},
"object":{"objectType":"SubStatement","attachments":[{"sha2":"0aF","length":1}]},"result":{}}`
	for name, c := range map[string]struct {
		from, to string
		same     bool
	}{
		"default objectType of a context agent":    {`{"mbox":"mailto:a@b.c"},"rel`, `{"objectType":"Agent","mbox":"mailto:a@b.c"},"rel`, true},
		"default objectType in a context group":    {`[{"mbox":"mailto:a@b.c"}`, `[{"objectType":"Agent","mbox":"mailto:a@b.c"}`, true},
		"order of members in a context group":      {`{"mbox":"mailto:a@b.c"},{"mbox":"mailto:d@b.c"}`, `{"mbox":"mailto:d@b.c"},{"mbox":"mailto:a@b.c"}`, true},
		"order of properties in a context agent":   {`"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.c"}`, `"agent":{"mbox":"mailto:a@b.c"},"objectType":"contextAgent"`, true},
		"case of a digest":                         {`0aF`, `0Af`, true},
		"an empty list of attachments":             {`"result"`, `"attachments":[],"result"`, true},
		"another context agent":                    {`{"mbox":"mailto:a@b.c"},"rel`, `{"mbox":"mailto:e@b.c"},"rel`, false},
		"another relevant type":                    {`"x:b"`, `"x:c"`, false},
		"another member of a context group":        {`mailto:d@b.c`, `mailto:e@b.c`, false},
		"another digest":                           {`0aF`, `0aE`, false},
		"an attachment":                            {`"result"`, `"attachments":[{"sha2":"00"}],"result"`, false},
		"an attachment less, of a sub-statement's": {`{"sha2":"0aF","length":1}`, ``, false},
		"another length":                           {`"length":1`, `"length":2`, false},
	} {
		other := strings.Replace(doc, c.from, c.to, 1)
		if other == doc {
			t.Fatalf("%s: nothing edited", name)
		}
		if xapi.Same([]byte(doc), []byte(other), xapi.V200) != c.same || xapi.Same([]byte(other), []byte(doc), xapi.V200) != c.same {
			t.Errorf("%s: want the same to be %v", name, c.same)
		}
	}
}

func TestAnotherStatementIsNotTheSame(t *testing.T) {
	for name, edit := range map[string][2]string{
		"duration":  {`PT1.234S`, `PT1.239S`},
		"score":     {`{"raw":10}`, `{"raw":10.000000000000000000001}`},
		"member":    {`mailto:d@b.c`, `mailto:e@b.c`},
		"verb":      {`http://a.b/v`, `http://a.b/w`},
		"object":    {`http://a.b/o`, `http://a.b/oo`},
		"timestamp": {`09:00:00Z`, `09:00:01Z`},
		"extra":     {`"result":{`, `"result":{"success":true,`},
	} {
		if other := strings.Replace(full, edit[0], edit[1], 1); xapi.Same([]byte(full), []byte(other), xapi.V103) {
			t.Errorf("another %s makes no difference", name)
		}
	}
	sixty := strings.Replace(full, "PT1.234S", "PT60M", 1)
	if xapi.Same([]byte(sixty), []byte(strings.Replace(full, "PT1.234S", "PT1H", 1)), xapi.V200) {
		t.Error("PT60M and PT1H are the same")
	}
	if !xapi.Same([]byte(full), []byte(strings.Replace(full, "PT1.234S", "PT1.239S", 1)), xapi.V200) {
		t.Error("2.0 looks beyond hundredths of a second")
	}
}

func TestNumbersAreComparedByValue(t *testing.T) {
	same := func(a, b string) bool {
		doc := func(n string) []byte { return fmt.Appendf(nil, `{"result":{"extensions":{"x:y":%s}}}`, n) }
		return xapi.Same(doc(a), doc(b), xapi.V103)
	}
	for _, p := range [][2]string{{"0", "-0.0"}, {"100", "1e2"}, {"0.5", "5E-1"}, {"9007199254740993", "9007199254740993.0"}} {
		if !same(p[0], p[1]) {
			t.Errorf("%s and %s differ", p[0], p[1])
		}
	}
	for _, p := range [][2]string{{"1", "-1"}, {"9007199254740993", "9007199254740992"}, {"1e999999999999", "1e999999999998"}, {"10", "1"}} {
		if same(p[0], p[1]) {
			t.Errorf("%s and %s are the same", p[0], p[1])
		}
	}
}
