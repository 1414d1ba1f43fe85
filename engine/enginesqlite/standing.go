package enginesqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/cairn-lms/cairn/engine"
)

// standingSchema is where everybody of a course stands, in the order of a board. Triggers keep it in the statement that
// saves an enrolment, and only if it has changed.
var standingSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_standings (
		course TEXT NOT NULL, created_at INTEGER NOT NULL, enrolment TEXT NOT NULL, doc TEXT NOT NULL,
		PRIMARY KEY (course, created_at, enrolment)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX IF NOT EXISTS engine_standings_through ON engine_standings (course, json_extract(doc, '$.wf'), json_extract(doc, '$.through'))`,
	`CREATE TRIGGER IF NOT EXISTS engine_standings_new AFTER INSERT ON engine_enrolments WHEN new.standing IS NOT NULL BEGIN
		INSERT OR REPLACE INTO engine_standings (course, created_at, enrolment, doc) VALUES (new.course, new.created_at, new.id, new.standing);
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_standings_changed AFTER UPDATE OF standing ON engine_enrolments WHEN new.standing IS NOT old.standing BEGIN
		DELETE FROM engine_standings WHERE course = old.course AND created_at = old.created_at AND enrolment = old.id;
		INSERT OR REPLACE INTO engine_standings (course, created_at, enrolment, doc)
			SELECT new.course, new.created_at, new.id, new.standing WHERE new.standing IS NOT NULL;
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_standings_gone AFTER DELETE ON engine_enrolments WHEN old.standing IS NOT NULL BEGIN
		DELETE FROM engine_standings WHERE course = old.course AND created_at = old.created_at AND enrolment = old.id;
	END`,
}

const countIn = `SELECT count(*), count(json_extract(doc, '$.through')) FROM engine_standings WHERE course = ? AND json_extract(doc, '$.wf') = ?`

const standingsIn = `SELECT doc FROM engine_standings WHERE course = ? ORDER BY created_at, enrolment LIMIT ?`

// standing is where an enrolment stands, as JSON; null: on no board.
func standing(e *engine.Enrolment) sql.NullString {
	s, ok := e.Standing()
	if !ok {
		return sql.NullString{}
	}
	doc, err := json.Marshal(s)
	return sql.NullString{String: string(doc), Valid: err == nil}
}

// StandingsIn lists where everybody of a course stands, by when they were enrolled.
func (s *Store) StandingsIn(ctx context.Context, c engine.Course, limit int) ([]engine.Standing, error) {
	return documents[engine.Standing](ctx, s, "standings in a course", standingsIn, c.Key(), bounded(limit))
}

// CountIn counts a course's learners in a workflow.
func (s *Store) CountIn(ctx context.Context, c engine.Course, w engine.WorkflowID) (all, through int, err error) {
	if err := s.db.QueryRowContext(ctx, countIn, c.Key(), string(w)).Scan(&all, &through); err != nil {
		return 0, 0, fail("count standings", err)
	}
	return all, through, nil
}

// EnrolmentsBy loads enrolments by id.
func (s *Store) EnrolmentsBy(ctx context.Context, ids []engine.EnrolmentID) ([]*engine.Enrolment, error) {
	return byIDs[*engine.Enrolment](ctx, s, "enrolments by id", `SELECT doc FROM engine_enrolments WHERE id IN (SELECT value FROM json_each(?)) LIMIT ?`, ids)
}

// PeopleBy loads people by id.
func (s *Store) PeopleBy(ctx context.Context, ids []engine.PersonID) ([]engine.Person, error) {
	return byIDs[engine.Person](ctx, s, "people by id", `SELECT doc FROM engine_people WHERE id IN (SELECT value FROM json_each(?)) LIMIT ?`, ids)
}

func byIDs[T any, ID ~string](ctx context.Context, s *Store, op, query string, ids []ID) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fail(op, err)
	}
	return documents[T](ctx, s, op, query, string(list), maxRows)
}
