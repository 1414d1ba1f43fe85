package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
)

// older makes the data folder one of before there were cohorts and lists of who is waited for.
func (h *house) older() {
	h.t.Helper()
	for _, statement := range []string{
		`DROP TRIGGER engine_waiting_new`, `DROP TRIGGER engine_waiting_changed`, `DROP TRIGGER engine_waiting_gone`,
		`DROP TABLE engine_waiting`, `DROP INDEX engine_enrolments_preview`,
		`DROP TRIGGER engine_standings_new`, `DROP TRIGGER engine_standings_changed`, `DROP TRIGGER engine_standings_gone`,
		`DROP TABLE engine_standings`, `DROP TRIGGER engine_glances_new`, `DROP TRIGGER engine_glances_changed`, `DROP TRIGGER engine_glances_gone`,
		`DROP TABLE engine_glances`, `ALTER TABLE engine_enrolments DROP COLUMN glance`, `ALTER TABLE engine_enrolments DROP COLUMN standing`,
		`ALTER TABLE engine_enrolments DROP COLUMN waits_for`, `ALTER TABLE engine_enrolments DROP COLUMN preview_at`,
		`DROP TABLE engine_cohorts`, `DROP TABLE engine_members`, `DROP TABLE engine_gates`, `DROP TABLE engine_groups`,
		`UPDATE engine_enrolments SET doc = json_remove(doc, '$.cohort')`, `DELETE FROM engine_cursors WHERE name = 'upgrade'`,
	} {
		_, err := h.db.ExecContext(h.t.Context(), statement)
		must(h.t, err)
	}
}

func TestWhatAnEarlierVersionWroteIsFoundAndWaitedFor(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	c.untilHandedIn()
	preview := arrival("first-steps", nil)
	preview.Subject, preview.Preview = "8", true
	_, err := c.Arrive(t.Context(), preview)
	must(t, err)
	max, err := c.store.PersonByEmail(t.Context(), "max@example.org")
	must(t, err)
	before, err := c.Queue(t.Context(), engine.By(max.ID), max.ID)
	must(t, err)
	c.older()
	for range 2 { // the second time there is nothing to do
		c.store, err = enginesqlite.New(t.Context(), c.db)
		must(t, err)
	}
	c.options.Store = c.store
	c.Service = engine.New(c.options)

	if asked, err := c.Queue(t.Context(), engine.By(max.ID), max.ID); err != nil || len(asked) != len(before) || len(asked) == 0 {
		t.Errorf("Max's queue holds %d of %d (%v)", len(asked), len(before), err)
	}
	if old, err := c.store.OldPreviews(t.Context(), c.now.Add(time.Hour), 10); err != nil || len(old) != 1 {
		t.Errorf("%d previews (%v)", len(old), err)
	}
	c.sweep()
	c.joins("cem")
	c.does("prepare", "cem")
	c.is("cem", "gate", engine.Locked) // Ann and Bob are not ready
	c.does("prepare", "ann", "bob")
	c.is("cem", "gate", engine.Open)
	if due, err := c.store.DueEnrolments(t.Context(), time.Unix(2, 0), 10); err != nil || len(due) != 0 {
		t.Errorf("%d enrolments are woken for ever (%v)", len(due), err)
	}
}

func TestAStoreOfANewerVersionIsLeftAlone(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	must(t, c.store.SaveCursor(t.Context(), "upgrade", 1000))
	if _, err := enginesqlite.New(t.Context(), c.db); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("opened with %v", err)
	}
}
