package engine

import (
	"context"
	"fmt"
	"slices"
)

// fillGaps opens the first step that meets a standard once more, when all steps that meet it are settled and none has
// brought evidence: once for each standard.
func (d *decision) fillGaps() bool {
	if d.e.State != Active && d.e.State != Completed {
		return false
	}
	changed := false
	for _, standard := range d.w.Standards {
		if slices.Contains(d.e.Gaps, standard.ID) {
			continue
		}
		var open *Step
		gap, any := true, false
		for _, s := range d.w.order {
			if !slices.Contains(s.Meets, standard.ID) {
				continue
			}
			st := d.state(s.ID)
			if st.untouched() && s.Opens.IsNever() || st.State == Skipped && st.SkippedBy != d.e.Learner {
				continue // out of play
			}
			any = true
			if !st.State.Settled() || brings(s, st) {
				gap = false
				break
			}
			if open == nil && s.By == Learner && s.handsIn() {
				open = s
			}
		}
		if !gap || !any || open == nil {
			continue
		}
		d.e.Gaps = append(d.e.Gaps, standard.ID)
		st := d.state(open.ID)
		d.begin(open, st)
		st.Because = becauseStandard + standard.ID
		changed = true
	}
	return changed
}

// brings tells whether a settled step has brought evidence: something handed in that was done, or a sign-off.
func brings(s *Step, st *StepState) bool {
	if st.State != Done {
		return false
	}
	return st.Hand != "" || s.Kind == KindSignOff
}

// Matrix is evidence × standards and behaviours of one enrolment.
type Matrix struct {
	Enrolment *Enrolment
	Workflow  *Workflow
	Evidence  []Evidence // oldest first: the columns
	Rows      []MatrixRow
}

// MatrixRow is one standard or one behaviour with the evidence for it.
type MatrixRow struct {
	Standard  *Standard     // or
	Behaviour *Behaviour    // one of the two
	Evidence  []int         // places in Matrix.Evidence
	State     EvidenceState // the furthest of them; "": there is none
	Steps     []*Step       // that can bring some
	Gap       bool          // a step was opened because there was none
}

// Matrix is what an enrolment has to show for each standard and behaviour. Of private steps only the learner (own) sees
// evidence. Looking changes nothing.
func (s *Service) Matrix(ctx context.Context, id EnrolmentID, own bool) (*Matrix, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := s.contributions(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("matrix: %w", err)
	}
	m := &Matrix{Enrolment: e, Workflow: w, Evidence: evidenceOf(w, e, all, own)}
	for i := range w.Standards {
		standard := &w.Standards[i]
		row := MatrixRow{Standard: standard, Gap: slices.Contains(e.Gaps, standard.ID)}
		m.row(row, func(s *Step) bool { return slices.Contains(s.Meets, standard.ID) })
	}
	for i := range w.Behaviours {
		b := &w.Behaviours[i]
		m.row(MatrixRow{Behaviour: b}, func(s *Step) bool { return s.By == Learner && slices.Contains(behavioursOf(s), b.ID) })
	}
	return m, nil
}

func (m *Matrix) row(row MatrixRow, counts func(*Step) bool) {
	order := []EvidenceState{"", Recorded, Reflected, EvidenceSubmitted, Verified}
	for _, s := range m.Workflow.order {
		if counts(s) {
			row.Steps = append(row.Steps, s)
		}
	}
	for i, ev := range m.Evidence {
		if !counts(ev.Step) {
			continue
		}
		row.Evidence = append(row.Evidence, i)
		if slices.Index(order, ev.State) > slices.Index(order, row.State) {
			row.State = ev.State
		}
	}
	m.Rows = append(m.Rows, row)
}
