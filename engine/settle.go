package engine

import (
	"time"
)

// step does what can happen to a step by itself and tells whether anything did.
func (d *decision) step(s *Step, st *StepState) bool {
	if d.e.Paused() {
		return d.still(s, st)
	}
	d.date(s, st)
	switch st.State {
	case Locked:
		return d.locked(s, st)
	case Open, Returned:
		return d.open(s, st)
	case Submitted:
		return d.reopenChanged(s, st) || d.open(s, st)
	case Done:
		return d.reopenChanged(s, st) || d.spaced(s, st)
	}
	return false
}

func (d *decision) locked(s *Step, st *StepState) bool {
	if st.betweenAttempts() {
		return d.between(s, st)
	}
	if s.wants("lms", "statement", "event", "attended") && d.met(s, st) {
		return d.finish(s, st)
	}
	if s.wants("lms") && d.excusedByAssumption() {
		return d.end(s, st, Skipped, "course")
	}
	if s.Opens.IsNever() {
		return false
	}
	at, known := d.when(s.Opens, beginning, s.By, st)
	st.OpensAt = at
	admitted := !st.Admitted.IsZero()
	if !known && !admitted || !d.ready(s) {
		return false
	}
	if at.After(d.now) && !admitted {
		d.note(at)
		return false
	}
	if !admitted && d.gated(s, st) {
		return false
	}
	if s.If != nil && !s.If.holds(d.lookup) {
		return d.end(s, st, Skipped, "if")
	}
	if d.over(s, st) {
		return d.end(s, st, Skipped, "over")
	}
	if d.nothingToBeAbout(s) {
		return d.end(s, st, Skipped, "nothing")
	}
	if wait, changed := d.evidenceFirst(s, st); wait {
		return changed
	}
	return d.begin(s, st)
}

// ready tells whether all that a step waits for is settled. A step that only something else opens, and that nothing
// has opened, is not waited for.
func (d *decision) ready(s *Step) bool {
	for _, id := range s.waitsFor() {
		of := d.state(id)
		if !of.State.Settled() && !(of.untouched() && d.w.Step(id).Opens.IsNever()) {
			return false
		}
	}
	return true
}

func (d *decision) nothingToBeAbout(s *Step) bool {
	gone := func(id StepID) bool {
		state := d.state(id).State
		return state == Skipped || state == Expired
	}
	if s.About != "" && gone(s.About) {
		return true
	}
	covers := 0
	for _, id := range s.covered() {
		if d.state(id).untouched() { // never opened: it covers nothing
			continue
		}
		if !gone(id) {
			return false
		}
		covers++
	}
	return covers > 0
}

// excusedByAssumption tells whether the course counts as completed though no signal came.
func (d *decision) excusedByAssumption() bool {
	if !d.e.Anchors[AnchorCourseCompleted].IsZero() {
		return false
	}
	m, ok := d.assumed(AnchorCourseCompleted)
	if ok {
		d.note(m.at)
	}
	return ok && !m.at.After(d.now)
}

func (d *decision) open(s *Step, st *StepState) bool {
	if d.met(s, st) {
		return d.finish(s, st)
	}
	if d.short(s, st) {
		return d.miss(s, st)
	}
	if d.missed(s, st) {
		return d.expire(s, st)
	}
	if s.wants("lms") && d.excusedByAssumption() {
		return d.end(s, st, Skipped, "course")
	}
	if s.Due != nil && s.Due.Anchor != anchorOpen && st.DueSet == 0 && st.ReturnedAt.IsZero() && st.Rounds == 0 && (st.DueAt.IsZero() || st.DueAt.After(d.now)) {
		st.DueAt = d.due(s, st) // an anchor or a zone may have changed; who is asked again has a due of their own
	}
	return d.ask(s, st)
}

// end settles a step.
func (d *decision) end(s *Step, st *StepState, to State, reason string) bool {
	st.State, st.DoneAt, st.SkippedReason, st.OpensAt = to, d.now, reason, time.Time{}
	if st.SettledAt.IsZero() {
		st.SettledAt = d.now
	}
	d.close(st, OutcomeWithdrawn)
	st.EndedAt, st.MissedAt = time.Time{}, time.Time{}
	st.Watched.pack()
	st.AskedAt, st.ElseAt, st.AskAgainAt = time.Time{}, time.Time{}, time.Time{}
	st.NudgesPlanned = nil // an enrolment stays small; a step opened again is nudged again
	if to == Done {
		if s.Kind == KindSignOff {
			st.SignedSHA256 = d.coverSHA256(s) // bound to exactly what was seen
		}
		d.sayDone(s, st)
	}
	return true
}

// met tells whether a step's `done` is met, and approved where it is reviewed.
func (d *decision) met(s *Step, st *StepState) bool {
	if d.peersAnswer(s, st) {
		return false
	}
	return d.ruleMet(s.Done, s, st) && (s.Review == nil || !st.Approved.IsZero())
}

func (d *decision) ruleMet(r Rule, s *Step, st *StepState) bool {
	switch r.Name {
	case "viewed", "watched":
		return !st.Viewed.IsZero() || st.handed() // who hands in has seen it
	case "posts":
		return s.By == Learner && d.talked(s, st, int(r.N)) || s.By != Learner && st.handed()
	case "attended":
		return st.Event != nil && !st.Event.Attended.IsZero() || s.By != Learner && !st.Acknowledged.IsZero()
	case "acknowledged":
		return !st.Acknowledged.IsZero() || s.By == Learner && !st.Viewed.IsZero()
	case "response":
		return st.handed() && st.State != Returned && !(s.polls() && st.othersWait())
	case "words":
		return st.handed() && st.State != Returned && st.HandWords >= int(r.N)
	case "evidence":
		return st.handed() && st.State != Returned && st.HandFiles >= int(r.N)
	case "score":
		return st.Score != nil && st.handed() && *st.Score >= r.N-1e-9
	case "approved":
		return !st.Approved.IsZero()
	case "confirmed":
		return !st.Confirmed.IsZero()
	case "lms":
		return !d.e.Anchors[AnchorCourseCompleted].IsZero()
	case "statement":
		return statementMet(r, st)
	case "event":
		return !st.Heard[r.eventKey()].IsZero()
	case "all":
		for _, p := range r.Parts {
			if !d.ruleMet(p, s, st) {
				return false
			}
		}
		return true
	case "any":
		for _, p := range r.Parts {
			if d.ruleMet(p, s, st) {
				return true
			}
		}
	}
	return false
}
