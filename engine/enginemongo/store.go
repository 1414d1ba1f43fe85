// Package enginemongo keeps the engine's documents in MongoDB.
//
// A stored document is flat: its id, its revision, the few fields that queries
// need, and the whole as a JSON string (doc), so that keys with dots and numbers
// survive as they are. A save is a compare-and-swap on the revision, in one
// update that writes the fields together with the document they come from.
// Nothing here needs more than plain reads and writes of one document.
//
//	engine_workflows      _id            workflow, version, doc
//	engine_people         _id            rev, key (unique: account, e-mail or id), doc
//	engine_staff          _id            course, seen, doc
//	engine_roster         _id            course, subject, doc
//	engine_aliases        _id            name, seen, doc
//	engine_signals        _id            account, at, expires_at (if it does), doc
//	engine_enrolments     _id            rev, key (unique: workflow, learner, course), learner, course, created_at, wake_at, unrelayed, grade_at,
//	                                     waits_for (people), preview_at, standing ("": a preview), doc
//	engine_course_links   _id            course, workflow, doc
//	engine_tombstones     _id            doc
//	engine_portfolio_links _id           owner, created_at, doc
//	engine_contributions  _id            enrolment, at, doc
//	engine_blobs          _id (SHA-256)  data
//	engine_messages       _id            rev, person, due_at, ready_at, sent_at (0: not), doc
//	engine_cohorts        _id            rev, tells, doc
//	engine_members        _id            rev (of the enrolment), cohort, joined_at, gates (what it waits and is ready for), doc
//	engine_groups         _id            rev, tells, doc
//	engine_posts          _id            rev, thread, author, at, uncounted, doc
//	engine_events         _id            rev, received_at, pending_at, people, doc
//	engine_metrics        _id            metric, person, at, doc
//	engine_event_sources  _id            created_at, doc
//	engine_receipts       _id            expires_at, doc
//	engine_cursors        _id            seq
//	engine_leases         _id            holder, until
//	engine_barrier_actions _id           rev, course, at, doc
//	engine_endpoints      _id (name)     doc
//
// Times are int64, nanoseconds since 1970 in UTC; 0 is the zero time.
package enginemongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/cairn-lms/cairn/engine"
)

const (
	maxDocument = 8 << 20 // bytes of JSON of one document; MongoDB takes 16 MiB
	maxRows     = 10_000  // documents of one answer, whatever was asked
	maxStaff    = 100     // people of one course
	maxSignals  = 1_000   // signals of one person
	maxAliases  = 10      // accounts that go by one name
	maxLinks    = 100     // links of one course
)

// index is one index of one collection; keys ascend.
type index struct {
	collection, name string
	keys             []string
	unique           bool
}

var indexes = []index{
	{"engine_workflows", "engine_by_version", []string{"workflow", "version"}, false},
	{"engine_people", "engine_by_key", []string{"key"}, true},
	{"engine_staff", "engine_by_course", []string{"course", "seen"}, false},
	{"engine_roster", "engine_by_course", []string{"course", "subject"}, false},
	{"engine_signals", "engine_by_account", []string{"account", "at"}, false},
	{"engine_signals", "engine_by_expiry", []string{"expires_at"}, false},
	{"engine_aliases", "engine_by_name", []string{"name", "seen"}, false},
	{"engine_enrolments", "engine_by_key", []string{"key"}, true},
	{"engine_enrolments", "engine_by_learner", []string{"learner", "created_at", "_id"}, false},
	{"engine_enrolments", "engine_by_course", []string{"course", "created_at", "_id"}, false},
	{"engine_enrolments", "engine_standings", []string{"course", "created_at", "_id", "standing"}, false},
	{"engine_enrolments", "engine_through", []string{"course", "stands_in", "through"}, false},
	{"engine_enrolments", "engine_by_wake", []string{"wake_at", "_id"}, false},
	{"engine_enrolments", "engine_by_outbox", []string{"unrelayed", "_id"}, false},
	{"engine_enrolments", "engine_by_grade", []string{"grade_at", "_id"}, false},
	{"engine_enrolments", "engine_by_who_is_asked", []string{"waits_for", "_id"}, false},
	{"engine_enrolments", "engine_by_preview", []string{"preview_at", "_id"}, false},
	{"engine_course_links", "engine_by_course", []string{"course", "workflow"}, false},
	{"engine_portfolio_links", "engine_by_owner", []string{"owner", "created_at", "_id"}, false},
	{"engine_contributions", "engine_by_enrolment", []string{"enrolment", "at", "_id"}, false},
	{"engine_messages", "engine_by_person", []string{"person", "due_at", "_id"}, false},
	{"engine_messages", "engine_by_ready", []string{"ready_at", "_id"}, false},
	{"engine_messages", "engine_by_ready_to", []string{"person", "ready_at", "_id"}, false},
	{"engine_messages", "engine_by_sent_to", []string{"person", "sent_at", "_id"}, false},
	{"engine_dead_letters", "engine_by_time", []string{"at", "_id"}, false},
	{"engine_barrier_actions", "engine_by_course", []string{"course", "at", "_id"}, false},
	{"engine_cohorts", "engine_by_tells", []string{"tells", "_id"}, false},
	{"engine_members", "engine_by_cohort", []string{"cohort", "joined_at", "_id"}, false},
	{"engine_members", "engine_by_gate", []string{"gates"}, false},
	{"engine_groups", "engine_by_tells", []string{"tells", "_id"}, false},
	{"engine_posts", "engine_by_thread", []string{"thread", "at", "_id"}, false},
	{"engine_posts", "engine_by_author", []string{"thread", "author", "at", "_id"}, false},
	{"engine_posts", "engine_of_author", []string{"author", "_id"}, false},
	{"engine_posts", "engine_by_count", []string{"uncounted", "at", "_id"}, false},
}

