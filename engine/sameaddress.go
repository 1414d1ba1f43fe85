package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Somebody may be asked by e-mail address before they come with an account that has the same address. The two are taken
// for one person only as far as the account's own platform goes: its word about addresses is its own, and another
// platform of the tenant asks nobody by it (docs/decisions/021-who-shares-an-address.md).

// atAddress is the person without account who has the address of somebody's account. Not found: there is none.
func (s *Service) atAddress(ctx context.Context, p Person) (Person, bool, error) {
	if !p.known() || p.Email == "" {
		return Person{}, false, nil
	}
	same, err := s.o.Store.PersonByEmail(ctx, strings.ToLower(p.Email))
	if errors.Is(err, ErrNotFound) || err == nil && (same.ID == p.ID || same.known()) {
		return Person{}, false, nil
	}
	if err != nil {
		return Person{}, false, fmt.Errorf("find who is known at the address of %s: %w", p.ID, err)
	}
	return same, true, nil
}

// vouchesFor tells whether an enrolment is of the platform that gave a person their account, and so their address.
func (e *Enrolment) vouchesFor(p Person) bool { return p.Issuer != "" && e.Course.Issuer == p.Issuer }

// vouched remembers which enrolments are of a person's own platform.
type vouched struct {
	s     *Service
	of    Person
	known map[EnrolmentID]bool
}

func (s *Service) vouched(of Person) *vouched {
	return &vouched{s: s, of: of, known: map[EnrolmentID]bool{}}
}

// is tells it of one enrolment; none, or one that is gone, is not.
func (v *vouched) is(ctx context.Context, id EnrolmentID) (bool, error) {
	if is, known := v.known[id]; known || id == "" {
		return is, nil
	}
	e, err := v.s.o.Store.Enrolment(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	v.known[id] = err == nil && e.vouchesFor(v.of)
	return v.known[id], nil
}
