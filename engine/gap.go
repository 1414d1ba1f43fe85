package engine

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// Gap is how far a learner's behaviours are from their targets (cap 5), with every rating on the way (cap 6). Self and
// observers are kept apart.
type Gap struct {
	Enrolment  EnrolmentID    `json:"enrolment"`
	Behaviours []BehaviourGap `json:"behaviours"`
}

// BehaviourGap is one behaviour on its scale, whose points count from 1.
type BehaviourGap struct {
	ID       BehaviourID      `json:"id"`
	Text     string           `json:"text"`
	Scale    []string         `json:"scale"`
	Target   int              `json:"target"`
	Baseline map[Role]float64 `json:"baseline"`        // the first rating of each role
	Now      map[Role]float64 `json:"now"`             // the latest of each role, as conditions see it
	Left     *float64         `json:"left,omitempty"`  // to the target, by observers (their mean), else by self; 0: reached; null: not rated
	BySelf   bool             `json:"by_self"`         // Left is the learner's own view only
	Moved    *float64         `json:"moved,omitempty"` // by the same: now less baseline
	Uses     int              `json:"uses"`            // logged on the job
	Series   []RatingPoint    `json:"series"`          // oldest first, at most maxSeries
}

// RatingPoint is what a role said at one step: of several people the mean.
type RatingPoint struct {
	At     time.Time `json:"at"`
	Step   StepID    `json:"step"`
	Role   Role      `json:"role"`
	Points float64   `json:"points"`
	People int       `json:"people"` // of so many
}

// maxSeries bounds the ratings of one behaviour that are shown: the latest.
const maxSeries = 200

// Gap tells how each behaviour of an enrolment was rated at first and since, by the learner and by each role of
// observers, and how far it is from its target. Looking changes nothing. ErrNotFound: no such enrolment.
func (s *Service) Gap(ctx context.Context, id EnrolmentID) (*Gap, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := s.contributions(ctx, id)
	if err != nil {
		return nil, err
	}
	return gapOf(w, e, f.Learner, all), nil
}

// GapOf is Gap for what home shows, of the same moment, without loading it again.
func (s *Service) GapOf(ctx context.Context, h *Home) (*Gap, error) {
	all, err := s.writtenOf(ctx, h)
	if err != nil {
		return nil, err
	}
	return gapOf(h.Workflow, h.Enrolment, h.Learner, all), nil
}

func gapOf(w *Workflow, e *Enrolment, learner Person, all map[ContributionID]*Contribution) *Gap {
	g := &Gap{Enrolment: e.ID, Behaviours: []BehaviourGap{}}
	given := ratingsGiven(w, e, all)
	for i := range w.Behaviours {
		b := &w.Behaviours[i]
		out := BehaviourGap{ID: b.ID, Text: b.Text.In(learner.Locale), Target: b.Target, Uses: e.Uses[b.ID], Baseline: map[Role]float64{}, Now: map[Role]float64{}, Series: series(given, b.ID)}
		for _, point := range b.Scale {
			out.Scale = append(out.Scale, point.In(learner.Locale))
		}
		for _, p := range out.Series {
			if _, had := out.Baseline[p.Role]; !had {
				out.Baseline[p.Role] = p.Points
			}
		}
		for role := range out.Baseline {
			if now, ok := shownRating(w, e, b.ID, role); ok {
				out.Now[role] = round2(now)
			}
		}
		out.measure()
		out.Series = out.Series[max(0, len(out.Series)-maxSeries):]
		g.Behaviours = append(g.Behaviours, out)
	}
	return g
}

// measure says how far it is to the target and how far it has come.
func (b *BehaviourGap) measure() {
	var now, first, n float64
	for _, role := range []Role{Manager, Peer, Coach} {
		if v, ok := b.Now[role]; ok {
			now, first, n = now+v, first+b.Baseline[role], n+1
		}
	}
	if v, ok := b.Now[Learner]; n == 0 && ok {
		now, first, n, b.BySelf = v, b.Baseline[Learner], 1, true
	}
	if n == 0 {
		return
	}
	b.Left = ptr(round2(max(0, float64(b.Target)-now/n)))
	b.Moved = ptr(round2((now - first) / n))
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }

// given is one person's ratings at one attempt at a step.
type given struct {
	at      time.Time
	step    StepID
	round   string // what was asked together
	role    Role
	ratings map[BehaviourID]int
}

// ratingsGiven are all ratings of an enrolment, oldest first: from what people wrote, which is kept, and for answers
// that were only ratings from the reviews.
func ratingsGiven(w *Workflow, e *Enrolment, all map[ContributionID]*Contribution) []given {
	var out []given
	written := map[ContributionID]bool{}
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil {
			continue
		}
		for _, r := range st.Reviews {
			if len(r.Ratings) > 0 && !hidden(w, of, st, r.Attempt) {
				written[r.Written] = true
				out = append(out, given{at: r.At, step: of.ID, round: askedWith(st, r), role: r.Role, ratings: r.Ratings})
			}
		}
	}
	for _, c := range all {
		if c.Draft || len(c.Ratings) == 0 || written[c.ID] || c.Author != e.Learner || c.Request != "" {
			continue
		}
		out = append(out, given{at: c.At, step: c.Step, round: string(c.ID), role: Learner, ratings: c.Ratings})
	}
	slices.SortFunc(out, func(a, b given) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.step, b.step), cmp.Compare(a.role, b.role), cmp.Compare(a.round, b.round))
	})
	return out
}

// askedWith names what was asked together with the question of an answer: at the same moment.
func askedWith(st *StepState, r Review) string {
	for _, q := range st.Requests {
		if q.ID == r.Request {
			return q.AskedAt.String()
		}
	}
	return string(r.Request)
}

// series are the points of one behaviour: people of one role who were asked the same thing together are one point, at the
// time of the last of them.
func series(all []given, b BehaviourID) []RatingPoint {
	out := []RatingPoint{}
	at := map[string]int{}
	for _, g := range all {
		v, ok := g.ratings[b]
		if !ok {
			continue
		}
		key := string(g.step) + "\x00" + string(g.role) + "\x00" + g.round
		i, had := at[key]
		if !had {
			at[key], i = len(out), len(out)
			out = append(out, RatingPoint{Step: g.step, Role: g.role})
		}
		p := &out[i]
		p.At, p.Points, p.People = g.at, (p.Points*float64(p.People)+float64(v))/float64(p.People+1), p.People+1
	}
	for i := range out {
		out[i].Points = round2(out[i].Points)
	}
	slices.SortStableFunc(out, func(a, b RatingPoint) int { return a.At.Compare(b.At) })
	return out
}
