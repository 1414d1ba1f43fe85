package enginesqlite

import (
	"context"

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
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_people (id, rev, key, doc) VALUES (?, 1, ?, ?)`,
		string(p.ID), p.Key(), doc)
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
	result, err := s.db.ExecContext(ctx, `UPDATE engine_people SET rev = ?, key = ?, doc = ? WHERE id = ? AND rev = ?`,
		p.Rev, p.Key(), doc, string(p.ID), was)
	if err != nil {
		return fail(op, err)
	}
	return s.swapped(ctx, op, "engine_people", string(p.ID), result)
}

// Person finds someone by id.
func (s *Store) Person(ctx context.Context, id engine.PersonID) (engine.Person, error) {
	return document[engine.Person](ctx, s, "person", `SELECT doc FROM engine_people WHERE id = ?`, string(id))
}

// PersonByAccount finds someone by the account in their LMS.
func (s *Store) PersonByAccount(ctx context.Context, issuer, subject string) (engine.Person, error) {
	return document[engine.Person](ctx, s, "person by account", `SELECT doc FROM engine_people WHERE key = ?`, engine.AccountKey(issuer, subject))
}

// PersonByEmail finds someone without account by e-mail address, whatever its case.
func (s *Store) PersonByEmail(ctx context.Context, email string) (engine.Person, error) {
	return document[engine.Person](ctx, s, "person by e-mail", `SELECT doc FROM engine_people WHERE key = ?`, engine.EmailKey(email))
}
