package enginesqlite

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// EnrolmentsAfter gives all enrolments by id.
func (s *Store) EnrolmentsAfter(ctx context.Context, after engine.EnrolmentID, limit int) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, s, "all enrolments", `SELECT doc FROM engine_enrolments WHERE id > ? ORDER BY id LIMIT ?`, string(after), bounded(limit))
}

const oldPreviews = `SELECT id FROM engine_enrolments WHERE preview_at IS NOT NULL AND preview_at < ? ORDER BY preview_at, id LIMIT ?`

// OldPreviews gives previews that nobody has touched since a time.
func (s *Store) OldPreviews(ctx context.Context, before time.Time, limit int) ([]engine.EnrolmentID, error) {
	return s.ids(ctx, "old previews", oldPreviews,
		engine.Nanos(before), bounded(limit))
}

// DeleteEnrolment removes an enrolment and what was written in it.
func (s *Store) DeleteEnrolment(ctx context.Context, id engine.EnrolmentID) error {
	const op = "delete enrolment"
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fail(op, err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, statement := range []string{`DELETE FROM engine_contributions WHERE enrolment = ?`, `DELETE FROM engine_enrolments WHERE id = ?`} {
		if _, err := tx.ExecContext(ctx, statement, string(id)); err != nil {
			return fail(op, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fail(op, err)
	}
	return nil
}

// BlobUsed tells whether anything written in another enrolment, or a workflow, names a file.
func (s *Store) BlobUsed(ctx context.Context, sha256 string, besides engine.EnrolmentID) (bool, error) {
	var used bool
	err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM engine_contributions WHERE enrolment <> ?1 AND instr(doc, ?2) > 0)
		OR EXISTS (SELECT 1 FROM engine_workflows WHERE instr(doc, ?2) > 0)`, string(besides), sha256).Scan(&used)
	if err != nil {
		return false, fail("blob used", err)
	}
	return used, nil
}

// DeleteBlob removes a file.
func (s *Store) DeleteBlob(ctx context.Context, sha256 string) error {
	_, err := s.remove(ctx, "delete blob", `DELETE FROM engine_blobs WHERE sha256 = ?`, sha256)
	return err
}

// DeleteThread removes the posts of a thread.
func (s *Store) DeleteThread(ctx context.Context, thread engine.ThreadID) (int, error) {
	return s.remove(ctx, "delete thread", `DELETE FROM engine_posts WHERE thread = ?`, string(thread))
}

// DeleteEvent removes a business event.
func (s *Store) DeleteEvent(ctx context.Context, key string) error {
	_, err := s.removeEvents(ctx, "delete event", `SELECT ?`, key)
	return err
}

// DeleteMessages removes messages to a person, all or those about one enrolment.
func (s *Store) DeleteMessages(ctx context.Context, to engine.PersonID, of engine.EnrolmentID) (int, error) {
	return s.remove(ctx, "delete messages", `DELETE FROM engine_messages WHERE person = ? AND (? = '' OR json_extract(doc, '$.enrolment') = ?)`,
		string(to), string(of), string(of))
}

// DeleteAliases removes the other names of an account.
func (s *Store) DeleteAliases(ctx context.Context, account engine.Identity) (int, error) {
	return s.remove(ctx, "delete aliases", `DELETE FROM engine_aliases WHERE account = ?`, account.Key())
}

// DeleteSignals removes what is known of a name's completions.
func (s *Store) DeleteSignals(ctx context.Context, name engine.Identity) (int, error) {
	return s.remove(ctx, "delete signals", `DELETE FROM engine_signals WHERE account = ?`, name.Key())
}

// DeleteRosterEntries removes an account from all rosters.
func (s *Store) DeleteRosterEntries(ctx context.Context, account engine.Identity) (int, error) {
	return s.remove(ctx, "delete roster entries", `DELETE FROM engine_roster WHERE subject = ? AND json_extract(doc, '$.issuer') = ?`, account.Name, account.Issuer)
}

// RemoveStaff takes a role of a course from somebody.
func (s *Store) RemoveStaff(ctx context.Context, st engine.Staff) error {
	_, err := s.remove(ctx, "remove staff", `DELETE FROM engine_staff WHERE course = ? AND person = ? AND role = ?`,
		engine.Key(st.Issuer, st.Course), string(st.Person), st.Role)
	return err
}

// DeleteStaff takes all roles of all courses from somebody.
func (s *Store) DeleteStaff(ctx context.Context, p engine.PersonID) (int, error) {
	return s.remove(ctx, "delete staff", `DELETE FROM engine_staff WHERE person = ?`, string(p))
}

// PutTombstone keeps a tombstone once.
func (s *Store) PutTombstone(ctx context.Context, t engine.Tombstone) error {
	const op = "put tombstone"
	doc, err := encode(op, t)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `INSERT INTO engine_tombstones (id, doc) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`, t.ID, doc); err != nil {
		return fail(op, err)
	}
	return nil
}

// Tombstone finds one.
func (s *Store) Tombstone(ctx context.Context, id string) (engine.Tombstone, error) {
	return document[engine.Tombstone](ctx, s, "tombstone", `SELECT doc FROM engine_tombstones WHERE id = ?`, id)
}

const postsOfAuthor = `SELECT doc FROM engine_posts WHERE author = ? AND id > ? ORDER BY id LIMIT ?`

// PostsOfAuthor gives a person's posts in all threads, by id.
func (s *Store) PostsOfAuthor(ctx context.Context, p engine.PersonID, after engine.PostID, limit int) ([]engine.Post, error) {
	return documents[engine.Post](ctx, s, "posts of a person", postsOfAuthor, string(p), string(after), bounded(limit))
}
