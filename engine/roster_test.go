package engine_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// samAnd is a roster with Sam and others.
func samAnd(more ...engine.RosterMember) []engine.RosterMember {
	return append([]engine.RosterMember{{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Learner: true}}, more...)
}

func (h *house) roster(complete bool, members ...engine.RosterMember) engine.RosterReport {
	h.t.Helper()
	return h.rosterReadAt(h.now, complete, members...)
}

func (h *house) rosterReadAt(at time.Time, complete bool, members ...engine.RosterMember) engine.RosterReport {
	h.t.Helper()
	report, err := h.SyncRoster(h.t.Context(), engine.Course{Issuer: lms, ID: "2"}, engine.RosterReading{Members: members, Complete: complete, At: at})
	must(h.t, err)
	return report
}

func (h *house) leftAt() (left bool, rev int64) {
	h.t.Helper()
	e, err := h.store.Enrolment(h.t.Context(), h.id)
	must(h.t, err)
	return !e.LeftAt.IsZero(), e.Rev
}

func TestNudgesPauseWhileALearnerIsOutOfTheCourse(t *testing.T) {
	h := newHouse(t, "2026-11-21 22:00") // a Saturday night: the first mail waits for Monday
	h.arrive("first-steps", maxed)
	kim := engine.RosterMember{Subject: "6", Name: "Kim", Email: "kim@example.org", Learner: true}
	if got := h.roster(true, samAnd(kim)...); got != (engine.RosterReport{New: 2}) {
		t.Fatalf("got %+v", got)
	}
	if got := h.roster(true, kim); got != (engine.RosterReport{Left: 1}) {
		t.Fatalf("got %+v", got)
	}
	rows := h.board(engine.Course{Issuer: lms, ID: "2"})
	if len(rows) != 1 || rows[0].Enrolment.LeftAt.IsZero() {
		t.Fatal("the board does not say that Sam left")
	}
	h.pass("2026-11-24 12:00")
	if got := h.post.told(); len(got) != 0 {
		t.Fatalf("mails to who left, and about them: %v", got)
	}
	if got := h.roster(true, samAnd(kim)...); got != (engine.RosterReport{Returned: 1}) {
		t.Fatalf("got %+v", got)
	}
	h.pass("2026-11-26 12:00")
	if got := h.post.told(); !slices.Contains(got, "sam step_late read-trades") {
		t.Fatalf("mails after Sam is back: %v", got)
	}
}

func TestWhoIsDeletedInDifferencesLeftAndALaunchBringsThemBack(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.roster(true, samAnd()...)
	if got := h.roster(false); got != (engine.RosterReport{}) {
		t.Fatalf("differences without anybody changed %+v", got)
	}
	h.roster(false, engine.RosterMember{Subject: "5", Learner: true, Left: true})
	if left, _ := h.leftAt(); !left {
		t.Fatal("Sam is deleted, and still there")
	}
	h.arrive("first-steps", maxed)
	if left, _ := h.leftAt(); left {
		t.Fatal("Sam launched, and is still away")
	}
}

func TestARosterThatSaysNothingNewWritesNothing(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.roster(true, samAnd()...)
	_, rev := h.leftAt()
	sam, err := h.Person(t.Context(), h.sam)
	must(t, err)
	course := engine.Course{Issuer: lms, ID: "2"}
	before, err := h.Roster(t.Context(), course)
	must(t, err)
	h.now = h.now.Add(3600e9)
	if got := h.roster(true, samAnd()...); got != (engine.RosterReport{}) {
		t.Fatalf("got %+v", got)
	}
	after, err := h.Roster(t.Context(), course)
	must(t, err)
	again, err := h.Person(t.Context(), h.sam)
	must(t, err)
	if _, now := h.leftAt(); now != rev || again.Rev != sam.Rev || len(after) != 1 || !after[0].Since.Equal(before[0].Since) {
		t.Fatalf("something was written: enrolment %d → %d, person %d → %d, %+v → %+v", rev, now, sam.Rev, again.Rev, before, after)
	}
}

