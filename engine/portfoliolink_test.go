package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// shared is a house in which Sam has handed in one thing of each sort: open, private, of customers, kept for later.
func shared(t *testing.T) *house {
	t.Helper()
	h := newHouse(t, monday)
	small(t, h, "loop",
		`{id: try, kind: experiment, title: Try, by: learner, done: response, review: {by: manager}}`,
		`{id: mine, kind: reflect, title: Mine, by: learner, private: true, done: {words: 1}}`,
		`{id: deal, kind: experiment, title: Deal, by: learner, done: response}`,
		`{id: later, kind: experiment, title: Later, by: learner, done: response}`)
	h.arrive("loop", maxed)
	ctx := t.Context()
	sub := report("open to all")
	sub.Files = upload("open.txt", "open")
	must(t, h.Submit(ctx, h.sam, h.id, "try", sub))
	must(t, h.Submit(ctx, h.sam, h.id, "mine", engine.Submission{Answers: wordy(5), Files: upload("private.txt", "private")}))
	deal := report("the customer said")
	deal.Files, deal.CustomerData, deal.Consent = upload("customer.txt", "customer"), true, true
	must(t, h.Submit(ctx, h.sam, h.id, "deal", deal))
	must(t, h.Record(ctx, h.sam, h.id, "later", engine.Submission{Files: upload("later.txt", "later")}))
	h.sweep()
	r := h.request("max@example.org")
	v, err := h.OpenRequest(ctx, h.id, r)
	must(t, err)
	must(t, h.Answer(ctx, h.id, r, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256, Comment: "Between us: well done."}))
	return h
}

// shows are the names of the files that a link shows.
func (h *house) shows(secret string) []string {
	h.t.Helper()
	p, _, err := h.SharedPortfolio(h.t.Context(), secret)
	must(h.t, err)
	names := []string{}
	for _, e := range p.Entries {
		if e.Hand != nil {
			for _, f := range e.Hand.Files {
				names = append(names, f.Name)
			}
		}
		if r := e.Review; r != nil && (r.Name != "" || r.Comment != "" || r.By != "" || len(r.Ratings) > 0) {
			h.t.Errorf("it says of the reviewer %+v", r)
		}
	}
	return names
}

func TestALinkToThePortfolioShowsWhatIsMeantForOthersAndIsOverWhenItIs(t *testing.T) {
	h := shared(t)
	ctx := t.Context()
	secret, l, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Label: "for Max", Days: 7})
	must(t, err)
	if len(secret) < 20 || strings.Contains(string(l.ID), secret) {
		t.Fatalf("the secret is %q, kept as %q", secret, l.ID)
	}
	if have := h.shows(secret); len(have) != 1 || have[0] != "open.txt" {
		t.Errorf("it shows %q", have)
	}
	all, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: 90, CustomerData: true})
	must(t, err)
	if have := h.shows(all); len(have) != 2 {
		t.Errorf("with customers' data it shows %q", have)
	}
	p, err := h.Portfolio(ctx, h.sam, true)
	must(t, err)
	for _, e := range p.Entries {
		if e.Hand == nil {
			continue
		}
		_, err := h.SharedFile(ctx, secret, h.id, e.Hand.Files[0].SHA256)
		if open := e.Hand.Files[0].Name == "open.txt"; open != (err == nil) || !open && !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s by the link: %v", e.Hand.Files[0].Name, err)
		}
	}
	must(t, h.LookedAtShare(ctx, secret))
	must(t, h.LookedAtShare(ctx, secret)) // within the minute
	links, err := h.PortfolioLinks(ctx, h.sam)
	must(t, err)
	i := 0
	for links[i].ID != l.ID {
		i++
	}
	if links[i].Uses != 1 || links[i].LastUsed.IsZero() {
		t.Errorf("looked at: %+v", links[i])
	}
	if err := h.RevokePortfolioLink(ctx, "somebody", l.ID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("revoked by somebody else: %v", err)
	}
	must(t, h.RevokePortfolioLink(ctx, h.sam, l.ID))
	must(t, h.RevokePortfolioLink(ctx, h.sam, l.ID))
	for name, secret := range map[string]string{"a revoked link": secret, "a guess": "AAAAAAAAAAAAAAAAAAAAAAAAAA", "its id": string(l.ID), "nothing": ""} {
		if _, _, err := h.SharedPortfolio(ctx, secret); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.pass("2027-03-15 09:00")
	if _, _, err := h.SharedPortfolio(ctx, all); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("after its time: %v", err)
	}
}

func TestLinksToThePortfolioAreBoundedAndGoWithThePerson(t *testing.T) {
	h := shared(t)
	ctx := t.Context()
	var fields engine.FieldErrors
	for _, days := range []int{0, 1, 365} {
		if _, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: days}); !errors.As(err, &fields) {
			t.Errorf("for %d days: %v", days, err)
		}
	}
	secret, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: 30})
	must(t, err)
	for range 19 {
		_, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: 7})
		must(t, err)
	}
	if _, _, err := h.SharePortfolio(ctx, h.sam, engine.Sharing{Days: 7}); !errors.As(err, &fields) || fields[0].Key != "error.too_many_links" {
		t.Errorf("the 21st: %v", err)
	}
	_, err = h.ErasePerson(ctx, engine.Actor{System: "cli"}, h.ByPerson(h.sam), false)
	must(t, err)
	if _, _, err := h.SharedPortfolio(ctx, secret); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("after an erasure: %v", err)
	}
	if left, err := h.store.PortfolioLinksOf(ctx, h.sam); err != nil || len(left) != 0 {
		t.Errorf("left are %d links, %v", len(left), err)
	}
}

func TestAPortfolioIsNarrowedByWhatIsAskedFor(t *testing.T) {
	h := shared(t)
	for name, c := range map[string]struct {
		filter engine.PortfolioFilter
		want   int
	}{
		"all":                {engine.PortfolioFilter{}, 5},
		"reflections":        {engine.PortfolioFilter{Kind: engine.Reflection}, 1},
		"feedback":           {engine.PortfolioFilter{Kind: engine.Feedback}, 1},
		"artefacts":          {engine.PortfolioFilter{Kind: engine.Artefact}, 3},
		"verified":           {engine.PortfolioFilter{State: engine.Verified}, 1},
		"of no such plan":    {engine.PortfolioFilter{Workflow: "other"}, 0},
		"without customers":  {engine.PortfolioFilter{NoCustomers: true}, 4},
		"only two":           {engine.PortfolioFilter{Limit: 2}, 2},
		"only what is given": {engine.PortfolioFilter{NotKept: true}, 4},
	} {
		p, err := h.PortfolioWhere(t.Context(), h.sam, true, c.filter)
		must(t, err)
		if len(p.Entries) != c.want || len(p.Plans) != 1 {
			t.Errorf("%s: %d entries, want %d", name, len(p.Entries), c.want)
		}
	}
}
