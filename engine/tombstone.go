package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Tombstone keeps a name of somebody who was erased from coming back by itself. It does not tell whose it is.
type Tombstone struct {
	ID   string    `json:"id"` // salted SHA-256 of an Identity's Key
	At   time.Time `json:"at"`
	Salt string    `json:"salt,omitempty"` // of the one that keeps the salt
}

// bury leaves a tombstone for a name.
func (s *Service) bury(ctx context.Context, n Identity) error {
	id, err := s.grave(ctx, n)
	if err != nil {
		return err
	}
	return s.o.Store.PutTombstone(ctx, Tombstone{ID: id, At: s.now()})
}

// buried tells whether somebody of that name was erased.
func (s *Service) buried(ctx context.Context, n Identity) (bool, error) {
	if n.zero() {
		return false, nil
	}
	if _, err := s.o.Store.Tombstone(ctx, saltID); errors.Is(err, ErrNotFound) {
		return false, nil // nobody ever was
	}
	id, err := s.grave(ctx, n)
	if err != nil {
		return false, err
	}
	_, err = s.o.Store.Tombstone(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a tombstone: %w", err)
	}
	return true, nil
}

const saltID = "salt"

// grave is the id of a name's tombstone.
func (s *Service) grave(ctx context.Context, n Identity) (string, error) {
	salt, err := s.o.Store.Tombstone(ctx, saltID)
	if errors.Is(err, ErrNotFound) {
		if err = s.o.Store.PutTombstone(ctx, Tombstone{ID: saltID, At: s.now(), Salt: rand.Text()}); err == nil {
			salt, err = s.o.Store.Tombstone(ctx, saltID) // ours, or that of who was faster
		}
	}
	if err != nil {
		return "", fmt.Errorf("name a tombstone: %w", err)
	}
	sum := sha256.Sum256([]byte(salt.Salt + n.Key()))
	return hex.EncodeToString(sum[:]), nil
}
