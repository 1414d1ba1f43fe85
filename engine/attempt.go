package engine

import "time"

// begin opens a fresh attempt of a step, whatever its `needs`, and tells that it did. What belonged to the attempt
// before is cleared; what was asked then is withdrawn.
func (d *decision) begin(s *Step, st *StepState) bool {
	if st.Attempt > 0 {
		d.close(st, OutcomeWithdrawn)
		st.clear()
	}
	st.State, st.OpenedAt, st.OpensAt = Open, d.now, time.Time{}
	st.Attempt++
	st.DueAt = d.due(s, st)
	return true
}

// clear forgets what belongs to an attempt. What counts over all of them stays: hand-ins, ratings, reviews, the score
// of the last attempt and when the step was first settled.
func (st *StepState) clear() {
	st.DueAt, st.SubmittedAt, st.ReturnedAt, st.DoneAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	st.Hand, st.HandSHA256, st.HandWords, st.HandFiles = "", "", 0, 0
	st.Viewed, st.Acknowledged, st.Confirmed, st.Approved, st.Remembered = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	st.AskAgainAt, st.AskedAt, st.ElseAt, st.SignedSHA256 = time.Time{}, time.Time{}, time.Time{}, ""
	st.SkippedReason, st.SkippedBy = "", ""
	st.NudgesPlanned = nil
	st.Heard = nil
}

// finish settles an attempt whose `done` is met.
func (d *decision) finish(s *Step, st *StepState) bool {
	return d.end(s, st, Done, "")
}
