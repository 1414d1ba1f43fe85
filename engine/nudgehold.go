package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// NudgeHold says that a coach holds nudges back: of one learner (Enrolment.NudgesHeld), or of a course. Steps go on, and
// so does what people's acts cause: requests, answers. What is planned meanwhile waits, and goes out after the hold if it
// still fits.
type NudgeHold struct {
	Since  time.Time `json:"since"`
	By     Actor     `json:"by"`
	Reason string    `json:"reason,omitempty"`
}

// What was done about nudges (Act.What).
const (
	ActHold    = "hold_nudges"
	ActRelease = "release_nudges"
)

// holdFor is how long a message waits before it is looked at again while nudges are held back.
const holdFor = time.Hour

// maxCourseActs bounds the history of a course.
const maxCourseActs = 40

func (n *NudgeHold) same(o *NudgeHold) bool {
	if n == nil || o == nil {
		return n == o
	}
	return n.Since.Equal(o.Since) && n.By == o.By && n.Reason == o.Reason
}

// HoldNudges holds the nudges about one learner back, to whomever they go, until ReleaseNudges. It needs a reason. The
// same again changes nothing.
func (s *Service) HoldNudges(ctx context.Context, by Actor, id EnrolmentID, reason string) error {
	reason, err := holdReason(reason)
	if err != nil {
		return err
	}
	return s.coach(ctx, by, id, "hold nudges", func(*Workflow, *Enrolment) (event, error) {
		return held{by: by, reason: reason}, nil
	})
}

// ReleaseNudges lets the nudges about one learner go on; what waited goes out if it still fits. Nothing to release is no
// error.
func (s *Service) ReleaseNudges(ctx context.Context, by Actor, id EnrolmentID) error {
	if err := s.coach(ctx, by, id, "release nudges", func(*Workflow, *Enrolment) (event, error) { return released{by: by}, nil }); err != nil {
		return err
	}
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return fmt.Errorf("release nudges: %w", err)
	}
	return s.awaken(ctx, e)
}

func holdReason(reason string) (string, error) {
	reason = clip(strings.TrimSpace(reason), maxReason)
	if reason == "" {
		return "", FieldErrors{{Field: "reason", Key: "error.required"}}
	}
	return reason, nil
}

type held struct {
	by     Actor
	reason string
}

func (ev held) apply(d *decision) error {
	switch {
	case d.e.State == Stopped:
		return fmt.Errorf("hold nudges of enrolment %s: the workflow is over: %w", d.e.ID, ErrConflict)
	case d.e.NudgesHeld != nil:
		return nil
	}
	d.e.NudgesHeld = &NudgeHold{Since: d.now, By: ev.by, Reason: ev.reason}
	d.acted(ev.by, ActHold, "", ev.reason)
	return nil
}

type released struct{ by Actor }

func (ev released) apply(d *decision) error {
	if d.e.NudgesHeld == nil {
		return nil
	}
	d.e.NudgesHeld = nil
	d.acted(ev.by, ActRelease, "", "")
	return nil
}

// CourseNudges is whether the nudges of a course are held back, and who held and released them.
type CourseNudges struct {
	Held *NudgeHold `json:"held"` // nil: they go out
	Acts []Act      `json:"acts"` // oldest first, the latest few
}

// wholeCourse is the key under which what is true of a whole course is kept, whatever its workflows are.
func wholeCourse(c Course) CohortKey {
	return CohortKey{Course: Course{Issuer: c.Issuer, ID: c.ID}}
}

// CourseNudges tells whether the nudges of a course are held back, to who may coach there.
func (s *Service) CourseNudges(ctx context.Context, by Actor, c Course) (CourseNudges, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return CourseNudges{}, fmt.Errorf("nudges of a course: %w", err)
	}
	kept, err := s.cohort(ctx, wholeCourse(c))
	return CourseNudges{Held: kept.NudgesHeld, Acts: append([]Act{}, kept.Acts...)}, err
}

// HoldCourseNudges holds the nudges of everybody in a course back, those enrolled later too, until ReleaseCourseNudges. It
// needs a reason. The same again changes nothing.
func (s *Service) HoldCourseNudges(ctx context.Context, by Actor, c Course, reason string) error {
	reason, err := holdReason(reason)
	if err != nil {
		return err
	}
	return s.changeCourse(ctx, by, c, func(kept *Cohort) bool {
		if kept.NudgesHeld != nil {
			return false
		}
		kept.NudgesHeld = &NudgeHold{Since: s.now(), By: by, Reason: reason}
		kept.Acts = append(kept.Acts, Act{By: by, What: ActHold, At: s.now(), Reason: reason})
		return true
	})
}

// ReleaseCourseNudges lets the nudges of a course go on, but for learners whose own are held. What waited goes out within
// the hour if it still fits. Nothing to release is no error.
func (s *Service) ReleaseCourseNudges(ctx context.Context, by Actor, c Course) error {
	return s.changeCourse(ctx, by, c, func(kept *Cohort) bool {
		if kept.NudgesHeld == nil {
			return false
		}
		kept.NudgesHeld = nil
		kept.Acts = append(kept.Acts, Act{By: by, What: ActRelease, At: s.now()})
		return true
	})
}

// changeCourse changes what is kept of a whole course by compare-and-swap; change tells whether it changed anything and
// may run more than once. Nobody needs to be told: it is read when a message is about to go out.
func (s *Service) changeCourse(ctx context.Context, by Actor, c Course, change func(*Cohort) bool) error {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return fmt.Errorf("nudges of a course: %w", err)
	}
	for range maxTries {
		kept, err := s.cohort(ctx, wholeCourse(c))
		if err != nil {
			return err
		}
		if kept = kept.clone(); !change(&kept) {
			return nil
		}
		kept.Acts = kept.Acts[max(0, len(kept.Acts)-maxCourseActs):]
		if kept.Rev == 0 {
			err = s.o.Store.CreateCohort(ctx, kept)
		} else {
			err = s.o.Store.SaveCohort(ctx, kept)
		}
		if !errors.Is(err, ErrConflict) {
			if err != nil {
				err = fmt.Errorf("nudges of a course: %w", err)
			}
			return err
		}
	}
	return fmt.Errorf("nudges of course %s: too many others at once: %w", c.ID, ErrConflict)
}

// held tells whether a nudge waits because a coach holds it back. What the course says is read once in a delivery.
func (d *delivery) held(ctx context.Context, e *Enrolment, m Message) (bool, error) {
	if !m.IsNudge() {
		return false, nil
	}
	if e.NudgesHeld != nil {
		return true, nil
	}
	id := wholeCourse(e.Course).ID()
	hold, known := d.courses[id]
	if !known {
		c, err := d.s.cohort(ctx, wholeCourse(e.Course))
		if err != nil {
			return false, err
		}
		if hold = c.NudgesHeld != nil; d.courses == nil {
			d.courses = map[CohortID]bool{}
		}
		d.courses[id] = hold
	}
	return hold, nil
}

// concerned are those to whom something about an enrolment may go.
func (e *Enrolment) concerned() map[PersonID]bool {
	to := map[PersonID]bool{e.Learner: true}
	for _, st := range e.Steps {
		for _, r := range st.Requests {
			if r.Waiting() {
				to[r.Person] = true
			}
		}
	}
	for _, as := range e.Roles {
		for _, a := range as {
			to[a.Person] = true
		}
	}
	return to
}
