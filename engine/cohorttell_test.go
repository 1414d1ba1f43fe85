package engine_test

import (
	"fmt"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// Who changes a large cohort does not wait until each member knows; the sweep tells the others.
func TestAChangeOfALargeCohortTellsAFewAtOnceAndAllBySweep(t *testing.T) {
	c := newCrowd(t, "2026-11-23 09:00")
	var names []string
	for i := range 45 {
		names = append(names, fmt.Sprintf("m%02d", i))
	}
	c.joins(names...)
	told := func() (n int) {
		for _, name := range names {
			e, err := c.store.Enrolment(t.Context(), c.ids[name])
			must(t, err)
			if !e.Anchors[engine.AnchorCourseStart].IsZero() {
				n++
			}
		}
		return n
	}
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-07 00:00"), "Europe/Berlin"))
	if n := told(); n != 20 {
		t.Errorf("%d know at once, want 20", n)
	}
	c.sweep()
	if n := told(); n != 45 {
		t.Errorf("%d know after a sweep, want 45", n)
	}
}
