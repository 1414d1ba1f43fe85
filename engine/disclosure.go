package engine

import (
	"context"
	"fmt"
	"slices"
)

// Disclosure says whom a workflow tells when a step of the learner stays open too long, for the notice at enrolment.
type Disclosure struct {
	Roles  []Role   // who is told: manager, coach; empty: nobody
	People []Person // who that is now, as far as it is known
	After  Duration // after the due date, the earliest; zero: when it is due, or before
	Seen   bool     // the learner has put the notice away
}

// escalations are the nudges by which a learner's step could come to be told to others.
func (w *Workflow) escalations() []Nudge {
	var out []Nudge
	names := map[string]bool{}
	for _, s := range w.order {
		if s.By != Learner || s.Optional {
			continue
		}
		if s.Nudge != "" {
			names[s.Nudge] = true
			continue
		}
		names[w.Nudges.Default] = true
		if w.Nudges.Test != nil {
			for _, arm := range w.Nudges.Test.Arms {
				names[arm] = true
			}
		}
	}
	for name := range names {
		for _, n := range w.Nudges.Policies[name] {
			if n.Escalate && n.To != "doer" {
				out = append(out, n)
			}
		}
	}
	return out
}

// disclosure is what a learner is told of escalation.
func (d *decision) disclosure() Disclosure {
	v := Disclosure{Seen: !d.e.NoticedAt.IsZero()}
	earliest := -1
	for _, n := range d.w.escalations() {
		role := Role(n.To)
		if !slices.Contains(v.Roles, role) {
			v.Roles = append(v.Roles, role)
		}
		after := n.At.Offset
		if n.At.Back || n.At.Anchor != anchorDue {
			after = Duration{}
		}
		if days := days(after); earliest < 0 || days < earliest {
			earliest, v.After = days, after
		}
	}
	slices.Sort(v.Roles)
	for _, role := range v.Roles {
		for _, p := range d.everybody(role) {
			if known, ok := d.f.People[p]; ok {
				v.People = append(v.People, known)
			}
		}
	}
	return v
}

// Disclosure is whom the workflow tells when the acting learner's steps stay open too long.
func (s *Service) Disclosure(ctx context.Context, acting PersonID, id EnrolmentID) (Disclosure, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return Disclosure{}, err
	}
	if acting != e.Learner {
		return Disclosure{}, fmt.Errorf("see what enrolment %s discloses: %w", id, ErrForbidden)
	}
	return (&decision{w: w, e: e, f: f, now: s.now()}).disclosure(), nil
}

// Disclosed notes that the acting learner has read who is told when they are late. A launch leads to pages that show it,
// so it counts as shown from the first launch on; from now on the notice is put away. Who never launched is never
// escalated.
func (s *Service) Disclosed(ctx context.Context, acting PersonID, id EnrolmentID) error {
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
		if acting != e.Learner {
			return nil, fmt.Errorf("disclose to the learner of enrolment %s: %w", id, ErrForbidden)
		}
		return disclosed{}, nil
	})
	return err
}

// disclosed is the learner's word that they know.
type disclosed struct{}

func (disclosed) apply(d *decision) error {
	d.disclose()
	if d.e.NoticedAt.IsZero() {
		d.e.NoticedAt = d.now
	}
	return nil
}

// disclose notes that the learner was shown who is told.
func (d *decision) disclose() {
	if d.e.DisclosedAt.IsZero() {
		d.e.DisclosedAt = d.now
	}
}