// Store is an engine.Store over one MongoDB database. It is safe for concurrent
// use, also by other processes.
type Store struct {
	workflows, people, staff, signals, enrolments *mongo.Collection
	roster                                        *mongo.Collection
	contributions, blobs, messages                *mongo.Collection
	cursors, leases, aliases                      *mongo.Collection
	cohorts, members, groups, posts               *mongo.Collection
	endpoints, barriers                           *mongo.Collection
	events, metrics, sources, receipts            *mongo.Collection
	courseLinks, tombstones                       *mongo.Collection
	deadLetters, portfolioLinks                   *mongo.Collection
}

var _ engine.Store = (*Store)(nil)

// New makes the indexes that are missing, and brings what an earlier version wrote up to date. The database stays the caller's. A
// write is acknowledged once a majority has it in its journal.
func New(ctx context.Context, db *mongo.Database) (*Store, error) {
	journal := true
	durable := options.Collection().SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal})
	in := func(name string) *mongo.Collection { return db.Collection(name, durable) }
	s := &Store{
		workflows: in("engine_workflows"), people: in("engine_people"), staff: in("engine_staff"), roster: in("engine_roster"), signals: in("engine_signals"),
		enrolments: in("engine_enrolments"), contributions: in("engine_contributions"), blobs: in("engine_blobs"),
		messages: in("engine_messages"), cursors: in("engine_cursors"), leases: in("engine_leases"),
		cohorts: in("engine_cohorts"), members: in("engine_members"), groups: in("engine_groups"), posts: in("engine_posts"),
		aliases: in("engine_aliases"), endpoints: in("engine_endpoints"), barriers: in("engine_barrier_actions"),
		courseLinks: in("engine_course_links"), tombstones: in("engine_tombstones"),
		deadLetters: in("engine_dead_letters"), portfolioLinks: in("engine_portfolio_links"),
	}
	s.openEvents(in)
	if err := makeIndexes(ctx, in); err != nil {
		return nil, err
	}
	if err := engine.Upgrade(ctx, s); err != nil {
		return nil, fmt.Errorf("enginemongo: %w", err)
	}
	return s, nil
}

// makeIndexes creates what is missing, one at a time. Another process that starts
// at the same moment may be faster: then the next look finds the index.
func makeIndexes(ctx context.Context, in func(string) *mongo.Collection) error {
	existing := map[string][]string{}
	for _, ix := range slices.Concat(indexes, eventIndexes) {
		names, listed := existing[ix.collection]
		var err error
		for range 3 {
			if !listed {
				if names, err = indexNames(ctx, in(ix.collection)); err != nil {
					return fmt.Errorf("enginemongo: list indexes of %s: %w", ix.collection, err)
				}
				existing[ix.collection] = names
			}
			if slices.Contains(names, ix.name) {
				err = nil
				break
			}
			keys := bson.D{}
			for _, k := range ix.keys {
				keys = append(keys, bson.E{Key: k, Value: 1})
			}
			o := options.Index().SetName(ix.name)
			if ix.unique {
				o.SetUnique(true)
			}
			if _, err = in(ix.collection).Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys, Options: o}); err == nil {
				break
			}
			listed = false
		}
		if err != nil {
			return fmt.Errorf("enginemongo: make index %s of %s: %w", ix.name, ix.collection, err)
		}
	}
	return nil
}

