package engine

// exitSteps are the steps whose being done completes the workflow: those named, else all sign-offs, else all required
// steps of the learner.
func (d *decision) exitSteps() StepSet {
	if set := d.w.Exit.Complete; len(set.Steps) > 0 {
		return set
	}
	var signoffs, others []StepID
	for _, s := range d.w.order {
		if s.Kind == KindSignOff {
			signoffs = append(signoffs, s.ID)
		}
		if required(d.e, s) {
			others = append(others, s.ID)
		}
	}
	if len(signoffs) > 0 {
		return StepSet{Steps: signoffs}
	}
	return StepSet{Steps: others}
}

// complete completes the enrolment, for good, once the steps of `complete` that are in play are done.
func (d *decision) complete() bool {
	if d.e.State != Active {
		return false
	}
	set := d.exitSteps()
	inPlay, done := 0, 0
	for _, id := range set.Steps {
		s, st := d.w.Step(id), d.state(id)
		if st.State == Skipped && st.SkippedBy != d.e.Learner || st.untouched() && s.Opens.IsNever() {
			continue
		}
		inPlay++
		if st.State == Done {
			done++
		}
	}
	if done == 0 || !set.Any && done < inPlay {
		return false
	}
	d.e.State, d.e.CompletedAt = Completed, d.now
	d.sayWorkflowDone()
	d.send(Message{To: d.e.Learner, Purpose: PurposeCompleted}, &StepState{})
	return true
}

// stop ends the enrolment at the first of its `stop` times: what is open expires, links and messages end.
func (d *decision) stop() bool {
	stopped, left := false, true
	for _, t := range d.w.Exit.Stop {
		at, ok := d.when(t, ending, Learner, &StepState{})
		if !ok {
			continue
		}
		if at.After(d.now) {
			d.note(at)
			continue
		}
		stopped, left = true, left && t.Anchor == AnchorUnenrolled
	}
	if !stopped || d.e.Paused() {
		return false
	}
	for _, s := range d.w.order {
		st := d.state(s.ID)
		switch open := st.State == Open || st.State == Returned || st.State == Submitted; {
		case left && (open || st.betweenAttempts()):
			d.halt(st)
		case open || st.betweenAttempts():
			d.end(s, st, Expired, "")
		}
		if !left {
			st.Again = nil
		}
		d.close(st, OutcomeExpired)
	}
	d.e.State = Stopped
	if left {
		d.e.Pauses = append(d.e.Pauses, Pause{From: d.now, Left: true})
	}
	return true
}
