package enginetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func cohortIsSwapped(t *testing.T, s engine.Store) {
	ctx := t.Context()
	key := engine.CohortKey{Workflow: "w", Course: engine.Course{Issuer: "https://lms.example", ID: "2"}, Label: "ü.$"}
	_, err := s.Cohort(ctx, key.ID())
	wantErr(t, err, engine.ErrNotFound)
	c := engine.Cohort{ID: key.ID(), Workflow: key.Workflow, Course: key.Course, Label: key.Label, Start: at(0), Source: "coach",
		Gates: map[engine.StepID]time.Time{"kick.off": at(1)}, Events: map[engine.StepID]engine.Occasion{"kick.off": {At: at(2), Code: "ABC234"}}}
	must(t, s.CreateCohort(ctx, c))
	wantErr(t, s.CreateCohort(ctx, c), engine.ErrConflict)
	c.Rev = 1
	same(t, "the cohort", got[engine.Cohort](t)(s.Cohort(ctx, c.ID)), c)
	same(t, "telling cohorts", len(got[[]engine.CohortID](t)(s.TellingCohorts(ctx, 10))), 0)
	c.Tell, c.TellAfter = true, engine.MemberRef{JoinedAt: at(3), Enrolment: "e"}
	must(t, s.SaveCohort(ctx, c))
	wantErr(t, s.SaveCohort(ctx, c), engine.ErrConflict)
	same(t, "telling cohorts", got[[]engine.CohortID](t)(s.TellingCohorts(ctx, 10)), []engine.CohortID{c.ID})
	missing := c
	missing.ID = "nobody"
	wantErr(t, s.SaveCohort(ctx, missing), engine.ErrNotFound)
	kept := got[engine.Cohort](t)(s.Cohort(ctx, c.ID))
	c.Rev = 2
	same(t, "the saved cohort", kept, c)
	kept.Tell = false
	must(t, s.SaveCohort(ctx, kept))
	same(t, "telling cohorts", len(got[[]engine.CohortID](t)(s.TellingCohorts(ctx, 10))), 0)
}

func member(n int) engine.CohortMember {
	return engine.CohortMember{Enrolment: engine.EnrolmentID(fmt.Sprint("e", n)), Rev: 5, Cohort: "c", Learner: engine.PersonID(fmt.Sprint("p", n)),
		JoinedAt: at(n / 2), State: engine.MemberActive, ActiveAt: at(n), Waits: []engine.StepID{"kickoff", "other"}}
}

func membersAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for _, n := range []int{3, 1, 2, 5, 4} {
		must(t, s.PutMember(ctx, member(n)))
	}
	elsewhere := member(6)
	elsewhere.Cohort = "d"
	must(t, s.PutMember(ctx, elsewhere))
	same(t, "the first page", got[[]engine.CohortMember](t)(s.MembersOf(ctx, "c", engine.MemberRef{}, 2)), []engine.CohortMember{member(1), member(2)})
	same(t, "the next page", got[[]engine.CohortMember](t)(s.MembersOf(ctx, "c", member(2).Ref(), 9)), []engine.CohortMember{member(3), member(4), member(5)})
	older := member(1)
	older.Rev, older.State = 4, engine.MemberLeft
	must(t, s.PutMember(ctx, older))
	same(t, "what is older", got[engine.CohortMember](t)(s.MemberOf(ctx, "e1")), member(1))
	_, err := s.MemberOf(ctx, "nobody")
	wantErr(t, err, engine.ErrNotFound)
	moved := member(1)
	moved.Rev, moved.Cohort = 6, "d"
	must(t, s.PutMember(ctx, moved))
	same(t, "those left", len(got[[]engine.CohortMember](t)(s.MembersOf(ctx, "c", engine.MemberRef{}, 9))), 4)
}

func gatesStand(t *testing.T, s engine.Store) {
	ctx := t.Context()
	state := func(step engine.StepID) [2]bool {
		t.Helper()
		waits, ready, err := s.GateState(ctx, "c", step)
		must(t, err)
		return [2]bool{waits, ready}
	}
	same(t, "a gate of nobody", state("kickoff"), [2]bool{false, false})
	for n := range 3 {
		must(t, s.PutMember(ctx, member(n)))
	}
	same(t, "a gate nobody is ready for", state("kickoff"), [2]bool{true, false})
	for n := range 3 {
		m := member(n)
		m.Rev, m.Waits, m.Ready = 6, []engine.StepID{"other"}, []engine.StepID{"kickoff"}
		must(t, s.PutMember(ctx, m))
		same(t, "the gate", state("kickoff"), [2]bool{n < 2, true})
	}
	same(t, "the other gate", state("other"), [2]bool{true, false})
	must(t, s.PutMember(ctx, member(0))) // from an older revision
	same(t, "the gate", state("kickoff"), [2]bool{false, true})
}

