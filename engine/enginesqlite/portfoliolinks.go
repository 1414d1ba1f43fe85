package enginesqlite

import (
	"context"

	"github.com/cairn-lms/cairn/engine"
)

// portfolioLinkSchema keeps the links to portfolios, by the hash of their secret.
var portfolioLinkSchema = []string{
	`CREATE TABLE IF NOT EXISTS engine_portfolio_links (
		id TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, created_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT`,
	`CREATE INDEX IF NOT EXISTS engine_portfolio_links_owner ON engine_portfolio_links (owner, created_at, id)`,
}

const portfolioLinksOf = `SELECT doc FROM engine_portfolio_links WHERE owner = ? ORDER BY created_at DESC, id DESC LIMIT ?`

// PutPortfolioLink keeps a link.
func (s *Store) PutPortfolioLink(ctx context.Context, l engine.PortfolioLink) error {
	const op = "put portfolio link"
	doc, err := encode(op, l)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_portfolio_links (id, owner, created_at, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, created_at = excluded.created_at, doc = excluded.doc`,
		string(l.ID), string(l.Owner), engine.Nanos(l.CreatedAt), doc)
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// PortfolioLink finds a link.
func (s *Store) PortfolioLink(ctx context.Context, id engine.PortfolioLinkID) (engine.PortfolioLink, error) {
	return document[engine.PortfolioLink](ctx, s, "portfolio link", `SELECT doc FROM engine_portfolio_links WHERE id = ?`, string(id))
}

// PortfolioLinksOf lists a person's links, latest first.
func (s *Store) PortfolioLinksOf(ctx context.Context, owner engine.PersonID) ([]engine.PortfolioLink, error) {
	return documents[engine.PortfolioLink](ctx, s, "portfolio links", portfolioLinksOf, string(owner), maxLinks)
}

// DeletePortfolioLink removes a link.
func (s *Store) DeletePortfolioLink(ctx context.Context, id engine.PortfolioLinkID) error {
	_, err := s.remove(ctx, "delete portfolio link", `DELETE FROM engine_portfolio_links WHERE id = ?`, string(id))
	return err
}

// DeletePortfolioLinks removes all links of a person.
func (s *Store) DeletePortfolioLinks(ctx context.Context, owner engine.PersonID) (int, error) {
	return s.remove(ctx, "delete portfolio links", `DELETE FROM engine_portfolio_links WHERE owner = ?`, string(owner))
}
