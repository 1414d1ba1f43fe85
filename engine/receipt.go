package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Receipt is what a request that must not be carried out twice was answered with, kept until ExpiresAt.
type Receipt struct {
	Key       string    `json:"key"`
	Hash      string    `json:"hash"`             // of the request
	Status    int       `json:"status,omitempty"` // 0: it is being carried out
	Header    string    `json:"header,omitempty"` // Location of the answer
	Body      []byte    `json:"body,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ReceiptStore keeps receipts.
type ReceiptStore interface {
	// AddReceipt stores r unless one of its Key is there that has not expired at now; it returns the one that stands, and
	// whether that is r.
	AddReceipt(ctx context.Context, r Receipt, now time.Time) (Receipt, bool, error)
	// SaveReceipt upserts by Key.
	SaveReceipt(ctx context.Context, r Receipt) error
	// DropReceipt removes one; none is no error.
	DropReceipt(ctx context.Context, key string) error
	// ForgetReceipts removes those that expired before a time and says how many.
	ForgetReceipts(ctx context.Context, before time.Time) (int, error)
}

// The bounds of receipts.
const (
	maxReceipt  = 256 << 10 // bytes of a body; a larger answer is not kept
	receiptLife = 24 * time.Hour
	receiptHold = 2 * time.Minute // of a request that was never answered
)

// Once carries a request out at most once per key within a day: the same request again (by its hash) is answered with
// what the first was answered with. Another request under the key, or the same while the first runs, is ErrConflict.
// What do refuses or fails with is not kept: it may be tried again.
func (s *Service) Once(ctx context.Context, key, hash string, do func() (Receipt, error)) (_ Receipt, again bool, err error) {
	now := s.o.Wall().UTC()
	mine := Receipt{Key: key, Hash: hash, ExpiresAt: now.Add(receiptHold)}
	stands, fresh, err := s.o.Store.AddReceipt(ctx, mine, now)
	if err != nil {
		return Receipt{}, false, fmt.Errorf("keep receipt: %w", err)
	}
	if !fresh {
		switch {
		case stands.Hash != hash:
			return Receipt{}, true, fmt.Errorf("the key was used for another request: %w", ErrConflict)
		case stands.Status == 0:
			return Receipt{}, true, fmt.Errorf("the same request is being carried out: %w", ErrConflict)
		}
		return stands, true, nil
	}
	done, err := do()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterTime)
	defer cancel()
	if err != nil || len(done.Body) > maxReceipt {
		return done, false, errors.Join(err, s.o.Store.DropReceipt(ctx, key))
	}
	done.Key, done.Hash, done.ExpiresAt = key, hash, now.Add(receiptLife)
	if err := s.o.Store.SaveReceipt(ctx, done); err != nil {
		s.o.Log.Warn("a receipt was not kept", "error", err)
	}
	return done, false, nil
}

// Seen tells whether a signed message comes for the first time, or again with the same body; another body under its id is
// ErrConflict.
func (s *Service) Seen(ctx context.Context, key, hash string, until time.Time) (again bool, err error) {
	stands, fresh, err := s.o.Store.AddReceipt(ctx, Receipt{Key: key, Hash: hash, Status: 1, ExpiresAt: until.UTC()}, s.o.Wall().UTC())
	if err != nil {
		return false, fmt.Errorf("keep receipt: %w", err)
	}
	if !fresh && stands.Hash != hash {
		return true, fmt.Errorf("the id was used for another message: %w", ErrConflict)
	}
	return !fresh, nil
}
