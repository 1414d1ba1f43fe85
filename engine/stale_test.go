package engine_test

import (
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// at is a context in which a change counts at the revision somebody's enrolment has.
func (c *crowd) rev(name string) int64 {
	c.t.Helper()
	e, err := c.store.Enrolment(c.t.Context(), c.ids[name])
	must(c.t, err)
	return e.Rev
}

func TestARevisionNamesOneChangeOfOneEnrolment(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob", "cem")
	c.does("prepare", "ann", "bob")
	ctx := engine.IfRev(t.Context(), c.ids["cem"], c.rev("cem"))
	must(t, c.MarkDone(ctx, c.who["cem"], c.ids["cem"], "prepare"))
	for _, name := range []string{"ann", "bob", "cem"} {
		e, err := c.store.Enrolment(t.Context(), c.ids[name])
		must(t, err)
		if e.Steps["gate"].State != engine.Open {
			t.Errorf("%s's gate is %s: they were not told", name, e.Steps["gate"].State)
		}
	}
	stale := engine.IfRev(t.Context(), c.ids["ann"], 1)
	if err := c.MarkDone(stale, c.who["ann"], c.ids["ann"], "alone"); !errors.Is(err, engine.ErrStale) {
		t.Errorf("an older revision: %v", err)
	}
	if err := c.SaveDraft(stale, c.who["ann"], c.ids["ann"], "gate", nil); !errors.Is(err, engine.ErrStale) {
		t.Errorf("a draft at an older revision: %v", err)
	}
	must(t, c.Wake(stale, c.ids["bob"]))
}
