package enginesqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/cairn-lms/cairn/engine"
)

// waitingSchema is the index from a person to the enrolments that wait for an answer of theirs. Triggers keep it in the
// statement that saves an enrolment, and only if who is waited for has changed.
var waitingSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_waiting (
		person TEXT NOT NULL, enrolment TEXT NOT NULL, PRIMARY KEY (person, enrolment)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX IF NOT EXISTS engine_waiting_enrolment ON engine_waiting (enrolment)`,
	`CREATE INDEX IF NOT EXISTS engine_enrolments_preview ON engine_enrolments (preview_at, id) WHERE preview_at IS NOT NULL`,
	`CREATE TRIGGER IF NOT EXISTS engine_waiting_new AFTER INSERT ON engine_enrolments WHEN new.waits_for IS NOT NULL BEGIN
		INSERT OR IGNORE INTO engine_waiting (person, enrolment) SELECT value, new.id FROM json_each(new.waits_for);
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_waiting_changed AFTER UPDATE OF waits_for ON engine_enrolments WHEN new.waits_for IS NOT old.waits_for BEGIN
		DELETE FROM engine_waiting WHERE enrolment = new.id;
		INSERT OR IGNORE INTO engine_waiting (person, enrolment) SELECT value, new.id FROM json_each(coalesce(new.waits_for, '[]'));
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_waiting_gone AFTER DELETE ON engine_enrolments WHEN old.waits_for IS NOT NULL BEGIN
		DELETE FROM engine_waiting WHERE enrolment = old.id;
	END`,
	`CREATE TABLE IF NOT EXISTS engine_course_links (
		course TEXT NOT NULL, workflow TEXT NOT NULL, doc TEXT NOT NULL,
		PRIMARY KEY (course, workflow)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS engine_tombstones (
		id TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL) STRICT, WITHOUT ROWID`,
}

// upgrade adds the columns that tables of an earlier version lack; engine.Upgrade fills them.
func upgrade(ctx context.Context, tx *sql.Tx) error {
	var table int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('engine_enrolments')`).Scan(&table); err != nil || table == 0 {
		return err
	}
	for _, column := range []struct{ name, kind string }{{"waits_for", "TEXT"}, {"preview_at", "INTEGER"}, {"standing", "TEXT"}, {"glance", "TEXT"}} {
		var there int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('engine_enrolments') WHERE name = ?`, column.name).Scan(&there)
		if err == nil && there == 0 {
			_, err = tx.ExecContext(ctx, `ALTER TABLE engine_enrolments ADD COLUMN `+column.name+` `+column.kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// waitsFor is a JSON list of who an enrolment waits for; null: for nobody.
func waitsFor(e *engine.Enrolment) sql.NullString {
	people := e.WaitsFor()
	if len(people) == 0 {
		return sql.NullString{}
	}
	list, err := json.Marshal(people)
	return sql.NullString{String: string(list), Valid: err == nil}
}

const waitingFor = `SELECT e.doc FROM engine_waiting w JOIN engine_enrolments e ON e.id = w.enrolment
	WHERE w.person = ? AND w.enrolment > ? ORDER BY w.enrolment LIMIT ?`

// EnrolmentsWaitingFor gives those that wait for an answer of a person, by id.
func (s *Store) EnrolmentsWaitingFor(ctx context.Context, p engine.PersonID, after engine.EnrolmentID, limit int) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, s, "enrolments that wait for a person",
		waitingFor, string(p), string(after), bounded(limit))
}

// PutCourseLink keeps how a course leads to a workflow.
func (s *Store) PutCourseLink(ctx context.Context, l engine.CourseLink) error {
	const op = "put course link"
	doc, err := encode(op, l)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_course_links (course, workflow, doc) VALUES (?, ?, ?)
		ON CONFLICT (course, workflow) DO UPDATE SET doc = excluded.doc`, l.Course.Key(), string(l.Workflow), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// CourseLinks lists a course's links by workflow.
func (s *Store) CourseLinks(ctx context.Context, c engine.Course) ([]engine.CourseLink, error) {
	return documents[engine.CourseLink](ctx, s, "links of a course",
		`SELECT doc FROM engine_course_links WHERE course = ? ORDER BY workflow LIMIT ?`, c.Key(), maxLinks)
}
