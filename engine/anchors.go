package engine

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// anchored is a coach's or the API's word on when the course starts, or was completed; the zero time takes it back.
type anchored struct {
	by     Actor
	name   string
	at     time.Time
	reason string
}

func (ev anchored) apply(d *decision) error {
	if d.e.State == Stopped {
		return fmt.Errorf("set %s of enrolment %s: the workflow is over: %w", ev.name, d.e.ID, ErrConflict)
	}
	changed := false
	switch ev.name {
	case AnchorCourseStart:
		changed = ev.start(d)
	case AnchorCourseCompleted:
		changed = ev.completed(d)
	default:
		return fmt.Errorf("set the anchor %q: only course_start and course_completed can be set: %w", ev.name, ErrInvalid)
	}
	if changed {
		a := d.acted(ev.by, ActAnchor, "", ev.reason)
		a.What, a.For = ActAnchor+" "+ev.name, ev.at
	}
	return nil
}

func (ev anchored) start(d *decision) bool {
	if ev.at.IsZero() {
		if !setByHand(d.e.AnchorSource[AnchorCourseStart]) { // nothing was said, or by the launch
			return false
		}
		delete(d.e.Anchors, AnchorCourseStart)
		delete(d.e.AnchorSource, AnchorCourseStart)
		if start, ok := courseStart(d.e.Custom["course_start"]); ok { // what the launch said counts again
			d.setAnchor(AnchorCourseStart, start, "launch")
		}
		return true
	}
	y, m, day := ev.at.UTC().Date()
	at := time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
	if d.e.Anchors[AnchorCourseStart].Equal(at) && d.e.AnchorSource[AnchorCourseStart] == ev.by.source() {
		return false
	}
	d.setAnchor(AnchorCourseStart, at, ev.by.source())
	return true
}

// completed sets or takes back the completion of the course. Nothing that has begun with a completion is undone; what
// only waits for it waits again.
func (ev anchored) completed(d *decision) bool {
	if ev.at.IsZero() {
		if d.e.Anchors[AnchorCourseCompleted].IsZero() {
			return false
		}
		delete(d.e.Anchors, AnchorCourseCompleted)
		delete(d.e.AnchorSource, AnchorCourseCompleted)
		d.e.Completions, d.e.NotCompleted = nil, d.now
		return true
	}
	source := SourceCoach
	if ev.by.System != "" {
		source = SourceAPI
	}
	for _, n := range d.e.Completions {
		if n.Source == source && !ev.at.Before(n.At) {
			return false
		}
	}
	d.e.NotCompleted = time.Time{}
	_ = completedCourse{notes: []CompletionNote{{Source: source, At: ev.at}}}.apply(d) // which never refuses
	return true
}

// SetAnchor says when the course of a learner starts (a date: its day in UTC counts) or that, and when, they have
// completed it; the zero time takes that back. What has not happened yet is recalculated, nothing begun is undone. Of
// completions the earliest stands, whoever said so; one taken back takes all words of until then along.
func (s *Service) SetAnchor(ctx context.Context, by Actor, id EnrolmentID, name string, at time.Time, reason string) error {
	at = at.UTC().Truncate(time.Millisecond)
	if !at.IsZero() && (at.Year() < 1990 || at.Year() > 2200) {
		return FieldErrors{{Field: "at", Key: "error.not_an_answer"}}
	}
	if name == AnchorCourseCompleted && at.After(s.now()) {
		return fmt.Errorf("set the anchor course_completed to a time that is to come: %w", ErrInvalid)
	}
	return s.coach(ctx, by, id, "set an anchor", func(*Workflow, *Enrolment) (event, error) {
		return anchored{by: by, name: name, at: at, reason: clip(strings.TrimSpace(reason), maxReason)}, nil
	})
}
