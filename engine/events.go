package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// arrived is a launch by the learner.
type arrived struct {
	a         Arrival
	completed []CompletionNote // what is known of the course already
}

func (ev arrived) apply(d *decision) error {
	a := ev.a
	if a.Part {
		a.keepWay(d.e)
	}
	d.e.LaunchedAt, d.e.LeftAt = d.now, time.Time{} // whoever launches is there
	d.e.DeploymentID, d.e.ResourceLinkID = a.DeploymentID, a.ResourceLinkID
	d.e.Course.Registration = a.Course.Registration
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&d.e.LineItem, a.LineItem}, {&d.e.LineItemsURL, a.LineItemsURL}, {&d.e.RelaunchURL, a.RelaunchURL}, {&d.e.Course.Title, a.Course.Title},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if len(a.Custom) > 0 {
		d.e.Custom = a.Custom
	}
	d.e.GradeRefused = nil // the launch may have brought another line item, or the LMS has mended this one
	if d.e.Anchors == nil {
		d.e.Anchors, d.e.AnchorSource = map[string]time.Time{}, map[string]string{}
	}
	if d.e.Anchors[AnchorEnrolled].IsZero() {
		d.e.Anchors[AnchorEnrolled], d.e.AnchorSource[AnchorEnrolled] = d.now, "launch"
		d.sayRegistered()
	}
	if start, ok := courseStart(a.Custom["course_start"]); ok && d.f.Cohort == nil && !start.Equal(d.e.Anchors[AnchorCourseStart]) && !setByHand(d.e.AnchorSource[AnchorCourseStart]) {
		d.e.Anchors[AnchorCourseStart], d.e.AnchorSource[AnchorCourseStart] = start, "launch"
	}
	d.disclose() // the pages it leads to say so
	d.sayLaunched()
	return completedCourse{notes: ev.completed}.apply(d)
}

// keepWay leaves the enrolment on the link it was launched by before: one link to a step must not take the grades and
// the mails of the whole workflow along.
func (a *Arrival) keepWay(e *Enrolment) {
	a.LineItem = "" // a part's column is not the workflow's
	if e.ResourceLinkID != "" {
		a.DeploymentID, a.ResourceLinkID = e.DeploymentID, e.ResourceLinkID
	}
	if e.RelaunchURL != "" {
		a.RelaunchURL = ""
	}
	custom := maps.Clone(e.Custom)
	if custom == nil {
		custom = map[string]string{}
	}
	maps.Copy(custom, a.Custom)
	a.Custom = boundCustom(custom)
}

// setByHand tells whether an anchor was set by a coach or the API, which a launch parameter does not change.
func setByHand(source string) bool { return source == "coach" || source == "api" }

// courseStart reads the launch parameter course_start: a date, or an instant whose UTC date counts.
func courseStart(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1990 && t.Year() < 2200 {
			y, m, day := t.UTC().Date()
			return time.Date(y, m, day, 0, 0, 0, 0, time.UTC), true
		}
	}
	return time.Time{}, false
}

// looked is the learner's first look at an open step.
type looked struct{ step StepID }

func (ev looked) apply(d *decision) error {
	s, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	if st.Initialized.IsZero() && st.takes() {
		st.Initialized = d.now
		d.sayStep(d.learner(), xapi.VerbInitialized, s, nil)
	}
	return nil
}

// of is a step with its state.
func (d *decision) of(id StepID) (*Step, *StepState, error) {
	s := d.w.Step(id)
	if s == nil {
		return nil, nil, fmt.Errorf("step %q: %w", id, ErrNotFound)
	}
	return s, d.state(id), nil
}

// confirmed is the doer's word that a step is done: read it, watched it, did it.
type confirmed struct{ step StepID }

func (ev confirmed) apply(d *decision) error {
	s, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	if !st.Viewed.IsZero() && st.State == Done && st.Again == nil {
		return nil
	}
	if s.By != Learner || st.State != Open && st.Again == nil || actOf(d.e, s, st) != ActConfirm {
		return fmt.Errorf("confirm step %q while %s: %w", s.ID, st.State, ErrConflict)
	}
	st.Viewed, st.Snoozed = d.now, nil
	st.SelfReported = s.Kind == KindWatch || s.Kind == KindElearning // nothing was measured
	if st.Again != nil {
		d.answerSpaced(st)
	}
	if s.Kind == KindRead || s.Kind == KindWatch || s.Kind == KindBriefing {
		d.sayViewed(s)
	}
	if s.Kind == KindBriefing {
		d.sayStep(d.learner(), xapi.VerbAcknowledged, s, nil)
	}
	return nil
}

