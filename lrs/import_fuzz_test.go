package lrs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

// What an import takes it takes again from its own export, to the same bytes.
func FuzzImportedStatement(f *testing.F) {
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"v:v"},"object":{"id":"o:o"},"stored":"2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","version":"2.0.0","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"v:v"},"object":{"objectType":"StatementRef","id":"10000000-0000-4000-8000-000000000002"},"authority":{"mbox":"mailto:a@b.c"}}`))
	f.Add([]byte("{\"id\" :\r\"10000000-0000-4000-8000-000000000001\"}"))
	i := importer{o: ImportOptions{Authority: xapi.AccountAgent("https://e.org", "import")}}
	f.Fuzz(func(t *testing.T, line []byte) {
		s, v, err := decodeAny(line)
		if err != nil {
			return
		}
		e, err := i.entry(s, v, mark{Defines: true})
		if err != nil {
			return
		}
		first := Row{ID: e.ID, Stored: 1_750_000_000_000_000_000, Flags: e.Flags, Doc: e.Doc}
		exported := oneLine(first.JSON())
		if bytes.Count(exported, []byte("\n")) != 1 {
			t.Fatalf("an export of %q has several lines", line)
		}
		s, v, err = decodeAny(bytes.TrimSpace(exported))
		if err != nil {
			t.Fatalf("the export of %q is refused: %v", line, err)
		}
		again, err := i.entry(s, v, mark{Defines: true})
		if err != nil {
			t.Fatalf("the export of %q is refused: %v", line, err)
		}
		second := Row{ID: again.ID, Stored: first.Stored, Flags: again.Flags, Doc: again.Doc}
		if !bytes.Equal(exported, oneLine(second.JSON())) {
			t.Fatalf("the export of %q is\n%s\nimported and exported again\n%s", line, exported, second.JSON())
		}
	})
}

// A line is a mark with a time, or none.
func FuzzMark(f *testing.F) {
	f.Add([]byte(`{"id":"00000000-0000-4000-8000-000000000001","stored":"2026-11-21T09:00:00.000000001Z","defines":true,"came":["00"]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, stored, err := parseMark(line)
		if err != nil {
			return
		}
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if again, at, err := parseMark(out); err != nil || at != stored || again.ID != m.ID || len(again.Came) != len(m.Came) {
			t.Fatalf("%q is %+v at %d, then %+v at %d, %v", line, m, stored, again, at, err)
		}
	})
}

func TestALineOfAnImportIsBounded(t *testing.T) {
	long := bytes.Repeat([]byte("x"), importLine+1)
	in := bufio.NewReaderSize(bytes.NewReader(append(append(append([]byte("a\r\n\n"), long...), '\n'), "b"...)), 1<<16)
	for n, want := range []string{"a", "", "too long", "b"} {
		line, err := readLine(in)
		if want == "too long" {
			if !errors.Is(err, errLongLine) {
				t.Errorf("line %d is taken: %v", n, err)
			}
			continue
		}
		if err != nil || string(line) != want {
			t.Errorf("line %d is %q, %v; want %q", n, line, err, want)
		}
	}
	if _, err := readLine(in); !errors.Is(err, io.EOF) {
		t.Errorf("after the last line: %v", err)
	}
}
