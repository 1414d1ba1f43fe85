package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Portfolio is what a learner handed in and what others answered, latest first.
type Portfolio struct {
	Learner Person
	Entries []Entry
	More    bool   // older entries are left out
	Plans   []Plan // all enrolments, latest change first, whatever was asked for
}

// Plan is one enrolment with its workflow.
type Plan struct {
	Enrolment *Enrolment
	Workflow  *Workflow
}

// Entry is one hand-in (Hand) or one answer to a step (Review).
type Entry struct {
	At        time.Time
	Enrolment *Enrolment
	Workflow  *Workflow
	Step      *Step
	Hand      *Contribution
	Evidence  []Evidence // the pieces of Hand with how far each has come
	Replaced  bool       // a later hand-in stands in the place of Hand
	Kept      bool       // Hand is recorded beside a draft and not handed in yet
	Review    *ReviewView
}

// EntryKind is what an entry is in a portfolio.
type EntryKind string

const (
	Artefact   EntryKind = "artefact"   // something handed in
	Reflection EntryKind = "reflection" // what the learner thought about it
	Feedback   EntryKind = "feedback"   // what others answered
	Signature  EntryKind = "signoff"    // an answer to a sign-off
)

// Kind is what the entry is.
func (e Entry) Kind() EntryKind {
	switch {
	case e.Hand == nil && e.Step.Kind == KindSignOff:
		return Signature
	case e.Hand == nil:
		return Feedback
	case e.Step.Kind == KindReflect:
		return Reflection
	default:
		return Artefact
	}
}

// State is how far the evidence of the entry has come; "": it holds none.
func (e Entry) State() EvidenceState {
	if len(e.Evidence) == 0 {
		return ""
	}
	return e.Evidence[0].State // all pieces of a hand-in stand alike
}

// PortfolioFilter narrows a portfolio; zero fields ask for all.
type PortfolioFilter struct {
	Kind         EntryKind
	State        EvidenceState
	Workflow     WorkflowID
	NoCustomers  bool // without what holds data of customers
	Limit        int  // of entries; 0: 300
	Standard     string
	Behaviour    BehaviourID
	NotKept      bool // without what is not handed in yet
	NoReplaced   bool // without what was handed in again
	OnlyApproval bool // of answers those that approve
}

// passes tells whether an entry is asked for.
func (f PortfolioFilter) passes(e Entry) bool {
	switch {
	case f.Kind != "" && f.Kind != e.Kind(), f.State != "" && f.State != e.State(), f.Workflow != "" && f.Workflow != e.Workflow.ID,
		f.NoCustomers && e.Hand != nil && e.Hand.CustomerData, f.NotKept && e.Kept, f.NoReplaced && e.Replaced,
		f.OnlyApproval && e.Review != nil && e.Review.Outcome != OutcomeApprove,
		f.Standard != "" && !slices.Contains(e.Step.Meets, f.Standard),
		f.Behaviour != "" && !slices.Contains(behavioursOf(e.Step), f.Behaviour):
		return false
	}
	return true
}

// Bounds of a portfolio.
const (
	maxPortfolio      = 300   // entries of a page
	maxPortfolioWhole = 5_000 // entries of all of it
	maxPortfolioPlans = 50    // enrolments
)

// ForLearner tells whether the learner reads what others answered to a step: reviews, feedback and sign-offs are for
// the learner, others' surveys are not.
func (s *Step) ForLearner() bool {
	return s.By == Learner || s.Kind == KindFeedback || s.Kind == KindSignOff
}

// Portfolio is a person's, over all enrolments. What is private only the learner (own) sees. Looking changes nothing.
func (s *Service) Portfolio(ctx context.Context, learner PersonID, own bool) (*Portfolio, error) {
	return s.PortfolioWhere(ctx, learner, own, PortfolioFilter{})
}

// PortfolioWhere is what a filter leaves of a person's portfolio. At most 5,000 entries are given.
func (s *Service) PortfolioWhere(ctx context.Context, learner PersonID, own bool, f PortfolioFilter) (*Portfolio, error) {
	out, err := s.Plans(ctx, learner)
	if err != nil {
		return nil, err
	}
	for _, p := range out.Plans {
		if f.Workflow != "" && f.Workflow != p.Workflow.ID {
			continue
		}
		entries, err := s.entries(ctx, p.Enrolment, own)
		if err != nil {
			return nil, err
		}
		for _, one := range entries {
			if f.passes(one) {
				out.Entries = append(out.Entries, one)
			}
		}
	}
	return out.sorted(f.Limit), nil
}

