package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// EvidenceState is how far a piece of evidence has come.
type EvidenceState string

const (
	Recorded          EvidenceState = "recorded"  // kept beside a draft, or handed in
	Reflected         EvidenceState = "reflected" // the learner has thought about it: in its own form, or in a step about it
	EvidenceSubmitted EvidenceState = "submitted" // somebody is or was asked to judge it
	Verified          EvidenceState = "verified"  // approved or signed off, bound to the SHA-256 of exactly what was seen
)

// Evidence is one piece: a file, a link or a text that was handed in, or is kept beside a draft.
type Evidence struct {
	ID      string // stable over time within the enrolment
	Step    *Step
	Attempt int
	Kind    string // file, link, text
	Name    string // of a file; the address of a link; "" of a text
	SHA256  string // of a file: its bytes; else of the hand-in
	Hand    *Contribution
	State   EvidenceState

	// When it came to each state; zero: it has not.
	RecordedAt, ReflectedAt, SubmittedAt, VerifiedAt time.Time
	VerifiedBy                                       []PersonID // in order
	Standards                                        []string   // that its step meets
	Behaviours                                       []BehaviourID
	CustomerData, Consent                            bool
}

// Evidence lists what an enrolment has as evidence, oldest first. Of private steps, and of what is kept beside a draft and
// not handed in yet, only the learner (own) sees any.
func (s *Service) Evidence(ctx context.Context, id EnrolmentID, own bool) ([]Evidence, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := s.contributions(ctx, id)
	if err != nil {
		return nil, err
	}
	return evidenceOf(w, e, all, own), nil
}

func evidenceOf(w *Workflow, e *Enrolment, all map[ContributionID]*Contribution, own bool) []Evidence {
	var out []Evidence
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil || of.By != Learner || of.Private && !own {
			continue
		}
		for _, c := range all {
			if c.Step != of.ID || c.Author != e.Learner || c.Request != "" {
				continue
			}
			handed, _ := isHandIn(e, of, st, c)
			recorded := own && c.ID == recordedID(e.ID, of.ID, st.Attempt) && !st.State.Settled() // nobody else's until it is handed in
			if !handed && !recorded {
				continue
			}
			one := Evidence{Step: of, Attempt: c.Attempt, Hand: c, RecordedAt: c.At, Standards: of.Meets, Behaviours: behavioursOf(of),
				CustomerData: c.CustomerData, Consent: c.Consent, SHA256: c.SHA256}
			if handed {
				one.pass(w, e, of, st)
			}
			one.settle()
			out = append(out, one.pieces()...)
		}
	}
	slices.SortFunc(out, func(a, b Evidence) int {
		return cmp.Or(a.RecordedAt.Compare(b.RecordedAt), strings.Compare(a.ID, b.ID))
	})
	return out
}

// behavioursOf are the behaviours a step's evidence is about.
func behavioursOf(s *Step) []BehaviourID {
	out := slices.Clone(s.Rate)
	if s.Review != nil {
		out = append(out, s.Review.Rate...)
	}
	if s.Log != "" {
		out = append(out, s.Log)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pass finds when a hand-in came to each state.
func (ev *Evidence) pass(w *Workflow, e *Enrolment, of *Step, st *StepState) {
	c := ev.Hand
	if reflects(of, c) {
		ev.ReflectedAt = c.At
	}
	stands := st.Hand == c.ID
	for _, s := range w.order {
		other := e.Steps[s.ID]
		switch {
		case other == nil:
		case s.Kind == KindReflect && (s.About == of.ID) && other.State == Done && !other.DoneAt.Before(c.At):
			ev.ReflectedAt = firstOf(ev.ReflectedAt, other.DoneAt)
		case s.Kind == KindSignOff && stands && slices.Contains(s.covered(), of.ID):
			for _, r := range other.Requests {
				if r.Purpose == ForSignOff {
					ev.SubmittedAt = firstOf(ev.SubmittedAt, laterOf(r.AskedAt, c.At))
				}
			}
			if other.State == Done && other.SignedSHA256 != "" && other.SignedSHA256 == coverSHA256(e, s) {
				ev.verified(other, other.DoneAt)
			}
		}
	}
	for _, r := range st.Requests {
		if r.Purpose == ForReview && stands {
			ev.SubmittedAt = firstOf(ev.SubmittedAt, laterOf(r.AskedAt, c.At))
		}
	}
	for _, r := range st.Reviews {
		if r.SHA256 == "" || r.SHA256 != c.SHA256 {
			continue
		}
		ev.SubmittedAt = firstOf(ev.SubmittedAt, c.At)
		if r.Outcome == OutcomeApprove {
			ev.VerifiedAt, ev.VerifiedBy = firstOf(ev.VerifiedAt, r.At), append(ev.VerifiedBy, r.By)
		}
	}
}

// verified adds the approvals that a sign-off rests on.
func (ev *Evidence) verified(st *StepState, at time.Time) {
	ev.VerifiedAt = firstOf(ev.VerifiedAt, at)
	for _, r := range st.Reviews {
		if r.Outcome == OutcomeApprove && !slices.Contains(ev.VerifiedBy, r.By) && !r.At.Before(st.OpenedAt) {
			ev.VerifiedBy = append(ev.VerifiedBy, r.By)
		}
	}
}

// settle finds the furthest state.
func (ev *Evidence) settle() {
	switch {
	case !ev.VerifiedAt.IsZero():
		ev.State = Verified
	case !ev.SubmittedAt.IsZero():
		ev.State = EvidenceSubmitted
	case !ev.ReflectedAt.IsZero():
		ev.State = Reflected
	default:
		ev.State = Recorded
	}
}

// reflects tells whether a hand-in's own form held a reflection: a reflect step, the form what_so_what, or the last
// question of a report.
func reflects(s *Step, c *Contribution) bool {
	if s.Kind == KindReflect || s.form() == formWhatNow {
		return true
	}
	return s.form() == formReport && slices.ContainsFunc(c.Answers, func(a Answered) bool { return a.Key == "next" && a.Value != "" })
}

// pieces are the files and links of a hand-in, and its text.
func (ev Evidence) pieces() []Evidence {
	var out []Evidence
	add := func(kind, name, sha256 string) {
		p := ev
		p.Kind, p.Name, p.SHA256 = kind, name, sha256
		p.ID = derivedID("evidence", string(ev.Hand.ID), kind, name, sha256)
		out = append(out, p)
	}
	if written(*ev.Hand) != "" {
		add("text", "", ev.Hand.SHA256)
	}
	for _, f := range ev.Hand.Files {
		add("file", f.Name, f.SHA256)
	}
	for _, l := range ev.Hand.Links {
		add("link", l, ev.Hand.SHA256)
	}
	return out
}

// firstOf is the earlier of two times that are set.
func firstOf(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
