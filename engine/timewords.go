package engine

import (
	"fmt"
	"strings"
)

// Words is a duration as people say it: 2 working days.
func (d Duration) Words() string {
	unit := map[string]string{"h": "hour", "d": "day", "wd": "working day", "w": "week"}[d.Unit]
	if d.N != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", d.N, unit)
}

// Words is a time as people say it: 2 working days after the course is completed.
func (t TimeExpr) Words() string {
	anchor, ok := map[string]string{
		AnchorEnrolled: "enrolment", AnchorUnenrolled: "the learner leaves the course", AnchorCourseStart: "the course starts", AnchorCourseCompleted: "the course is completed",
		anchorOpen: "it opens", anchorDue: "it is due", anchorNever: "only when something else opens it",
	}[t.Anchor]
	if id := t.StepAnchor(); id != "" {
		anchor, ok = fmt.Sprintf("%q is settled", id), true
	}
	if typ, found := strings.CutPrefix(t.Anchor, eventAnchor); found {
		anchor, ok = "the event "+typ, true
	}
	if !ok {
		anchor = t.Anchor
	}
	words := anchor
	switch {
	case t.IsNever():
	case t.Offset.IsZero() && (t.Anchor == AnchorEnrolled || strings.HasPrefix(t.Anchor, eventAnchor)):
		words = "at " + anchor
	case t.Offset.IsZero() && ok:
		words = "when " + anchor
	case t.Offset.IsZero():
		words = "on " + anchor
	case t.Back:
		words = t.Offset.Words() + " before " + anchor
	default:
		words = t.Offset.Words() + " after " + anchor
	}
	if t.HasTime {
		words += fmt.Sprintf(", at %02d:%02d", t.Minute/60, t.Minute%60)
	}
	return words
}
