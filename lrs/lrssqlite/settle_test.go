package lrssqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// popular is statement 1, to which the next ones refer.
func popular(t *testing.T, s *Store, references int) lrs.Change {
	t.Helper()
	var batch []lrs.Entry
	for n := 1; n <= 1+references; n++ {
		e := entryOf(n)
		object := `{"id":"https://e.org/x"}`
		if n > 1 {
			e.Target = entryOf(1).ID
			object = fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, e.Target)
		}
		e.Doc = fmt.Appendf(nil, `{"id":%q,"actor":{"mbox":"mailto:p%d@e.org"},"verb":{"id":"https://e.org/v"},"object":%s}`, e.ID, n, object)
		var err error
		if e.Keys, _, err = lrs.Reindex(e.Doc); err != nil {
			t.Fatal(err)
		}
		batch = append(batch, e)
	}
	if _, err := s.Insert(t.Context(), time.Now, batch); err != nil {
		t.Fatal(err)
	}
	return lrs.Change{ID: batch[0].ID, Was: batch[0].Doc}
}

// wantSettled wants that all agrees, and nothing is found by the agent of 1.
func wantSettled(t *testing.T, s *Store, found int) {
	t.Helper()
	var left int
	if err := s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM lrs_unsettled`).Scan(&left); err != nil || left > 0 {
		t.Errorf("%d are unsettled, %v", left, err)
	}
	inspect(t, s)
	rows, _, err := s.Select(t.Context(), lrs.Selection{Terms: [][]lrs.IndexKey{{"a mbox|mailto:p1@e.org"}}, After: -1, Until: 1 << 62, Limit: 5000})
	if err != nil || len(rows) != found {
		t.Errorf("%d are found by what the first one said, %v; want %d", len(rows), err, found)
	}
}

func inspect(t *testing.T, s *Store) {
	t.Helper()
	err := s.Inspect(t.Context(), func(img lrs.Image) error {
		if len(img.Problems) > 0 {
			t.Errorf("statement %s: %v", img.ID, img.Problems)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A change of what many refer to is made in several transactions, and whatever
// dies in between is completed.
func TestAPopularStatementIsChangedInSteps(t *testing.T) {
	const references = 2*settleAtOnce + 20
	for name, complete := range map[string]func(s *Store, file string, c lrs.Change) (*Store, error){
		"by the same change": func(s *Store, _ string, c lrs.Change) (*Store, error) {
			return s, s.Replace(t.Context(), []lrs.Change{c})
		},
		"by no change":      func(s *Store, _ string, _ lrs.Change) (*Store, error) { return s, s.Replace(t.Context(), nil) },
		"at the next start": func(_ *Store, file string, _ lrs.Change) (*Store, error) { return openSmall(t, file), nil },
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.db")
			s := openSmall(t, file)
			s.perSegment = segmentSize
			change := popular(t, s, references)
			wantSettled(t, s, references+1)
			if err := s.firstStep(t.Context(), change); err != nil { // then it dies
				t.Fatal(err)
			}
			var after int64
			if err := s.db.QueryRowContext(t.Context(), `SELECT after FROM lrs_unsettled`).Scan(&after); err != nil || after < 0 {
				t.Fatalf("the first transaction did all or nothing: %d, %v", after, err)
			}
			inspect(t, s)
			s, err := complete(s, file, change)
			if err != nil {
				t.Fatal(err)
			}
			wantSettled(t, s, 0)
		})
	}
}

// firstStep is the first transaction of a Replace.
func (s *Store) firstStep(ctx context.Context, c lrs.Change) error {
	return s.overwrite(ctx, func(*sql.Tx) error { return s.writer(ctx).replaceAndSettle([]lrs.Change{c}) })
}
