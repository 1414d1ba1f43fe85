package main

import (
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/platform"
)

// firstGrade is Sam's grade after the first step, passed back.
func (s *school) firstGrade(change func(e *engine.Enrolment)) platform.LineItem {
	s.t.Helper()
	s.launches("sam", s.link)
	r, err := s.h.rooms(s.t.Context(), "main")
	must(s.t, err)
	p, err := r.store.PersonByAccount(s.t.Context(), s.lms.URL(), "5")
	must(s.t, err)
	all, err := r.store.EnrolmentsOf(s.t.Context(), p.ID)
	must(s.t, err)
	change(all[0])
	must(s.t, r.store.SaveEnrolment(s.t.Context(), all[0]))
	must(s.t, r.engine.MarkDone(s.t.Context(), p.ID, all[0].ID, "read-trades"))
	must(s.t, r.engine.RelayGrade(s.t.Context(), all[0].ID))
	for _, item := range s.lms.LineItems() {
		if score, ok := s.lms.Grade("5", item.ID); ok && score.Given > 0 {
			return item
		}
	}
	s.t.Fatalf("no column has Sam's grade: %+v\n%s", s.lms.LineItems(), s.log)
	return platform.LineItem{}
}

func TestAColumnThatIsMadeForAGradeIsCalledAsTheWorkflow(t *testing.T) {
	s := newSchool(t, "")
	item := s.firstGrade(func(e *engine.Enrolment) { e.LineItem = "" })
	if item.Label != "First steps to better negotiations" || item.Tag != "cairn" || item.ResourceID != "first-steps" {
		t.Errorf("got %+v", item)
	}
}

func TestAGradeWhoseColumnWasDeletedGoesIntoANewOne(t *testing.T) {
	s := newSchool(t, "")
	s.firstGrade(func(e *engine.Enrolment) {
		course := lti.CourseKey{Registration: lti.RegistrationID(e.Course.Registration), Deployment: e.DeploymentID, Course: e.Course.ID}
		column, err := s.h.tool.EnsureLineItem(t.Context(), course, e.LineItemsURL, lti.LineItem{Label: "Soon gone", ScoreMaximum: 10})
		must(t, err)
		must(t, s.h.tool.DeleteLineItem(t.Context(), course, column))
		e.LineItem = column
	})
}
