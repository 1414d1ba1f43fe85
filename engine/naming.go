package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// known are the people with an account who go by a name now. More than one: the name is ambiguous.
//
// The name of an account in an LMS's own issuer may be the user's id or, where its statements are set so, the user name,
// and people choose user names: somebody called "77" must not be taken for the user with the id 77. So an id is one
// whoever else goes by that name, and a number is an id until the LMS has shown that it names people by user names.
func (s *Service) known(ctx context.Context, id Identity) ([]Person, error) {
	var found []Person
	p, err := s.o.Store.PersonByAccount(ctx, id.Issuer, id.Name)
	switch {
	case err == nil:
		found = append(found, p)
	case !errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("find person: %w", err)
	}
	ofLMS := id.Issuer != emailNames && !strings.HasPrefix(id.Issuer, canvasNames)
	if ofLMS {
		userName := len(found) == 0
		if isNumber(id.Name) {
			if userName, err = s.namesByUserName(ctx, id.Issuer); err != nil {
				return nil, err
			}
		}
		if !userName {
			return found, nil
		}
	}
	named, err := s.named(ctx, id)
	for _, p := range named {
		if !slices.ContainsFunc(found, func(f Person) bool { return f.ID == p.ID }) {
			found = append(found, p)
		}
	}
	return found, err
}

// named are the people whose other name it is now; a name of the past does not count.
func (s *Service) named(ctx context.Context, id Identity) ([]Person, error) {
	aliases, err := s.o.Store.AliasesOf(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("find person by name: %w", err)
	}
	var found []Person
	for _, a := range aliases {
		p, err := s.o.Store.PersonByAccount(ctx, a.Issuer, a.Subject)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("find person by name: %w", err)
		}
		if slices.Contains(p.Names, id) {
			found = append(found, p)
		}
	}
	return found, nil
}

// free are those of the names that nobody else goes by. Launch parameters of a link are its author's words: they may add
// a name to somebody, but take none from anybody.
func (s *Service) free(ctx context.Context, p Person, names []Identity) ([]Identity, error) {
	var free []Identity
	for _, n := range names {
		if !n.usable() {
			continue
		}
		if slices.Contains(p.Names, n) {
			free = append(free, n)
			continue
		}
		others, err := s.named(ctx, n)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(others, func(o Person) bool { return o.ID != p.ID }) {
			s.o.Log.Warn("a launch names somebody by a name that is somebody else's; it is not taken", "person", p.ID)
			continue
		}
		free = append(free, n)
	}
	return free, nil
}

// namings is the namespace in which it is kept, as an alias of nobody, that an LMS names people by user names.
const (
	namings    = "named-by:"
	byUserName = "user name"
)

func (s *Service) namesByUserName(ctx context.Context, issuer string) (bool, error) {
	kept, err := s.o.Store.AliasesOf(ctx, Identity{Issuer: namings, Name: issuer})
	if err != nil {
		return false, fmt.Errorf("how an LMS names people: %w", err)
	}
	return len(kept) > 0, nil
}

// learnNaming looks whether a statement of an LMS that gives people numbers for ids names somebody by a user name that
// is no number: then it does so with everybody.
func (s *Service) learnNaming(ctx context.Context, who Identity) error {
	if isNumber(who.Name) || who.Issuer == emailNames {
		return nil
	}
	found, err := s.known(ctx, who)
	if err != nil || len(found) != 1 || found[0].Issuer != who.Issuer || found[0].Subject == who.Name || !isNumber(found[0].Subject) {
		return err
	}
	if is, err := s.namesByUserName(ctx, who.Issuer); err != nil || is {
		return err
	}
	note := Alias{Of: Identity{Issuer: namings, Name: who.Issuer}, Issuer: who.Issuer, Subject: byUserName, Seen: s.now()}
	if err := s.o.Store.PutAlias(ctx, note); err != nil {
		return fmt.Errorf("how an LMS names people: %w", err)
	}
	return nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
