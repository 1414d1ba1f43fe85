package engine

import "math"

// required tells whether a step counts for the learner's progress: the learner's steps in play that are not optional.
// Out of play are steps that only something else opens and nothing did, those whose `if` was false or that there was
// nothing to be about, and those that were excused. Once the enrolment is complete, only steps opened before count.
func required(e *Enrolment, s *Step) bool {
	st := e.Steps[s.ID]
	if st == nil {
		st = &StepState{State: Locked}
	}
	switch {
	case s.By != Learner || s.Optional:
		return false
	case st.untouched() && (s.Opens.IsNever() || s.If != nil):
		return false
	case st.State == Skipped && st.SkippedBy != e.Learner:
		return false
	case e.State != Active && !e.CompletedAt.IsZero():
		return !st.OpenedAt.IsZero() && !st.OpenedAt.After(e.CompletedAt) || st.State == Done && !st.DoneAt.After(e.CompletedAt)
	}
	return true
}

// Tally counts the learner's steps.
type Tally struct {
	Done     int `json:"done,omitempty"`     // of the required ones
	Required int `json:"required,omitempty"` // see required
	Open     int `json:"open,omitempty"`     // those that are the learner's turn and not optional
}

// tally counts the learner's required steps, and those of them that are done.
func tally(w *Workflow, e *Enrolment) (done, of int) {
	t := tallyOf(w, e)
	return t.Done, t.Required
}

func tallyOf(w *Workflow, e *Enrolment) (t Tally) {
	for _, s := range w.order {
		st := e.Steps[s.ID]
		if st != nil && s.By == Learner && !s.Optional && (st.State == Open || st.State == Returned) {
			t.Open++
		}
		if !required(e, s) {
			continue
		}
		t.Required++
		if st != nil && st.State == Done {
			t.Done++
		}
	}
	return t
}

// maxGrade is what grades are of.
const maxGrade = 100

// progress records how far the learner is and plans the grade. Only rises are recorded and sent.
func (d *decision) progress() {
	d.e.Tally = tallyOf(d.w, d.e)
	share := 0.0
	if of := d.e.Tally.Required; of > 0 {
		share = math.Floor(float64(d.e.Tally.Done)/float64(of)*1000) / 1000
	}
	if share > d.e.Progress {
		d.e.Progress = share
		d.sayProgressed(share)
	}
	p := d.w.Exit.Passback
	complete := !d.e.CompletedAt.IsZero()
	if p == nil || d.e.Preview || p.When == "complete" && !complete {
		return
	}
	if p.Step != "" {
		share = 0
		if st := d.e.Steps[p.Step]; st != nil && st.Score != nil {
			share = *st.Score
		}
	}
	score := math.Round(share*maxGrade*100) / 100
	known, told := d.e.GradeSent, d.e.GradeComplete
	if g := d.e.Grade; g != nil {
		known, told = max(known, g.Score), told || g.Complete
	}
	if g := d.e.GradeRefused; g != nil {
		known, told = max(known, g.Score), told || g.Complete
	}
	if score > known || complete && !told {
		d.e.Grade = &OutGrade{Score: max(score, known), Max: maxGrade, Complete: complete, At: d.now}
	}
}
