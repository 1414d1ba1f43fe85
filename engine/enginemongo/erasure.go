package enginemongo

import (
	"context"
	"errors"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
)

// EnrolmentsAfter gives all enrolments by id.
func (s *Store) EnrolmentsAfter(ctx context.Context, after engine.EnrolmentID, limit int) ([]*engine.Enrolment, error) {
	return documents[*engine.Enrolment](ctx, "all enrolments", s.enrolments, is("_id", bson.D{{Key: "$gt", Value: string(after)}}), ascending("_id"), limit)
}

// OldPreviews gives previews that nobody has touched since a time.
func (s *Store) OldPreviews(ctx context.Context, before time.Time, limit int) ([]engine.EnrolmentID, error) {
	found, err := s.clocks(ctx, "old previews", "preview_at", bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lt", Value: engine.Nanos(before)}}, limit)
	return ids(found), err
}

// DeleteEnrolment removes an enrolment and what was written in it, that first: a rest is found again.
func (s *Store) DeleteEnrolment(ctx context.Context, id engine.EnrolmentID) error {
	if _, err := removeAll(ctx, "delete contributions", s.contributions, is("enrolment", string(id))); err != nil {
		return err
	}
	_, err := removeAll(ctx, "delete enrolment", s.enrolments, is("_id", string(id)))
	return err
}

// BlobUsed tells whether anything written in another enrolment, or a workflow, names a file.
func (s *Store) BlobUsed(ctx context.Context, sha256 string, besides engine.EnrolmentID) (bool, error) {
	elsewhere := append(has(sha256), bson.E{Key: "enrolment", Value: bson.D{{Key: "$ne", Value: string(besides)}}})
	for _, in := range []struct {
		collection *mongo.Collection
		filter     bson.D
	}{{s.contributions, elsewhere}, {s.workflows, has(sha256)}} {
		err := in.collection.FindOne(ctx, in.filter, options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return false, fail("blob used", err)
		}
	}
	return false, nil
}

// DeleteBlob removes a file.
func (s *Store) DeleteBlob(ctx context.Context, sha256 string) error {
	_, err := removeAll(ctx, "delete blob", s.blobs, is("_id", sha256))
	return err
}

// DeleteThread removes the posts of a thread.
func (s *Store) DeleteThread(ctx context.Context, thread engine.ThreadID) (int, error) {
	return removeAll(ctx, "delete thread", s.posts, is("thread", string(thread)))
}

// DeleteEvent removes a business event.
func (s *Store) DeleteEvent(ctx context.Context, key string) error {
	_, err := removeAll(ctx, "delete event", s.events, is("_id", key))
	return err
}

// DeleteMessages removes messages to a person, all or those about one enrolment.
func (s *Store) DeleteMessages(ctx context.Context, to engine.PersonID, of engine.EnrolmentID) (int, error) {
	filter := is("person", string(to))
	if of != "" {
		filter = append(filter, has(`"enrolment":"`+string(of)+`"`)...)
	}
	return removeAll(ctx, "delete messages", s.messages, filter)
}

// DeleteAliases removes the other names of an account.
func (s *Store) DeleteAliases(ctx context.Context, account engine.Identity) (int, error) {
	all, err := documents[engine.Alias](ctx, "delete aliases", s.aliases, has(jsonText(account.Name)), nil, maxRows)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, a := range all {
		if a.Issuer != account.Issuer || a.Subject != account.Name {
			continue
		}
		gone, err := removeAll(ctx, "delete aliases", s.aliases, is("_id", engine.Key(a.Of.Key(), account.Key())))
		if err != nil {
			return n, err
		}
		n += gone
	}
	return n, nil
}

// DeleteSignals removes what is known of a name's completions.
func (s *Store) DeleteSignals(ctx context.Context, name engine.Identity) (int, error) {
	return removeAll(ctx, "delete signals", s.signals, is("account", name.Key()))
}

// DeleteRosterEntries removes an account from all rosters.
func (s *Store) DeleteRosterEntries(ctx context.Context, account engine.Identity) (int, error) {
	all, err := documents[engine.RosterEntry](ctx, "delete roster entries", s.roster, is("subject", account.Name), nil, maxRows)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range all {
		if e.Issuer != account.Issuer {
			continue
		}
		gone, err := removeAll(ctx, "delete roster entries", s.roster, is("_id", engine.Key(e.Issuer, e.Course, e.Subject)))
		if err != nil {
			return n, err
		}
		n += gone
	}
	return n, nil
}

// RemoveStaff takes a role of a course from somebody.
func (s *Store) RemoveStaff(ctx context.Context, st engine.Staff) error {
	_, err := removeAll(ctx, "remove staff", s.staff, is("_id", engine.Key(st.Issuer, st.Course, string(st.Person), st.Role)))
	return err
}

// DeleteStaff takes all roles of all courses from somebody.
func (s *Store) DeleteStaff(ctx context.Context, p engine.PersonID) (int, error) {
	return removeAll(ctx, "delete staff", s.staff, has(`"person":`+jsonText(string(p))))
}

// PutTombstone keeps a tombstone once.
func (s *Store) PutTombstone(ctx context.Context, t engine.Tombstone) error {
	const op = "put tombstone"
	doc, err := encode(op, t)
	if err != nil {
		return err
	}
	return insertOnce(ctx, op, s.tombstones, bson.D{{Key: "_id", Value: t.ID}, {Key: "doc", Value: doc}})
}

// Tombstone finds one.
func (s *Store) Tombstone(ctx context.Context, id string) (engine.Tombstone, error) {
	return document[engine.Tombstone](ctx, "tombstone", s.tombstones, is("_id", id), nil)
}

// has is the filter for documents whose JSON contains a text. It looks at all of them: for erasure alone.
func has(text string) bson.D {
	return is("doc", bson.Regex{Pattern: regexp.QuoteMeta(text)})
}

// jsonText is a text as it stands in JSON.
func jsonText(s string) string {
	doc, err := encode("quote", s)
	if err != nil {
		return s
	}
	return doc
}

// PostsOfAuthor gives a person's posts in all threads, by id.
func (s *Store) PostsOfAuthor(ctx context.Context, p engine.PersonID, after engine.PostID, limit int) ([]engine.Post, error) {
	filter := append(is("author", string(p)), bson.E{Key: "_id", Value: bson.D{{Key: "$gt", Value: string(after)}}})
	return documents[engine.Post](ctx, "posts of a person", s.posts, filter, ascending("_id"), limit)
}
