package enginetest

import (
	"fmt"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func rosterIsKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	course := engine.Course{Issuer: "https://lms.example", ID: "2"}
	entry := func(subject string) engine.RosterEntry {
		return engine.RosterEntry{Issuer: course.Issuer, Course: course.ID, Subject: subject, Person: engine.PersonID("p-" + subject),
			Status: engine.Enrolled, Since: at(0), Groups: []string{"a", "ü.$"}, Seen: "x"}
	}
	for _, n := range []int{3, 1, 2, 5, 4} {
		must(t, s.PutRosterEntry(ctx, entry(fmt.Sprint("s.", n))))
	}
	elsewhere := entry("s.2")
	elsewhere.Course = "3"
	must(t, s.PutRosterEntry(ctx, elsewhere))
	gone := entry("s.2")
	gone.Status, gone.Since = engine.Left, at(1)
	must(t, s.PutRosterEntry(ctx, gone))

	page := got[[]engine.RosterEntry](t)(s.RosterOf(ctx, course, "", 3))
	same(t, "the first page", page, []engine.RosterEntry{entry("s.1"), gone, entry("s.3")})
	page = got[[]engine.RosterEntry](t)(s.RosterOf(ctx, course, "s.3", 3))
	same(t, "the next page", page, []engine.RosterEntry{entry("s.4"), entry("s.5")})
	page = got[[]engine.RosterEntry](t)(s.RosterOf(ctx, course, "s.5", 3))
	same(t, "entries after the last", len(page), 0)
}