// Plans is a person's portfolio without entries: only who they are, and their enrolments.
func (s *Service) Plans(ctx context.Context, learner PersonID) (*Portfolio, error) {
	p, err := s.Person(ctx, learner)
	if err != nil {
		return nil, err
	}
	all, err := s.o.Store.EnrolmentsOf(ctx, learner)
	if err != nil {
		return nil, fmt.Errorf("load enrolments of %s: %w", learner, err)
	}
	slices.SortStableFunc(all, func(a, b *Enrolment) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	out := &Portfolio{Learner: p, More: len(all) > maxPortfolioPlans}
	for _, e := range all[:min(len(all), maxPortfolioPlans)] {
		w, err := s.Workflow(ctx, e.Workflow, e.Version)
		if err != nil {
			return nil, err
		}
		out.Plans = append(out.Plans, Plan{Enrolment: e, Workflow: w})
	}
	return out, nil
}

// HandedIn is what others may read of one enrolment: what is private to the learner is left out.
func (s *Service) HandedIn(ctx context.Context, id EnrolmentID) (*Portfolio, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	p, err := s.Person(ctx, e.Learner)
	if err != nil {
		return nil, err
	}
	entries, err := s.entries(ctx, e, false)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Kept })
	return (&Portfolio{Learner: p, Entries: entries}).sorted(0), nil
}

// sorted brings the latest to the front and keeps the bound.
func (p *Portfolio) sorted(limit int) *Portfolio {
	if limit <= 0 {
		limit = maxPortfolio
	}
	limit = min(limit, maxPortfolioWhole)
	slices.SortStableFunc(p.Entries, func(a, b Entry) int {
		if c := b.At.Compare(a.At); c != 0 || (a.Hand == nil) == (b.Hand == nil) {
			return c
		}
		if a.Hand == nil { // an answer at the same moment came after
			return -1
		}
		return 1
	})
	if len(p.Entries) > limit {
		p.Entries, p.More = p.Entries[:limit], true
	}
	return p
}

// entries are those of one enrolment, in file order.
func (s *Service) entries(ctx context.Context, e *Enrolment, own bool) ([]Entry, error) {
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return nil, err
	}
	all, err := s.contributions(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, e)
	if err != nil {
		return nil, err
	}
	pieces := map[ContributionID][]Evidence{}
	for _, ev := range evidenceOf(w, e, all, own) {
		pieces[ev.Hand.ID] = append(pieces[ev.Hand.ID], ev)
	}
	var out []Entry
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil || !of.ForLearner() || of.Private && !own {
			continue
		}
		one := Entry{Enrolment: e, Workflow: w, Step: of}
		for _, c := range all {
			if handed, replaced := isHandIn(e, of, st, c); handed {
				hand := one
				hand.At, hand.Hand, hand.Replaced, hand.Evidence = c.At, c, replaced, pieces[c.ID]
				out = append(out, hand)
			}
		}
		if c := recordedID(e.ID, of.ID, st.Attempt); own && len(pieces[c]) > 0 {
			kept := one
			kept.At, kept.Hand, kept.Kept, kept.Evidence = all[c].At, all[c], true, pieces[c]
			out = append(out, kept)
		}
		for _, r := range reviewViews(w, of, st, all, names) {
			answer := one
			answer.At, answer.Review = r.At, &r
			out = append(out, answer)
		}
	}
	return out, nil
}

// isHandIn tells whether a contribution is one the learner handed in for the step: the one that stands, or an earlier
// one that somebody answered. What was written but never taken is none.
func isHandIn(e *Enrolment, of *Step, st *StepState, c *Contribution) (handed, replaced bool) {
	if of.By != Learner || c.Step != of.ID || c.Draft || c.Request != "" || c.Author != e.Learner {
		return false, false
	}
	if c.ID == st.Hand {
		return true, false
	}
	if st.had(c.ID) {
		return true, true
	}
	answered := slices.ContainsFunc(st.Reviews, func(r Review) bool { return r.SHA256 != "" && r.SHA256 == c.SHA256 })
	return answered, true
}

// LearnerIn finds the enrolments of an LMS account in a course, latest change first; w "" is any workflow. ErrNotFound:
// nobody has launched by this account, and no roster has it.
func (s *Service) LearnerIn(ctx context.Context, issuer, subject string, c Course, w WorkflowID) ([]*Enrolment, error) {
	p, err := s.o.Store.PersonByAccount(ctx, issuer, subject)
	if err != nil {
		return nil, fmt.Errorf("find learner: %w", err)
	}
	if c.Issuer == "" {
		c.Issuer = issuer
	}
	all, err := s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("load enrolments of %s: %w", p.ID, err)
	}
	all = slices.DeleteFunc(all, func(e *Enrolment) bool {
		return e.Course.Key() != c.Key() || w != "" && e.Workflow != w
	})
	slices.SortStableFunc(all, func(a, b *Enrolment) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	return all, nil
}

// RequestsTo are the requests of an enrolment that are addressed to a person, in file order, answered ones too: by
// their account, or by the e-mail address that their platform vouches for. A learner is asked nothing about themselves.
func (s *Service) RequestsTo(ctx context.Context, acting PersonID, id EnrolmentID) ([]Request, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	if acting == e.Learner {
		return nil, nil
	}
	me, err := s.Person(ctx, acting)
	if err != nil {
		return nil, err
	}
	asked, err := s.names(ctx, e)
	if err != nil {
		return nil, err
	}
	var out []Request
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil {
			continue
		}
		for _, r := range st.Requests {
			p := asked[r.Person]
			byAddress := e.vouchesFor(me) && p.Issuer == "" && p.Email != "" && strings.EqualFold(p.Email, me.Email)
			if p.ID == acting || byAddress {
				out = append(out, r)
			}
		}
	}
	return out, nil
}
