package engine

import "time"

// Facts is what a decision needs of other documents.
type Facts struct {
	Tenant     string
	IRIBase    string
	Learner    Person
	People     map[PersonID]Person   // everybody in Candidates, in the enrolment's roles and requests
	Candidates map[Role][]Assignment // whom the launch and the course yield for a role, in the order of `from`
	// CourseSends tells that this course has sent completions, so that none is assumed.
	CourseSends bool
	Cohort      *CohortFacts // nil: a preview, or a workflow in which nothing depends on it
}

// event is something that happened. apply changes the decision's enrolment and may run more than once, each time on a
// fresh copy; an error leaves everything as it was.
type event interface {
	apply(d *decision) error
}

// woke is the event of time passing.
type woke struct{}

func (woke) apply(*decision) error { return nil }

// decision is one run of decide.
type decision struct {
	w    *Workflow
	e    *Enrolment
	f    Facts
	now  time.Time
	next time.Time // earliest time after now at which something happens by itself
	said int       // statements made, for their ids
	id   string    // of the one statement made, if it is fixed from outside

	named  *activities // see activities.go
	course courseActivities
}

// maxCatchUp bounds how many wakes a decision makes up for.
const maxCatchUp = 5000

// decide applies an event to an enrolment at a time and follows all that comes of it. It reads nothing but its
// arguments and does not change e. Wakes that were missed are made up for first, each at its own time, so that a
// worker that slept for a week decides as if it had been awake.
func decide(w *Workflow, e *Enrolment, f Facts, ev event, now time.Time) (*Enrolment, error) {
	c := e.clone()
	d := &decision{w: w, e: c, f: f}
	for i := 0; !c.WakeAt.IsZero() && c.WakeAt.Before(now) && i < maxCatchUp; i++ {
		d.now = c.WakeAt
		d.settle()
	}
	d.now = now
	d.drawArm()
	d.join()
	if err := ev.apply(d); err != nil {
		return nil, err
	}
	if byLearner(ev) {
		d.active()
	}
	d.settle()
	return c, nil
}

// state is the state of a step; a step never touched is locked.
func (d *decision) state(id StepID) *StepState {
	st := d.e.Steps[id]
	if st == nil {
		st = &StepState{State: Locked}
		if d.e.Steps == nil {
			d.e.Steps = map[StepID]*StepState{}
		}
		d.e.Steps[id] = st
	}
	return st
}

// note asks to be woken at t, if t is still to come.
func (d *decision) note(t time.Time) {
	if t.After(d.now) && (d.next.IsZero() || t.Before(d.next)) {
		d.next = t
	}
}

// settle follows what can happen now until nothing does, then plans nudges, the grade and the next wake.
func (d *decision) settle() {
	d.join()
	d.assign()
	d.endPause()
	for range 4*len(d.w.order) + 8 {
		d.next = time.Time{}
		if !d.pass() {
			break // nothing changes any more; this one only noted when something will
		}
	}
	if p := d.e.Pause(); p != nil {
		d.note(p.Until)
	}
	d.planNudges()
	d.progress()
	d.seek()
	d.tellCohort()
	d.e.Nobody = d.unassigned()
	d.e.WakeAt = d.next
	d.e.UpdatedAt = d.now
}

// pass looks at every step once, in file order, and tells whether anything changed.
func (d *decision) pass() bool {
	if d.e.State == Stopped {
		return false
	}
	changed := false
	for _, s := range d.w.order {
		changed = d.step(s, d.state(s.ID)) || changed
	}
	if !d.e.Paused() {
		changed = d.followPrompts() || changed
	}
	changed = d.fillGaps() || changed
	changed = d.complete() || changed
	return d.stop() || changed
}
