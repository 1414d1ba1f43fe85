package lrsmongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// atOnce is how many documents one command inserts.
const atOnce = 100

// Insert implements lrs.Store.
func (s *Store) Insert(ctx context.Context, now func() time.Time, entries []lrs.Entry) ([]lrs.Row, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	for {
		batch, taken, err := s.fly(ctx, now, entries)
		if err != nil {
			return nil, fmt.Errorf("lrsmongo: insert: %w", err)
		}
		if !taken {
			// The batch is in, whatever becomes of its repair: if that fails, readers
			// and followers do it before they go on.
			on, cancel := persist(ctx)
			defer cancel()
			_ = s.repair(on, batch)
			return nil, nil
		}
		existing, err := s.existing(ctx, entries)
		if err != nil {
			return nil, fmt.Errorf("lrsmongo: insert: %w", err)
		}
		if len(existing) > 0 {
			return existing, nil
		}
	}
}

// existing returns the visible rows of the entries' ids. For those under way in
// another batch it waits until that has landed or is gone.
func (s *Store) existing(ctx context.Context, entries []lrs.Entry) ([]lrs.Row, error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		docs, err := s.find(ctx, ids)
		if err != nil || len(docs) == 0 {
			return nil, err
		}
		v, err := s.clock.view(ctx) // after the documents: what landed by now is final
		if err != nil {
			return nil, err
		}
		var rows []lrs.Row
		pending := false
		for _, d := range docs {
			given := slices.IndexFunc(v.aborted, of(d.Batch))
			switch {
			case given >= 0:
				if err := s.remove(ctx, v.aborted[given]); err != nil {
					return nil, err
				}
			case d.Stored > v.horizon:
				pending = true
			default:
				rows = append(rows, d.row())
			}
		}
		if !pending {
			return rows, nil
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// landed is a batch that is in: its documents in order, and the last number that
// was given out before it.
type landed struct {
	docs   []document
	before int64
}

// fly brings a batch in. taken says that one of its ids is taken, and nothing of
// it is left.
func (s *Store) fly(ctx context.Context, now func() time.Time, entries []lrs.Entry) (in landed, taken bool, err error) {
	batch := uuid.NewString()
	f, before, salt, err := s.takeOff(ctx, batch, len(entries), now)
	if err != nil {
		return landed{}, false, fmt.Errorf("take off: %w", err)
	}
	ctx, cancel := persist(ctx)
	defer cancel()
	if err := s.unburied(ctx, salt, entries); err != nil {
		_ = s.clock.land(ctx, f) // it is empty; else its lease will clear it up
		return landed{}, false, err
	}
	docs := make([]document, len(entries))
	for i, e := range entries {
		docs[i] = toDocument(e, batch, f.First+int64(i))
	}
	for chunk := range slices.Chunk(docs, atOnce) {
		if _, err := s.statements.InsertMany(ctx, chunk); err != nil {
			if cleanErr := s.giveUp(ctx, f, err); cleanErr != nil {
				return landed{}, false, fmt.Errorf("%w (its lease will clear it up: %w)", err, cleanErr)
			}
			if mongo.IsDuplicateKeyError(err) {
				return landed{}, true, nil
			}
			return landed{}, false, err
		}
	}
	if err := s.clock.land(ctx, f); err != nil {
		if errors.Is(err, errLost) { // else it may have landed; if not, its lease will clear it up
			err = errors.Join(err, s.remove(ctx, f))
		}
		return landed{}, false, fmt.Errorf("land: %w", err)
	}
	return landed{docs: docs, before: before}, false, nil
}

// patience is how long a batch may take from take-off to landing, and its
// clearing up after that: together far less than a lease.
const patience = 15 * time.Second

// persist is the context of what goes on when the client has gone away: a batch
// under way holds up every reader, so it is brought to an end.
func persist(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

// takeOff takes the batch off, unless its client is gone by then.
func (s *Store) takeOff(ctx context.Context, batch string, n int, now func() time.Time) (f flight, before int64, salt string, err error) {
	on, cancel := persist(ctx)
	defer cancel()
	f, before, salt, err = s.clock.takeOff(on, batch, n, func() (time.Time, error) { return now(), ctx.Err() })
	if err != nil && ctx.Err() == nil { // it may have taken off all the same
		on, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.clock.land(on, flight{Batch: batch, Expires: time.Now()}) // else its lease will clear it up
	}
	return f, before, salt, err
}

// giveUp removes a batch that cannot land because of err, and its flight. If the
// server may still be inserting, the batch goes into quarantine.
func (s *Store) giveUp(ctx context.Context, f flight, err error) error {
	ctx, cancel := persist(ctx)
	defer cancel()
	if !refused(err) {
		if err := s.clock.quarantine(ctx, f.Batch); err != nil {
			return err
		}
		_ = s.remove(ctx, f) // what is left is never seen, and removed in the end
		return nil
	}
	if err := s.remove(ctx, f); err != nil {
		return err
	}
	return s.clock.land(ctx, f)
}

// refused tells whether the error is the server's last word on single documents,
// as that their ids are taken: after any other it may still be inserting.
func refused(err error) bool {
	var e mongo.BulkWriteException
	return errors.As(err, &e) && len(e.WriteErrors) > 0 && e.WriteConcernError == nil
}

func toDocument(e lrs.Entry, batch string, stored int64) document {
	d := document{definitions: e.Definitions, ID: e.ID, Stored: stored, Flags: int64(e.Flags), Batch: batch, Target: e.Target, Doc: string(e.Doc), Sum: checksum(e.Doc),
		Keys: make([]string, 0, len(e.Keys)+2)}
	for _, k := range e.Keys {
		d.Keys = append(d.Keys, hash(k))
	}
	if e.Target != "" {
		d.Keys = append(d.Keys, targets(e.Target))
	}
	if e.Flags.Has(lrs.Voiding) {
		d.Keys = append(d.Keys, voids(e.Target))
	}
	return d
}

// repair applies voidings and references of what became visible since the last
// repair. Whoever repairs works through all of it in order, so a reference and
// its late target always meet. latest is the batch the caller brought in, if any:
// mostly nothing else is new, and it need not be read again.
func (s *Store) repair(ctx context.Context, latest landed) error {
	s.repairing.Lock() // who waits here mostly finds that all is done
	defer s.repairing.Unlock()
	for {
		v, err := s.clock.view(ctx)
		if err != nil || v.repaired >= v.horizon {
			return err
		}
		docs := latest.docs
		if n := len(docs); n == 0 || n > atOnce || latest.before == 0 || v.repaired < latest.before || v.horizon != docs[n-1].Stored {
			if docs, err = s.unrepaired(ctx, v); err != nil {
				return err
			}
		}
		if err := s.relate(ctx, v, docs); err != nil {
			return err
		}
		defined, err := s.define(ctx, docs, v)
		if err != nil {
			return err
		}
		done := v.horizon
		if len(docs) == atOnce {
			done = docs[len(docs)-1].Stored
		}
		err = s.clock.change(ctx, func(c *state) error {
			c.Repaired = max(c.Repaired, done)
			defined.apply(c)
			return nil
		})
		if err != nil {
			return err
		}
		defined.note(&s.defined)
	}
}

// unrepaired reads the first documents that became visible since the last repair.
func (s *Store) unrepaired(ctx context.Context, v view) ([]document, error) {
	cursor, err := s.statements.Find(ctx, v.filter(v.repaired, v.horizon), options.Find().
		SetSort(bson.D{{Key: "stored", Value: 1}}).SetLimit(atOnce).SetProjection(bson.M{"keys": 0}))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // all is read
	var docs []document
	for cursor.Next(ctx) {
		var d document
		if err := cursor.Decode(&d); err != nil {
			return nil, err
		}
		if lrs.Flags(d.Flags).Has(lrs.Defines) { //nolint:gosec // written by us
			if d.definitions, err = lrs.DefinitionsOf([]byte(d.Doc)); err != nil {
				return nil, err
			}
		}
		d.Doc = "" // large, and not needed any more
		docs = append(docs, d)
	}
	return docs, cursor.Err()
}

// relate applies what the documents and others of the view say about each other.
// What the view does not see may never be: if it lands, its own repair relates it.
func (s *Store) relate(ctx context.Context, v view, docs []document) error {
	for _, d := range docs {
		if d.Target == "" {
			continue
		}
		if lrs.Flags(d.Flags).Has(lrs.Voiding) { //nolint:gosec // written by us
			if err := s.void(ctx, v, d.Target); err != nil {
				return err
			}
		}
		keys, err := s.reach(ctx, v, d.Target, "")
		if err != nil {
			return err
		}
		if err := s.addKeys(ctx, bson.M{"_id": d.ID}, keys); err != nil {
			return err
		}
	}
	if len(docs) == 0 {
		return nil
	}
	awaited, err := s.awaited(ctx, v, docs)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if awaited[voids(d.ID)] {
			if err := s.void(ctx, v, d.ID); err != nil {
				return err
			}
		}
		if !awaited[targets(d.ID)] {
			continue
		}
		keys, err := s.reach(ctx, v, d.ID, "")
		if err != nil {
			return err
		}
		if err := s.addKeys(ctx, bson.M{"keys": targets(d.ID)}, keys); err != nil {
			return err
		}
	}
	return nil
}

// awaited tells which of the documents others of the view refer to or void: a set
// of targets and voids keys.
func (s *Store) awaited(ctx context.Context, v view, docs []document) (map[string]bool, error) {
	var asked []string
	for _, d := range docs {
		asked = append(asked, targets(d.ID), voids(d.ID))
	}
	cursor, err := s.statements.Find(ctx, bson.M{"keys": bson.M{"$in": asked}}, options.Find().SetProjection(bson.M{"keys": 1, "stored": 1, "batch": 1}))
	if err != nil {
		return nil, err
	}
	var found []document
	if err := cursor.All(ctx, &found); err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, d := range found {
		if !v.sees(d) {
			continue
		}
		for _, k := range d.Keys {
			set[k] = true
		}
	}
	return set, nil
}

// void marks the statement as voided, if the view sees it and it voids none itself.
func (s *Store) void(ctx context.Context, v view, id string) error {
	docs, err := s.find(ctx, []string{id})
	if err != nil || len(docs) == 0 || !v.sees(docs[0]) || docs[0].Voided || lrs.Flags(docs[0].Flags).Has(lrs.Voiding) { //nolint:gosec // written by us
		return err
	}
	_, err = s.statements.UpdateOne(ctx, bson.M{"_id": id}, bson.M{"$set": bson.M{"voided": true}})
	return err
}

func (s *Store) addKeys(ctx context.Context, filter bson.M, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := s.statements.UpdateMany(ctx, filter, bson.M{"$addToSet": bson.M{"keys": bson.M{"$each": keys}}})
	return err
}

// maxChain bounds how far references are followed.
const maxChain = 50

// reach is every key under which a reference to the statement is found: those of
// the statement, of what it refers to, and so on, as far as the view sees them and as
// if there were none without.
func (s *Store) reach(ctx context.Context, v view, id, without string) ([]string, error) {
	var keys []string
	seen := map[string]bool{}
	for id != "" && id != without && !seen[id] && len(seen) < maxChain {
		seen[id] = true
		docs, err := s.find(ctx, []string{id})
		if err != nil || len(docs) == 0 || !v.sees(docs[0]) {
			return keys, err
		}
		own, target, err := lrs.Reindex([]byte(docs[0].Doc))
		if err != nil {
			return nil, err
		}
		for _, k := range own {
			if !k.Own() {
				keys = append(keys, hash(k))
			}
		}
		if target != "" {
			keys = append(keys, targets(target))
		}
		id = target
	}
	return keys, nil
}