func indexNames(ctx context.Context, c *mongo.Collection) ([]string, error) {
	found, err := c.Indexes().ListSpecifications(ctx)
	if err != nil {
		var missing mongo.CommandError
		if errors.As(err, &missing) && missing.Code == 26 { // NamespaceNotFound: no collection yet
			return nil, nil
		}
		return nil, err
	}
	var names []string
	for _, spec := range found {
		names = append(names, spec.Name)
	}
	return names, nil
}

// encode makes the JSON of a document.
func encode(op string, document any) (string, error) {
	doc, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("enginemongo: %s: %w: %w", op, engine.ErrInvalid, err)
	}
	if len(doc) > maxDocument {
		return "", fmt.Errorf("enginemongo: %s: %w: the document has %d bytes, %d at most", op, engine.ErrInvalid, len(doc), maxDocument)
	}
	return string(doc), nil
}

// fail wraps an error of the database with the operation, and says which of the
// engine's errors it is.
func fail(op string, err error) error {
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return fmt.Errorf("enginemongo: %s: %w", op, engine.ErrNotFound)
	case mongo.IsDuplicateKeyError(err):
		return fmt.Errorf("enginemongo: %s: %w", op, engine.ErrConflict)
	default:
		return fmt.Errorf("enginemongo: %s: %w", op, err)
	}
}

// insertOnce adds a document unless its id is there.
func insertOnce(ctx context.Context, op string, c *mongo.Collection, document bson.D) error {
	if _, err := c.InsertOne(ctx, document); err != nil && !mongo.IsDuplicateKeyError(err) {
		return fail(op, err)
	}
	return nil
}

// upsert writes a document over what stood there. Two that insert at once: one
// of them meets the other's document and replaces it at the second try.
func upsert(ctx context.Context, op string, c *mongo.Collection, id string, document bson.D) error {
	var err error
	for range 2 {
		_, err = c.ReplaceOne(ctx, bson.D{{Key: "_id", Value: id}}, document, options.Replace().SetUpsert(true))
		if err == nil {
			return nil
		}
	}
	return fail(op, err)
}

// swap writes fields over the document with that revision. If none matches, it
// has another revision or is not there at all.
func swap(ctx context.Context, op string, c *mongo.Collection, id string, rev int64, fields bson.D) error {
	result, err := c.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "rev", Value: rev}}, bson.D{{Key: "$set", Value: fields}})
	if err != nil {
		return fail(op, err)
	}
	if result.MatchedCount == 1 {
		return nil
	}
	if err := c.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, options.FindOne().SetProjection(bson.D{{Key: "rev", Value: 1}})).Err(); err != nil {
		return fail(op, err)
	}
	return fmt.Errorf("enginemongo: %s: %w: it has changed meanwhile", op, engine.ErrConflict)
}

// documents decodes the field doc of what a query finds.
func documents[T any](ctx context.Context, op string, c *mongo.Collection, filter, sort bson.D, limit int) ([]T, error) {
	o := options.Find().SetProjection(bson.D{{Key: "doc", Value: 1}}).SetLimit(int64(bounded(limit)))
	if sort != nil {
		o.SetSort(sort)
	}
	cursor, err := c.Find(ctx, filter, o)
	if err != nil {
		return nil, fail(op, err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var all []T
	for cursor.Next(ctx) {
		var stored struct {
			Doc string `bson:"doc"`
		}
		if err := cursor.Decode(&stored); err != nil {
			return nil, fail(op, err)
		}
		var one T
		if err := json.Unmarshal([]byte(stored.Doc), &one); err != nil {
			return nil, fmt.Errorf("enginemongo: %s: stored document: %w", op, err)
		}
		all = append(all, one)
	}
	if err := cursor.Err(); err != nil {
		return nil, fail(op, err)
	}
	return all, nil
}

// document is the first of them, or ErrNotFound.
func document[T any](ctx context.Context, op string, c *mongo.Collection, filter, sort bson.D) (T, error) {
	all, err := documents[T](ctx, op, c, filter, sort, 1)
	if err != nil || len(all) == 0 {
		var none T
		if err == nil {
			err = fail(op, mongo.ErrNoDocuments)
		}
		return none, err
	}
	return all[0], nil
}

// is is the filter for one field.
func is(field string, value any) bson.D { return bson.D{{Key: field, Value: value}} }

func ascending(fields ...string) bson.D {
	sort := bson.D{}
	for _, f := range fields {
		sort = append(sort, bson.E{Key: f, Value: 1})
	}
	return sort
}

func descending(fields ...string) bson.D {
	sort := bson.D{}
	for _, f := range fields {
		sort = append(sort, bson.E{Key: f, Value: -1})
	}
	return sort
}

func bounded(limit int) int {
	if limit <= 0 || limit > maxRows {
		return maxRows
	}
	return limit
}
