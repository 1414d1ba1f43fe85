package engine

import "testing"

func FuzzTimeExpr(f *testing.F) {
	for _, s := range []string{"open + 2wd", "course_completed + 12w at 09:00", "2026-12-01 at 10:00", "never", "step.a-b - 3h", "event.crm.deal.closed"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseTimeExpr(s)
		if err != nil {
			return
		}
		again, err := parseTimeExpr(e.String())
		if err != nil || again.String() != e.String() || again.Anchor != e.Anchor || again.Offset != e.Offset || again.HasTime != e.HasTime || again.Minute != e.Minute {
			t.Fatalf("%q is %+v, written as %q read as %+v (%v)", s, e, e, again, err)
		}
		if e.Words() == "" {
			t.Fatalf("%q has no words", s)
		}
	})
}
