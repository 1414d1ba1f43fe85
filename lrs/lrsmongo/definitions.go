package lrsmongo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// definition is what statements say of one activity, merged up to Stored.
type definition struct {
	ID       string `bson:"_id"` // hash, since an IRI may be long
	Activity string `bson:"activity"`
	Rev      int64  `bson:"rev"` // for compare-and-swap
	Stored   int64  `bson:"stored"`
	Doc      string `bson:"doc"`
}

func defines(activity string) string { return hash(lrs.IndexKey("d " + activity)) }

// definedBy is what a step of repair did to definitions, to be noted in the clock
// in the same change that says how far repair is, and then in the cache. So a
// process whose cache is at the clock's revision knows all changes up to Repaired,
// and makes or finds those after it itself.
type definedBy struct {
	news     map[string][]lrs.Definition
	from, to int64 // revisions
	changed  bool
	alone    bool // no other process has changed definitions meanwhile
}

func (d *definedBy) apply(c *state) {
	d.alone = c.Revision == d.from
	if d.changed {
		c.Revision++
	}
	d.to = c.Revision
}

func (d *definedBy) note(cache *lrs.DefinitionCache) {
	if d.alone { // else the cache is of an old revision, which empties it
		cache.Done(d.news, d.to)
	}
}

// define merges what the documents, which are all of a view from repaired on, say
// of activities.
func (s *Store) define(ctx context.Context, docs []document, v view) (definedBy, error) {
	var list []lrs.Definition
	for _, d := range docs {
		for _, def := range d.definitions {
			def.Stored = d.Stored
			list = append(list, def)
		}
	}
	s.defined.At(v.revision)
	by := definedBy{from: v.revision, news: s.defined.News(list)}
	for activity, list := range by.news {
		changed, err := s.merge(ctx, activity, list)
		if err != nil {
			return by, fmt.Errorf("define: %w", err)
		}
		by.changed = by.changed || changed
	}
	return by, nil
}

// merge puts the definitions over the activity's, in order of stored: those up to
// which another process has come already are left out. changed tells whether it
// changed it, or another has.
func (s *Store) merge(ctx context.Context, activity string, list []lrs.Definition) (changed bool, err error) {
	for range 200 {
		old := definition{ID: defines(activity), Activity: activity}
		err := s.definitions.FindOne(ctx, bson.M{"_id": old.ID}).Decode(&old)
		if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
			return false, err
		}
		next, doc := old, []byte(old.Doc)
		next.Rev++
		for _, d := range list {
			if d.Stored <= old.Stored {
				changed = true
				continue
			}
			if doc, err = d.Over(doc); err != nil {
				return false, err
			}
			next.Stored = d.Stored
		}
		if next.Doc = string(doc); next.Doc == old.Doc {
			return changed, nil
		}
		if swapped, err := s.redefine(ctx, old, next); swapped || err != nil {
			return true, err
		}
	}
	return false, errBusy
}

// redefine writes next in the place of old, if that is still there.
func (s *Store) redefine(ctx context.Context, old, next definition) (bool, error) {
	if old.Rev == 0 {
		_, err := s.definitions.InsertOne(ctx, next)
		if mongo.IsDuplicateKeyError(err) {
			return false, nil
		}
		return err == nil, err
	}
	res, err := s.definitions.ReplaceOne(ctx, bson.M{"_id": old.ID, "rev": old.Rev}, next)
	if err != nil {
		return false, err
	}
	return res.MatchedCount == 1, nil
}

// Definitions implements lrs.Definitions.
func (s *Store) Definitions(ctx context.Context, activities []string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(activities))
	for chunk := range slices.Chunk(activities, 500) {
		ids := make([]string, len(chunk))
		for i, a := range chunk {
			ids[i] = defines(a)
		}
		filter := bson.M{"_id": bson.M{"$in": ids}}
		if len(ids) == 1 {
			filter = bson.M{"_id": ids[0]}
		}
		part, err := findAll[definition](ctx, s.definitions, filter)
		if err != nil {
			return nil, fmt.Errorf("lrsmongo: definitions: %w", err)
		}
		for _, d := range part {
			found[d.Activity] = []byte(d.Doc)
		}
	}
	return found, nil
}
