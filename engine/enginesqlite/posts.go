package enginesqlite

import (
	"context"
	"math"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

var postSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_posts (
		id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, thread TEXT NOT NULL, author TEXT NOT NULL, at INTEGER NOT NULL,
		uncounted INTEGER, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_posts_thread ON engine_posts (thread, at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_posts_author ON engine_posts (thread, author, at, id)`,
	`CREATE INDEX IF NOT EXISTS engine_posts_of_author ON engine_posts (author, id)`,
	`CREATE INDEX IF NOT EXISTS engine_posts_uncounted ON engine_posts (uncounted, id) WHERE uncounted IS NOT NULL`,
}

const uncountedPosts = `SELECT doc FROM engine_posts WHERE uncounted IS NOT NULL ORDER BY uncounted, id LIMIT ?`

// uncountedAt is when a post that is not counted was written; null: it is counted.
func uncountedAt(p engine.Post) any {
	if !p.Uncounted {
		return nil
	}
	return max(engine.Nanos(p.At), 1)
}

// AddPost adds a post, at revision 1. One that is there stays as it is.
func (s *Store) AddPost(ctx context.Context, p engine.Post) error {
	const op = "add post"
	p.Rev = 1
	doc, err := encode(op, p)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_posts (id, rev, thread, author, at, uncounted, doc) VALUES (?, 1, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		string(p.ID), string(p.Thread), string(p.Author), engine.Nanos(p.At), uncountedAt(p), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// Post finds one by id.
func (s *Store) Post(ctx context.Context, id engine.PostID) (engine.Post, error) {
	return document[engine.Post](ctx, s, "post", `SELECT doc FROM engine_posts WHERE id = ?`, string(id))
}

// SavePost replaces the document at revision p.Rev.
func (s *Store) SavePost(ctx context.Context, p engine.Post) error {
	const op = "save post"
	was := p.Rev
	p.Rev++
	doc, err := encode(op, p)
	if err != nil {
		return err
	}
	result, err := s.db.ExecContext(ctx, `UPDATE engine_posts SET rev = ?, uncounted = ?, doc = ? WHERE id = ? AND rev = ?`,
		p.Rev, uncountedAt(p), doc, string(p.ID), was)
	if err != nil {
		return fail(op, err)
	}
	return s.swapped(ctx, op, "engine_posts", string(p.ID), result)
}

// PostsIn gives a thread's posts before a place, latest first.
func (s *Store) PostsIn(ctx context.Context, thread engine.ThreadID, before engine.PostRef, limit int) ([]engine.Post, error) {
	at := int64(math.MaxInt64)
	if !before.At.IsZero() {
		at = engine.Nanos(before.At)
	}
	return documents[engine.Post](ctx, s, "posts in a thread",
		`SELECT doc FROM engine_posts WHERE thread = ? AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?`, string(thread), at, string(before.ID), bounded(limit))
}

// PostsBy gives an author's posts in a thread since a time, latest first.
func (s *Store) PostsBy(ctx context.Context, thread engine.ThreadID, author engine.PersonID, since time.Time, limit int) ([]engine.Post, error) {
	return documents[engine.Post](ctx, s, "posts by somebody",
		`SELECT doc FROM engine_posts WHERE thread = ? AND author = ? AND at >= ? ORDER BY at DESC, id DESC LIMIT ?`,
		string(thread), string(author), engine.Nanos(since), bounded(limit))
}

// UncountedPosts gives those that enrolments do not know of yet, oldest first.
func (s *Store) UncountedPosts(ctx context.Context, limit int) ([]engine.Post, error) {
	return documents[engine.Post](ctx, s, "uncounted posts",
		uncountedPosts, bounded(limit))
}
