package enginemongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// CreatePerson adds someone new, at revision 1.
func (s *Store) CreatePerson(ctx context.Context, p engine.Person) error {
	const op = "create person"
	p.Rev = 1
	doc, err := encode(op, p)
	if err != nil {
		return err
	}
	_, err = s.people.InsertOne(ctx, bson.D{{Key: "_id", Value: string(p.ID)}, {Key: "rev", Value: p.Rev},
		{Key: "key", Value: p.Key()}, {Key: "doc", Value: doc}})
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// SavePerson replaces the document at revision p.Rev.
func (s *Store) SavePerson(ctx context.Context, p engine.Person) error {
	const op = "save person"
	was := p.Rev
	p.Rev++
	doc, err := encode(op, p)
	if err != nil {
		return err
	}
	err = swap(ctx, op, s.people, string(p.ID), was,
		bson.D{{Key: "rev", Value: p.Rev}, {Key: "key", Value: p.Key()}, {Key: "doc", Value: doc}})
	if err == nil || errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrNotFound) {
		return err
	}
	// Not every server says clearly that the account or e-mail is somebody else's.
	other, findErr := document[engine.Person](ctx, op, s.people, is("key", p.Key()), nil)
	if findErr == nil && other.ID != p.ID {
		return fmt.Errorf("enginemongo: %s: %w", op, engine.ErrConflict)
	}
	return err
}

// Person finds someone by id.
func (s *Store) Person(ctx context.Context, id engine.PersonID) (engine.Person, error) {
	return document[engine.Person](ctx, "person", s.people, is("_id", string(id)), nil)
}

// PersonByAccount finds someone by the account in their LMS.
func (s *Store) PersonByAccount(ctx context.Context, issuer, subject string) (engine.Person, error) {
	return document[engine.Person](ctx, "person by account", s.people, is("key", engine.AccountKey(issuer, subject)), nil)
}

// PersonByEmail finds someone without account by e-mail address, whatever its case.
func (s *Store) PersonByEmail(ctx context.Context, email string) (engine.Person, error) {
	return document[engine.Person](ctx, "person by e-mail", s.people, is("key", engine.EmailKey(email)), nil)
}
