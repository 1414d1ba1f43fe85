package lrsmongo

import (
	"fmt"
	"testing"
	"time"
)

func TestTheQuarantineIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	given := func(n int, ago time.Duration) (list []flight) {
		for i := range n {
			list = append(list, flight{Batch: fmt.Sprint(i), Expires: now.Add(isolation - ago)})
		}
		return list
	}
	for name, c := range map[string]struct {
		aborted []flight
		over    int
	}{
		"few stay for long":                   {given(5, 20*time.Hour), 0},
		"few leave in the end":                {given(5, isolation+time.Second), 5},
		"many stay until they have settled":   {given(maxAborted, settled-time.Second), 0},
		"many leave when they have settled":   {given(maxAborted, settled+time.Second), maxAborted / 2},
		"half of what is allowed stays whole": {given(maxAborted/2, settled+time.Second), 0},
	} {
		s := state{Aborted: c.aborted}
		over := s.over(now)
		if len(over) != c.over {
			t.Errorf("%s: %d leave, want %d", name, len(over), c.over)
		}
		for i, f := range over {
			if f.Batch != fmt.Sprint(i) {
				t.Errorf("%s: %s leaves before older ones", name, f.Batch)
			}
		}
	}
}
