package engine

import (
	"slices"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Past is a hand-in of an earlier attempt, or of a spaced ask. What was written, and which questions of a quiz were
// right, is in the contribution.
type Past struct {
	Hand   ContributionID `json:"hand"`
	Score  *float64       `json:"score,omitempty"`  // 0–1
	Spaced int            `json:"spaced,omitempty"` // which spaced ask it answered, from 1; 0: an attempt
}

// maxPast bounds how many earlier hand-ins a step refers to; older ones stay as contributions and statements.
const maxPast = 10

// Why an attempt began though nothing waited for it (StepState.Because): a standard, a step whose attempts were used up.
const (
	becauseStandard = "standard:"
	becauseMax      = "max:"
	becauseEvidence = "evidence:" // a sign-off that would cover nothing
)

// InUse tells whether an answer or a hand-in of the step can come now.
func (st *StepState) InUse() bool {
	return st.State == Open || st.State == Returned || st.State == Submitted || st.Again != nil
}

// takes tells whether the learner can hand in now.
func (st *StepState) takes() bool { return st.State == Open || st.State == Returned || st.Again != nil }

// untouched tells whether a step has never been open.
func (st *StepState) untouched() bool { return st.State == Locked && st.Attempt == 0 }

// betweenAttempts tells whether one attempt has ended and the next is still to open.
func (st *StepState) betweenAttempts() bool { return st.State == Locked && !st.EndedAt.IsZero() }

// handed tells whether something was handed in in this attempt. Hand is what stands, from an earlier attempt too.
func (st *StepState) handed() bool { return st.Hand != "" && !st.SubmittedAt.IsZero() }

// had tells whether a hand-in was taken before.
func (st *StepState) had(id ContributionID) bool {
	for _, p := range st.Past {
		if p.Hand == id {
			return true
		}
	}
	return st.Hand == id
}

// keep refers to an earlier hand-in.
func (st *StepState) keep(p Past) {
	st.Past = append(st.Past, p)
	if len(st.Past) > maxPast {
		st.Past = append([]Past(nil), st.Past[len(st.Past)-maxPast:]...)
	}
}

// begin opens a fresh attempt of a step, whatever its `needs`, and tells that it did. What belonged to the attempt
// before is cleared; what was asked then is withdrawn. The last hand-in stands until another one takes its place.
func (d *decision) begin(s *Step, st *StepState) bool {
	if st.Attempt > 0 {
		d.close(st, OutcomeWithdrawn)
		st.clear()
	}
	st.State, st.OpenedAt, st.OpensAt = Open, d.now, time.Time{}
	st.Attempt++
	st.DueAt = d.due(s, st)
	d.look(s)
	return true
}

// clear forgets what belongs to an attempt. What counts over all of them stays: the hand-in that stands, ratings,
// reviews, the score of the last attempt and when the step was first settled.
func (st *StepState) clear() {
	st.attempt()
	st.DueAt, st.ReturnedAt, st.DoneAt, st.EndedAt, st.Initialized = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	st.AskAgainAt, st.SignedSHA256 = time.Time{}, ""
	st.SkippedReason, st.SkippedBy, st.Because = "", "", ""
	st.Spaced, st.Again, st.Watched, st.SelfReported = 0, nil, nil, false
	st.NudgesPlanned, st.Snoozed = nil, nil
	st.Heard = nil
	st.DueSet, st.HaltedIn = 0, ""
	st.Talk = nil
	if st.Event != nil {
		st.Event.Attended, st.Event.Host = time.Time{}, ""
	}
}

// attempt forgets what was handed in, seen and answered in an attempt.
func (st *StepState) attempt() {
	if st.handed() {
		st.EvidenceBefore += st.HandFiles
	}
	st.SubmittedAt, st.Viewed, st.Acknowledged, st.Confirmed, st.Approved, st.Remembered =
		time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	st.AskedAt, st.ElseAt = time.Time{}, time.Time{}
}

// short tells whether an attempt has ended and only its score falls short.
func (d *decision) short(s *Step, st *StepState) bool {
	if !s.Done.Has("score") || !st.handed() {
		return false
	}
	full := *st
	full.Score = ptr(1.0)
	return !d.met(s, st) && d.met(s, &full)
}

// miss is what follows a score that falls short: the next attempt at once, or with `repeat` when its time comes. When
// the step was opened and is due stays as it was: missing is not a way to have more time.
func (d *decision) miss(s *Step, st *StepState) bool {
	st.Misses++
	st.MissedAt = d.now
	if s.Repeat != nil {
		return d.finish(s, st)
	}
	d.close(st, OutcomeWithdrawn)
	st.attempt()
	st.State = Open
	st.Attempt++
	return true
}

// finish ends an attempt. Without `repeat` the step is done. With it, it is once `done` is met and `until` true; else
// the next attempt opens `every` later, and after `max` attempts the step expires and a human is told.
func (d *decision) finish(s *Step, st *StepState) bool {
	if s.Repeat == nil {
		return d.end(s, st, Done, "")
	}
	st.EndedAt = d.now
	if d.mastered(s, st) {
		return d.master(s, st)
	}
	if st.Attempt >= s.Repeat.Max {
		return d.exhaust(s, st)
	}
	d.close(st, OutcomeWithdrawn)
	st.Attempt = max(1, st.Attempt) // settled from outside while it was locked: that was the first
	st.State, st.AskedAt, st.ElseAt, st.AskAgainAt, st.DueAt = Locked, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	st.NudgesPlanned = nil
	return true
}

// between waits for the next attempt to open. What `until` asks for may come from elsewhere meanwhile.
func (d *decision) between(s *Step, st *StepState) bool {
	if s.Repeat == nil {
		return d.begin(s, st)
	}
	if d.mastered(s, st) {
		return d.master(s, st)
	}
	st.OpensAt = d.after(st.EndedAt, s.Repeat.Every, beginning, s.By)
	if st.OpensAt.After(d.now) {
		d.note(st.OpensAt)
		return false
	}
	if !d.ready(s) { // the attempt before was settled from outside, while the step was locked
		return false
	}
	return d.begin(s, st)
}

func (d *decision) mastered(s *Step, st *StepState) bool {
	return d.met(s, st) && (s.Repeat.Until == nil || s.Repeat.Until.holds(d.lookup))
}

func (d *decision) master(s *Step, st *StepState) bool {
	d.end(s, st, Done, "")
	if s.By == Learner {
		d.sayStep(d.learner(), xapi.VerbMastered, s, nil)
	}
	return true
}

// exhaust ends a step whose attempts are used up: it expires, a human is told, and the step that helps opens.
func (d *decision) exhaust(s *Step, st *StepState) bool {
	d.end(s, st, Expired, "max")
	for _, p := range d.tellable(Role(s.Repeat.Tell)) {
		d.send(Message{To: p, Step: s.ID, Purpose: PurposeAtMax}, st)
		d.sayEscalated(s, p, PurposeAtMax)
	}
	if of := d.w.Step(s.Repeat.OpenUp); of != nil {
		if help := d.state(of.ID); !help.InUse() {
			d.begin(of, help)
			help.Because = becauseMax + string(s.ID)
		}
	}
	return true
}

// forget counts reviews that are kept no longer.
func (st *StepState) forget(reviews []Review) {
	before := approvedIn(reviews)
	for attempt := range approvedIn(st.Reviews[len(reviews):]) {
		delete(before, attempt) // it counts by what is kept
	}
	st.Approvals += len(before)
	st.Returns += reviewed(reviews, OutcomeReturn)
}

// approvedIn are the attempts that somebody approved, as reviews number them.
func approvedIn(reviews []Review) map[int]bool {
	out := map[int]bool{}
	for _, r := range reviews {
		if r.Outcome == OutcomeApprove {
			out[r.Attempt] = true
		}
	}
	return out
}

// reviewed counts the reviews with an outcome.
func reviewed(reviews []Review, outcome string) int {
	n := 0
	for _, r := range reviews {
		if r.Outcome == outcome {
			n++
		}
	}
	return n
}

// later1 is the number of an attempt as reviews keep it: of the first none, as most are.
func later1(attempt int) int {
	if attempt == 1 {
		return 0
	}
	return attempt
}

// tellable are those who hear of what concerns a role: its people, else the stand-ins, else the coaches.
func (d *decision) tellable(role Role) []PersonID {
	if role == Learner {
		return []PersonID{d.e.Learner}
	}
	to := d.everybody(role)
	if len(to) == 0 {
		for _, a := range d.standIns(role) {
			to = append(to, a.Person)
		}
	}
	if len(to) == 0 {
		to = d.everybody(Coach)
	}
	return to
}

// after is a duration after t, in the doer's zone, pauses counted in.
func (d *decision) after(t time.Time, by Duration, e edge, doer Role) time.Time {
	if by.IsZero() {
		return t
	}
	return d.later(t, by, e, doer)
}

func (p Past) clone() Past {
	p.Score = clonePtr(p.Score)
	return p
}

func (p Past) same(o Past) bool {
	return p.Hand == o.Hand && samePtr(p.Score, o.Score) && p.Spaced == o.Spaced
}

func (st *StepState) cloneAttempts(c *StepState) {
	c.Past = cloneSlice(st.Past, Past.clone)
	c.Again = clonePtr(st.Again)
	if c.Watched = clonePtr(st.Watched); c.Watched != nil {
		c.Watched.Segments = slices.Clone(st.Watched.Segments)
	}
}

func (st *StepState) sameAttempts(o *StepState) bool {
	return st.EndedAt.Equal(o.EndedAt) && st.MissedAt.Equal(o.MissedAt) && slices.EqualFunc(st.Past, o.Past, Past.same) &&
		st.EvidenceBefore == o.EvidenceBefore && st.Approvals == o.Approvals && st.Returns == o.Returns && st.Because == o.Because &&
		st.Spaced == o.Spaced && st.Again.same(o.Again) && st.Watched.same(o.Watched) && st.SelfReported == o.SelfReported &&
		st.RememberedBy == o.RememberedBy && st.EvidenceAsked == o.EvidenceAsked
}

func (a *Again) same(o *Again) bool {
	if a == nil || o == nil {
		return a == o
	}
	return a.N == o.N && a.OpenedAt.Equal(o.OpenedAt) && a.DueAt.Equal(o.DueAt)
}
