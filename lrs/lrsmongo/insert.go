package lrsmongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
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
