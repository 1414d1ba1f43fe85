package engine_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
)

// testdata/level2.db.gz is what commit 13f7896 wrote: six learners of first-steps who were enrolled on Monday and have done
// nothing for nine days. It knew neither glances nor how far somebody is.
func TestAStoreOfLevel2IsReadAsItsVersionReadIt(t *testing.T) {
	kept, err := os.Open(filepath.Join("testdata", "level2.db.gz"))
	must(t, err)
	defer kept.Close()
	unpacked, err := gzip.NewReader(kept)
	must(t, err)
	data, err := io.ReadAll(unpacked)
	must(t, err)
	file := filepath.Join(t.TempDir(), "engine.db")
	must(t, os.WriteFile(file, data, 0o600))
	db, err := sqlitedb.Open(t.Context(), file)
	must(t, err)
	defer db.Close()
	var store *enginesqlite.Store
	for range 2 { // the second time there is nothing to do
		store, err = enginesqlite.New(t.Context(), db)
		must(t, err)
	}
	now := at(t, "2026-12-02 10:00")
	s := engine.New(engine.Options{Tenant: "main", Store: store, Recorder: &book{t: t, byID: map[string]string{}}, IRIBase: iriBase, Now: func() time.Time { return now }})
	course, cli := engine.Course{Issuer: lms, ID: "2"}, engine.Actor{System: "cli"}

	f, err := s.Funnel(t.Context(), cli, "first-steps", course, engine.FunnelPage{})
	must(t, err)
	if f.All != 6 || f.Counts[engine.FunnelNever] != 6 || f.Rows[0].Open != 1 || f.Rows[0].Required != 4 || f.Rows[0].Name == "" {
		t.Errorf("the funnel is %+v", f)
	}
	page, err := s.Board(t.Context(), course, engine.BoardFilter{}, 0, 0)
	must(t, err)
	nobody := 0
	for _, row := range page.Rows {
		nobody += len(row.Unassigned)
		if row.Required != 4 || row.Next == nil || row.Late != 1 || len(row.Enrolment.Steps) == 0 {
			t.Errorf("%s: %d required, next %v, %d late, %d steps", row.Learner.Name, row.Required, row.Next, row.Late, len(row.Enrolment.Steps))
		}
	}
	if len(page.Rows) != 6 || page.Counts[engine.BoardLate] != 6 {
		t.Errorf("%d rows, %v", len(page.Rows), page.Counts)
	}
	late, err := s.LateList(t.Context(), cli, course, "", 0)
	if err != nil || len(late.Rows) != 6 {
		t.Errorf("%d are held up (%v)", len(late.Rows), err)
	}
	one, err := s.Enrolment(t.Context(), page.Rows[0].Enrolment.ID)
	must(t, err)
	others, err := s.OthersCount(t.Context(), one)
	if err != nil || others.People != 5 {
		t.Errorf("the others are %+v (%v)", others, err)
	}
	uses, err := s.UseFrequencyIn(t.Context(), course, "first-steps")
	if err != nil || uses.Learners != 6 {
		t.Errorf("the use report is %+v (%v)", uses, err)
	}
}
