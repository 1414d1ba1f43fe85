package lrsmongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// lease is how long a batch may take from take-off to landing. Leases run on
// the machines' own clocks, whatever clock statements are stored by.
const lease = 60 * time.Second

// isolation is how long an aborted batch is in quarantine, left out by readers:
// longer than any insert of it can still be under way.
const isolation = 24 * time.Hour

// The quarantine is bounded, as every reader carries it along. When it is half
// full, batches leave it after settled, when an insert that is still under way is
// a wonder rather than a delay. When it is full, none takes off: a server that
// breaks off so many inserts in so short a time takes no more.
const (
	maxAborted = 200
	settled    = 10 * time.Minute
)

// errFull says that the quarantine is full.
var errFull = errors.New("the server broke off too many inserts; writing waits until they are cleared up")

// state is the clock document. Whoever changes it replaces it whole, if no one
// else has meanwhile.
type state struct {
	Last     int64    `json:"last"`     // last stored number given out
	Repaired int64    `json:"repaired"` // voidings, references and definitions up to here are applied
	Revision int64    `json:"revision"` // of the definitions, as of Repaired
	Changes  int64    `json:"changes"`  // how often statements were removed or rewritten
	Flights  []flight `json:"flights,omitempty"`
	Aborted  []flight `json:"aborted,omitempty"` // Expires: end of the quarantine
	Salt     string   `json:"salt,omitempty"`    // of the tombstones; "": there are none
}

// flight is a batch under way.
type flight struct {
	Batch   string    `json:"batch"`
	First   int64     `json:"first"` // its first stored number
	Count   int       `json:"count"` // how many it has
	Expires time.Time `json:"expires"`
}

func of(batch string) func(flight) bool {
	return func(f flight) bool { return f.Batch == batch }
}

// clock gives out the order and knows the batches under way.
type clock struct {
	docs  *mongo.Collection
	lease time.Duration
	abort func(ctx context.Context, f flight) error // removes what the batch wrote
	mu    sync.Mutex                                // one change at a time in this process
}

const clockID = "clock"

// errBusy says that others changed the clock again and again.
var errBusy = errors.New("too many concurrent writers")

func (c *clock) init(ctx context.Context) error {
	_, _, err := c.load(ctx)
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return err
	}
	_, err = c.docs.InsertOne(ctx, bson.M{"_id": clockID, "rev": int64(1), "doc": "{}"})
	if mongo.IsDuplicateKeyError(err) {
		return nil // another process was first
	}
	return err
}

func (c *clock) load(ctx context.Context) (state, int64, error) {
	var d struct {
		Rev int64  `bson:"rev"`
		Doc string `bson:"doc"`
	}
	if err := c.docs.FindOne(ctx, bson.M{"_id": clockID}).Decode(&d); err != nil {
		return state{}, 0, err
	}
	var s state
	if err := json.Unmarshal([]byte(d.Doc), &s); err != nil {
		return state{}, 0, fmt.Errorf("read clock: %w", err)
	}
	return s, d.Rev, nil
}

