package lrssqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lrs"
)

const firstLayout = `
CREATE TABLE lrs_statements (stored INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, flags INTEGER NOT NULL, doc BLOB NOT NULL) STRICT;
CREATE TABLE lrs_refs (key INTEGER NOT NULL, stored INTEGER NOT NULL, PRIMARY KEY (key, stored)) STRICT, WITHOUT ROWID;
CREATE TABLE lrs_clock (one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL, salt BLOB NOT NULL) STRICT;
INSERT INTO lrs_clock VALUES (1, 5000, x'00112233445566778899aabbccddeeff');`

// A data folder of the first layout goes on: nothing is lost, numbered anew or
// found in another way.
func TestAFileOfTheFirstLayoutIsBroughtToTodays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lrs.db")
	old, err := sqlitedb.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.ExecContext(t.Context(), firstLayout); err != nil {
		t.Fatal(err)
	}
	id := func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }
	const verb, voids = `"https://v.example/did"`, `"http://adlnet.gov/expapi/verbs/voided"`
	activity := `{"id":"https://a.example/1","definition":{"name":{"en":"One"}}}`
	ref := func(n int) string { return fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, id(n)) }
	add := func(n int, flags lrs.Flags, verb, object string) {
		doc := fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:%d@example.org"},"verb":{"id":%s},"object":%s,"version":"1.0.0"}`, id(n), n, verb, object)
		blob := append(make([]byte, 15), byte(n))
		blob[6], blob[8] = 0x40, 0x80
		if _, err := old.ExecContext(t.Context(), `INSERT INTO lrs_statements VALUES (?, ?, ?, ?)`, n*1000, blob, int64(flags|lrs.Stamp), []byte(doc)); err != nil {
			t.Fatal(err)
		}
	}
	add(1, 0, verb, activity)
	add(2, lrs.Voided, verb, activity)
	add(3, 0, verb, ref(1))
	add(4, lrs.Voiding, voids, ref(2))
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	for range 2 { // the second time there is nothing to do
		s := open(t, file)
		rows, _, err := s.Select(t.Context(), lrs.Selection{Until: 1 << 62, Limit: 10, Ascending: true, Voided: true})
		if err != nil || len(rows) != 4 {
			t.Fatalf("%d statements, %v; want 4", len(rows), err)
		}
		for i, row := range rows {
			if row.ID != id(i+1) || row.Stored != int64(i+1)*1000 || !bytes.Contains(row.Doc, []byte(row.ID)) {
				t.Errorf("statement %d is %s at %d", i+1, row.ID, row.Stored)
			}
		}
		if !rows[1].Flags.Has(lrs.Voided) || rows[0].Flags.Has(lrs.Voided) {
			t.Error("what was voided is not, or what was not is")
		}
		found, _, err := s.Select(t.Context(), lrs.Selection{Terms: [][]lrs.IndexKey{{"o https://a.example/1"}}, Until: 1 << 62, Limit: 10, Ascending: true})
		if err != nil || len(found) != 3 || found[0].ID != id(1) || found[1].ID != id(3) || found[2].ID != id(4) {
			t.Errorf("found by the activity are %d, %v; want the first, what refers to it, and the voiding", len(found), err)
		}
		definitions, err := s.Definitions(t.Context(), []string{"https://a.example/1"})
		if err != nil || !bytes.Contains(definitions["https://a.example/1"], []byte("One")) {
			t.Errorf("definitions are %s, %v", definitions, err)
		}
		report, err := lrs.New(s, lrs.Options{}).Verify(context.WithoutCancel(t.Context()), lrs.VerifyOptions{})
		if err != nil || report.Problems != 0 {
			t.Errorf("verify: %+v, %v", report, err)
		}
	}
}
