package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
)

// coachNav leads through the pages of a course's coaches and teachers.
type coachNav struct {
	At   string // which of them this is
	Acts bool   // the reader may act; who only looks has the board alone
}

// pager says which part of a list a page shows, with the ways to the others.
type pager struct {
	From, To, Count int    // from 1
	Before, After   string // addresses; empty: there is nothing
}

// Parts tells whether there is more than this page.
func (p pager) Parts() bool { return p.Before != "" || p.After != "" }

func pagerOf(from, shown, count, size int, href func(from int) string) pager {
	p := pager{From: min(from+1, count), To: from + shown, Count: count}
	if from > 0 {
		p.Before = href(max(0, from-size))
	}
	if from+shown < count {
		p.After = href(from + size)
	}
	return p
}

// coached is an enrolment of the session's course, for who may act as a coach there.
func (s *Site) coached(r *http.Request, session *Session, id engine.EnrolmentID) (*engine.Service, *engine.Enrolment, error) {
	service, err := s.coaching(r, session)
	if err != nil {
		return nil, nil, err
	}
	e, err := service.Enrolment(r.Context(), id)
	if err != nil {
		return nil, nil, err
	}
	if e.Course.Key() != session.Course.Key() || e.Preview {
		return nil, nil, fmt.Errorf("not a learner of this course: %w", errNotYours)
	}
	return service, e, nil
}

// coaching is the engine for who may act as a coach in the session's course.
func (s *Site) coaching(r *http.Request, session *Session) (*engine.Service, error) {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return nil, err
	}
	may, err := service.MayCompleteCourse(r.Context(), session.Person, session.Course)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, fmt.Errorf("only teachers of the course do that: %w", errNotYours)
	}
	return service, nil
}

// asCoach serves h to who may act as a coach in the session's course.
func (s *Site) asCoach(h func(http.ResponseWriter, *http.Request, *Session, *engine.Service) error) handler {
	return s.asStaff(func(w http.ResponseWriter, r *http.Request, session *Session) error {
		service, err := s.coaching(r, session)
		if err != nil {
			return fmt.Errorf("web: coach: %w", err)
		}
		return h(w, r, session, service)
	})
}

// Words are those of a list, for templates.
func (v *view) Words(list string) []string { return strings.Fields(list) }

// Local is an instant as a field of a form has it, in a zone.
func (v *view) Local(t time.Time, zone string) string { return t.In(text.Zone(zone)).Format(localTime) }
