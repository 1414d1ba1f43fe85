package lti

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Rotation of our keys. A key's state follows from the clock alone, so no process
// has to be there to change it:
//
//	state     from                                  published  signs
//	upcoming  CreatedAt                             yes        no     platforms cache our key set
//	signing   CreatedAt+Overlap                     yes        yes
//	retired   the next key signs                    yes        no     assertions are under way
//	expired   that, plus the next key's overlap     no         no     removed by RotateDue
//
// Of several keys whose time has come, the one that came last signs.
const (
	KeyUpcoming = "upcoming"
	KeySigning  = "signing"
	KeyRetired  = "retired"
	keyExpired  = "expired"
)

const (
	keyOverlap     = 24 * time.Hour      // platforms may cache our key set as long
	keyOverlapLess = 10 * time.Minute    // what a retired key is published for at least
	defaultKeyLife = 90 * 24 * time.Hour // from one rotation to the next
	keyOrphanLife  = 24 * time.Hour      // a key without registration: one is being made, or was removed
)

// SigningKeys keeps our keys.
type SigningKeys interface {
	// Keys lists all keys, oldest first.
	Keys(ctx context.Context) ([]Key, error)
	// KeysOf lists the keys of a registration, oldest first.
	KeysOf(ctx context.Context, r RegistrationID) ([]Key, error)
	// PutKey adds or replaces the key of this id.
	PutKey(ctx context.Context, k Key) error
	// RemoveKey removes a key; an unknown id is none.
	RemoveKey(ctx context.Context, id string) error
}

// OurKey is a key of ours as an administrator sees it.
type OurKey struct {
	ID        string // the kid
	State     string // KeyUpcoming …
	CreatedAt time.Time
	SignsFrom time.Time
	Until     time.Time // published until; zero: no end in sight
}

// signsFrom is when the key takes over.
func (k Key) signsFrom() time.Time { return k.CreatedAt.Add(k.Overlap) }

