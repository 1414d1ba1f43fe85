package xapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

var update = flag.Bool("update", false, "write what is expected of testdata/invalid anew")

// Every file of testdata/valid is a statement of both versions, or of one if its
// name says so (x.2.0.0.json).
func TestValidStatementsAreAccepted(t *testing.T) {
	for _, name := range golden(t, "valid", 40) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			data := read(t, name)
			for _, v := range []xapi.Version{xapi.V103, xapi.V200} {
				s, err := xapi.Decode(data, v)
				if other := strings.HasSuffix(name, ".2.0.0.json") && v == xapi.V103; other != (err != nil) {
					t.Fatalf("in %s: %v", v, err)
				} else if other {
					continue
				}
				if !bytes.Equal(s.Raw, bytes.TrimSpace(data)) {
					t.Error("the bytes changed")
				}
				stable(t, s, v)
			}
		})
	}
}

// stable wants that the statement, written and decoded again, is the same; but
// not numbers that are too large for the model, and lone surrogates.
func stable(t *testing.T, s *xapi.Statement, v xapi.Version) {
	t.Helper()
	once, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := xapi.Decode(once, v)
	if err != nil {
		t.Fatalf("%v: %s", err, once)
	}
	if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
		t.Errorf("not stable (%v):\n%s\n%s", err, once, twice)
	}
}

// Every file of testdata/invalid has what is refused, a line of dashes, and for
// each version that refuses it "version path: reason", as in
//
//	{"actor": 5}
//	----------
//	1.0.3 actor: an Agent is an object, not a number
//	2.0.0 actor: an Agent is an object, not a number
//
// A version that is missing there accepts it.
func TestInvalidStatementsAreRefusedWithPathAndReason(t *testing.T) {
	for _, name := range golden(t, "invalid", 120) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			data := read(t, name)
			input, want, ok := bytes.Cut(data, []byte("\n----------\n"))
			if !ok {
				t.Fatal("has no line of dashes")
			}
			var got bytes.Buffer
			for _, v := range []xapi.Version{xapi.V103, xapi.V200} {
				_, err := xapi.Decode(input, v)
				var e *xapi.Error
				if err != nil && !errors.As(err, &e) {
					t.Fatalf("%T is no *xapi.Error", err)
				}
				if e != nil {
					got.WriteString(string(v) + " " + e.Error() + "\n")
				}
			}
			if got.Len() == 0 {
				t.Fatal("both versions accept it")
			}
			if *update {
				if err := os.WriteFile(name, append(data[:len(data)-len(want)], got.Bytes()...), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("refused with\n%swant\n%s", got.Bytes(), want)
			}
		})
	}
}

// golden are the files of a folder of testdata, of which there are so many at least.
func golden(t *testing.T, folder string, least int) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(names) < least {
		t.Fatalf("%d files in testdata/%s (%v)", len(names), folder, err)
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
