package lrs

import (
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

func TestPairsOfFiltersAreOneTerm(t *testing.T) {
	agent := xapi.Agent{Mbox: "mailto:a@b.c"}
	a := agent.Key()
	for name, c := range map[string]struct {
		q    Query
		want [][]IndexKey
	}{
		"nothing":             {Query{}, nil},
		"agent and verb":      {Query{Agent: &agent, Verb: "v"}, [][]IndexKey{{key("av", a, "v")}}},
		"agent and activity":  {Query{Agent: &agent, Activity: "o"}, [][]IndexKey{{key("ao", a, "o")}}},
		"activity and verb":   {Query{Activity: "o", Verb: "v"}, [][]IndexKey{{key("ov", "o", "v")}}},
		"all three":           {Query{Agent: &agent, Activity: "o", Verb: "v"}, [][]IndexKey{{key("ao", a, "o")}, {key("av", a, "v")}}},
		"related agent, verb": {Query{Agent: &agent, RelatedAgents: true, Verb: "v"}, [][]IndexKey{{key("a", a), key("A", a)}, {key("v", "v")}}},
		"related activity":    {Query{Activity: "o", RelatedActivities: true}, [][]IndexKey{{key("o", "o"), key("O", "o")}}},
		"registration, verb":  {Query{Registration: "r", Verb: "v"}, [][]IndexKey{{key("r", "r")}, {key("v", "v")}}},
		"only mine":           {Query{mine: "m"}, [][]IndexKey{{key("u", "m")}}},
	} {
		if got := c.q.terms(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s asks for %q, want %q", name, got, c.want)
		}
	}
}

func TestAStatementIsFoundByEveryPlaceOfAnAgentOrActivity(t *testing.T) {
	s, err := xapi.Decode([]byte(`{"actor":{"objectType":"Group","member":[{"mbox":"mailto:member@b.c"}]},"verb":{"id":"http://a.b/v"},
		"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:sub@b.c"},"verb":{"id":"http://a.b/w"},"object":{"id":"http://a.b/sub"},
			"context":{"instructor":{"mbox":"mailto:subi@b.c"},"contextActivities":{"other":{"id":"http://a.b/subother"}}}},
		"context":{"team":{"objectType":"Group","mbox":"mailto:team@b.c"},"statement":{"objectType":"StatementRef","id":"00000000-0000-4000-8000-000000000001"},
			"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:ca@b.c"}}],
			"contextActivities":{"parent":[{"id":"http://a.b/p"}],"grouping":[{"id":"http://a.b/g"}],"category":[{"id":"http://a.b/c"}]}}}`), xapi.V200)
	if err != nil {
		t.Fatal(err)
	}
	has := map[IndexKey]bool{}
	for _, k := range indexKeys(s) {
		has[k] = true
	}
	for _, k := range []IndexKey{"A mbox|mailto:member@b.c", "A mbox|mailto:sub@b.c", "A mbox|mailto:subi@b.c", "A mbox|mailto:team@b.c", "A mbox|mailto:ca@b.c",
		"O http://a.b/sub", "O http://a.b/subother", "O http://a.b/p", "O http://a.b/g", "O http://a.b/c", "v http://a.b/v"} {
		if !has[k] {
			t.Errorf("not found by %q", k)
		}
		delete(has, k)
	}
	if len(has) > 0 {
		t.Errorf("found by %v too", has)
	}
}

// What the parser of parameters accepts survives a round through a token.
func FuzzParams(f *testing.F) {
	f.Add("verb=http%3A%2F%2Fa.b&limit=3&since=2026-11-21T09:00:00Z")
	f.Add("agent=" + url.QueryEscape(`{"account":{"homePage":"http://a.b","name":"\u0000"}}`) + "&related_agents=true")
	f.Add("statementId=00000000-0000-4000-8000-000000000001&format=ids")
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := parseParams(raw, xapi.V103)
		if err != nil || p.ID != "" {
			return
		}
		q := p.Query
		q.Since, q.Until = nil, nil // they become the position
		q.position = position{after: 5, until: time.Now().UnixNano()}
		got, err := parseToken(q.token(), xapi.V103)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if !reflect.DeepEqual(got.terms(), q.terms()) || got.Limit != q.Limit || got.position != q.position {
			t.Fatalf("%q: got %+v, want %+v", raw, got, q)
		}
	})
}
