package main

import (
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestTheRosterTellsTheBoardWhoLeftAndWhoIsBack(t *testing.T) {
	s := newSchool(t, "")
	s.launches("sam", s.link)
	service, err := s.h.engine(t.Context(), "main")
	must(t, err)
	course := engine.Course{Issuer: s.lms.URL(), ID: "2"}
	left := func() bool {
		t.Helper()
		board, err := service.Board(t.Context(), course, engine.BoardFilter{}, 0, 0)
		must(t, err)
		rows := board.Rows
		if len(rows) != 1 {
			t.Fatalf("%d learners on the board", len(rows))
		}
		return !rows[0].Enrolment.LeftAt.IsZero()
	}
	s.hour()
	known, err := service.Roster(t.Context(), course)
	must(t, err)
	if len(known) < 2 || left() {
		t.Fatalf("%d on the roster, left: %v\n%s", len(known), left(), s.log)
	}
	must(t, s.lms.RemoveUser("5"))
	s.hour()
	if !left() {
		t.Fatalf("Sam was taken out of the course, and has not left\n%s", s.log)
	}
	must(t, s.lms.ReturnUser("5"))
	s.hour()
	if left() {
		t.Fatalf("Sam is back in the course, and still away\n%s", s.log)
	}
	courses, err := s.h.stores.platforms.KnownCourses(t.Context(), "main", "", 10)
	must(t, err)
	if len(courses) != 1 || courses[0].Synced.At.IsZero() || courses[0].Synced.Cause != "" {
		t.Fatalf("got %+v", courses)
	}
}

func TestATeachersLaunchAsksForTheRosterAtOnce(t *testing.T) {
	s := newSchool(t, "")
	s.launches("tessa", s.link)
	select {
	case wish := <-s.h.wishes:
		if wish.tenant != "main" || wish.fresh != rosterTeacher {
			t.Fatalf("got %+v", wish)
		}
	default:
		t.Fatal("nobody asked for the roster")
	}
}

// Between two renewals of the lease lie all jobs on one course, each as slow as it may be.
func TestTheLeaseOfAPassOutlastsTheJobsOnACourse(t *testing.T) {
	if jobs := time.Duration(len((&house{}).courseJobs())); jobs*syncTime >= syncLease {
		t.Errorf("%d jobs of %v are not done within a lease of %v", jobs, syncTime, syncLease)
	}
}
