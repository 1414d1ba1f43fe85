package ltisqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cairn-lms/cairn/lti"
)

// courseTables are the tables of lti.Courses.
func courseTables() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS lti_courses (
			id TEXT PRIMARY KEY, tenant TEXT NOT NULL, rev INTEGER NOT NULL, doc TEXT NOT NULL) STRICT, WITHOUT ROWID`,
		`CREATE INDEX IF NOT EXISTS lti_courses_tenant ON lti_courses (tenant, id)`,
	}
}

func setCourseRev(c *lti.KnownCourse, rev int64) { c.Rev = rev }

// KnownCourse implements lti.Courses.
func (s *Store) KnownCourse(ctx context.Context, k lti.CourseKey) (lti.KnownCourse, error) {
	return one(list(ctx, s.db, "course", `SELECT doc, rev FROM lti_courses WHERE id = ?`, []any{k.Name()}, setCourseRev))
}

// SaveKnownCourse implements lti.Courses.
func (s *Store) SaveKnownCourse(ctx context.Context, c lti.KnownCourse) error {
	doc, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("ltisqlite: save course: %w", err)
	}
	query := `UPDATE lti_courses SET tenant = ?, rev = rev + 1, doc = ? WHERE id = ? AND rev = ?`
	args := []any{c.Tenant, string(doc), c.Name(), c.Rev}
	if c.Rev == 0 {
		query, args = `INSERT INTO lti_courses (tenant, doc, id, rev) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING`, args[:3]
	}
	n, err := affected(s.db.ExecContext(ctx, query, args...))
	if err == nil && n == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltisqlite: save course: %w", err)
	}
	return nil
}

// KnownCourses implements lti.Courses.
func (s *Store) KnownCourses(ctx context.Context, tenant, after string, limit int) ([]lti.KnownCourse, error) {
	return list(ctx, s.db, "courses", `SELECT doc, rev FROM lti_courses WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?`,
		[]any{tenant, after, limit}, setCourseRev)
}
