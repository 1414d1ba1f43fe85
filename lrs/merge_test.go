package lrs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"
	"unicode/utf8"
)

// merged is old with the properties of change.
func merged(old, change []byte) ([]byte, error) {
	with, err := properties(change)
	if err != nil {
		return nil, err
	}
	return mergeJSON(old, with)
}

// many is an object of n small properties.
func many(n int, prefix string) []byte {
	out := []byte("{")
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `"%s%d":%d`, prefix, i, i)
	}
	return append(out, '}')
}

func TestAMergeBoundsThePropertiesItReads(t *testing.T) {
	if _, err := merged(many(maxProperties, "a"), many(maxProperties, "a")); err != nil {
		t.Error(err)
	}
	for _, c := range [][2][]byte{
		{many(1, "a"), many(maxProperties+1, "b")}, {many(maxProperties+1, "a"), many(1, "a")}, {many(maxProperties, "a"), many(1, "b")},
	} {
		if _, err := merged(c[0], c[1]); !errors.Is(err, errManyProperties) {
			t.Errorf("%.20s… with %.20s…: %v", c[0], c[1], err)
		}
	}
}

func BenchmarkMergeOfManyProperties(b *testing.B) {
	old, change := many(maxProperties/2, "a"), many(maxProperties/2, "b")
	b.SetBytes(int64(len(old) + len(change)))
	for b.Loop() {
		if _, err := merged(old, change); err != nil {
			b.Fatal(err)
		}
	}
}

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
		if got, err := merged([]byte(c.old), []byte(c.change)); err != nil || string(got) != c.want {
			t.Errorf("%s with %s is %s, %v; want %s", c.old, c.change, got, err, c.want)
		}
	}
	for _, wrong := range []string{"", "null", "1", `"a"`, "[]", "{", "{}{", "{} x", `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, "{\"a\":\"\xff\"}", "\ufeff{}"} {
		if got, err := merged([]byte(wrong), []byte("{}")); err == nil {
			t.Errorf("%q is merged into as %s", wrong, got)
		}
		if got, err := merged([]byte("{}"), []byte(wrong)); err == nil {
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
		got, err := merged(old, change)
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
		if again, err := merged(got, change); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q with %q again is %q, %v", got, change, again, err)
		}
	})
}
