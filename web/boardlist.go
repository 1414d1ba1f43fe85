package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// maxAbsent bounds the names of those who have not opened anything.
const maxAbsent = 100

// notOpened are those on the LMS's course list who have not opened anything here.
type notOpened struct {
	People []engine.Person // the first of them
	Count  int
	More   int // not named
}

// sift has the board show the group that is asked for, and adds who is on the course
// list only.
func (s *Site) sift(r *http.Request, session *Session, service *engine.Service, body *boardPage, filter *engine.BoardFilter) error {
	roster, err := service.Roster(r.Context(), session.Course)
	if err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	asked := body.Asked.Group
	body.Asked.Group = ""
	if len(roster) == 0 {
		return nil
	}
	if body.Groups, err = s.groups(r.Context(), session); err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	if slices.ContainsFunc(body.Groups, func(g lti.Group) bool { return g.ID == asked }) {
		body.Asked.Group = asked
		roster = slices.DeleteFunc(roster, func(e engine.RosterEntry) bool { return !slices.Contains(e.Groups, asked) })
		filter.People = map[engine.PersonID]bool{}
		for _, e := range roster {
			filter.People[e.Person] = true
		}
	}
	people, count, err := service.NotOpened(r.Context(), session.Course, roster, maxAbsent)
	if err != nil {
		return fmt.Errorf("web: board: %w", err)
	}
	if count > 0 {
		body.Absent = &notOpened{People: people, Count: count, More: count - len(people)}
	}
	return nil
}

// groups are those of the session's course, as last read.
func (s *Site) groups(ctx context.Context, session *Session) ([]lti.Group, error) {
	key := lti.CourseKey{Registration: lti.RegistrationID(session.Registration), Deployment: session.Deployment, Course: session.Course.ID}
	switch {
	case s.o.Groups != nil:
		return s.o.Groups(ctx, key)
	case s.tool == nil:
		return nil, nil
	}
	course, err := s.tool.KnownCourse(ctx, key)
	if errors.Is(err, lti.ErrNotFound) {
		return nil, nil
	}
	return course.Groups, err
}

// gradeCause is the cause of a refused grade that the catalogues have words for.
func gradeCause(cause string) string {
	switch c := lti.Cause(cause); c {
	case lti.CauseGone, lti.CauseNotGradable, lti.CauseStale, lti.CauseForbidden:
		return cause
	}
	return string(lti.CauseRefused)
}
