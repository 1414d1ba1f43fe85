package enginesqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/cairn-lms/cairn/engine"
)

// cohortSchema: triggers keep who waits at gates in the statement that writes a member, so that it is a single write.
var cohortSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_cohorts (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, tells INTEGER, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_cohorts_tells ON engine_cohorts (tells, id) WHERE tells IS NOT NULL`,
	`CREATE TABLE IF NOT EXISTS engine_members (
		enrolment TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, cohort TEXT NOT NULL, joined_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_members_cohort ON engine_members (cohort, joined_at, enrolment)`,
	`CREATE TABLE IF NOT EXISTS engine_gates (
		cohort TEXT NOT NULL, step TEXT NOT NULL, ready INTEGER NOT NULL, enrolment TEXT NOT NULL,
		PRIMARY KEY (cohort, step, ready, enrolment)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX IF NOT EXISTS engine_gates_enrolment ON engine_gates (enrolment)`,
	`CREATE TRIGGER IF NOT EXISTS engine_gates_new AFTER INSERT ON engine_members BEGIN
		` + setGates + `
	END`,
	`CREATE TRIGGER IF NOT EXISTS engine_gates_changed AFTER UPDATE ON engine_members BEGIN
		DELETE FROM engine_gates WHERE enrolment = new.enrolment;
		` + setGates + `
	END`,
	`CREATE TABLE IF NOT EXISTS engine_groups (
		cohort TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, tells INTEGER, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_groups_tells ON engine_groups (tells, cohort) WHERE tells IS NOT NULL`,
}

const setGates = `INSERT OR IGNORE INTO engine_gates (cohort, step, ready, enrolment)
			SELECT new.cohort, value, 0, new.enrolment FROM json_each(new.doc, '$.waits')
			UNION ALL SELECT new.cohort, value, 1, new.enrolment FROM json_each(new.doc, '$.ready');`

// What the sweep asks; plan_test.go holds them to their indexes.
const (
	tellingCohorts = `SELECT id FROM engine_cohorts WHERE tells IS NOT NULL ORDER BY tells, id LIMIT ?`
	tellingGroups  = `SELECT cohort FROM engine_groups WHERE tells IS NOT NULL ORDER BY tells, cohort LIMIT ?`
)

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// Cohort finds one by id.
func (s *Store) Cohort(ctx context.Context, id engine.CohortID) (engine.Cohort, error) {
	return document[engine.Cohort](ctx, s, "cohort", `SELECT doc FROM engine_cohorts WHERE id = ?`, string(id))
}

// CohortsAfter lists all cohorts, by id.
func (s *Store) CohortsAfter(ctx context.Context, after engine.CohortID, limit int) ([]engine.Cohort, error) {
	return documents[engine.Cohort](ctx, s, "all cohorts", `SELECT doc FROM engine_cohorts WHERE id > ? ORDER BY id LIMIT ?`, string(after), bounded(limit))
}

// CreateCohort adds a cohort, at revision 1.
func (s *Store) CreateCohort(ctx context.Context, c engine.Cohort) error {
	const op = "create cohort"
	c.Rev = 1
	doc, err := encode(op, c)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_cohorts (id, rev, tells, doc) VALUES (?, 1, ?, ?)`, string(c.ID), alarm(flag(c.Tell)), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// SaveCohort replaces the document at revision c.Rev.
func (s *Store) SaveCohort(ctx context.Context, c engine.Cohort) error {
	const op = "save cohort"
	was := c.Rev
	c.Rev++
	doc, err := encode(op, c)
	if err != nil {
		return err
	}
	result, err := s.db.ExecContext(ctx, `UPDATE engine_cohorts SET rev = ?, tells = ?, doc = ? WHERE id = ? AND rev = ?`,
		c.Rev, alarm(flag(c.Tell)), doc, string(c.ID), was)
	if err != nil {
		return fail(op, err)
	}
	return s.swapped(ctx, op, "engine_cohorts", string(c.ID), result)
}

// TellingCohorts gives those whose members are to learn of a change.
func (s *Store) TellingCohorts(ctx context.Context, limit int) ([]engine.CohortID, error) {
	return texts[engine.CohortID](ctx, s, "telling cohorts", tellingCohorts, bounded(limit))
}

// PutMember writes a member and what it waits for, unless a later one is there.
func (s *Store) PutMember(ctx context.Context, m engine.CohortMember) error {
	const op = "put member"
	doc, err := encode(op, m)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_members (enrolment, rev, cohort, joined_at, doc) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (enrolment) DO UPDATE SET rev = excluded.rev, cohort = excluded.cohort, joined_at = excluded.joined_at, doc = excluded.doc
		WHERE excluded.rev >= engine_members.rev`, string(m.Enrolment), m.Rev, string(m.Cohort), engine.Nanos(m.JoinedAt), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// MembersOf gives the members of a cohort in the order they joined.
func (s *Store) MembersOf(ctx context.Context, id engine.CohortID, after engine.MemberRef, limit int) ([]engine.CohortMember, error) {
	return documents[engine.CohortMember](ctx, s, "members of a cohort",
		`SELECT doc FROM engine_members WHERE cohort = ? AND (joined_at, enrolment) > (?, ?) ORDER BY joined_at, enrolment LIMIT ?`,
		string(id), engine.Nanos(after.JoinedAt), string(after.Enrolment), bounded(limit))
}

// MemberOf finds the member of an enrolment.
func (s *Store) MemberOf(ctx context.Context, e engine.EnrolmentID) (engine.CohortMember, error) {
	return document[engine.CohortMember](ctx, s, "member", `SELECT doc FROM engine_members WHERE enrolment = ?`, string(e))
}

// GateState tells whether any member waits for more before a step, and whether any is ready for it.
func (s *Store) GateState(ctx context.Context, id engine.CohortID, step engine.StepID) (waits, ready bool, err error) {
	const has = `EXISTS (SELECT 1 FROM engine_gates WHERE cohort = ?1 AND step = ?2 AND ready = `
	err = s.db.QueryRowContext(ctx, `SELECT `+has+`0), `+has+`1)`, string(id), string(step)).Scan(&waits, &ready)
	if err != nil {
		return false, false, fail("state of a gate", err)
	}
	return waits, ready, nil
}

// Groups gives the groups of a cohort.
func (s *Store) Groups(ctx context.Context, id engine.CohortID) (engine.Groups, error) {
	g, err := document[engine.Groups](ctx, s, "groups", `SELECT doc FROM engine_groups WHERE cohort = ?`, string(id))
	if errors.Is(err, engine.ErrNotFound) {
		return engine.Groups{Cohort: id}, nil
	}
	return g, err
}

// SaveGroups replaces the document at revision g.Rev, or makes it.
func (s *Store) SaveGroups(ctx context.Context, g engine.Groups) error {
	const op = "save groups"
	was := g.Rev
	g.Rev++
	doc, err := encode(op, g)
	if err != nil {
		return err
	}
	query := `UPDATE engine_groups SET rev = ?2, tells = ?3, doc = ?4 WHERE cohort = ?1 AND rev = ?2 - 1`
	if was == 0 {
		query = `INSERT INTO engine_groups (cohort, rev, tells, doc) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`
	}
	result, err := s.db.ExecContext(ctx, query, string(g.Cohort), g.Rev, alarm(flag(len(g.Tell) > 0)), doc)
	if err != nil {
		return fail(op, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("enginesqlite: %s: %w: they have changed meanwhile", op, engine.ErrConflict)
	}
	return nil
}

// TellingGroups gives the cohorts whose groups have somebody to tell.
func (s *Store) TellingGroups(ctx context.Context, limit int) ([]engine.CohortID, error) {
	return texts[engine.CohortID](ctx, s, "telling groups", tellingGroups, bounded(limit))
}

// texts reads the one column of each row.
func texts[T ~string](ctx context.Context, s *Store, op, query string, args ...any) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fail(op, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, fail(op, err)
		}
		all = append(all, T(one))
	}
	if err := rows.Err(); err != nil {
		return nil, fail(op, err)
	}
	return all, nil
}
