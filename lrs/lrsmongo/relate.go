package lrsmongo

import (
	"context"
	"errors"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

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
		if err := s.repairStep(ctx, v, latest); err != nil {
			return err
		}
	}
}

// repairStep repairs the first documents of the view that need it. Once it writes it
// goes on when its client has gone away: it must see whether others changed what it
// relates.
func (s *Store) repairStep(ctx context.Context, v view, latest landed) error {
	docs := latest.docs
	if n := len(docs); n == 0 || n > atOnce || latest.before == 0 || v.repaired < latest.before || v.horizon != docs[n-1].Stored {
		var err error
		if docs, err = s.unrepaired(ctx, v); err != nil {
			return err
		}
	}
	ctx, cancel := persist(ctx)
	defer cancel()
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
	for changes := v.changes; ; {
		before := changes
		err = s.clock.change(ctx, func(c *state) error {
			if changes = c.Changes; changes != before {
				return errChanged
			}
			c.Repaired = max(c.Repaired, done)
			defined.apply(c)
			return nil
		})
		if !errors.Is(err, errChanged) {
			break
		}
		if err := s.relateAgain(ctx, docs); err != nil {
			return err
		}
	}
	if err == nil {
		defined.note(&s.defined)
	}
	return err
}

// errChanged says that documents were removed or rewritten meanwhile.
var errChanged = errors.New("related documents were changed")

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
		keys, err := s.reach(ctx, v, d.Target)
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
		keys, err := s.reach(ctx, v, d.ID)
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
	found, err := findAll[document](ctx, s.statements, bson.M{"keys": bson.M{"$in": asked}}, options.Find().SetProjection(bson.M{"keys": 1, "stored": 1, "batch": 1, "leaving": 1}))
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, d := range found {
		if !v.counts(d) {
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
	if err != nil || len(docs) == 0 || !v.counts(docs[0]) || docs[0].Voided || lrs.Flags(docs[0].Flags).Has(lrs.Voiding) { //nolint:gosec // written by us
		return err
	}
	_, err = s.statements.UpdateOne(ctx, bson.M{"_id": id}, bson.M{"$set": bson.M{"voided": true}})
	return err
}

// revoid marks the statement as voided if one that counts voids it, and as not
// voided if none does. What voids it may change meanwhile, so it looks again after
// each write. One that is leaving stays as it is.
func (s *Store) revoid(ctx context.Context, id string) error {
	for range 200 {
		v, err := s.clock.view(ctx)
		if err != nil {
			return err
		}
		docs, err := s.find(ctx, []string{id})
		if err != nil || len(docs) == 0 || !v.counts(docs[0]) || lrs.Flags(docs[0].Flags).Has(lrs.Voiding) { //nolint:gosec // written by us
			return err
		}
		awaited, err := s.awaited(ctx, v, docs)
		if err != nil {
			return err
		}
		voided := awaited[voids(id)]
		if voided == docs[0].Voided {
			return nil
		}
		if _, err = s.statements.UpdateOne(ctx, bson.M{"_id": id}, bson.M{"$set": bson.M{"voided": voided}}); err != nil {
			return err
		}
	}
	return errBusy
}

// relateAgain puts right what relate did while others removed or rewrote documents.
func (s *Store) relateAgain(ctx context.Context, docs []document) error {
	for _, d := range docs {
		err := s.rekey(ctx, bson.M{"_id": d.ID})
		if err == nil {
			err = s.rekey(ctx, bson.M{"keys": targets(d.ID)})
		}
		if err == nil {
			err = s.revoid(ctx, d.ID)
		}
		if err == nil && lrs.Flags(d.Flags).Has(lrs.Voiding) { //nolint:gosec // written by us
			err = s.revoid(ctx, d.Target)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) addKeys(ctx context.Context, filter bson.M, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := s.statements.UpdateMany(ctx, filter, bson.M{"$addToSet": bson.M{"keys": bson.M{"$each": keys}}})
	return err
}

// reach is every key under which a reference to the statement is found, as far as
// what it refers to counts.
func (s *Store) reach(ctx context.Context, v view, id string) ([]string, error) {
	found, targeted, err := lrs.Reach(id, func(id string) ([]byte, bool, error) {
		docs, err := s.find(ctx, []string{id})
		if err != nil || len(docs) == 0 || !v.counts(docs[0]) {
			return nil, false, err
		}
		return []byte(docs[0].Doc), true, nil
	})
	if err != nil {
		return nil, err
	}
	keys := hashes(found)
	for _, id := range targeted {
		keys = append(keys, targets(id))
	}
	return keys, nil
}

// rekey makes the documents that match found by just what they are due. That may
// change meanwhile, so it looks at each again after it wrote.
func (s *Store) rekey(ctx context.Context, filter bson.M) error {
	v, err := s.clock.view(ctx)
	if err != nil {
		return err
	}
	docs, err := findAll[document](ctx, s.statements, filter)
	if err != nil {
		return err
	}
	for _, d := range docs {
		due, err := s.due(ctx, v, d)
		if err != nil {
			return err
		}
		missing, surplus := compare(due, d.Keys)
		if len(missing)+len(surplus) == 0 {
			continue
		}
		if err := s.addKeys(ctx, bson.M{"_id": d.ID}, missing); err != nil {
			return err
		}
		if len(surplus) > 0 {
			if _, err := s.statements.UpdateOne(ctx, bson.M{"_id": d.ID}, bson.M{"$pullAll": bson.M{"keys": surplus}}); err != nil {
				return err
			}
		}
		if err := s.rekey(ctx, bson.M{"_id": d.ID}); err != nil {
			return err
		}
	}
	return nil
}

// due is what the document must be found by.
func (s *Store) due(ctx context.Context, v view, d document) ([]string, error) {
	own, target, err := lrs.Reindex([]byte(d.Doc))
	if err != nil {
		return nil, err
	}
	keys := hashes(own)
	if target != "" {
		keys = append(keys, targets(target))
		if lrs.Flags(d.Flags).Has(lrs.Voiding) { //nolint:gosec // written by us
			keys = append(keys, voids(target))
		}
		inherited, err := s.reach(ctx, v, target)
		if err != nil {
			return nil, err
		}
		keys = append(keys, inherited...)
	}
	return keys, nil
}

// compare tells which of the due keys are missing among those there are, and
// which are there without being due.
func compare(due, there []string) (missing, surplus []string) {
	wanted, have := map[string]bool{}, map[string]bool{}
	for _, k := range there {
		have[k] = true
	}
	for _, k := range due {
		if !have[k] && !wanted[k] {
			missing = append(missing, k)
		}
		wanted[k] = true
	}
	for _, k := range there {
		if !wanted[k] {
			surplus = append(surplus, k)
		}
	}
	return missing, surplus
}
