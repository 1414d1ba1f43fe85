package enginemongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/cairn-lms/cairn/engine"
)

// PutPortfolioLink keeps a link.
func (s *Store) PutPortfolioLink(ctx context.Context, l engine.PortfolioLink) error {
	const op = "put portfolio link"
	doc, err := encode(op, l)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.portfolioLinks, string(l.ID), bson.D{{Key: "_id", Value: string(l.ID)},
		{Key: "owner", Value: string(l.Owner)}, {Key: "created_at", Value: engine.Nanos(l.CreatedAt)}, {Key: "doc", Value: doc}})
}

// PortfolioLink finds a link.
func (s *Store) PortfolioLink(ctx context.Context, id engine.PortfolioLinkID) (engine.PortfolioLink, error) {
	return document[engine.PortfolioLink](ctx, "portfolio link", s.portfolioLinks, is("_id", string(id)), nil)
}

// PortfolioLinksOf lists a person's links, latest first.
func (s *Store) PortfolioLinksOf(ctx context.Context, owner engine.PersonID) ([]engine.PortfolioLink, error) {
	return documents[engine.PortfolioLink](ctx, "portfolio links", s.portfolioLinks, is("owner", string(owner)), descending("created_at", "_id"), maxLinks)
}

// DeletePortfolioLink removes a link.
func (s *Store) DeletePortfolioLink(ctx context.Context, id engine.PortfolioLinkID) error {
	_, err := removeAll(ctx, "delete portfolio link", s.portfolioLinks, is("_id", string(id)))
	return err
}

// DeletePortfolioLinks removes all links of a person.
func (s *Store) DeletePortfolioLinks(ctx context.Context, owner engine.PersonID) (int, error) {
	return removeAll(ctx, "delete portfolio links", s.portfolioLinks, is("owner", string(owner)))
}
