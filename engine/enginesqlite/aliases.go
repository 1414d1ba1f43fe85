package enginesqlite

import (
	"context"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// PutAlias notes that an account goes by a name.
func (s *Store) PutAlias(ctx context.Context, a engine.Alias) error {
	const op = "put alias"
	doc, err := encode(op, a)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx,
		`INSERT INTO engine_aliases (name, account, seen, doc) VALUES (?, ?, ?, ?)
		 ON CONFLICT (name, account) DO UPDATE SET seen = excluded.seen, doc = excluded.doc`,
		a.Of.Key(), engine.AccountKey(a.Issuer, a.Subject), engine.Nanos(a.Seen), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// AliasesOf lists the accounts of a name, last seen first.
func (s *Store) AliasesOf(ctx context.Context, name engine.Identity) ([]engine.Alias, error) {
	return documents[engine.Alias](ctx, s, "aliases", `SELECT doc FROM engine_aliases WHERE name = ? ORDER BY seen DESC, account LIMIT ?`, name.Key(), maxAliases)
}

// ForgetSignals removes what expired.
func (s *Store) ForgetSignals(ctx context.Context, before time.Time) (int, error) {
	const op = "forget signals"
	result, err := s.db.ExecContext(ctx, `DELETE FROM engine_signals WHERE `+signalExpires+` < ?`, before.UTC().Format(time.RFC3339))
	if err != nil {
		return 0, fail(op, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fail(op, err)
	}
	return int(n), nil
}
