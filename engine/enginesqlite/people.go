package enginesqlite

import (
	"context"
	"encoding/json"
	"strings"

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
		string(p.ID), personKey(p), doc)
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
		p.Rev, personKey(p), doc, string(p.ID), was)
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
	return document[engine.Person](ctx, s, "person by account", `SELECT doc FROM engine_people WHERE key = ?`, accountKey(issuer, subject))
}

// PersonByEmail finds someone without account by e-mail address, whatever its case.
func (s *Store) PersonByEmail(ctx context.Context, email string) (engine.Person, error) {
	return document[engine.Person](ctx, s, "person by e-mail", `SELECT doc FROM engine_people WHERE key = ?`, emailKey(email))
}

// personKey is what may exist only once: the account in the LMS; of someone
// without account the e-mail address; of someone with neither nothing but the id.
func personKey(p engine.Person) string {
	switch {
	case p.Issuer != "" || p.Subject != "":
		return accountKey(p.Issuer, p.Subject)
	case strings.TrimSpace(p.Email) != "":
		return emailKey(p.Email)
	default:
		return key("id", string(p.ID))
	}
}

func accountKey(issuer, subject string) string { return key("account", issuer, subject) }
func emailKey(email string) string             { return key("email", strings.ToLower(strings.TrimSpace(email))) }

// key joins parts so that no two lists of parts look alike.
func key(parts ...string) string {
	joined, _ := json.Marshal(parts) // strings always marshal
	return string(joined)
}
