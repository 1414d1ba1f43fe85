// Package lrsmongo keeps statements and keys in MongoDB, with plain operations on
// single documents only.
//
//	lrs_statements  {_id: statement id, stored, flags, voided, batch, target, keys[], doc, sum}
//	lrs_clock       one document: the order, and the batches under way
//	lrs_documents   {_id: hash of its place, rev, agent, resource …, body}   states and profiles
//	lrs_definitions {_id: hash of an activity's IRI, activity, stored, doc}: what statements say of it, merged
//	lrs_tombstones  {_id: salted hash of what was erased, at, keep}
//	lrs_settings    {_id: name, doc}, of the upkeep
//
// MongoDB has no order of commits to lean on, so a batch is a flight:
//
//	take off   clock: the batch gets its range of stored numbers, and a lease
//	insert     statements, which nobody sees: readers stop below the first flight
//	land       clock: the flight is gone, the batch is visible, whole
//	repair     voidings, references and definitions are applied to other documents
//
// A flight goes on when its client has gone away. One whose lease has run out is
// aborted by whoever sees it: its batch goes into quarantine, a list that readers
// leave out, then its statements are removed. So does a batch whose insert failed
// without the server's word that it is over. A writer
// that comes back late finds its flight gone, removes what it wrote and reports
// an error. Repair follows a cursor in the clock document over what is visible,
// and every step of it may be done twice, so a crash only delays it.
//
// Every filter is answered by the index (keys, stored), as index.go tells: keys holds the hashes of
// lrs.IndexKeys, and two kinds of our own, "t" (refers to that statement) and
// "x" (voids it).
package lrsmongo

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// Store is an lrs.Store over one tenant's database.
type Store struct {
	statements *mongo.Collection
	files      *mongo.Collection // documents of the state and profile resources
	tombstones *mongo.Collection
	settings   *mongo.Collection
	clock      *clock
	repairing  sync.Mutex // one repair at a time in this process

	definitions *mongo.Collection
	defined     lrs.DefinitionCache // for who has repairing
}

// document is one statement in lrs_statements.
type document struct {
	ID     string   `bson:"_id"`
	Stored int64    `bson:"stored"`
	Flags  int64    `bson:"flags"` // all but lrs.Voided
	Voided bool     `bson:"voided"`
	Batch  string   `bson:"batch"`
	Target string   `bson:"target"`
	Keys   []string `bson:"keys"`
	Doc    string   `bson:"doc"` // JSON, as received
	Sum    string   `bson:"sum"` // base64 of lrs.Checksum

	Leaving bool `bson:"leaving,omitempty"` // Replace is about to remove it

	definitions []lrs.Definition // what Doc says of activities, once that was read
}

func (d document) row() lrs.Row {
	r := lrs.Row{ID: d.ID, Stored: d.Stored, Flags: lrs.Flags(d.Flags), Doc: []byte(d.Doc)} //nolint:gosec // written by us
	if d.Voided {
		r.Flags |= lrs.Voided
	}
	return r
}

