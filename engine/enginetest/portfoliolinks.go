package enginetest

import (
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func portfolioLinksAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	one := engine.PortfolioLink{ID: "1", Owner: "sam", Label: "for Max", Workflows: []engine.WorkflowID{"a", "b"}, CustomerData: true, CreatedAt: at(0), ExpiresAt: at(10)}
	two := engine.PortfolioLink{ID: "2", Owner: "sam", CreatedAt: at(1), ExpiresAt: at(10)}
	other := engine.PortfolioLink{ID: "3", Owner: "kim", CreatedAt: at(2), ExpiresAt: at(10)}
	for _, l := range []engine.PortfolioLink{one, two, other} {
		must(t, s.PutPortfolioLink(ctx, l))
	}
	one.RevokedAt, one.LastUsed, one.Uses = at(3), at(2), 1
	must(t, s.PutPortfolioLink(ctx, one))
	same(t, "a link", got[engine.PortfolioLink](t)(s.PortfolioLink(ctx, "1")), one)
	same(t, "those of sam", got[[]engine.PortfolioLink](t)(s.PortfolioLinksOf(ctx, "sam")), []engine.PortfolioLink{two, one})
	must(t, s.DeletePortfolioLink(ctx, "2"))
	must(t, s.DeletePortfolioLink(ctx, "2"))
	same(t, "removed", got[int](t)(s.DeletePortfolioLinks(ctx, "sam")), 1)
	if _, err := s.PortfolioLink(ctx, "1"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("a removed link: %v", err)
	}
	same(t, "those of kim", got[[]engine.PortfolioLink](t)(s.PortfolioLinksOf(ctx, "kim")), []engine.PortfolioLink{other})
}
