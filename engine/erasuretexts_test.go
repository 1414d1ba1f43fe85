package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// What coaches wrote about a course names nobody who was erased, in whatever way they were called; others stay.
func TestAnErasureReachesWhatWasWrittenAboutACourse(t *testing.T) {
	h, tessa := standing(t)
	ctx := t.Context()
	due := h.now.Add(48 * time.Hour)
	add := func(owner, action string) engine.BarrierAction {
		t.Helper()
		a, err := h.AddBarrierAction(ctx, tessa, course(), engine.BarrierAction{Tag: "no time", Owner: owner, Action: action, Due: due})
		must(t, err)
		return a
	}
	who, err := h.Person(ctx, h.sam)
	must(t, err)
	first, last, _ := strings.Cut(who.Name, " ")
	if last == "" {
		t.Fatalf("the learner is called %q", who.Name)
	}
	want := map[string][2]string{}
	for _, c := range []struct{ owner, action, wantOwner, wantAction string }{
		{who.Name, "Free an hour a week", engine.ErasedName, "Free an hour a week"},
		{first, "Ask", engine.ErasedName, "Ask"},
		{last + ", " + first, "Ask", engine.ErasedName, "Ask"},
		{"Tessa", "Talk to " + strings.ToUpper(who.Name) + ", then to " + last + "ers", "Tessa", "Talk to " + engine.ErasedName + ", then to " + last + "ers"},
		{"Tessa", "Write to <" + who.Email + ">; " + who.Name + "'s desk is free", "Tessa", "Write to <" + engine.ErasedName + ">; " + engine.ErasedName + " desk is free"},
		{first + " Other", "Nothing of " + first + "antha", first + " Other", "Nothing of " + first + "antha"},
	} {
		want[add(c.owner, c.action).ID] = [2]string{c.wantOwner, c.wantAction}
	}
	must(t, h.HoldCourseNudges(ctx, tessa, course(), who.Name+" is ill"))
	must(t, h.ReleaseCourseNudges(ctx, tessa, course()))
	must(t, h.HoldCourseNudges(ctx, tessa, course(), "At the wish of "+who.Email))

	dry, err := h.ErasePerson(ctx, operator, engine.ByAccount(lms, "5"), true)
	must(t, err)
	if dry.Courses != 6 {
		t.Errorf("it would change %d texts", dry.Courses)
	}
	if held, err := h.CourseNudges(ctx, tessa, course()); err != nil || held.Held.Reason != "At the wish of "+who.Email {
		t.Fatalf("a dry run changed %+v, %v", held.Held, err)
	}
	done, err := h.ErasePerson(ctx, operator, engine.ByAccount(lms, "5"), false)
	must(t, err)
	if done.Courses != 6 {
		t.Errorf("it changed %d texts", done.Courses)
	}
	all, err := h.BarrierActions(ctx, tessa, course())
	must(t, err)
	for _, a := range all {
		if have := [2]string{a.Owner, a.Action}; have != want[a.ID] {
			t.Errorf("%q, want %q", have, want[a.ID])
		}
	}
	held, err := h.CourseNudges(ctx, tessa, course())
	must(t, err)
	if held.Held.Reason != "At the wish of "+engine.ErasedName || len(held.Acts) != 3 || held.Acts[0].Reason != engine.ErasedName+" is ill" {
		t.Errorf("it is held as %+v after %+v", held.Held, held.Acts)
	}
}