func TestARosterKnowsLearnersWhoNeverLaunchedButNoStaff(t *testing.T) {
	h := newHouse(t, monday)
	h.roster(true,
		engine.RosterMember{Subject: "6", Name: "Kim", Email: "kim@example.org", Learner: true, Groups: []string{"b", "a", "b"}},
		engine.RosterMember{Subject: "1", Name: "Toni Teacher", Email: "toni@example.org"})
	all, err := h.Roster(t.Context(), engine.Course{Issuer: lms, ID: "2"})
	must(t, err)
	if len(all) != 1 || all[0].Subject != "6" || !slices.Equal(all[0].Groups, []string{"a", "b"}) {
		t.Fatalf("got %+v", all)
	}
	kim, err := h.Person(t.Context(), all[0].Person)
	must(t, err)
	if kim.Email != "kim@example.org" || kim.Subject != "6" {
		t.Fatalf("got %+v", kim)
	}
	if staff, err := h.store.StaffOf(t.Context(), engine.Course{Issuer: lms, ID: "2"}); err != nil || len(staff) != 0 {
		t.Fatalf("the roster made staff: %+v, %v", staff, err)
	}
}

func TestALearnerWhoWasGoneBeforeTheFirstReadingLeft(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	if got := h.roster(true, engine.RosterMember{Subject: "6", Learner: true}); got != (engine.RosterReport{New: 1, Left: 1}) {
		t.Fatalf("got %+v", got)
	}
	if left, _ := h.leftAt(); !left {
		t.Fatal("Sam is not listed, and still there")
	}
	if got := h.roster(true, samAnd()...); got != (engine.RosterReport{Left: 1, Returned: 1}) {
		t.Fatalf("got %+v", got)
	}
}

func TestALearnerWhoIsListedAsTeacherNowHasNotLeft(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.roster(true, samAnd()...)
	h.roster(true, engine.RosterMember{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org"})
	if left, _ := h.leftAt(); left {
		t.Fatal("Sam is listed, and left")
	}
}

func TestACompleteRosterWithoutAnybodyIsNotBelieved(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	if _, err := h.SyncRoster(t.Context(), engine.Course{Issuer: lms, ID: "2"}, engine.RosterReading{Complete: true, At: h.now}); !errors.Is(err, engine.ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	if left, _ := h.leftAt(); left {
		t.Fatal("everybody left at once")
	}
}

func TestWhoJoinsAndLeavesBetweenTwoReadingsLeft(t *testing.T) {
	h := newHouse(t, monday)
	kim := engine.RosterMember{Subject: "6", Name: "Kim", Learner: true}
	h.roster(true, kim)
	h.arrive("first-steps", maxed)
	h.now = h.now.Add(time.Hour)
	if got := h.roster(true, kim); got != (engine.RosterReport{Left: 1}) {
		t.Fatalf("got %+v", got)
	}
	if left, _ := h.leftAt(); !left {
		t.Fatal("Sam is not listed, and still there")
	}
	if got := h.roster(true, kim); got != (engine.RosterReport{}) {
		t.Fatalf("the same roster again changed %+v", got)
	}
	h.arrive("first-steps", maxed) // back, and gone again before the roster is read
	h.now = h.now.Add(time.Hour)
	h.roster(true, kim)
	if left, _ := h.leftAt(); !left {
		t.Fatal("Sam left once more, and is still there")
	}
}

func TestAReadingFromBeforeTheLaunchDoesNotUndoIt(t *testing.T) {
	kim := engine.RosterMember{Subject: "6", Name: "Kim", Learner: true}
	for name, old := range map[string]struct {
		complete bool
		members  []engine.RosterMember
	}{
		"missing in the whole": {true, []engine.RosterMember{kim}},
		"deleted since":        {false, []engine.RosterMember{{Subject: "5", Learner: true, Left: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			h.arrive("first-steps", maxed)
			h.roster(true, samAnd(kim)...)
			asked := h.now.Add(time.Minute)
			h.now = asked.Add(time.Second)
			h.arrive("first-steps", maxed)
			if got := h.rosterReadAt(asked, old.complete, old.members...); got != (engine.RosterReport{}) {
				t.Fatalf("got %+v", got)
			}
			if left, _ := h.leftAt(); left {
				t.Fatal("Sam launched after the roster was read, and left")
			}
			h.now = h.now.Add(time.Hour)
			h.roster(true, kim)
			if left, _ := h.leftAt(); !left {
				t.Fatal("the next reading misses Sam, who is still there")
			}
		})
	}
}
