package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PortfolioLinkStore keeps the links by which learners show their portfolio.
type PortfolioLinkStore interface {
	// PutPortfolioLink upserts by id.
	PutPortfolioLink(ctx context.Context, l PortfolioLink) error
	PortfolioLink(ctx context.Context, id PortfolioLinkID) (PortfolioLink, error)
	// PortfolioLinksOf lists a person's links, latest first (at most 100).
	PortfolioLinksOf(ctx context.Context, owner PersonID) ([]PortfolioLink, error)
	// DeletePortfolioLink removes one; none is no error. DeletePortfolioLinks removes all of a person and says how many.
	DeletePortfolioLink(ctx context.Context, id PortfolioLinkID) error
	DeletePortfolioLinks(ctx context.Context, owner PersonID) (int, error)
}

// PortfolioLinkID is the hex SHA-256 of the secret of a link: the secret itself is kept nowhere.
type PortfolioLinkID string

// PortfolioLink lets whoever has its secret read a learner's portfolio until it expires or is taken back.
type PortfolioLink struct {
	ID           PortfolioLinkID `json:"id"`
	Owner        PersonID        `json:"owner"`
	Label        string          `json:"label,omitempty"`     // for whom, in the learner's words
	Workflows    []WorkflowID    `json:"workflows,omitempty"` // empty: all
	CustomerData bool            `json:"customer_data,omitempty"`
	CreatedAt    time.Time       `json:"created_at"`
	ExpiresAt    time.Time       `json:"expires_at"`
	RevokedAt    time.Time       `json:"revoked_at,omitzero"`
	LastUsed     time.Time       `json:"last_used,omitzero"` // to the minute
	Uses         int             `json:"uses,omitempty"`     // looks, of one minute once
}

// Over tells whether the link opens nothing any more.
func (l PortfolioLink) Over(now time.Time) bool {
	return !l.RevokedAt.IsZero() || !now.Before(l.ExpiresAt)
}

// filter is what the link leaves of a portfolio.
func (l PortfolioLink) filter() PortfolioFilter {
	return PortfolioFilter{NoCustomers: !l.CustomerData, NotKept: true, NoReplaced: true, OnlyApproval: true}
}

// names tells whether the link shows a workflow.
func (l PortfolioLink) names(w WorkflowID) bool {
	return len(l.Workflows) == 0 || slices.Contains(l.Workflows, w)
}

// Bounds of links to a portfolio.
const (
	maxShareLabel   = 100 // bytes
	maxLiveShares   = 20  // of one person
	shareMemory     = 90 * 24 * time.Hour
	shareGrain      = time.Minute
	shareSecretSize = 64 // characters at most
)

// ShareDays are how long a link may last.
func ShareDays() []int { return []int{7, 30, 90} }

// Sharing is what a learner wants to show.
type Sharing struct {
	Label        string
	Days         int          // one of ShareDays
	Workflows    []WorkflowID // empty: all
	CustomerData bool         // also what holds data of customers
}

// SharePortfolio makes a link to the acting person's portfolio and gives its secret, this once.
func (s *Service) SharePortfolio(ctx context.Context, acting PersonID, in Sharing) (string, PortfolioLink, error) {
	p, err := s.Person(ctx, acting)
	if err != nil {
		return "", PortfolioLink{}, err
	}
	if !p.ErasedAt.IsZero() {
		return "", PortfolioLink{}, fmt.Errorf("share a portfolio of somebody who was erased: %w", ErrForbidden)
	}
	if !slices.Contains(ShareDays(), in.Days) {
		return "", PortfolioLink{}, FieldErrors{{Field: "days", Key: "error.required"}}
	}
	if len(in.Workflows) > maxPortfolioPlans {
		return "", PortfolioLink{}, FieldErrors{{Field: "workflows", Key: "error.not_an_answer"}}
	}
	all, err := s.o.Store.PortfolioLinksOf(ctx, acting)
	if err != nil {
		return "", PortfolioLink{}, fmt.Errorf("load links of %s: %w", acting, err)
	}
	now, live := s.now(), 0
	for _, l := range all {
		switch {
		case !l.Over(now):
			live++
		case now.Sub(l.ExpiresAt) > shareMemory:
			if err := s.o.Store.DeletePortfolioLink(ctx, l.ID); err != nil {
				return "", PortfolioLink{}, fmt.Errorf("forget an old link: %w", err)
			}
		}
	}
	if live >= maxLiveShares || len(all) >= 4*maxLiveShares {
		return "", PortfolioLink{}, FieldErrors{{Field: "days", Key: "error.too_many_links", Args: map[string]any{"max": maxLiveShares}}}
	}
	secret := rand.Text()
	l := PortfolioLink{ID: shareID(secret), Owner: acting, Label: clip(strings.TrimSpace(strings.Map(printable, in.Label)), maxShareLabel), Workflows: in.Workflows,
		CustomerData: in.CustomerData, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, in.Days)}
	if err := s.o.Store.PutPortfolioLink(ctx, l); err != nil {
		return "", PortfolioLink{}, fmt.Errorf("share a portfolio: %w", err)
	}
	return secret, l, nil
}

