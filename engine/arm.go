package engine

import (
	"crypto/sha256"
	"encoding/binary"
)

// ArmHoldout is the arm of those whom the nudge test gives only the announcement of each step.
const ArmHoldout = "holdout"

// drawArm draws, once and at enrolment, what part an enrolment has in the workflow's nudge test. The draw is made of the
// enrolment's id, which is random, so that it comes out the same however often it is made.
func (d *decision) drawArm() {
	if t := d.w.Nudges.Test; t != nil && d.e.Arm == "" && d.e.Anchors[AnchorEnrolled].IsZero() {
		d.e.Arm = t.arm(d.e.ID, d.w.Nudges.Default)
	}
}

// arm is the draw of an enrolment: holdout for so many of a hundred, one of the arms for each of the others.
func (t *NudgeTest) arm(id EnrolmentID, standard string) string {
	sum := sha256.Sum256([]byte("nudge test\x00" + string(id)))
	if binary.BigEndian.Uint64(sum[:8])%100 < uint64(max(0, t.Holdout)) {
		return ArmHoldout
	}
	if len(t.Arms) == 0 {
		return standard
	}
	return t.Arms[binary.BigEndian.Uint64(sum[8:16])%uint64(len(t.Arms))]
}

// ArmOf is the draw of an enrolment of that id in this workflow's nudge test; empty: it has none.
func (w *Workflow) ArmOf(id EnrolmentID) string {
	if w.Nudges.Test == nil {
		return ""
	}
	return w.Nudges.Test.arm(id, w.Nudges.Default)
}
