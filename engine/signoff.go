package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// reopenChanged opens a sign-off again when what it was bound to has changed, also while the coach is still to confirm
// it: the statement that says it was given is voided, and who gave it is told.
func (d *decision) reopenChanged(s *Step, st *StepState) bool {
	if s.Kind != KindSignOff {
		return false
	}
	given, bound := signatures(st.Reviews), st.SignedSHA256
	if st.State == Submitted && len(given) > 0 {
		bound = given[0].SHA256
	}
	if bound == "" || bound == d.coverSHA256(s) {
		return false
	}
	var told []PersonID
	for _, r := range given {
		if !slices.Contains(told, r.By) {
			told = append(told, r.By)
			d.send(Message{To: r.By, Step: s.ID, Purpose: PurposeSignOffVoid}, st)
		}
	}
	d.void(given)
	st.State, st.Approved, st.SignedSHA256 = Open, time.Time{}, ""
	d.again(st)
	st.DueAt = d.fresh(d.now, s.By)
	return true
}

// signatures are the approvals at the end of what was answered that a sign-off rests on: of the same evidence, by one
// person, or by one and the coach who confirmed it.
func signatures(reviews []Review) []Review {
	from := len(reviews)
	for from > 0 && reviews[from-1].Outcome == OutcomeApprove && reviews[from-1].SHA256 == reviews[len(reviews)-1].SHA256 && len(reviews)-from < 2 {
		from--
	}
	return reviews[from:]
}

// signatureID is the id of the statement that says a sign-off was given.
func signatureID(r Review) string { return derivedID("signature", string(r.Request)) }

// void says that the statements of sign-offs no longer hold.
func (d *decision) void(given []Review) {
	for _, r := range given {
		c := d.about(d.workflowActivity())
		c.Platform = "" // not beside a reference
		d.say(d.cairn(), xapi.VerbVoided, xapi.RefObject(signatureID(r)), nil, c)
	}
}

// evidenceFirst holds a sign-off back that would cover no evidence: the last step it covers that can bring some opens
// first, once. It tells whether the sign-off waits, and whether anything changed.
func (d *decision) evidenceFirst(s *Step, st *StepState) (wait, changed bool) {
	if s.Kind != KindSignOff {
		return false, false
	}
	if st.EvidenceAsked {
		return slices.ContainsFunc(s.covered(), func(id StepID) bool {
			return d.state(id).Because == becauseEvidence+string(s.ID) && !d.state(id).State.Settled()
		}), false
	}
	var last *Step
	wantsFiles, texts := false, false
	for _, id := range s.covered() {
		of, ost := d.w.Step(id), d.state(id)
		if ost.HandFiles > 0 {
			return false, false
		}
		texts = texts || ost.Hand != ""
		if of.By == Learner && of.handsIn() && !ost.untouched() && !(ost.State == Skipped && ost.SkippedBy != d.e.Learner) {
			last = of
			wantsFiles = wantsFiles || of.Done.Has("evidence")
		}
	}
	if last == nil || texts && !wantsFiles {
		return false, false
	}
	st.EvidenceAsked = true
	ost := d.state(last.ID)
	if !ost.InUse() {
		d.begin(last, ost)
	}
	ost.Because = becauseEvidence + string(s.ID)
	return true, true
}

// coverSHA256 is the hash of the hand-ins a sign-off covers, as they are now.
func (d *decision) coverSHA256(s *Step) string { return coverSHA256(d.e, s) }

func coverSHA256(e *Enrolment, s *Step) string {
	h := sha256.New()
	for _, id := range s.covered() {
		hash := ""
		if st := e.Steps[id]; st != nil {
			hash = st.HandSHA256
		}
		fmt.Fprintf(h, "%s\x00%s\n", id, hash)
	}
	return hex.EncodeToString(h.Sum(nil))
}