// statesOf says where the keys of one registration stand, in order of their time; pure.
func statesOf(keys []Key, now time.Time) ([]Key, []OurKey) {
	keys = slices.SortedFunc(slices.Values(keys), func(a, b Key) int {
		return cmp.Or(a.signsFrom().Compare(b.signsFrom()), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	states := make([]OurKey, len(keys))
	for i, k := range keys {
		s := OurKey{ID: k.ID, State: KeySigning, CreatedAt: k.CreatedAt, SignsFrom: k.signsFrom()}
		if i+1 < len(keys) {
			next := keys[i+1]
			s.Until = next.signsFrom().Add(max(next.Overlap, keyOverlapLess))
			if !now.Before(next.signsFrom()) {
				s.State = KeyRetired
			}
			if !now.Before(s.Until) {
				s.State = keyExpired
			}
		}
		if now.Before(s.SignsFrom) && i > 0 { // the first signs, whatever the clock says
			s.State = KeyUpcoming
		}
		states[i] = s
	}
	return keys, states
}

// OurKeys lists our keys of a registration that are published, oldest first.
func (t *Tool) OurKeys(ctx context.Context, r RegistrationID) ([]OurKey, error) {
	keys, err := t.store.KeysOf(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("lti: our keys: %w", err)
	}
	_, states := statesOf(keys, t.now())
	return slices.DeleteFunc(states, func(s OurKey) bool { return s.State == keyExpired }), nil
}

// signingKey is the key of a registration that signs now.
func (t *Tool) signingKey(ctx context.Context, r RegistrationID) (Key, error) {
	keys, err := t.store.KeysOf(ctx, r)
	if err != nil {
		return Key{}, err
	}
	keys, states := statesOf(keys, t.now())
	for i, s := range states {
		if s.State == KeySigning {
			return keys[i], nil
		}
	}
	return Key{}, fmt.Errorf("our key of registration %s: %w", r, ErrNotFound)
}

// RotateKey makes a new key for a registration. It is published now and signs a
// day later, so that platforms have fetched it; the old one stays published for
// another day. With atOnce it signs now, and the old one goes after ten minutes:
// for a key that may be known to others. ErrConflict while a rotation is under
// way, unless atOnce.
func (t *Tool) RotateKey(ctx context.Context, r RegistrationID, atOnce bool) (OurKey, error) {
	if _, err := t.store.Registration(ctx, r); err != nil {
		return OurKey{}, fmt.Errorf("lti: rotate key: %w", err)
	}
	keys, err := t.store.KeysOf(ctx, r)
	if err != nil {
		return OurKey{}, fmt.Errorf("lti: rotate key: %w", err)
	}
	_, states := statesOf(keys, t.now())
	for _, s := range states {
		if s.State != KeyUpcoming {
			continue
		}
		if !atOnce {
			return OurKey{}, fmt.Errorf("lti: rotate key: the key %s signs from %s: %w", s.ID, stamp(s.SignsFrom), ErrConflict)
		}
		if err := t.store.RemoveKey(ctx, s.ID); err != nil { // it has signed nothing
			return OurKey{}, fmt.Errorf("lti: rotate key: %w", err)
		}
	}
	k, err := t.newKey(r)
	if err != nil {
		return OurKey{}, err
	}
	state := KeySigning
	if !atOnce {
		k.Overlap, state = keyOverlap, KeyUpcoming
	}
	if err := t.store.PutKey(ctx, k); err != nil {
		return OurKey{}, fmt.Errorf("lti: rotate key: %w", err)
	}
	t.log.InfoContext(ctx, "audit", "act", "rotate key", "registration", r, "kid", k.ID, "signs_from", k.signsFrom())
	return OurKey{ID: k.ID, State: state, CreatedAt: k.CreatedAt, SignsFrom: k.signsFrom()}, nil
}

// RotateDue rotates the keys that are older than Options.KeyLife, and removes the
// expired; with Options.PreviousSecret it seals anew. Call it daily, from any
// number of processes: one does it. A key that fails does not keep the others.
func (t *Tool) RotateDue(ctx context.Context) error {
	holder, now := secret(), time.Now()
	held, err := t.store.TakeLease(ctx, "lti-rotate-keys", holder, now, now.Add(10*time.Minute))
	if err != nil {
		return fmt.Errorf("lti: rotate due: %w", err)
	}
	if !held {
		return nil
	}
	defer func() { _ = t.store.ReleaseLease(context.WithoutCancel(ctx), "lti-rotate-keys", holder) }() // it ends by itself
	if len(t.o.PreviousSecret) > 0 {
		n, err := t.Reseal(ctx)
		if err != nil {
			return err
		}
		t.log.InfoContext(ctx, "everything is sealed with the new secret; the previous one is needed no more", "resealed", n)
	}
	all, err := t.store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("lti: rotate due: %w", err)
	}
	of := map[RegistrationID][]Key{}
	for _, k := range all {
		of[k.Registration] = append(of[k.Registration], k)
	}
	var failed []error
	for r, keys := range of {
		failed = append(failed, t.rotateIfDue(ctx, r, keys))
	}
	return errors.Join(failed...)
}

func (t *Tool) rotateIfDue(ctx context.Context, r RegistrationID, keys []Key) error {
	now := t.now()
	reg, err := t.store.Registration(ctx, r)
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return fmt.Errorf("lti: rotate due: %w", err)
	}
	_, states := statesOf(keys, now)
	for _, s := range states {
		if s.State == keyExpired || gone && now.Sub(s.CreatedAt) > keyOrphanLife {
			if err := t.store.RemoveKey(ctx, s.ID); err != nil {
				return fmt.Errorf("lti: rotate due: %w", err)
			}
		}
	}
	newest := states[len(states)-1]
	if gone || reg.Status != StatusActive || now.Sub(newest.CreatedAt) < t.o.KeyLife {
		return nil
	}
	if _, err := t.RotateKey(ctx, r, false); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

// Reseal seals anew whatever Options.PreviousSecret opens, so that the previous
// secret can be forgotten. It answers how many; doing it again does nothing.
func (t *Tool) Reseal(ctx context.Context) (int, error) {
	all, err := t.store.Keys(ctx)
	if err != nil {
		return 0, fmt.Errorf("lti: reseal: %w", err)
	}
	n := 0
	for _, k := range all {
		sealed, changed, err := t.seal.again(k.Sealed, sealLabel(k.Registration, k.ID))
		if err != nil {
			return n, fmt.Errorf("lti: reseal key %s: %w", k.ID, err)
		}
		if !changed {
			continue
		}
		k.Sealed = sealed
		if err := t.store.PutKey(ctx, k); err != nil {
			return n, fmt.Errorf("lti: reseal: %w", err)
		}
		n++
	}
	legacy, err := t.store.LegacyKeys(ctx)
	if err != nil {
		return n, fmt.Errorf("lti: reseal: %w", err)
	}
	for _, k := range legacy {
		sealed, changed, err := t.seal.again(k.Sealed, legacyLabel(k.Tenant, k.ConsumerKey))
		if err != nil {
			return n, fmt.Errorf("lti: reseal LTI 1.1 key %s of %s: %w", k.ConsumerKey, k.Tenant, err)
		}
		if !changed {
			continue
		}
		k.Sealed = sealed
		if err := t.store.PutLegacyKey(ctx, k); err != nil {
			return n, fmt.Errorf("lti: reseal: %w", err)
		}
		n++
	}
	return n, nil
}
