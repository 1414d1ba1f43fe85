package lrssqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// Every shape of query walks an index range in order: no scan of a table, no
// sorting of what was found.
func TestEveryFilterIsAnsweredFromAnIndex(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "a.db"))
	for name, terms := range map[string][][]lrs.IndexKey{
		"no filter":      nil,
		"one key":        {{"a"}},
		"two terms":      {{"a"}, {"b"}},
		"either key":     {{"a", "A"}},
		"either and two": {{"a", "A"}, {"b"}, {"c", "d"}},
	} {
		for _, ascending := range []bool{true, false} {
			text, args := s.query(lrs.Selection{Terms: terms, Until: 1, Limit: 1, Ascending: ascending})
			rows, err := s.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var plan []string
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, detail)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			whole := strings.Join(plan, "\n")
			if strings.Contains(whole, "SCAN") || strings.Contains(whole, "TEMP B-TREE") {
				t.Errorf("%s, ascending %v:\n%s", name, ascending, whole)
			}
		}
	}
}
