package xapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

// What the decoder accepts is JSON for everyone else too, keeps its bytes, and
// survives being written and read again.
func FuzzDecode(f *testing.F) {
	if data, err := os.ReadFile("testdata/moodle-batch1.json"); err == nil {
		var list []json.RawMessage
		if json.Unmarshal(data, &list) == nil {
			for _, s := range list {
				f.Add([]byte(s))
			}
		}
	}
	f.Add([]byte(simple))
	f.Add([]byte(with(`"result":{"score":{"scaled":-1e0},"response":"\ud83d\u0000"}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []xapi.Version{xapi.V103, xapi.V200} {
			s, err := xapi.Decode(data, v)
			if err != nil {
				continue
			}
			if !json.Valid(data) {
				t.Fatalf("accepted what is not JSON: %q", data)
			}
			if !bytes.Contains(data, s.Raw) {
				t.Fatal("the bytes changed")
			}
			again, err := json.Marshal(s)
			if err != nil {
				t.Fatalf("%v: %q", err, data)
			}
			var back xapi.Statement
			if err := json.Unmarshal(again, &back); err != nil {
				t.Fatalf("%v: %s", err, again)
			}
			third, err := json.Marshal(back)
			if err != nil || !bytes.Equal(again, third) {
				t.Fatalf("not stable:\n%s\n%s (%v)", again, third, err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data, err := os.ReadFile("testdata/moodle-batch1.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xapi.DecodeList(data, xapi.V103); err != nil {
			b.Fatal(err)
		}
	}
}
