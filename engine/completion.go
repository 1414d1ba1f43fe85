package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Source is who says that a course was completed.
type Source string

const (
	SourceStatement   Source = "statement"    // a statement of the LMS about the course (Moodle logstore_xapi)
	SourceCanvasEvent Source = "canvas_event" // a Canvas Live Event
	SourceCanvasState Source = "canvas_state" // the enrolment's state in Canvas, at a launch
	SourceResult      Source = "result"       // a result in the LMS's gradebook reached the threshold
	SourceFollowUp    Source = "follow_up"    // the LMS lets the learner into a link that only finishers see
	SourceCourseEnd   Source = "course_end"   // the course's end date has passed
	SourceFinish      Source = "finish"       // the learner opened a "finish" link
	SourceCoach       Source = "coach"        // the teacher's button
	SourceAPI         Source = "api"          // a key of the API, or an operator's command
)

// Completion is the word of one source that a person has completed a course. Who and the course are named as the source
// names them. It may be said any number of times, before the learner enrols too.
type Completion struct {
	Who    Identity
	Course CourseName
	Source Source
	At     time.Time // zero: now
	Ref    string    // where the source can be looked up: a statement, an event, a line item, a link; never a person
	// Withdrawn says the contrary: the course counts as not completed. It undoes nothing that a workflow has begun with;
	// completions of before are not used for whoever enrols later.
	Withdrawn bool
	// Polled says that At is when we looked: the same source about the same course is the same completion then.
	Polled bool
}

// CourseName names a course in one of the ways sources do; the first that is set counts.
type CourseName struct {
	ID     string `json:"course,omitempty"`        // LTI context.id, within the issuer of Who
	Canvas string `json:"canvas_course,omitempty"` // Canvas's own id, see CanvasID
	Object string `json:"object"`                  // the IRI of an activity
}

// CompletionNote is what an enrolment keeps of a Completion.
type CompletionNote struct {
	Source Source    `json:"source"`
	At     time.Time `json:"at"`
	Ref    string    `json:"ref,omitempty"`
	Seen   time.Time `json:"seen"` // when we learnt of it
}

// signalLife is how long a completion is kept for a learner who may enrol later; strangerLife that of somebody nobody
// has met yet.
const (
	signalLife   = 400 * 24 * time.Hour
	strangerLife = 180 * 24 * time.Hour
)

// Complete takes the word of a source that a person has completed a course: it moves the anchor course_completed of
// their enrolments there, or is kept for when they come. Over all sources a course is completed once: the earliest time
// stands, whatever came first, and every source is noted. A name that is nobody's is kept too; one that could be several
// people's does nothing and is logged.
func (s *Service) Complete(ctx context.Context, c Completion) error {
	if !c.Who.usable() || c.Course == (CourseName{}) || len(c.Course.ID)+len(c.Course.Canvas)+len(c.Course.Object) > 4<<10 || c.Source == "" {
		return fmt.Errorf("complete a course: who, the course or the source is missing: %w", ErrInvalid)
	}
	if c.At.IsZero() || c.At.After(s.now()) {
		c.At = s.now()
	}
	c.At, c.Ref = c.At.UTC().Truncate(time.Millisecond), clip(c.Ref, 500)
	p, n, err := s.whoIs(ctx, c)
	if err != nil {
		return fmt.Errorf("complete a course: %w", err)
	}
	if n == 0 {
		if gone, err := s.buried(ctx, c.Who); err != nil || gone {
			return err // who was erased does not come back by what others say
		}
		if err := s.o.Store.PutSignal(ctx, s.signal(c, c.Who, true)); err != nil {
			return fmt.Errorf("complete a course: %w", err)
		}
		// Whoever launched meanwhile has not seen the signal.
		if p, n, err = s.whoIs(ctx, c); err != nil {
			return fmt.Errorf("complete a course: %w", err)
		}
	}
	if n != 1 {
		if n > 1 {
			s.o.Log.Warn("a completion names several people and is left out", "source", c.Source, "people", n, "ref", c.Ref)
		}
		return nil
	}
	if err := s.o.Store.PutSignal(ctx, s.signal(c, ByAccount(p.Issuer, p.Subject), false)); err != nil {
		return fmt.Errorf("complete a course: %w", err)
	}
	return s.completeAll(ctx, p)
}

