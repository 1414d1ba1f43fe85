package lrsmongo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Replace implements lrs.Store, in steps that may be done twice:
//
//	mark      the documents are rewritten, or are leaving: read, but not related to any more
//	count     clock: repair that is under way, here or in another process, sees that it
//	          must look again; what it has done by now, the next step puts right
//	complete  what refers to the documents is put right; those that are leaving go
//
// The document that changes is found by its old keys until all else is done, so
// whoever looks for what is left to do after a crash finds it.
func (s *Store) Replace(ctx context.Context, changes []lrs.Change) error {
	if err := s.replace(ctx, changes); err != nil {
		return fmt.Errorf("lrsmongo: replace: %w", err)
	}
	return nil
}

func (s *Store) replace(ctx context.Context, changes []lrs.Change) error {
	var tombstones []lrs.Tombstone
	for _, c := range changes {
		if c.Bury != 0 {
			tombstones = append(tombstones, lrs.Tombstone{Name: lrs.BuriedID(c.ID), At: c.Bury})
		}
	}
	if err := s.bury(ctx, tombstones); err != nil {
		return err
	}
	v, err := s.clock.view(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Through(ctx, nil); err != nil { // what is in the view has all its keys
		return err
	}
	var rewritten, leaving []document
	for _, c := range changes {
		docs, err := s.find(ctx, []string{c.ID})
		if err != nil {
			return err
		}
		if len(docs) == 0 || !v.sees(docs[0]) || docs[0].Doc != string(c.Was) {
			continue
		}
		if c.Doc == nil {
			leaving = append(leaving, docs[0])
			_, err = s.statements.UpdateOne(ctx, bson.M{"_id": c.ID}, bson.M{"$set": bson.M{"leaving": true}})
		} else {
			rewritten = append(rewritten, docs[0])
			err = s.rewrite(ctx, docs[0], c.Doc)
		}
		if err != nil {
			return err
		}
	}
	if len(rewritten)+len(leaving) == 0 {
		return nil
	}
	err = s.clock.change(ctx, func(c *state) error {
		c.Changes++
		return nil
	})
	if err != nil {
		return err
	}
	return s.complete(ctx, rewritten, leaving)
}

// rewrite puts doc in the place of the document's, which is found by its old keys
// too until it is complete.
func (s *Store) rewrite(ctx context.Context, d document, doc []byte) error {
	own, _, err := lrs.Reindex(doc)
	if err != nil {
		return err
	}
	if err := s.addKeys(ctx, bson.M{"_id": d.ID}, hashes(own)); err != nil {
		return err
	}
	_, err = s.statements.UpdateOne(ctx, bson.M{"_id": d.ID, "doc": d.Doc}, bson.M{
		"$set": bson.M{"doc": string(doc), "sum": checksum(doc)}, "$unset": bson.M{"leaving": ""},
	})
	return err
}

// complete puts right what refers to the documents or is voided by them, and removes
// those that are leaving, each last of all. Voidings go first: what is voided stays so
// until it goes too, and they are found by what it is found by until then.
func (s *Store) complete(ctx context.Context, rewritten, leaving []document) error {
	for _, d := range rewritten {
		err := s.rekey(ctx, bson.M{"keys": targets(d.ID)})
		if err == nil {
			err = s.rekey(ctx, bson.M{"_id": d.ID})
		}
		if err != nil {
			return err
		}
	}
	voiding := func(d document) bool { return lrs.Flags(d.Flags).Has(lrs.Voiding) } //nolint:gosec // written by us
	others := slices.DeleteFunc(slices.Clone(leaving), voiding)
	for _, d := range append(slices.DeleteFunc(leaving, func(d document) bool { return !voiding(d) }), others...) {
		err := s.rekey(ctx, bson.M{"keys": targets(d.ID)})
		if err == nil && voiding(d) {
			err = s.revoid(ctx, d.Target)
		}
		if err == nil {
			_, err = s.statements.DeleteOne(ctx, bson.M{"_id": d.ID, "batch": d.Batch})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func hashes(keys []lrs.IndexKey) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = hash(k)
	}
	return out
}

func checksum(doc []byte) string { return base64.RawURLEncoding.EncodeToString(lrs.Checksum(doc)) }

// tombstone is one document of lrs_tombstones.
type tombstone struct {
	ID   string `bson:"_id"` // salted hash of its name
	At   int64  `bson:"at"`
	Keep bool   `bson:"keep"`
}

func tomb(salt, name string) string {
	sum := sha256.Sum256([]byte(salt + " " + name))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Bury implements lrs.Store.
func (s *Store) Bury(ctx context.Context, tombstones []lrs.Tombstone) error {
	if err := s.bury(ctx, tombstones); err != nil {
		return fmt.Errorf("lrsmongo: bury: %w", err)
	}
	return nil
}

// bury keeps the tombstones. A batch that took off before may not have seen them,
// so it waits until those have come down.
func (s *Store) bury(ctx context.Context, tombstones []lrs.Tombstone) error {
	if len(tombstones) == 0 {
		return nil
	}
	c, _, err := s.clock.load(ctx)
	if err == nil && c.Salt == "" {
		salt := make([]byte, 16)
		rand.Read(salt)
		err = s.clock.change(ctx, func(now *state) error {
			if now.Salt == "" {
				now.Salt = hex.EncodeToString(salt)
			}
			c = *now
			return nil
		})
	}
	if err != nil {
		return err
	}
	for _, t := range tombstones {
		id := tomb(c.Salt, t.Name)
		_, err := s.tombstones.ReplaceOne(ctx, bson.M{"_id": id}, tombstone{ID: id, At: t.At, Keep: t.Keep}, options.Replace().SetUpsert(true))
		if err != nil {
			return err
		}
	}
	if c, _, err = s.clock.load(ctx); err != nil {
		return err
	}
	under := map[string]bool{}
	for _, f := range c.Flights {
		under[f.Batch] = true
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		if !slices.ContainsFunc(c.Flights, func(f flight) bool { return under[f.Batch] }) {
			return nil
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		if _, err = s.clock.view(ctx); err == nil { // it aborts what has crashed
			c, _, err = s.clock.load(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// Tombstone implements lrs.Store.
func (s *Store) Tombstone(ctx context.Context, name string) (lrs.Tombstone, error) {
	c, _, err := s.clock.load(ctx)
	var d tombstone
	if err == nil {
		err = s.tombstones.FindOne(ctx, bson.M{"_id": tomb(c.Salt, name)}).Decode(&d)
	}
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Tombstone{}, fmt.Errorf("lrsmongo: tombstone: %w", err)
	}
	return lrs.Tombstone{Name: name, At: d.At, Keep: d.Keep}, nil
}

// unburied returns a *lrs.BuriedError if tombstones stand in the way of the
// entries. Without salt there are none.
func (s *Store) unburied(ctx context.Context, salt string, entries []lrs.Entry) error {
	if salt == "" {
		return nil
	}
	names := map[string]string{}
	var ids []string
	for _, e := range entries {
		for _, name := range e.Names() {
			id := tomb(salt, name)
			if names[id] == "" {
				ids = append(ids, id)
			}
			names[id] = name
		}
	}
	found := map[string]lrs.Tombstone{}
	for chunk := range slices.Chunk(ids, 500) {
		docs, err := findAll[tombstone](ctx, s.tombstones, bson.M{"_id": bson.M{"$in": chunk}})
		if err != nil {
			return err
		}
		for _, d := range docs {
			found[names[d.ID]] = lrs.Tombstone{Name: names[d.ID], At: d.At, Keep: d.Keep}
		}
	}
	return lrs.Buried(entries, found)
}

// Setting implements lrs.Store.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	var d struct {
		Doc string `bson:"doc"`
	}
	err := s.settings.FindOne(ctx, bson.M{"_id": name}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: setting %s: %w", name, err)
	}
	return []byte(d.Doc), nil
}

// SwapSetting implements lrs.Store.
func (s *Store) SwapSetting(ctx context.Context, name string, old, doc []byte) (bool, error) {
	if old == nil {
		_, err := s.settings.InsertOne(ctx, bson.M{"_id": name, "doc": string(doc)})
		if mongo.IsDuplicateKeyError(err) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("lrsmongo: swap setting %s: %w", name, err)
		}
		return true, nil
	}
	res, err := s.settings.ReplaceOne(ctx, bson.M{"_id": name, "doc": string(old)}, bson.M{"_id": name, "doc": string(doc)})
	if err != nil {
		return false, fmt.Errorf("lrsmongo: swap setting %s: %w", name, err)
	}
	return res.MatchedCount == 1, nil
}
