package lrs

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"
	"unicode/utf8"
)

func TestAMergeKeepsWhatItDoesNotReplace(t *testing.T) {
	for _, c := range []struct{ old, change, want string }{
		{`{}`, `{}`, `{}`},
		{" {\r\n} ", `{"a":1}`, `{"a":1}`},
		{`{"a":1}`, ` {} `, `{"a":1}`},
		{`{"b":1,"a":2}`, `{"c":3,"b":4}`, `{"b":4,"a":2,"c":3}`},
		{`{ "a" : 123456789012345678901 , "b" : 1.10e0 }`, `{"c":[ 1, 2 ]}`, `{"a":123456789012345678901,"b":1.10e0,"c":[ 1, 2 ]}`},
		{`{"a":{"x":1}}`, `{"a":{"y":2}}`, `{"a":{"y":2}}`},
		{`{"a":{"x":1}}`, `{"a":null}`, `{"a":null}`},
		{`{"\u00e9":1,"\"\\":2}`, `{"é":3}`, `{"\u00e9":3,"\"\\":2}`},
		{`{"a":1,"b":2,"a":3}`, `{"c":4,"c":5}`, `{"a":3,"b":2,"c":5}`}, // the last counts
		{`{"a":"}{,\"","":"x"}`, `{"":","}`, `{"a":"}{,\"","":","}`},
		{`{"A":1}`, `{"a":2}`, `{"A":1,"a":2}`},
	} {
		if got, err := mergeJSON([]byte(c.old), []byte(c.change)); err != nil || string(got) != c.want {
			t.Errorf("%s with %s is %s, %v; want %s", c.old, c.change, got, err, c.want)
		}
	}
	for _, wrong := range []string{"", "null", "1", `"a"`, "[]", "{", "{}{", "{} x", `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, "{\"a\":\"\xff\"}", "\ufeff{}"} {
		if got, err := mergeJSON([]byte(wrong), []byte("{}")); err == nil {
			t.Errorf("%q is merged into as %s", wrong, got)
		}
		if got, err := mergeJSON([]byte("{}"), []byte(wrong)); err == nil {
			t.Errorf("%q is merged as %s", wrong, got)
		}
	}
}

// The merge of two objects has the bytes of each value from where it came, and
// only objects are merged.
func FuzzMergeJSON(f *testing.F) {
	f.Add([]byte(`{"a": 1.0,"b":[{}]}`), []byte(`{ "b" :null,"\u0061":{"x":1}}`))
	f.Add([]byte(`{"a":1,"a":2,"":"\ud800"}`), []byte(`{"\ud801":0,"\ufffd":1}`))
	f.Add([]byte(`[]`), []byte("{\"\xff\":1}"))
	f.Fuzz(func(t *testing.T, old, change []byte) {
		read := func(data []byte) (map[string]json.RawMessage, bool) {
			var m map[string]json.RawMessage
			err := json.Unmarshal(data, &m)
			return m, err == nil && m != nil && utf8.Valid(data)
		}
		before, ok1 := read(old)
		with, ok2 := read(change)
		got, err := mergeJSON(old, change)
		if (err == nil) != (ok1 && ok2) {
			t.Fatalf("%q with %q: %v", old, change, err)
		}
		if err != nil {
			return
		}
		want := maps.Clone(before)
		maps.Copy(want, with)
		after, ok := read(got)
		if !ok || !maps.EqualFunc(after, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("%q with %q is %q", old, change, got)
		}
		if again, err := mergeJSON(got, change); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q with %q again is %q, %v", got, change, again, err)
		}
	})
}
