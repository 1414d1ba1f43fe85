package engine

import (
	"context"
	"slices"
	"time"
)

// Journey is all of an enrolment by phases, and by weeks from the enrolment. Texts are in the learner's language, reasons
// are message keys. Steps that only something else opens are left out until it does.
type Journey struct {
	Enrolment EnrolmentID    `json:"enrolment"`
	Workflow  WorkflowID     `json:"workflow"`
	Title     string         `json:"title"`
	Zone      string         `json:"zone"` // IANA, the learner's
	From      time.Time      `json:"from,omitzero"`
	Week      int            `json:"week"` // the present one, from 1
	Done      int            `json:"done"`
	Required  int            `json:"required"`
	Phases    []JourneyPhase `json:"phases"`
	Weeks     []JourneyWeek  `json:"weeks"` // those in which something was or will be, in order
}

// JourneyPhase is one phase with its steps in file order.
type JourneyPhase struct {
	Phase string        `json:"phase"` // before, during, after
	Title string        `json:"title,omitempty"`
	Goal  string        `json:"goal,omitempty"`
	Steps []JourneyStep `json:"steps"`
	Done  int           `json:"done"` // steps that are settled
}

// JourneyWeek is one week with the steps that open in it.
type JourneyWeek struct {
	Week  int       `json:"week"` // from 1; 0: steps whose time is not known yet, always last
	From  time.Time `json:"from,omitzero"`
	Steps []StepID  `json:"steps"`
}

// JourneyStep is one step on the way.
type JourneyStep struct {
	ID       StepID    `json:"id"`
	Kind     Kind      `json:"kind"`
	Title    string    `json:"title"`
	By       Role      `json:"by"`
	State    State     `json:"state"`
	Optional bool      `json:"optional,omitempty"`
	Minutes  int       `json:"minutes,omitempty"`
	Week     int       `json:"week"`            // see JourneyWeek.Week
	Opens    time.Time `json:"opens,omitzero"`  // while locked, if known
	Opened   time.Time `json:"opened,omitzero"` // of the present attempt
	Due      time.Time `json:"due,omitzero"`
	Late     bool      `json:"late,omitempty"`
	Settled  time.Time `json:"settled,omitzero"`
	Attempt  int       `json:"attempt,omitempty"`
	Reason   string    `json:"reason,omitempty"` // message key why it is locked: page.locked.*
	After    []StepID  `json:"after,omitempty"`  // the steps it is locked for
	Skipped  string    `json:"skipped,omitempty"`
}

// Journey is the whole way of an enrolment as of now. Looking changes nothing. ErrNotFound: no such enrolment.
func (s *Service) Journey(ctx context.Context, id EnrolmentID) (*Journey, error) {
	h, err := s.Home(ctx, id)
	if err != nil {
		return nil, err
	}
	return h.Journey(s.now()), nil
}

// Journey is the whole way of what home shows, as of the same moment.
func (h *Home) Journey(now time.Time) *Journey {
	locale, zone := h.Learner.Locale, receiverZone(h.Learner, Facts{Learner: h.Learner})
	j := &Journey{
		Enrolment: h.Enrolment.ID, Workflow: h.Workflow.ID, Title: h.Workflow.Title.In(locale), Zone: zone.String(), From: h.Enrolment.Anchors[AnchorEnrolled],
		Done: h.Done, Required: h.Required, Phases: []JourneyPhase{}, Weeks: []JourneyWeek{},
	}
	if j.From.IsZero() {
		j.From = h.Enrolment.CreatedAt
	}
	j.Week = j.weekOf(now, zone)
	index := map[*Phase]int{}
	for i := range h.Workflow.Phases {
		p := &h.Workflow.Phases[i]
		j.Phases = append(j.Phases, JourneyPhase{Phase: p.Phase, Title: p.Title.In(locale), Goal: p.Goal.In(locale), Steps: []JourneyStep{}})
		for _, of := range p.Steps {
			index[of.Phase] = i
		}
	}
	for i := range h.Steps {
		step := j.step(&h.Steps[i], locale, zone)
		p := &j.Phases[index[h.Steps[i].Step.Phase]]
		p.Steps = append(p.Steps, step)
		if step.State.Settled() {
			p.Done++
		}
		j.in(step, zone)
	}
	slices.SortFunc(j.Weeks, func(a, b JourneyWeek) int {
		if (a.Week == 0) != (b.Week == 0) {
			return b.Week - a.Week
		}
		return a.Week - b.Week
	})
	return j
}

func (j *Journey) step(v *StepView, locale string, zone *time.Location) JourneyStep {
	st := &v.State
	step := JourneyStep{
		ID: v.Step.ID, Kind: v.Step.Kind, Title: v.Step.Title.In(locale), By: v.Step.By, State: st.State, Optional: v.Step.Optional, Minutes: v.Step.Minutes,
		Opens: v.Opens, Opened: st.OpenedAt, Due: v.Due, Late: v.Late, Attempt: st.Attempt, Reason: v.LockedBy,
	}
	if st.State.Settled() {
		step.Settled = st.DoneAt
	}
	if st.State == Skipped {
		step.Skipped = st.SkippedReason
	}
	for _, of := range v.LockedFor {
		step.After = append(step.After, of.ID)
	}
	for _, at := range []time.Time{st.OpenedAt, v.Opens, st.DoneAt} {
		if !at.IsZero() {
			step.Week = j.weekOf(at, zone)
			break
		}
	}
	return step
}

// in adds a step to its week.
func (j *Journey) in(step JourneyStep, zone *time.Location) {
	i := slices.IndexFunc(j.Weeks, func(w JourneyWeek) bool { return w.Week == step.Week })
	if i < 0 {
		i = len(j.Weeks)
		w := JourneyWeek{Week: step.Week}
		if w.Week > 0 {
			y, m, d := j.From.In(zone).Date()
			w.From = local(y, m, d+7*(w.Week-1), 0, zone)
		}
		j.Weeks = append(j.Weeks, w)
	}
	j.Weeks[i].Steps = append(j.Weeks[i].Steps, step.ID)
}

// weekOf is the week of an instant, counted in local days from the enrolment's.
func (j *Journey) weekOf(at time.Time, zone *time.Location) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return 1 + max(0, int(day(at).Sub(day(j.From))/(7*24*time.Hour)))
}
