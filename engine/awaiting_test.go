package engine_test

import (
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// enrols launches somebody into Sam's course.
func (h *house) enrols(subject string, custom map[string]string) engine.EnrolmentID {
	h.t.Helper()
	a := arrival("first-steps", custom)
	a.Subject, a.Email = subject, subject+"@example.org"
	e, err := h.Arrive(h.t.Context(), a)
	must(h.t, err)
	return e.ID
}

func (h *house) by(id engine.EnrolmentID) []engine.Source {
	h.t.Helper()
	e, err := h.store.Enrolment(h.t.Context(), id)
	must(h.t, err)
	return e.CompletedBy()
}

func TestTheEndOfACourseCompletesItWhereTheLMSTellsOfNoCompletions(t *testing.T) {
	course := engine.Course{Issuer: lms, ID: "2"}
	for name, test := range map[string]struct {
		param string
		told  bool
		want  bool
	}{
		"nothing was ever told":                {"", false, true},
		"the LMS tells of completions":         {"", true, false},
		"the launch says yes, though it tells": {"yes", true, true},
		"the launch says no":                   {"no", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			sam := h.enrols("5", map[string]string{"completion_at_end": test.param})
			kim := h.enrols("6", nil)
			if test.told {
				h.complete(engine.Completion{Who: engine.ByAccount(lms, "6"), Course: engine.CourseName{ID: "2"}, Source: engine.SourceStatement})
			}
			end := at(t, "2026-11-27 17:00")
			h.now = at(t, "2026-11-27 16:59")
			if n, err := h.CompleteAtEnd(t.Context(), course, end); err != nil || n > 0 || len(h.by(sam)) > 0 {
				t.Fatalf("before the end %d were completed (%v)", n, err)
			}
			h.now = at(t, "2026-11-30 09:00")
			late := h.enrols("7", nil)
			for range 2 {
				_, err := h.CompleteAtEnd(t.Context(), course, end)
				must(t, err)
			}
			if got := slices.Equal(h.by(sam), []engine.Source{engine.SourceCourseEnd}); got != test.want {
				t.Errorf("completed by %v", h.by(sam))
			}
			if len(h.by(late)) > 0 {
				t.Error("who came after the end completed it too")
			}
			if test.told && !slices.Equal(h.by(kim), []engine.Source{engine.SourceStatement}) {
				t.Errorf("Kim's is completed by %v", h.by(kim))
			}
		})
	}
}

func TestOnlyThoseWhoseWorkflowWaitsAreAwaited(t *testing.T) {
	h := newHouse(t, monday)
	h.enrols("5", map[string]string{"completion_item": "final"})
	h.enrols("6", nil)
	preview := arrival("first-steps", nil)
	preview.Subject, preview.Preview = "8", true
	_, err := h.Arrive(t.Context(), preview)
	must(t, err)
	h.complete(engine.Completion{Who: engine.ByAccount(lms, "6"), Course: engine.CourseName{ID: "2"}, Source: engine.SourceStatement})
	waiting, err := h.Awaiting(t.Context(), engine.Course{Issuer: lms, ID: "2"})
	must(t, err)
	if len(waiting) != 1 || waiting[0].Subject != "5" || waiting[0].Custom["completion_item"] != "final" {
		t.Errorf("awaited are %+v", waiting)
	}
}