// handedIn is a hand-in of the learner; the contribution is stored already.
type handedIn struct {
	c     Contribution
	score *float64
}

func (ev handedIn) apply(d *decision) error {
	s, st, err := d.of(ev.c.Step)
	if err != nil {
		return err
	}
	if st.had(ev.c.ID) && st.State != Open && st.State != Returned {
		return nil // the same once more
	}
	if st.Misses > 0 && st.HandSHA256 == ev.c.SHA256 && d.now.Sub(st.MissedAt) < 10*time.Second {
		return nil // a double click on a quiz that fell short
	}
	if st.Hand == ev.c.ID && st.State == Open && st.Again == nil && d.now.Sub(st.SubmittedAt) < 10*time.Second {
		return nil // ... or on one that a pause keeps from being judged
	}
	if s.By != Learner || !s.handsIn() || !st.takes() || max(1, st.Attempt) != ev.c.Attempt {
		return fmt.Errorf("hand in step %q while %s: %w", s.ID, st.State, ErrConflict)
	}
	if st.Again != nil {
		st.Snoozed = nil
		d.handSpaced(s, st, ev)
		return nil
	}
	st.Snoozed = nil
	if st.Hand != "" && st.State != Returned {
		st.keep(Past{Hand: st.Hand, Score: st.Score}) // of the attempt before
	}
	st.Hands++
	st.Hand, st.HandSHA256, st.HandWords, st.HandFiles = ev.c.ID, ev.c.SHA256, ev.c.Words, len(ev.c.Files)+len(ev.c.Links)
	st.SubmittedAt, st.Approved, st.Confirmed, st.AskedAt, st.ElseAt = d.now, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if len(ev.c.Ratings) > 0 {
		st.Ratings, st.RatedAt = ev.c.Ratings, d.now
	}
	if st.Score = ev.score; s.Review != nil && s.Review.Grade {
		st.Score = nil // until it is graded
	}
	d.sayHand(s, st, ev.c)
	if ev.score != nil {
		rule, _ := s.Done.Find("score")
		d.sayQuiz(s, *ev.score, rule.N)
	}
	st.State = Open
	if s.Review != nil || s.wants("confirmed") {
		st.State = Submitted
	}
	return nil
}

// skipped is the learner's word that a step is not possible.
type skipped struct {
	step   StepID
	reason string
}

func (ev skipped) apply(d *decision) error {
	s, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	if st.State == Skipped && st.SkippedBy == d.e.Learner {
		return nil
	}
	if st.Because != "" && st.OpenedAt.Equal(d.now) {
		return nil // the same once more: skipping it is what opened it again, as evidence is missing
	}
	if st.Again != nil && s.By == Learner {
		d.answerSpaced(st) // the step was done before and stays so
		d.sayStep(d.learner(), xapi.VerbSkipped, s, nil)
		return nil
	}
	if s.By != Learner || st.State != Open && st.State != Returned {
		return fmt.Errorf("skip step %q while %s: %w", s.ID, st.State, ErrConflict)
	}
	d.end(s, st, Skipped, ev.reason)
	st.SkippedBy = d.e.Learner
	d.sayStep(d.learner(), xapi.VerbSkipped, s, nil)
	return nil
}

// named is the learner's choice of somebody for a role.
type named struct {
	role   Role
	person PersonID
}

func (ev named) apply(d *decision) error {
	if ev.role == Coach || !slices.Contains(d.w.Roles[ev.role].From, "ask_learner") {
		return fmt.Errorf("name a %s: the workflow does not ask the learner: %w", ev.role, ErrForbidden)
	}
	if d.e.Named == nil {
		d.e.Named = map[Role]Assignment{}
	}
	if a := d.e.Named[ev.role]; a.Person == ev.person {
		return nil
	}
	for _, a := range d.e.Roles[ev.role] {
		if !a.NamedByLearner && !a.Forwarded {
			return fmt.Errorf("name a %s: there is one already: %w", ev.role, ErrConflict)
		}
	}
	d.e.Named[ev.role] = Assignment{Person: ev.person, Source: "ask_learner", NamedByLearner: true}
	delete(d.e.Silent, ev.role)
	d.askAfresh(ev.role)
	return nil
}

// askAfresh starts the clocks of questions that nobody could answer so far.
func (d *decision) askAfresh(role Role) {
	for _, s := range d.w.order {
		st := d.state(s.ID)
		if n, ok := d.needed(s, st); ok && n.role == role && !slices.ContainsFunc(st.Requests, Request.Waiting) {
			st.AskedAt, st.ElseAt = d.now, time.Time{}
		}
	}
}
