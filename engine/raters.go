package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Several people may rate the same behaviours of a learner: managers, peers, and whoever stands in for them. A survey or
// feedback by them is done when all who were asked have answered, or at its expiry when one has. Coaches share a queue:
// one of them answers. What peers rate and write in a survey is shown to nobody before minRaters have answered, and never
// with a name.

// minRaters is how many peers must have answered before anything of it is shown.
const minRaters = 3

// maxRaters bounds whom one launch parameter may name, with commas between the addresses.
const maxRaters = 10

// polls tells whether everybody asked is to answer, not only the first.
func (s *Step) polls() bool {
	return (s.By == Peer || s.By == Manager) && (s.Kind == KindSurvey || s.Kind == KindFeedback)
}

// anonymous tells whether answers to a step are shown without names, and only when enough have answered.
func anonymous(w *Workflow, s *Step) bool {
	return s.By == Peer && (s.Kind == KindSurvey || w.Roles[Peer].Count >= minRaters)
}

// othersWait tells whether somebody else who was asked, before the stand-in was, is still to answer.
func (st *StepState) othersWait() bool {
	return st.ElseAt.IsZero() && slices.ContainsFunc(st.Requests, Request.Waiting)
}

// enough ends a poll at its expiry, if somebody has answered, and tells whether it did.
func (d *decision) enough(s *Step, st *StepState) bool {
	answered := st.handed()
	if st.Again != nil {
		answered = slices.ContainsFunc(st.Reviews, func(r Review) bool { return !r.At.Before(st.Again.OpenedAt) })
	}
	if !s.polls() || !answered {
		return false
	}
	d.close(st, OutcomeExpired)
	if st.Again != nil {
		d.answerSpaced(st)
	}
	return true
}

// peersIn are how many peers answered an attempt at a step; whoever stood in for them is none.
func peersIn(st *StepState, attempt int) int {
	seen := map[PersonID]bool{}
	for _, r := range st.Reviews {
		if r.Attempt == attempt && !r.StandIn {
			seen[r.By] = true
		}
	}
	return len(seen)
}

// hidden tells whether an answer to a step is kept back: too few peers answered the same attempt.
func hidden(w *Workflow, s *Step, st *StepState, attempt int) bool {
	return anonymous(w, s) && peersIn(st, attempt) < minRaters
}

// addresses are the e-mail addresses of a launch parameter.
func addresses(s string) []string {
	out := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\t' })
	return out[:min(len(out), maxRaters)]
}

// rating is the latest rating of a behaviour by a role: of the latest attempt of the step where it was rated last, the
// mean over the people who rated then, each with their last word.
func rating(w *Workflow, e *Enrolment, b BehaviourID, by Role) (float64, bool) {
	return ratingOf(w, e, b, by, func(*Step, *StepState, Review) bool { return true })
}

// ratingOf is rating among the answers that count.
func ratingOf(w *Workflow, e *Enrolment, b BehaviourID, by Role, counts func(*Step, *StepState, Review) bool) (float64, bool) {
	var at time.Time
	var step *StepState
	attempt, own := 0, 0
	for _, s := range w.order {
		st := e.Steps[s.ID]
		if st == nil {
			continue
		}
		if p, ok := st.Ratings[b]; ok && by == Learner && !st.RatedAt.Before(at) {
			at, own = st.RatedAt, p
		}
		for _, r := range st.Reviews {
			if _, ok := r.Ratings[b]; ok && r.Role == by && !r.At.Before(at) && counts(s, st, r) {
				at, step, attempt = r.At, st, r.Attempt
			}
		}
	}
	if by == Learner {
		return float64(own), own > 0
	}
	if step == nil {
		return 0, false
	}
	last := map[PersonID]int{}
	for _, r := range step.Reviews {
		if p, ok := r.Ratings[b]; ok && r.Role == by && r.Attempt == attempt {
			last[r.By] = p
		}
	}
	sum := 0
	for _, p := range last {
		sum += p
	}
	return float64(sum) / float64(len(last)), true
}

// shownRating is a rating as others than the raters may see it: the latest that is not of a few peers.
func shownRating(w *Workflow, e *Enrolment, b BehaviourID, by Role) (float64, bool) {
	return ratingOf(w, e, b, by, func(s *Step, st *StepState, r Review) bool { return !hidden(w, s, st, r.Attempt) })
}

