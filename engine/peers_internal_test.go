package engine

import (
	"testing"
	"time"
)

func TestWhoNeverActedIdlesFromJoining(t *testing.T) {
	m := CohortMember{State: MemberActive, JoinedAt: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	c := Calendar{Days: [7]bool{false, true, true, true, true, true, false}, Start: 9 * 60, End: 17 * 60, Timezone: "doer"}
	for after, want := range map[int]bool{7: false, 21: true} {
		if got := absent(c, m, m.JoinedAt.AddDate(0, 0, after), time.UTC); got != want {
			t.Errorf("%d days after joining: absent %v, want %v", after, got, want)
		}
	}
}