// Each of many members becomes ready at once: whoever looks after the last has written sees that nobody waits.
func membersRace(t *testing.T, s engine.Store) {
	ctx := t.Context()
	const n = 40
	saw := make([]bool, n)
	for i := range n {
		must(t, s.PutMember(ctx, member(i)))
	}
	same(t, "members made ready", together(t, n, nil, func(i int) error {
		m := member(i)
		m.Rev, m.Waits, m.Ready = 6, nil, []engine.StepID{"kickoff"}
		if err := s.PutMember(ctx, m); err != nil {
			return err
		}
		waits, ready, err := s.GateState(ctx, "c", "kickoff")
		saw[i] = !waits && ready
		return err
	}), n)
	for _, all := range saw {
		if all {
			return
		}
	}
	t.Error("nobody saw that all are ready")
}

func groupsAreSwapped(t *testing.T, s engine.Store) {
	ctx := t.Context()
	g := got[engine.Groups](t)(s.Groups(ctx, "c"))
	same(t, "no groups", g, engine.Groups{Cohort: "c"})
	g.Groups, g.Tell = [][]engine.Mate{{{Enrolment: "e1", Person: "p1"}, {Enrolment: "e2", Person: "p2"}}}, []engine.EnrolmentID{"e1"}
	won := together(t, 8, engine.ErrConflict, func(int) error { return s.SaveGroups(ctx, g) })
	same(t, "who made the groups", won, 1)
	same(t, "telling groups", got[[]engine.CohortID](t)(s.TellingGroups(ctx, 9)), []engine.CohortID{"c"})
	g.Rev = 1
	same(t, "the groups", got[engine.Groups](t)(s.Groups(ctx, "c")), g)
	g.Tell = nil
	won = together(t, 8, engine.ErrConflict, func(int) error { return s.SaveGroups(ctx, g) })
	same(t, "who changed them", won, 1)
	same(t, "telling groups", len(got[[]engine.CohortID](t)(s.TellingGroups(ctx, 9))), 0)
	g.Cohort, g.Rev = "d", 3
	if err := s.SaveGroups(ctx, g); !errors.Is(err, engine.ErrConflict) && !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("groups of a revision that never was: %v", err)
	}
}

func postsAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	post := func(n int) engine.Post {
		return engine.Post{ID: engine.PostID(fmt.Sprint("p", n)), Thread: "t", Enrolment: "e", Step: "s", Author: engine.PersonID(fmt.Sprint("a", n%2)),
			Role: engine.Learner, Text: "ü.$ " + fmt.Sprint(n), At: at(n / 2), Uncounted: true}
	}
	for _, n := range []int{3, 1, 2, 0, 4} {
		must(t, s.AddPost(ctx, post(n)))
	}
	other := post(9)
	other.Thread = "u"
	must(t, s.AddPost(ctx, other))
	again := post(1)
	again.Text = "other words"
	must(t, s.AddPost(ctx, again))
	stored := func(n int) engine.Post { p := post(n); p.Rev = 1; return p }
	same(t, "the latest", got[[]engine.Post](t)(s.PostsIn(ctx, "t", engine.PostRef{}, 2)), []engine.Post{stored(4), stored(3)})
	same(t, "those before", got[[]engine.Post](t)(s.PostsIn(ctx, "t", engine.PostRef{At: at(1), ID: "p3"}, 9)), []engine.Post{stored(2), stored(1), stored(0)})
	same(t, "by one", got[[]engine.Post](t)(s.PostsBy(ctx, "t", "a0", at(1), 9)), []engine.Post{stored(4), stored(2)})
	same(t, "uncounted", len(got[[]engine.Post](t)(s.UncountedPosts(ctx, 99))), 6)
	p := got[engine.Post](t)(s.Post(ctx, "p1"))
	p.Uncounted, p.Helpful = false, []engine.PersonID{"a0"}
	same(t, "who counted", together(t, 8, engine.ErrConflict, func(int) error { return s.SavePost(ctx, p) }), 1)
	same(t, "uncounted", len(got[[]engine.Post](t)(s.UncountedPosts(ctx, 99))), 5)
	p.Rev = 2
	same(t, "the post", got[engine.Post](t)(s.Post(ctx, "p1")), p)
	_, err := s.Post(ctx, "nobody")
	wantErr(t, err, engine.ErrNotFound)
}
