package lrs

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func TestATokenHoldsTheWholeQuery(t *testing.T) {
	agent := xapi.AccountAgent("https://lms.example", "5")
	q := Query{
		Agent: &agent, Verb: "http://a.b/v", Activity: "https://a.b/ä?x=1&y=2", Registration: "00000000-0000-4000-8000-000000000001",
		RelatedAgents: true, RelatedActivities: true, Ascending: true, Attachments: true, Limit: 7, Format: FormatIDs,
		position: position{after: 1, until: 1 << 62},
	}
	got, err := parseToken(q.token(), xapi.V103)
	if err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, q)
	}
}

func TestATokenIsNoLongerThanTheQueryNeeds(t *testing.T) {
	const length = 20_000
	p, err := parseParams("activity=http://a.b/"+strings.Repeat("/", length), xapi.V103)
	if err != nil {
		t.Fatal(err)
	}
	p.Query.position = position{after: 1<<63 - 1, until: 1<<63 - 1}
	if got := p.Query.token(); len(got) > length*4/3+100 {
		t.Errorf("it has %d bytes for %d", len(got), length)
	}
	long := "http://a.b/" + strings.Repeat("/", 24_800)
	for name, raw := range map[string]string{
		"activity": "verb=http://a.b&activity=" + long, "verb": "activity=http://a.b&verb=" + long,
		"agent": "agent=" + url.QueryEscape(`{"openid":"`+long+`"}`),
	} {
		var wrong *xapi.Error
		if _, err := parseParams(raw, xapi.V103); !errors.As(err, &wrong) || wrong.Path != name {
			t.Errorf("%s that is too long: %v", name, err)
		}
	}
	if _, err := parseParams("statementId=00000000-0000-4000-8000-000000000001", xapi.V103); err != nil {
		t.Error(err)
	}
}

func FuzzToken(f *testing.F) {
	f.Add(Query{Verb: "http://a.b", position: position{until: 5}}.token())
	f.Add("")
	f.Add("AA4EdmVyYg")
	f.Fuzz(func(t *testing.T, token string) {
		q, err := parseToken(token, xapi.V103)
		if err != nil {
			return
		}
		if again, err := parseToken(q.token(), xapi.V103); err != nil || again.token() != q.token() || !reflect.DeepEqual(again.terms(), q.terms()) {
			t.Fatalf("%q: got %+v, %v; want %+v", token, again, err, q)
		}
	})
}