func shareID(secret string) PortfolioLinkID {
	sum := sha256.Sum256([]byte("portfolio link\x00" + secret))
	return PortfolioLinkID(hex.EncodeToString(sum[:]))
}

// PortfolioLinks lists the acting person's links, latest first, those that are over too.
func (s *Service) PortfolioLinks(ctx context.Context, acting PersonID) ([]PortfolioLink, error) {
	all, err := s.o.Store.PortfolioLinksOf(ctx, acting)
	if err != nil {
		return nil, fmt.Errorf("load links of %s: %w", acting, err)
	}
	return all, nil
}

// RevokePortfolioLink takes a link back; twice is once. ErrNotFound: the acting person has no such link.
func (s *Service) RevokePortfolioLink(ctx context.Context, acting PersonID, id PortfolioLinkID) error {
	return s.changeShare(ctx, id, func(l *PortfolioLink) error {
		if l.Owner != acting {
			return fmt.Errorf("revoke a link of somebody else: %w", ErrNotFound)
		}
		if l.RevokedAt.IsZero() {
			l.RevokedAt = s.now()
		}
		return nil
	})
}

// changeShare changes a link, one at a time, so that a look never undoes a revocation.
func (s *Service) changeShare(ctx context.Context, id PortfolioLinkID, change func(*PortfolioLink) error) error {
	ctx, right, err := s.leaseInTurn(ctx, "share/"+clip(string(id), 64))
	if err != nil {
		return err
	}
	defer right.giveBack(ctx)
	l, err := s.o.Store.PortfolioLink(ctx, id)
	if err != nil {
		return fmt.Errorf("load a link to a portfolio: %w", err)
	}
	if err := change(&l); err != nil {
		return err
	}
	if err := s.o.Store.PutPortfolioLink(ctx, l); err != nil {
		return fmt.Errorf("save a link to a portfolio: %w", err)
	}
	return nil
}

// SharedPortfolio is what a link shows: nothing private, nothing that is not handed in, nothing that holds data of
// customers unless the link says so; of others only that they approved and in which role, neither names nor what they
// wrote. ErrNotFound: there is no such link, or it is over.
func (s *Service) SharedPortfolio(ctx context.Context, secret string) (*Portfolio, PortfolioLink, error) {
	l, err := s.openShare(ctx, secret)
	if err != nil {
		return nil, PortfolioLink{}, err
	}
	p, err := s.PortfolioWhere(ctx, l.Owner, false, l.filter())
	if err != nil {
		return nil, PortfolioLink{}, err
	}
	p.Plans = slices.DeleteFunc(p.Plans, func(one Plan) bool { return !l.names(one.Workflow.ID) })
	p.Entries = slices.DeleteFunc(p.Entries, func(e Entry) bool { return !l.names(e.Workflow.ID) })
	p.Learner = Person{ID: p.Learner.ID, Name: p.Learner.Name, Locale: p.Learner.Locale, Zone: p.Learner.Zone}
	for i := range p.Entries {
		if r := p.Entries[i].Review; r != nil {
			p.Entries[i].Review = &ReviewView{Review: Review{Role: r.Role, Outcome: r.Outcome, At: r.At, SHA256: r.SHA256}}
		}
		for j := range p.Entries[i].Evidence {
			p.Entries[i].Evidence[j].VerifiedBy = nil
		}
	}
	return p, l, nil
}

// openShare finds the link of a secret that is not over.
func (s *Service) openShare(ctx context.Context, secret string) (PortfolioLink, error) {
	if len(secret) > shareSecretSize {
		return PortfolioLink{}, fmt.Errorf("open a portfolio: %w", ErrNotFound)
	}
	l, err := s.o.Store.PortfolioLink(ctx, shareID(secret))
	if err != nil {
		return PortfolioLink{}, fmt.Errorf("open a portfolio: %w", err)
	}
	if l.Over(s.now()) {
		return PortfolioLink{}, fmt.Errorf("open a portfolio by a link that is over: %w", ErrNotFound)
	}
	return l, nil
}

// LookedAtShare notes that somebody looked by a link; of one minute once.
func (s *Service) LookedAtShare(ctx context.Context, secret string) error {
	l, err := s.openShare(ctx, secret)
	if err != nil || s.now().Sub(l.LastUsed) < shareGrain {
		return err
	}
	err = s.changeShare(ctx, l.ID, func(l *PortfolioLink) error {
		l.LastUsed, l.Uses = s.now(), l.Uses+1
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