// BehaviourRatings is how one behaviour was rated at one step, such as a baseline or a survey months later.
type BehaviourRatings struct {
	Step      *Step
	Behaviour *Behaviour
	At        time.Time // the last of them
	Groups    []RaterGroup
}

// RaterGroup is what the people of one relation to the learner rated. Of peers that are too few, only how many they are
// is told, and never who.
type RaterGroup struct {
	Relation Role
	Asked, N int
	Hidden   bool
	Mean     float64
	Points   []int    // one each, in no order of people
	Comments []string // in no order of people
}

// Ratings are the ratings of an enrolment, in file order, self-ratings too: what a learner is shown of several raters.
// Ratings by steps that are private are left out.
func (s *Service) Ratings(ctx context.Context, id EnrolmentID) ([]BehaviourRatings, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := s.contributions(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []BehaviourRatings
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil || of.Private {
			continue
		}
		for i := range w.Behaviours {
			b := BehaviourRatings{Step: of, Behaviour: &w.Behaviours[i]}
			if p, ok := st.Ratings[b.Behaviour.ID]; ok && of.By == Learner {
				b.At = st.RatedAt
				b.Groups = append(b.Groups, RaterGroup{Relation: Learner, Asked: 1, N: 1, Mean: float64(p), Points: []int{p}})
			}
			for _, role := range []Role{Manager, Peer, Coach} {
				if g, at, ok := group(w, of, st, all, b.Behaviour.ID, role); ok {
					b.Groups, b.At = append(b.Groups, g), laterOf(b.At, at)
				}
			}
			if len(b.Groups) > 0 {
				out = append(out, b)
			}
		}
	}
	return out, nil
}

// group is what one relation rated at a step, each person by their last word; of peers without names the latest attempt
// that enough have answered.
func group(w *Workflow, s *Step, st *StepState, all map[ContributionID]*Contribution, b BehaviourID, role Role) (RaterGroup, time.Time, bool) {
	g := RaterGroup{Relation: role}
	var at time.Time
	last := map[PersonID]Review{}
	attempt := -1
	for _, r := range st.Reviews {
		if attempt < 0 || !hidden(w, s, st, r.Attempt) {
			attempt = r.Attempt
		}
	}
	for _, r := range st.Reviews {
		if _, ok := r.Ratings[b]; ok && r.Role == role && (r.Attempt == attempt || !anonymous(w, s)) {
			last[r.By], at = r, laterOf(at, r.At)
		}
	}
	asked := map[PersonID]bool{}
	for _, r := range st.Requests {
		if r.Role == role {
			asked[r.Person] = true
		}
	}
	g.N, g.Asked = len(last), max(len(asked), len(last))
	if g.N == 0 {
		return g, at, false
	}
	if hidden(w, s, st, attempt) {
		g.Hidden = true
		return g, at, true
	}
	for _, r := range last {
		g.Points = append(g.Points, r.Ratings[b])
		g.Mean += float64(r.Ratings[b])
		if c := all[r.Written]; c != nil && c.Comment != "" {
			g.Comments = append(g.Comments, c.Comment)
		}
	}
	g.Mean /= float64(g.N)
	slices.Sort(g.Points)
	slices.Sort(g.Comments)
	return g, at, true
}

// nameless are the views of answers that nobody may trace to a person: of an attempt that too few peers answered none,
// else without name, in no order of people, all dated the last of the attempt.
func nameless(w *Workflow, s *Step, st *StepState, views []ReviewView) []ReviewView {
	at := map[int]time.Time{}
	for _, v := range views {
		at[v.Attempt] = laterOf(at[v.Attempt], v.At)
	}
	views = slices.DeleteFunc(views, func(v ReviewView) bool { return hidden(w, s, st, v.Attempt) })
	slices.SortFunc(views, func(a, b ReviewView) int {
		return cmp.Or(cmp.Compare(a.Attempt, b.Attempt), strings.Compare(string(a.Written), string(b.Written)))
	})
	for i := range views {
		v := &views[i]
		v.Name, v.By, v.Request, v.StandIn, v.At = "", "", "", false, at[v.Attempt]
		if v.Hand != nil {
			hand := *v.Hand
			hand.Author, hand.Request, hand.At = "", "", v.At
			v.Hand = &hand
		}
	}
	return views
}
