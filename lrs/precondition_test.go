package lrs

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func TestEntityTagsAreReadAsClientsWriteThem(t *testing.T) {
	for header, want := range map[string]tags{
		`*`:                   {any: true},
		` * `:                 {any: true},
		`"a"`:                 {list: []tag{{text: "a"}}},
		`W/"a"`:               {list: []tag{{text: "a", weak: true}}},
		`"a", W/"b" ,,"c,d",`: {list: []tag{{text: "a"}, {text: "b", weak: true}, {text: "c,d"}}},
		`""`:                  {list: []tag{{}}},
		`"*"`:                 {list: []tag{{text: "*"}}},
		`da39a3ee, b`:         {list: []tag{{text: "da39a3ee"}, {text: "b"}}}, // without quotes
		`"é"`:                 {list: []tag{{text: "é"}}},
	} {
		if got, err := parseTags(header); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads as %+v, %v; want %+v", header, got, err, want)
		}
	}
	for _, header := range []string{``, `,`, `"`, `"a`, `a"`, `"a" "b"`, `"a"b`, `"a b"`, `*, "a"`, `"a", *`, `W/`, "\"a\tb\"", `W/"a`, `a b`} {
		if got, err := parseTags(header); err == nil {
			t.Errorf("%s reads as %+v", header, got)
		}
	}
}

func TestPreconditionsHoldAsRFC9110Says(t *testing.T) {
	there := &Document{Body: []byte("x")}
	etag := there.ETag()
	for _, c := range []struct {
		match, noneMatch string
		there, absent    bool // whether it holds for
	}{
		{"", "", true, true},
		{"*", "", true, false},
		{"", "*", false, true},
		{etag, "", true, false},
		{`"a",` + etag, "", true, false},
		{`"a"`, "", false, false},
		{"W/" + etag, "", false, false},
		{"", etag, false, true},
		{"", "W/" + etag, false, true},
		{"", `"a"`, true, true},
		{etag, `"a"`, true, false},
		{etag, etag, false, false},
		{"*", "*", false, false},
	} {
		h := http.Header{}
		if c.match != "" {
			h["If-Match"] = strings.SplitAfter(c.match, ",") // several lines are one list
		}
		if c.noneMatch != "" {
			h.Set("If-None-Match", c.noneMatch)
		}
		p, err := parsePrecondition(h)
		if err != nil || p.given() != (len(h) > 0) || p.holds(there) != c.there || p.holds(nil) != c.absent {
			t.Errorf("%v: %v; of a document it holds %v, of none %v", h, err, p.holds(there), p.holds(nil))
		}
	}
}

// What the parser of entity tags accepts is the same after it is written anew.
func FuzzTags(f *testing.F) {
	f.Add(`"a", W/"b",, *`)
	f.Add(`*`)
	f.Add(`da39a3ee5e6b4b0d3255bfef95601890afd80709`)
	f.Fuzz(func(t *testing.T, header string) {
		got, err := parseTags(header)
		if err != nil {
			return
		}
		if got.any != (len(got.list) == 0) {
			t.Fatalf("%q reads as %+v", header, got)
		}
		var anew []string
		for _, one := range got.list {
			anew = append(anew, map[bool]string{true: "W/"}[one.weak]+`"`+one.text+`"`)
		}
		if got.any {
			anew = []string{"*"}
		}
		if again, err := parseTags(strings.Join(anew, ",")); err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%q reads as %+v, written anew as %+v, %v", header, got, again, err)
		}
	})
}

// What the parser of document parameters accepts names a place.
func FuzzDocumentParams(f *testing.F) {
	f.Add("activityId=https%3A%2F%2Fa.b&agent=%7B%22mbox%22%3A%22mailto%3Aa%40b.c%22%7D&stateId=x&registration=00000000-0000-4000-8000-00000000000A")
	f.Add("activityId=a:b&since=2026-11-21T09:00:00Z&profileId=%00%ff")
	f.Add("agent=%7B%22openid%22%3A%22a:b%22%7D&profileId=x;y")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, of := range []DocumentResource{StateDocuments, ActivityProfileDocuments, AgentProfileDocuments} {
			for _, v := range []xapi.Version{xapi.V103, xapi.V200} {
				p, err := parseDocumentParams(raw, of, v)
				if err != nil {
					continue
				}
				id := p.id
				if id.Resource != of || (id.Activity == "") != (of == AgentProfileDocuments) || (id.Agent == "") != (of == ActivityProfileDocuments) ||
					id.Registration != strings.ToLower(id.Registration) || len(id.Name) > maxName || id.Name != "" && p.since != nil {
					t.Fatalf("%q is read as %+v", raw, p)
				}
			}
		}
	})
}
