package xapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
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
	for _, folder := range []string{"valid", "invalid"} {
		names, err := filepath.Glob("testdata/" + folder + "/*.json")
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			data, _, _ = bytes.Cut(data, []byte("\n----------\n"))
			f.Add(data)
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
			if !xapi.Same(data, append([]byte(" "), data...), v) {
				t.Fatalf("not the same as itself: %q", data)
			}
			stable(t, s, v)
		}
	})
}
