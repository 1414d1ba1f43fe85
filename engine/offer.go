package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

// OfferReport counts what offering a version did: Moved had not started and run on the new version now, Kept had and stay
// on theirs.
type OfferReport struct {
	Moved int `json:"moved"`
	Kept  int `json:"kept"`
}

// offerBatch is how many enrolments are read at once.
const offerBatch = 200

// OfferVersion moves the enrolments of older versions whose learner has not started (nothing done, handed in or answered)
// to a version: an operator's command or a key of the API all of them, a coach those of their own learners. Anchors,
// people and what was recorded stay; what was open or asked stays where the step says the same, and is withdrawn where
// it does not. Each is one write. The same again moves nobody.
func (s *Service) OfferVersion(ctx context.Context, by Actor, id WorkflowID, version int) (OfferReport, error) {
	var report OfferReport
	if !by.usable() {
		return report, fmt.Errorf("offer workflow %s: nobody acts: %w", id, ErrForbidden)
	}
	to, err := s.Workflow(ctx, id, version)
	if err != nil {
		return report, fmt.Errorf("offer: %w", err)
	}
	mine := false
	for place := (EnrolmentPlace{}); ; {
		page, err := s.o.Store.EnrolmentsFrom(ctx, Course{}, "", place, offerBatch)
		if err != nil {
			return report, fmt.Errorf("offer workflow %s: %w", id, err)
		}
		for _, e := range page {
			place = EnrolmentPlace{At: e.CreatedAt, ID: e.ID}
			if e.Workflow != id || e.Version >= to.Version || e.State != Active {
				continue
			}
			if err := s.mayCoach(ctx, by, e); errors.Is(err, ErrForbidden) {
				continue
			} else if err != nil {
				return report, err
			}
			mine = true
			moved, err := s.move(ctx, by, e.ID, to)
			if err != nil {
				return report, fmt.Errorf("offer workflow %s version %d: %w", id, to.Version, err)
			}
			if moved {
				report.Moved++
			} else {
				report.Kept++
			}
		}
		if len(page) < offerBatch {
			break
		}
	}
	if !mine && by.System == "" {
		return report, fmt.Errorf("offer workflow %s: no enrolment of theirs: %w", id, ErrForbidden)
	}
	return report, nil
}

// move moves one enrolment to a version, unless its learner has started meanwhile.
func (s *Service) move(ctx context.Context, by Actor, id EnrolmentID, to *Workflow) (bool, error) {
	for range maxTries {
		stored, err := s.o.Store.Enrolment(ctx, id)
		if err != nil {
			return false, fmt.Errorf("load enrolment %s: %w", id, err)
		}
		from, e, _, err := s.asOfNow(ctx, stored)
		if err != nil {
			return false, err
		}
		if e.Version >= to.Version || e.State != Active || e.started() {
			return false, nil
		}
		if len(e.Statements) > len(stored.Statements) { // what has come since is said, and has its ids, before the version changes
			if err := s.Wake(ctx, id); err != nil {
				return false, err
			}
			continue
		}
		facts, err := s.facts(ctx, to, e)
		if err != nil {
			return false, err
		}
		changed, err := decide(to, e, facts, offered{from: from, by: by}, s.now())
		if err != nil {
			return false, err
		}
		err = s.o.Store.SaveEnrolment(ctx, changed)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("save enrolment %s: %w", id, err)
		}
		s.after(ctx, changed)
		return true, nil
	}
	return false, fmt.Errorf("save enrolment %s: too many others at once: %w", id, ErrConflict)
}

// started tells whether anybody has done, handed in or answered anything of an enrolment.
func (e *Enrolment) started() bool {
	for _, st := range e.Steps {
		if st.State == Done || st.State == Submitted || st.State == Returned || st.Hands > 0 || len(st.Reviews) > 0 ||
			st.State == Skipped && st.SkippedBy != "" {
			return true
		}
	}
	return false
}

// offered puts an enrolment that runs on version `from` on the decision's.
type offered struct {
	from *Workflow
	by   Actor
}

func (ev offered) apply(d *decision) error {
	if d.e.Version == d.w.Version {
		return nil
	}
	d.acted(ev.by, ActVersion, "", fmt.Sprintf("%d → %d", d.e.Version, d.w.Version))
	d.e.Version = d.w.Version
	steps := map[StepID]*StepState{}
	for _, s := range d.w.order {
		st, old := d.e.Steps[s.ID], ev.from.Step(s.ID)
		if st == nil || old == nil {
			continue
		}
		if !sameCourse(old, s) {
			again := &StepState{State: Locked, Remembered: st.Remembered, RememberedBy: st.RememberedBy, Heard: st.Heard, Rounds: st.Rounds}
			if len(st.Requests) > 0 { // who is asked anew gets a new letter: the old one is withdrawn
				again.Rounds++
			}
			st = again
		}
		steps[s.ID] = st
	}
	d.e.Steps = steps
	d.e.Messages = slices.DeleteFunc(d.e.Messages, func(m Message) bool {
		st := steps[m.Step]
		return m.Step != "" && (st == nil || st.State == Locked)
	})
	for _, s := range d.w.order {
		if st := steps[s.ID]; st != nil && st.State == Open {
			st.DueAt = d.due(s, st)
		}
	}
	if t := d.w.Nudges.Test; d.e.Arm != "" && d.e.Arm != ArmHoldout && (t == nil || !slices.Contains(t.Arms, d.e.Arm)) {
		d.e.Arm = ""
	}
	return nil
}

// sameCourse tells whether a step goes on as it was: two versions of it that differ in words and times alone.
func sameCourse(a, b *Step) bool {
	bare := func(s *Step) []byte {
		out := stepOut(s, *s.Phase).(*branch)
		for _, words := range []string{"title", "why", "content", "minutes", "wording", "nudge", "due", "expires", "optional"} {
			out.drop(words)
		}
		out.put("opens", str(s.Opens.String()))
		return writeYAML(out)
	}
	return bytes.Equal(bare(a), bare(b))
}