// change applies f to the clock by compare-and-swap; f may run several times.
func (c *clock) change(ctx context.Context, f func(*state) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for try := range 200 {
		s, rev, err := c.load(ctx)
		if err != nil {
			return err
		}
		if err := f(&s); err != nil {
			return err
		}
		doc, err := json.Marshal(s)
		if err != nil {
			return err
		}
		res, err := c.docs.ReplaceOne(ctx, bson.M{"_id": clockID, "rev": rev}, bson.M{"_id": clockID, "rev": rev + 1, "doc": string(doc)})
		if err != nil {
			return err
		}
		if res.MatchedCount == 1 {
			return nil
		}
		if err := pause(ctx, time.Duration(rand.IntN(1+min(try, 20)))*time.Millisecond); err != nil { //nolint:gosec // jitter
			return err
		}
	}
	return errBusy
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeOff gives the batch n stored numbers and a lease, unless now says that no
// one wants it any more. before is the last number given out until then, salt that of the
// tombstones.
func (c *clock) takeOff(ctx context.Context, batch string, n int, now func() (time.Time, error)) (f flight, before int64, salt string, err error) {
	err = c.change(ctx, func(s *state) error {
		salt = s.Salt
		if i := slices.IndexFunc(s.Flights, of(batch)); i >= 0 { // an answer got lost
			f, before = s.Flights[i], 0
			return nil
		}
		if len(s.Aborted) >= maxAborted {
			return errFull
		}
		at, err := now()
		if err != nil {
			return err
		}
		before = s.Last
		f = flight{Batch: batch, First: max(at.UnixNano(), s.Last+1), Count: n, Expires: time.Now().Add(c.lease)}
		s.Last = f.First + int64(n) - 1
		s.Flights = append(s.Flights, f)
		return nil
	})
	return f, before, salt, err
}

// errLost says that a flight's lease ran out before it landed.
var errLost = errors.New("the batch took too long and was given up")

// errUnsure says that a writer was away for so long that no one knows any more
// whether its batch had landed or was given up.
var errUnsure = errors.New("the batch took too long: whether it is in is not known")

// land makes the batch visible, or says that it was aborted. Landing twice, after
// an answer that got lost, is fine.
func (c *clock) land(ctx context.Context, f flight) error {
	return c.change(ctx, func(s *state) error {
		i := slices.IndexFunc(s.Flights, of(f.Batch))
		switch {
		case slices.ContainsFunc(s.Aborted, of(f.Batch)):
			return errLost
		case i < 0 && time.Now().After(f.Expires.Add(settled/2)): // it may have left the quarantine
			return errUnsure
		case i < 0:
			return nil
		}
		s.Flights = slices.Delete(s.Flights, i, i+1)
		return nil
	})
}

// quarantine takes a batch that is under way out of the air for good, whatever of
// it still arrives.
func (c *clock) quarantine(ctx context.Context, batch string) error {
	return c.change(ctx, func(s *state) error {
		s.Flights = slices.DeleteFunc(s.Flights, func(f flight) bool {
			if f.Batch != batch {
				return false
			}
			f.Expires = time.Now().Add(isolation)
			s.Aborted = append(s.Aborted, f)
			return true
		})
		return nil
	})
}

// recover aborts flights whose lease ran out, and ends quarantines.
func (c *clock) recover(ctx context.Context) error {
	var aborted, over []flight
	now := time.Now()
	err := c.change(ctx, func(s *state) error {
		aborted, over = nil, nil
		s.Flights = slices.DeleteFunc(s.Flights, func(f flight) bool {
			if now.Before(f.Expires) {
				return false
			}
			f.Expires = now.Add(isolation)
			aborted = append(aborted, f)
			s.Aborted = append(s.Aborted, f)
			return true
		})
		over = s.over(now)
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range slices.Concat(aborted, over) {
		if err := c.abort(ctx, f); err != nil {
			return err
		}
	}
	if len(over) == 0 {
		return nil
	}
	return c.change(ctx, func(s *state) error { // only after their documents are gone
		s.Aborted = slices.DeleteFunc(s.Aborted, func(f flight) bool { return slices.ContainsFunc(over, of(f.Batch)) })
		return nil
	})
}

// over are the batches whose quarantine ends: it has lasted, or is half full and
// they are the oldest of it.
func (s *state) over(now time.Time) []flight {
	var over []flight
	most := now.Add(isolation - settled) // of the end of one that has settled
	for i, f := range s.Aborted {        // in the order in which they came
		if now.After(f.Expires) || len(s.Aborted)-i > maxAborted/2 && most.After(f.Expires) {
			over = append(over, f)
		}
	}
	return over
}

// view is what readers see at one moment.
type view struct {
	horizon  int64 // statements up to here are visible
	repaired int64
	revision int64
	changes  int64
	flying   bool     // something is under way
	aborted  []flight // batches to leave out
}

// view reads the clock; if a writer has crashed it clears up first.
func (c *clock) view(ctx context.Context) (view, error) {
	s, _, err := c.load(ctx)
	if err != nil {
		return view{}, err
	}
	now := time.Now()
	late := func(f flight) bool { return now.After(f.Expires) }
	if slices.ContainsFunc(s.Flights, late) || len(s.over(now)) > 0 {
		if err := c.recover(ctx); err != nil {
			return view{}, err
		}
		if s, _, err = c.load(ctx); err != nil {
			return view{}, err
		}
	}
	v := view{horizon: s.Last, repaired: s.Repaired, revision: s.Revision, changes: s.Changes, flying: len(s.Flights) > 0, aborted: s.Aborted}
	for _, f := range s.Flights {
		v.horizon = min(v.horizon, f.First-1)
	}
	return v, nil
}

// sees tells whether readers may see the document.
func (v view) sees(d document) bool {
	return d.Stored <= v.horizon && !slices.ContainsFunc(v.aborted, of(d.Batch))
}

// counts tells whether other documents are related to this one.
func (v view) counts(d document) bool { return v.sees(d) && !d.Leaving }

// filter is the part of a query that bounds stored and leaves out what was aborted.
func (v view) filter(after, until int64) bson.D {
	f := bson.D{{Key: "stored", Value: bson.M{"$gt": after, "$lte": until}}}
	if len(v.aborted) > 0 {
		batches := make([]string, len(v.aborted))
		for i, f := range v.aborted {
			batches[i] = f.Batch
		}
		f = append(f, bson.E{Key: "batch", Value: bson.M{"$nin": batches}})
	}
	return f
}
