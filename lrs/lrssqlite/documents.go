package lrssqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/cairn-lms/cairn/lrs"
)

// documentSchema has the agent first in its key: all of one agent's documents are
// a range too.
const documentSchema = `
CREATE TABLE IF NOT EXISTS lrs_documents (
	agent        TEXT NOT NULL,
	resource     TEXT NOT NULL,
	activity     TEXT NOT NULL,
	registration TEXT NOT NULL,
	name         TEXT NOT NULL,
	updated      INTEGER NOT NULL,
	type         TEXT NOT NULL,
	body         BLOB NOT NULL,
	UNIQUE (agent, resource, activity, registration, name)
) STRICT;`

const inSet = ` WHERE agent = ? AND resource = ? AND activity = ? AND registration = ?`

// args are the arguments of inSet, and more.
func args(set lrs.DocumentSet, more ...any) []any {
	return append([]any{set.Agent, string(set.Resource), set.Activity, set.Registration}, more...)
}

// Document implements lrs.Documents.
func (s *Store) Document(ctx context.Context, id lrs.DocumentID) (lrs.Document, error) {
	d, err := document(s.db.QueryRowContext(ctx, selectDocument, args(id.DocumentSet, id.Name)...))
	if err == nil && d == nil {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Document{}, fmt.Errorf("lrssqlite: document: %w", err)
	}
	return *d, nil
}

const selectDocument = `SELECT type, updated, body FROM lrs_documents` + inSet + ` AND name = ?`

// document reads a row of selectDocument; nil if there is none.
func document(row *sql.Row) (*lrs.Document, error) {
	var d lrs.Document
	err := row.Scan(&d.Type, &d.Updated, &d.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // no document
	}
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// ChangeDocument implements lrs.Documents: it reads, and writes if what it read is
// still there, until that succeeds. Whenever it does not, another's change has.
// change runs while others write: it may take its time.
func (s *Store) ChangeDocument(ctx context.Context, id lrs.DocumentID, change func(*lrs.Document) (*lrs.Document, error)) error {
	place := args(id.DocumentSet, id.Name)
	for {
		old, err := document(s.db.QueryRowContext(ctx, selectDocument, place...))
		if err != nil {
			return fmt.Errorf("lrssqlite: change document: %w", err)
		}
		now, err := change(old)
		if err != nil {
			return err
		}
		done, err := s.swap(ctx, place, old, now)
		if err != nil {
			return fmt.Errorf("lrssqlite: change document: %w", err)
		}
		if done {
			return nil
		}
	}
}

// swap puts now in the place of old, if that is there still. Either may be nil.
func (s *Store) swap(ctx context.Context, place []any, old, now *lrs.Document) (bool, error) {
	var text string
	var with []any
	switch {
	case old == nil && now == nil:
		return true, nil
	case old == nil:
		text, with = insertDocument+` ON CONFLICT DO NOTHING`, append(place[:len(place):len(place)], content(now)...)
	case now == nil:
		text, with = `DELETE FROM lrs_documents`+inSet+` AND name = ?`+unchanged, append(place[:len(place):len(place)], content(old)...)
	default:
		text = `UPDATE lrs_documents SET updated = ?, type = ?, body = ?` + inSet + ` AND name = ?` + unchanged
		with = slices.Concat(content(now), place, content(old))
	}
	var n int64
	err := s.overwrite(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, text, with...)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return n > 0, err
}

const (
	insertDocument = `INSERT INTO lrs_documents (agent, resource, activity, registration, name, updated, type, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	unchanged      = ` AND updated = ? AND type = ? AND body = ?`
)

// content are the values of a document that are not its place.
func content(d *lrs.Document) []any {
	body := d.Body
	if body == nil {
		body = []byte{} // empty is not NULL
	}
	return []any{d.Updated, d.Type, body}
}

const orReplace = ` ON CONFLICT (agent, resource, activity, registration, name)
	DO UPDATE SET updated = excluded.updated, type = excluded.type, body = excluded.body`

// DocumentNames implements lrs.Documents.
func (s *Store) DocumentNames(ctx context.Context, set lrs.DocumentSet, since int64) ([]lrs.DocumentName, error) {
	var out []lrs.DocumentName
	rows, err := s.db.QueryContext(ctx, `SELECT name, updated FROM lrs_documents`+inSet+` AND updated > ? ORDER BY updated, name`, args(set, since)...)
	err = each(rows, err, func() error {
		var d lrs.DocumentName
		err := rows.Scan(&d.Name, &d.Updated)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: document names: %w", err)
	}
	return out, nil
}

// DeleteDocuments implements lrs.Documents.
func (s *Store) DeleteDocuments(ctx context.Context, set lrs.DocumentSet) error {
	err := s.overwrite(ctx, func(tx *sql.Tx) error {
		s.owed = true
		_, err := tx.ExecContext(ctx, `DELETE FROM lrs_documents`+inSet, args(set)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("lrssqlite: delete documents: %w", err)
	}
	return nil
}

// AgentDocuments implements lrs.Documents.
func (s *Store) AgentDocuments(ctx context.Context, agent string) ([]lrs.DocumentID, error) {
	var out []lrs.DocumentID
	rows, err := s.db.QueryContext(ctx, `SELECT agent, resource, activity, registration, name FROM lrs_documents WHERE agent = ?`, agent)
	err = each(rows, err, func() error {
		var id lrs.DocumentID
		err := rows.Scan(&id.Agent, &id.Resource, &id.Activity, &id.Registration, &id.Name)
		out = append(out, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lrssqlite: agent's documents: %w", err)
	}
	return out, nil
}

// DeleteAgentDocuments implements lrs.Documents.
func (s *Store) DeleteAgentDocuments(ctx context.Context, agent string) (int, error) {
	return s.agentDocuments(ctx, "delete", agent, nil)
}

// MoveAgentDocuments implements lrs.Documents.
func (s *Store) MoveAgentDocuments(ctx context.Context, from, to string) (int, error) {
	if from == to {
		return 0, nil
	}
	return s.agentDocuments(ctx, "move", from, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO lrs_documents (agent, resource, activity, registration, name, updated, type, body)
			SELECT ?, resource, activity, registration, name, updated, type, body FROM lrs_documents WHERE agent = ?`+
			orReplace+` WHERE excluded.updated > updated`, to, from)
		return err
	})
}

// agentDocuments removes the agent's documents, after first, and counts them.
func (s *Store) agentDocuments(ctx context.Context, what, agent string, first func(tx *sql.Tx) error) (int, error) {
	var n int64
	err := s.overwrite(ctx, func(tx *sql.Tx) error {
		s.owed = true
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM lrs_documents WHERE agent = ?`, agent)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("lrssqlite: %s agent's documents: %w", what, err)
	}
	return int(n), nil
}
