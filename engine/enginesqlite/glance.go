package enginesqlite

import (
	"context"
	"database/sql"

	"github.com/cairn-lms/cairn/engine"
)

// glanceSchema is what lists need of every enrolment, apart from the documents: a table is read in whole pages, and those
// of a document are many. Triggers keep it in the statement that saves an enrolment, and only if it has changed.
var glanceSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_glances (
		enrolment TEXT PRIMARY KEY NOT NULL, course TEXT NOT NULL, created_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_glances_course ON engine_glances (course, created_at, enrolment)`,
	`CREATE TRIGGER IF NOT EXISTS engine_glances_new AFTER INSERT ON engine_enrolments WHEN new.glance IS NOT NULL BEGIN
		INSERT OR REPLACE INTO engine_glances (enrolment, course, created_at, doc) VALUES (new.id, new.course, new.created_at, new.glance);
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_glances_changed AFTER UPDATE OF glance ON engine_enrolments WHEN new.glance IS NOT old.glance BEGIN
		INSERT INTO engine_glances (enrolment, course, created_at, doc) SELECT new.id, new.course, new.created_at, new.glance WHERE new.glance IS NOT NULL
			ON CONFLICT (enrolment) DO UPDATE SET course = excluded.course, created_at = excluded.created_at, doc = excluded.doc;
		DELETE FROM engine_glances WHERE enrolment = new.id AND new.glance IS NULL;
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_glances_gone AFTER DELETE ON engine_enrolments WHEN old.glance IS NOT NULL BEGIN
		DELETE FROM engine_glances WHERE enrolment = old.id;
	END`,
}

const (
	glancesIn = `SELECT doc FROM engine_glances WHERE course = ? ORDER BY created_at, enrolment LIMIT ?`
	glancesBy = `SELECT doc FROM engine_glances WHERE enrolment IN (SELECT value FROM json_each(?)) LIMIT ?`
)

// glance is what lists need of an enrolment; null: it is on none.
func glance(e *engine.Enrolment) sql.NullString {
	doc := engine.StoredGlance(e)
	return sql.NullString{String: doc, Valid: doc != ""}
}

// GlancesIn lists what lists need of everybody of a course, by when they were enrolled.
func (s *Store) GlancesIn(ctx context.Context, c engine.Course, limit int) ([]engine.Glance, error) {
	return documents[engine.Glance](ctx, s, "glances in a course", glancesIn, c.Key(), bounded(limit))
}

// GlancesBy lists it of enrolments by id.
func (s *Store) GlancesBy(ctx context.Context, ids []engine.EnrolmentID) ([]engine.Glance, error) {
	return byIDs[engine.Glance](ctx, s, "glances by id", glancesBy, ids)
}
