package enginemongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// AddPost adds a post, at revision 1. One that is there stays as it is.
func (s *Store) AddPost(ctx context.Context, p engine.Post) error {
	const op = "add post"
	p.Rev = 1
	fields, err := postFields(op, p)
	if err != nil {
		return err
	}
	return insertOnce(ctx, op, s.posts, append(is("_id", string(p.ID)), fields...))
}

// Post finds one by id.
func (s *Store) Post(ctx context.Context, id engine.PostID) (engine.Post, error) {
	return document[engine.Post](ctx, "post", s.posts, is("_id", string(id)), nil)
}

// SavePost replaces the document at revision p.Rev.
func (s *Store) SavePost(ctx context.Context, p engine.Post) error {
	const op = "save post"
	was := p.Rev
	p.Rev++
	fields, err := postFields(op, p)
	if err != nil {
		return err
	}
	return swap(ctx, op, s.posts, string(p.ID), was, fields)
}

// PostsIn gives a thread's posts before a place, latest first.
func (s *Store) PostsIn(ctx context.Context, thread engine.ThreadID, before engine.PostRef, limit int) ([]engine.Post, error) {
	filter := is("thread", string(thread))
	if !before.At.IsZero() {
		at := engine.Nanos(before.At)
		filter = append(filter, bson.E{Key: "$or", Value: bson.A{
			bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: at}}}},
			bson.D{{Key: "at", Value: at}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: string(before.ID)}}}},
		}})
	}
	return documents[engine.Post](ctx, "posts in a thread", s.posts, filter, descending("at", "_id"), limit)
}

// PostsBy gives an author's posts in a thread since a time, latest first.
func (s *Store) PostsBy(ctx context.Context, thread engine.ThreadID, author engine.PersonID, since time.Time, limit int) ([]engine.Post, error) {
	filter := bson.D{{Key: "thread", Value: string(thread)}, {Key: "author", Value: string(author)},
		{Key: "at", Value: bson.D{{Key: "$gte", Value: engine.Nanos(since)}}}}
	return documents[engine.Post](ctx, "posts by somebody", s.posts, filter, descending("at", "_id"), limit)
}

// UncountedPosts gives those that enrolments do not know of yet, oldest first.
func (s *Store) UncountedPosts(ctx context.Context, limit int) ([]engine.Post, error) {
	return documents[engine.Post](ctx, "uncounted posts", s.posts, is("uncounted", true), ascending("at", "_id"), limit)
}

func postFields(op string, p engine.Post) (bson.D, error) {
	doc, err := encode(op, p)
	if err != nil {
		return nil, err
	}
	return bson.D{{Key: "rev", Value: p.Rev}, {Key: "thread", Value: string(p.Thread)}, {Key: "author", Value: string(p.Author)},
		{Key: "at", Value: engine.Nanos(p.At)}, {Key: "uncounted", Value: p.Uncounted}, {Key: "doc", Value: doc}}, nil
}
