package lrssqlite_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/cairn-lms/cairn/xapi"
)

// Whatever is damaged in the tables, verification says where.
func TestVerifyFindsWhatIsDamaged(t *testing.T) {
	const first = "00000000-0000-4000-8000-000000000001"
	for name, c := range map[string]struct{ damage, says string }{
		"a document":               {`UPDATE lrs_statements SET doc = CAST(replace(CAST(doc AS TEXT), 'Grace', 'Gruce') AS BLOB) WHERE stored = (SELECT min(stored) FROM lrs_statements)`, first + ": its bytes are not those of its checksum"},
		"a document, beyond sense": {`UPDATE lrs_statements SET doc = x'7b' WHERE stored = (SELECT min(stored) FROM lrs_statements)`, first + ": it cannot be read"},
		"a checksum":               {`UPDATE lrs_statements SET sum = x'00' WHERE stored = (SELECT min(stored) FROM lrs_statements)`, first + ": its bytes are not those of its checksum"},
		"an index row that went":   {`DELETE FROM lrs_refs WHERE rowid_of = (SELECT min(stored) FROM lrs_statements)`, first + ": the index lacks 1 "},
		"an index row too many":    {`INSERT INTO lrs_refs (segment, key, stored) SELECT 1, 5, min(stored) FROM lrs_statements`, first + ": the index has 1 rows by which"},
		"an index row of nothing":  {`INSERT INTO lrs_refs (segment, key, stored) VALUES (1, 5, 7)`, "the index has 1 rows for a statement stored at 7"},
		"voided by nobody":         {`UPDATE lrs_statements SET flags = flags | 1 WHERE stored = (SELECT min(stored) FROM lrs_statements)`, first + ": it is marked as voided, but"},
		"not marked as voided":     {`UPDATE lrs_statements SET flags = flags & ~1`, "002: a statement voids it, but"},
		"flags":                    {`UPDATE lrs_statements SET flags = flags | 4 WHERE stored = (SELECT min(stored) FROM lrs_statements)`, first + ": its flags are not"},
		"a definition":             {`DELETE FROM lrs_definitions`, "the definition of activity https://e.org/course is missing"},
		"an id":                    {`UPDATE lrs_statements SET id = x'11111111111111111111111111111111' WHERE stored = (SELECT min(stored) FROM lrs_statements)`, "11111111-1111-1111-1111-111111111111: it has another id inside"},
		"a statement that went":    {`DELETE FROM lrs_statements WHERE stored = (SELECT min(stored) FROM lrs_statements)`, "which is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			db := openDB(t, filepath.Join(t.TempDir(), "a.db"))
			s, err := lrssqlite.New(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			l := lrs.New(s, lrs.Options{Now: time.Now})
			grace := xapi.AccountAgent("https://e.org", "Grace")
			course := xapi.ActivityObject(xapi.Activity{ID: "https://e.org/course", Definition: &xapi.Definition{Type: "https://e.org/t"}})
			at := time.Now()
			err = l.Record(t.Context(), xapi.AccountAgent("https://e.org", "lms"), []xapi.Statement{
				{ID: first, Actor: grace, Verb: xapi.VerbOf("https://e.org/did"), Object: course, Timestamp: at},
				{ID: first[:35] + "2", Actor: grace, Verb: xapi.VerbOf("https://e.org/did"), Object: course, Timestamp: at},
				{ID: first[:35] + "3", Actor: grace, Verb: xapi.VerbOf(xapi.VerbVoided), Object: xapi.RefObject(first[:35] + "2"), Timestamp: at},
			})
			if err != nil {
				t.Fatal(err)
			}
			verify := func() []string {
				t.Helper()
				var problems []string
				report, err := l.Verify(t.Context(), lrs.VerifyOptions{Problem: func(p string) { problems = append(problems, p) }})
				if err != nil {
					t.Fatal(err)
				}
				if report.Problems != len(problems) {
					t.Errorf("%d problems are counted, %d told", report.Problems, len(problems))
				}
				return problems
			}
			if problems := verify(); len(problems) > 0 {
				t.Fatalf("before any damage: %q", problems)
			}
			damage := strings.Replace(c.damage, "rowid_of = (SELECT min(stored) FROM lrs_statements)",
				"stored = (SELECT min(stored) FROM lrs_statements) AND key = (SELECT min(key) FROM lrs_refs WHERE stored = (SELECT min(stored) FROM lrs_statements))", 1)
			res, err := db.ExecContext(t.Context(), damage)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := res.RowsAffected(); n == 0 {
				t.Fatal("nothing was damaged")
			}
			if problems := strings.Join(verify(), "\n"); !strings.Contains(problems, c.says) {
				t.Errorf("it does not say %q but\n%s", c.says, problems)
			}
		})
	}
}