// whoIs finds the one person a completion is about; how many it could be tells the rest.
func (s *Service) whoIs(ctx context.Context, c Completion) (Person, int, error) {
	found, err := s.known(ctx, c.Who)
	if err != nil {
		return Person{}, 0, err
	}
	if c.Source != SourceStatement && c.Source != "" { // only statements name people by user names
		found = slices.DeleteFunc(found, func(p Person) bool { return p.Issuer == c.Who.Issuer && p.Subject != c.Who.Name })
	}
	if c.Who.Issuer == emailNames && c.Course.Object != "" { // an address says nothing of the LMS; the course does
		found = slices.DeleteFunc(found, func(p Person) bool { return !within(p.Issuer, c.Course.Object) })
	}
	if len(found) == 0 {
		return Person{}, 0, nil
	}
	return found[0], len(found), nil
}

// signal is what is kept of a completion.
func (s *Service) signal(c Completion, who Identity, waiting bool) Signal {
	g := Signal{
		Issuer: who.Issuer, Subject: who.Name, CourseName: c.Course, At: c.At, Source: c.Source, Ref: c.Ref, Withdrawn: c.Withdrawn,
		Waiting: waiting, Seen: s.now(), ExpiresAt: s.now().Add(signalLife),
	}
	if waiting {
		g.ExpiresAt = s.now().Add(strangerLife)
	}
	parts := []string{"completion", g.Issuer, g.Subject, c.Course.ID, c.Course.Canvas, c.Course.Object, string(c.Source)}
	if waiting {
		parts = append(parts, "waiting")
	}
	if c.Withdrawn {
		parts = append(parts, "withdrawn")
	}
	if !c.Polled {
		parts = append(parts, c.At.Format(time.RFC3339Nano))
	}
	g.ID = derivedID(parts...)
	return g
}

// completeAll tells a person's enrolments what is known of their courses.
func (s *Service) completeAll(ctx context.Context, p Person) error {
	all, err := s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("complete a course: %w", err)
	}
	signals, err := s.signalsOf(ctx, p)
	if err != nil {
		return err
	}
	var errs []error // one enrolment that cannot be told must not keep it from the others
	for _, e := range all {
		notes := notesFor(e, signals)
		if e.Preview || len(notes) == 0 {
			continue
		}
		_, err := s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return completedCourse{notes: notes}, nil })
		if err != nil {
			errs = append(errs, fmt.Errorf("complete a course: enrolment %s: %w", e.ID, err))
		}
	}
	return errors.Join(errs...)
}

// signalsOf are all completions known of a person, under any of their names, oldest first.
func (s *Service) signalsOf(ctx context.Context, p Person) ([]Signal, error) {
	var all []Signal
	for _, id := range append([]Identity{ByAccount(p.Issuer, p.Subject)}, p.Names...) {
		signals, err := s.o.Store.SignalsOf(ctx, id.Issuer, id.Name)
		if err != nil {
			return nil, fmt.Errorf("load signals: %w", err)
		}
		if id.Issuer == p.Issuer && id.Name != p.Subject { // a user name: what is known of the account of that id is not theirs
			signals = slices.DeleteFunc(signals, func(g Signal) bool { return !g.Waiting || g.Source != SourceStatement && g.Source != "" })
		}
		if slices.ContainsFunc(signals, func(g Signal) bool { return g.Waiting }) {
			who, err := s.known(ctx, id)
			if err != nil {
				return nil, err
			}
			if len(who) != 1 || who[0].ID != p.ID {
				s.o.Log.Warn("completions that waited could be several people's and are left out", "people", len(who))
				signals = slices.DeleteFunc(signals, func(g Signal) bool { return g.Waiting })
			}
		}
		all = append(all, signals...)
	}
	slices.SortStableFunc(all, func(a, b Signal) int { return a.At.Compare(b.At) })
	return all, nil
}

