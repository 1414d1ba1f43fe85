package xapi_test

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

// many is a list of n statements that have about that many values each.
func many(n, values int, value string) []byte {
	one := with(`"result":{"extensions":{"https://e.org":[` + strings.Repeat(value+",", values-11) + value + `]}}`)
	return []byte("[" + strings.Repeat(one+",", n-1) + one + "]")
}

func TestTheValuesOfAListAreBounded(t *testing.T) {
	for _, c := range []struct {
		n, values int
		want      error
	}{
		{5, 199_000, nil},
		{xapi.MaxStatements, 99, nil},
		{6, 199_000, xapi.ErrTooLarge},
		{xapi.MaxStatements, 101, xapi.ErrTooLarge},
	} {
		got, err := xapi.DecodeList(many(c.n, c.values, "0"), xapi.V103)
		if !errors.Is(err, c.want) || err == nil && len(got) != c.n {
			t.Errorf("%d statements of %d values: %d, %v; want %v", c.n, c.values, len(got), err, c.want)
		}
	}
	var e *xapi.Error
	if _, err := xapi.DecodeList(many(2, 200_100, "0"), xapi.V103); !errors.As(err, &e) || !strings.HasPrefix(e.Path, "statements[0].result") {
		t.Errorf("one statement that is too large: %v", err)
	}
}

// What nobody may ask for takes no room: the result is a few times the body.
func TestDecodedStatementsAreNotMuchLargerThanTheirBytes(t *testing.T) {
	body := many(5, 190_000, "{}")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	list, err := xapi.DecodeList(body, xapi.V103)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > int64(3*len(body)) {
		t.Errorf("%d bytes became %d", len(body), grown)
	}
	runtime.KeepAlive(list)
}

func TestExtensionsSurviveBeingDecoded(t *testing.T) {
	const ext = `"extensions":{"https://e.org/n":[1.50,12345678901234567890,{"a.b":null}]}`
	doc := strings.Replace(with(`"result":{"success":true,`+ext+`},"context":{"platform":"p",`+ext+`}`), `"https://example.org/a"`, `"https://example.org/a","definition":{"type":"https://e.org/t",`+ext+`}`, 1)
	s, err := xapi.Decode([]byte(doc), xapi.V103)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(s)
	if err != nil || string(got) != doc {
		t.Errorf("%v:\n%s\n%s", err, got, doc)
	}
	s.Result.Extensions = map[string]any{"https://e.org/mine": true}
	if got, err = json.Marshal(s); err != nil || !strings.Contains(string(got), `"extensions":{"https://e.org/mine":true}`) {
		t.Errorf("what was set is not written: %v, %s", err, got)
	}
}
