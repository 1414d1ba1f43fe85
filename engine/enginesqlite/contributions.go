package enginesqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/cairn-lms/cairn/engine"
)

// PutContribution writes what someone handed in or drafted, over what stood there.
func (s *Store) PutContribution(ctx context.Context, c engine.Contribution) error {
	const op = "put contribution"
	doc, err := encode(op, c)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx,
		`INSERT INTO engine_contributions (id, enrolment, at, doc) VALUES (?, ?, ?, ?)
		 ON CONFLICT (id) DO UPDATE SET enrolment = excluded.enrolment, at = excluded.at, doc = excluded.doc`,
		string(c.ID), string(c.Enrolment), engine.Nanos(c.At), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// Contribution finds one by id.
func (s *Store) Contribution(ctx context.Context, id engine.ContributionID) (engine.Contribution, error) {
	return document[engine.Contribution](ctx, s, "contribution", `SELECT doc FROM engine_contributions WHERE id = ?`, string(id))
}

// Contributions gives all of an enrolment, oldest first.
func (s *Store) Contributions(ctx context.Context, e engine.EnrolmentID) ([]engine.Contribution, error) {
	return documents[engine.Contribution](ctx, s, "contributions",
		`SELECT doc FROM engine_contributions WHERE enrolment = ? ORDER BY at, id LIMIT ?`, string(e), maxRows)
}

// PutBlob keeps a file under the hash of its bytes (lower-case hex).
func (s *Store) PutBlob(ctx context.Context, sum string, data []byte) error {
	const op = "put blob"
	if len(data) > engine.MaxBlob {
		return fmt.Errorf("enginesqlite: %s: %w: %d bytes, %d at most", op, engine.ErrInvalid, len(data), engine.MaxBlob)
	}
	if have := sha256.Sum256(data); hex.EncodeToString(have[:]) != sum {
		return fmt.Errorf("enginesqlite: %s: %w: the bytes have another SHA-256", op, engine.ErrInvalid)
	}
	if _, err := s.db.ExecContext(ctx,
		`INSERT INTO engine_blobs (sha256, data) VALUES (?, ?) ON CONFLICT DO NOTHING`, sum, nonNil(data)); err != nil {
		return fail(op, err)
	}
	return nil
}

// Blob gives a file by its hash.
func (s *Store) Blob(ctx context.Context, sum string) ([]byte, error) {
	var data []byte
	if err := s.db.QueryRowContext(ctx, `SELECT data FROM engine_blobs WHERE sha256 = ?`, sum).Scan(&data); err != nil {
		return nil, fail("blob", err)
	}
	return nonNil(data), nil
}

// HasBlob tells whether a file is there.
func (s *Store) HasBlob(ctx context.Context, sum string) (there bool, err error) {
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM engine_blobs WHERE sha256 = ?)`, sum).Scan(&there); err != nil {
		return false, fail("has blob", err)
	}
	return there, nil
}

// nonNil keeps an empty file apart from null.
func nonNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}
