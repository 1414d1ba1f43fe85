package engine_test

import (
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// A link gives the files of what it shows, the portfolio those of its owner, and neither any other.
func TestAFileIsGivenToWhoMayReadIt(t *testing.T) {
	h := shared(t)
	ctx := t.Context()
	all, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: 7, CustomerData: true})
	must(t, err)
	other, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: 7, Workflows: []engine.WorkflowID{"other"}})
	must(t, err)
	kim := arrival("loop", nil)
	kim.Subject, kim.Email = "99", "kim@example.org"
	theirs, err := h.Arrive(ctx, kim)
	must(t, err)
	p, err := h.Portfolio(ctx, h.sam, true)
	must(t, err)
	seen := 0
	for _, e := range p.Entries {
		if e.Hand == nil {
			continue
		}
		name, sha := e.Hand.Files[0].Name, e.Hand.Files[0].SHA256
		f, err := h.PortfolioFile(ctx, h.sam, h.id, sha)
		must(t, err)
		data, err := f.Bytes(ctx)
		if err != nil || f.Name != name || len(data) == 0 {
			t.Errorf("%s is %q with %d bytes, %v", name, f.Name, len(data), err)
		}
		_, err = h.SharedFile(ctx, all, h.id, sha)
		if meant := name == "open.txt" || name == "customer.txt"; meant != (err == nil) || !meant && !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s by a link: %v", name, err)
		}
		for who, err := range map[string]error{
			"by a link to another workflow": last(h.SharedFile(ctx, other, h.id, sha)),
			"of somebody else's enrolment":  last(h.SharedFile(ctx, all, theirs.ID, sha)),
			"as somebody else's":            last(h.PortfolioFile(ctx, theirs.Learner, h.id, sha)),
			"of no enrolment":               last(h.PortfolioFile(ctx, h.sam, "none", sha)),
		} {
			if !errors.Is(err, engine.ErrNotFound) {
				t.Errorf("%s %s: %v", name, who, err)
			}
		}
		seen++
	}
	if seen != 4 {
		t.Errorf("%d files were looked at", seen)
	}
}

func last(_ engine.EvidenceFile, err error) error { return err }
