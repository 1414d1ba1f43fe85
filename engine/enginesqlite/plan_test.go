package enginesqlite

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
)

// What the sweep asks every few seconds is answered by an index of only those rows that wait for something, without
// sorting: however many enrolments there are.
func TestWhatIsDueIsFoundByIndexOnly(t *testing.T) {
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "engine.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := New(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixNano()
	for _, q := range []struct {
		query, index string
		args         []any
	}{
		{dueEnrolments, "engine_enrolments_wake", []any{now, 10}},
		{unrelayedEnrolments, "engine_enrolments_unrelayed", []any{10}},
		{dueGrades, "engine_enrolments_grade", []any{now, 10}},
		{dueMessages, "engine_messages_ready", []any{now, 10}},
		{dueMessagesTo, "engine_messages_ready_to", []any{"sam", now, 10}},
		{sentMessagesTo, "engine_messages_sent_to", []any{"sam", "2026-11-23T10:00:00", 10}},
		{deadLetters, "engine_dead_letters_at", []any{10}},
		{pendingEvents, "engine_events_pending", []any{now, 10}},
		{uncountedPosts, "engine_posts_uncounted", []any{10}},
		{tellingCohorts, "engine_cohorts_tells", []any{10}},
		{tellingGroups, "engine_groups_tells", []any{10}},
		{oldPreviews, "engine_enrolments_preview", []any{now, 10}},
		{postsOfAuthor, "engine_posts_of_author", []any{"sam", "", 10}},
	} {
		plan := planOf(t, db, q.query, q.args...)
		whole := strings.Join(plan, "; ")
		// A partial index holds only what waits: going along it from its start is no scan of the table.
		along := strings.Contains(whole, "USING INDEX "+q.index) || strings.Contains(whole, "USING COVERING INDEX "+q.index)
		if !along || len(plan) != 1 || strings.Contains(whole, "TEMP B-TREE") {
			t.Errorf("%s\n\tis answered by: %s", q.query, whole)
		}
	}
}

// What waits for one person is found by the person, and each enrolment by its id.
func TestWhatWaitsForSomebodyIsFoundByIndexOnly(t *testing.T) {
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "engine.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := New(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	whole := strings.Join(planOf(t, db, waitingFor, "max", "", 10), "; ")
	if !strings.Contains(whole, "SEARCH w USING PRIMARY KEY (person=? AND enrolment>?)") || !strings.Contains(whole, "SEARCH e USING INDEX sqlite_autoindex_engine_enrolments_1 (id=?)") ||
		strings.Contains(whole, "SCAN") || strings.Contains(whole, "TEMP B-TREE") {
		t.Error(whole)
	}
	whole = strings.Join(planOf(t, db, standingsIn, "course", 10), "; ")
	if !strings.Contains(whole, "SEARCH engine_standings USING PRIMARY KEY (course=?)") || strings.Contains(whole, "SCAN") || strings.Contains(whole, "TEMP B-TREE") {
		t.Error(whole)
	}
	for _, q := range []struct {
		query, way string
		args       []any
	}{
		{countIn, "SEARCH engine_standings USING COVERING INDEX engine_standings_through", []any{"course", "workflow"}},
		{glancesIn, "SEARCH engine_glances USING INDEX engine_glances_course", []any{"course", 10}},
		{glancesBy, "SEARCH engine_glances USING INDEX sqlite_autoindex_engine_glances_1", []any{`["a"]`, 10}},
	} {
		whole = strings.Join(planOf(t, db, q.query, q.args...), "; ")
		if !strings.Contains(whole, q.way) || strings.Contains(whole, "SCAN engine") || strings.Contains(whole, "TEMP B-TREE") {
			t.Errorf("%s\n\tis answered by: %s", q.query, whole)
		}
	}
}

// planOf is how SQLite would answer a query, a line for each table.
func planOf(t *testing.T, db *sql.DB, query string, args ...any) (plan []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
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
	return plan
}