// New makes the indexes it needs. An acknowledged write is on a majority.
func New(ctx context.Context, db *mongo.Database) (*Store, error) {
	db = majority(db)
	s := &Store{
		statements: db.Collection("lrs_statements"), tombstones: db.Collection("lrs_tombstones"), settings: db.Collection("lrs_settings"),
		files: db.Collection("lrs_documents"), definitions: db.Collection("lrs_definitions"),
		clock: &clock{docs: db.Collection("lrs_clock"), lease: lease},
	}
	s.clock.abort = s.remove
	err := ensureIndexes(ctx, s.statements, statementIndexes())
	if err == nil {
		err = ensureIndexes(ctx, s.files, fileIndex())
	}
	if err == nil {
		err = s.clock.init(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: prepare: %w", err)
	}
	return s, nil
}

func majority(db *mongo.Database) *mongo.Database {
	return db.Client().Database(db.Name(), options.Database().SetWriteConcern(writeconcern.Majority()))
}

// hash is the key as documents have it.
func hash(k lrs.IndexKey) string {
	sum := sha256.Sum256([]byte(k))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func targets(id string) string { return hash(lrs.IndexKey("t " + id)) }
func voids(id string) string   { return hash(lrs.IndexKey("x " + id)) }

// Get implements lrs.Store.
func (s *Store) Get(ctx context.Context, id string) (lrs.Row, error) {
	v, err := s.clock.view(ctx)
	if err != nil {
		return lrs.Row{}, fmt.Errorf("lrsmongo: get: %w", err)
	}
	var d document
	err = s.statements.FindOne(ctx, bson.M{"_id": id}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) || err == nil && !v.sees(d) {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Row{}, fmt.Errorf("lrsmongo: get: %w", err)
	}
	return d.row(), nil
}

// Select implements lrs.Store.
func (s *Store) Select(ctx context.Context, sel lrs.Selection) ([]lrs.Row, bool, error) {
	v, err := s.clock.view(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("lrsmongo: select: %w", err)
	}
	if sel.After >= v.horizon {
		return nil, false, nil // as followers mostly find: the clock alone says so
	}
	filter := v.filter(sel.After, min(sel.Until, v.horizon))
	if !sel.Voided {
		filter = append(filter, bson.E{Key: "voided", Value: false})
	}
	all := bson.A{}
	for _, term := range sel.Terms {
		hashes := make([]string, len(term))
		for i, k := range term {
			hashes[i] = hash(k)
		}
		if len(hashes) == 1 {
			all = append(all, bson.M{"keys": hashes[0]})
		} else {
			all = append(all, bson.M{"keys": bson.M{"$in": hashes}})
		}
	}
	if len(all) > 0 {
		filter = append(filter, bson.E{Key: "$and", Value: all})
	}
	order := -1
	if sel.Ascending {
		order = 1
	}
	find := options.Find().SetSort(bson.D{{Key: "stored", Value: order}}).SetLimit(int64(sel.Limit) + 1).SetProjection(bson.M{"keys": 0})
	if len(all) > 0 {
		find.SetHint(byKeys)
	}
	cursor, err := s.statements.Find(ctx, filter, find)
	if err != nil {
		return nil, false, fmt.Errorf("lrsmongo: select: %w", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // all is read
	var out []lrs.Row
	bytes := 0
	for cursor.Next(ctx) {
		var d document
		if err := cursor.Decode(&d); err != nil {
			return nil, false, fmt.Errorf("lrsmongo: select: %w", err)
		}
		if len(out) == sel.Limit || len(out) > 0 && sel.MaxBytes > 0 && bytes+len(d.Doc) > sel.MaxBytes {
			return out, true, nil
		}
		bytes += len(d.Doc)
		out = append(out, d.row())
	}
	if err := cursor.Err(); err != nil {
		return nil, false, fmt.Errorf("lrsmongo: select: %w", err)
	}
	return out, false, nil
}

// Through implements lrs.Store.
func (s *Store) Through(ctx context.Context, now func() time.Time) (int64, error) {
	v, err := s.clock.view(ctx)
	if err != nil {
		return 0, fmt.Errorf("lrsmongo: through: %w", err)
	}
	if v.repaired < v.horizon { // someone crashed between landing and repair
		if err := s.repair(ctx, landed{}); err != nil {
			return 0, fmt.Errorf("lrsmongo: through: %w", err)
		}
	}
	if now == nil || v.flying || now().UnixNano()-v.horizon < int64(time.Second) {
		return v.horizon, nil
	}
	through := v.horizon
	err = s.clock.change(ctx, func(c *state) error {
		if len(c.Flights) == 0 {
			repaired := c.Repaired >= c.Last
			c.Last = max(c.Last, now().UnixNano())
			if through = c.Last; repaired {
				c.Repaired = c.Last
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("lrsmongo: through: %w", err)
	}
	return through, nil
}

// remove deletes what a batch that never landed has written.
func (s *Store) remove(ctx context.Context, f flight) error {
	_, err := s.statements.DeleteMany(ctx, bson.M{
		"stored": bson.M{"$gte": f.First, "$lt": f.First + int64(f.Count)}, "batch": f.Batch,
	})
	return err
}

// find returns the documents with the ids, visible or not.
func (s *Store) find(ctx context.Context, ids []string) ([]document, error) {
	var out []document
	for chunk := range slices.Chunk(ids, 500) {
		filter := bson.M{"_id": bson.M{"$in": chunk}}
		if len(chunk) == 1 {
			filter = bson.M{"_id": chunk[0]}
		}
		part, err := findAll[document](ctx, s.statements, filter, options.Find().SetProjection(bson.M{"keys": 0}))
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}