// notesFor are the completions of an enrolment's course since it last counted as not completed.
func notesFor(e *Enrolment, signals []Signal) []CompletionNote {
	var notes []CompletionNote
	var withdrawn time.Time
	for _, g := range signals {
		if g.Withdrawn && g.CourseName.is(e) {
			withdrawn = g.At // the latest: they are in order
		}
	}
	for _, g := range signals {
		if g.Withdrawn || g.At.Before(withdrawn) || !g.CourseName.is(e) {
			continue
		}
		source := g.Source
		if source == "" { // kept by a version that knew no other
			source = SourceStatement
		}
		notes = append(notes, CompletionNote{Source: source, At: g.At, Ref: g.Ref, Seen: g.Seen})
	}
	return notes
}

// is tells whether a name is that of an enrolment's course.
func (n CourseName) is(e *Enrolment) bool {
	switch {
	case n.ID != "":
		return n.ID == e.Course.ID
	case n.Canvas != "":
		return CanvasID(n.Canvas) == CanvasID(e.Custom["canvas_course_id"])
	}
	return isCourseOf(e, n.Object)
}

// within tells whether an IRI is one of an LMS's.
func within(issuer, iri string) bool {
	return strings.HasPrefix(iri, strings.TrimRight(issuer, "/")+"/")
}

// completedCourse is the completion of the LMS course. Once a workflow knows of it nothing takes it back; another source
// is noted, and an earlier time stands.
type completedCourse struct{ notes []CompletionNote }

func (ev completedCourse) apply(d *decision) error {
	for _, n := range ev.notes {
		if n.At.IsZero() || n.At.After(d.now) {
			n.At = d.now
		}
		n.At = n.At.UTC()
		if n.Seen.IsZero() {
			n.Seen = d.now
		}
		if !d.e.NotCompleted.IsZero() && !n.Seen.After(d.e.NotCompleted) {
			continue // a coach took it back
		}
		i := slices.IndexFunc(d.e.Completions, func(had CompletionNote) bool { return had.Source == n.Source })
		switch {
		case i < 0:
			d.e.Completions = append(d.e.Completions, n)
		case n.At.Before(d.e.Completions[i].At):
			d.e.Completions[i] = n
		}
		if d.e.Anchors == nil {
			d.e.Anchors = map[string]time.Time{}
		}
		if d.e.AnchorSource == nil {
			d.e.AnchorSource = map[string]string{}
		}
		first := d.e.Anchors[AnchorCourseCompleted].IsZero()
		if at := d.e.Anchors[AnchorCourseCompleted]; at.IsZero() || n.At.Before(at) {
			d.e.Anchors[AnchorCourseCompleted] = n.At
		}
		if first {
			ev := heardEvent{id: EventCourseCompleted, typ: EventCourseCompleted, at: n.At, data: map[string]any{"source": string(n.Source)}}
			if err := ev.apply(d); err != nil {
				return err
			}
		}
		if was := d.e.AnchorSource[AnchorCourseCompleted]; was != "lms" {
			d.e.AnchorSource[AnchorCourseCompleted] = n.Source.kind()
		}
	}
	return nil
}

// kind is the word for a source in AnchorSource: whether the LMS itself sends completions of this course.
func (s Source) kind() string {
	switch s {
	case SourceCoach, SourceAPI, SourceCourseEnd:
		return string(s)
	}
	return "lms"
}

// CompletedBy lists the sources by which an enrolment's course counts as completed, first learnt first.
func (e *Enrolment) CompletedBy() []Source {
	var by []Source
	for _, n := range e.Completions {
		by = append(by, n.Source)
	}
	if len(by) == 0 && !e.Anchors[AnchorCourseCompleted].IsZero() { // of a version that kept no notes
		switch e.AnchorSource[AnchorCourseCompleted] {
		case "lms":
			by = append(by, SourceStatement)
		case "coach":
			by = append(by, SourceCoach)
		}
	}
	return by
}

// ForgetCompletions forgets completions that nobody came for in time, and says how many.
func (s *Service) ForgetCompletions(ctx context.Context) (int, error) {
	n, err := s.o.Store.ForgetSignals(ctx, s.now())
	if err != nil {
		return n, fmt.Errorf("forget completions: %w", err)
	}
	return n, nil
}
