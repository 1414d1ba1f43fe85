package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Glance is what lists of many people need of an enrolment: how each step stands and what was used on the job, without
// what was written, asked and answered. Stores keep it beside the document, so that a page of fifty people with three
// hundred steps each reads kilobytes and not megabytes.
type Glance struct {
	Of    Enrolment `json:"of"`    // but for most of its fields; of steps only what stands in no line of Steps
	Steps string    `json:"steps"` // all of them by id, see packSteps
}

// Glance is what the document says of it; false: a preview, which is on no list.
func (e *Enrolment) Glance() (Glance, bool) {
	if e.Preview {
		return Glance{}, false
	}
	of := Enrolment{ID: e.ID, Workflow: e.Workflow, Version: e.Version, Learner: e.Learner, State: e.State,
		Completions: e.Completions, Uses: e.Uses, UseLog: e.UseLog, WakeAt: e.WakeAt, CreatedAt: e.CreatedAt, CompletedAt: e.CompletedAt,
		LaunchedAt: e.LaunchedAt, LeftAt: e.LeftAt, Arm: e.Arm, NudgesHeld: e.NudgesHeld, Nobody: e.Nobody, Tally: e.Tally, Unreachable: e.Unreachable}
	if m := e.Cohort; m != nil && m.Label != "" {
		of.Cohort = &Membership{Label: m.Label}
	}
	for _, name := range []string{AnchorEnrolled, AnchorCourseCompleted} {
		if at, ok := e.Anchors[name]; ok {
			of.anchor(name, at, e.AnchorSource[name])
		}
	}
	if p := e.Pause(); p != nil {
		of.Pauses = []Pause{{From: p.From, Until: p.Until, Left: p.Left}}
	}
	if e.GradeRefused != nil {
		of.GradeRefused = &OutGrade{Cause: e.GradeRefused.Cause, At: e.GradeRefused.At}
	}
	if e.State == Stopped {
		of.UpdatedAt = e.UpdatedAt // when it was over
	}
	for id, st := range e.Steps {
		if more := st.glance(); more != nil {
			if of.Steps == nil {
				of.Steps = map[StepID]*StepState{}
			}
			of.Steps[id] = more
		}
	}
	return Glance{Of: of, Steps: packSteps(e.Steps)}, true
}

func (e *Enrolment) anchor(name string, at time.Time, source string) {
	if e.Anchors == nil {
		e.Anchors, e.AnchorSource = map[string]time.Time{}, map[string]string{}
	}
	e.Anchors[name] = at
	if source != "" {
		e.AnchorSource[name] = source
	}
}

// glance is what lists need of a step and its line has no room for; nil: nothing.
func (st *StepState) glance() *StepState {
	more := StepState{State: st.State, Again: st.Again}
	if st.takes() && st.Snoozed != nil {
		more.Snoozed = &Snoozed{At: st.Snoozed.At, Until: st.Snoozed.Until}
	}
	if st.InUse() {
		more.Viewed = st.Viewed
		if st.Talk != nil && st.Talk.Own > 0 {
			more.Talk = &TalkState{Own: st.Talk.Own}
		}
	}
	if more.Again == nil && more.Snoozed == nil && more.Viewed.IsZero() && more.Talk == nil {
		return nil
	}
	return &more
}

// letter stands for a state in the lines of a Glance.
func (s State) letter() byte {
	if s == Skipped {
		return 'k' // submitted has the s
	}
	if s == Expired {
		return 'x'
	}
	return (s + "?")[0]
}

func stateOf(letter byte) State {
	for _, s := range []State{Locked, Open, Submitted, Returned, Done, Skipped, Expired} {
		if s.letter() == letter {
			return s
		}
	}
	return ""
}

// packSteps writes "id letter", and of what has them the due time and the time of being done, in milliseconds since 1970
// to the base 36: "intro d - lxk3p9c0;try o lxk4;wait l".
func packSteps(steps map[StepID]*StepState) string {
	ids := make([]StepID, 0, len(steps))
	for id := range steps {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare[StepID])
	out := make([]byte, 0, 24*len(ids))
	for i, id := range ids {
		if i > 0 {
			out = append(out, ';')
		}
		st := steps[id]
		out = append(append(append(out, id...), ' '), st.State.letter())
		if st.DueAt.IsZero() && st.DoneAt.IsZero() {
			continue
		}
		out = packTime(out, st.DueAt)
		if !st.DoneAt.IsZero() {
			out = packTime(out, st.DoneAt)
		}
	}
	return string(out)
}

func packTime(out []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(out, " -"...)
	}
	return strconv.AppendInt(append(out, ' '), t.UnixMilli(), 36)
}

// each calls do with every step. The times are unread yet, see unpackTime.
func (g *Glance) each(do func(id StepID, state State, due, done string)) {
	for rest := g.Steps; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, ";")
		id, line, _ := strings.Cut(line, " ")
		if line == "" {
			continue
		}
		due, done, _ := strings.Cut(strings.TrimPrefix(line[1:], " "), " ")
		do(StepID(id), stateOf(line[0]), due, done)
	}
}

func unpackTime(s string) time.Time {
	if s == "" || s == "-" {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(s, 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// enrolment is the enrolment as far as the glance knows it. Its Rev is 0: no store would take it for the document.
func (g *Glance) enrolment() *Enrolment {
	e := g.Of
	n := strings.Count(g.Steps, ";") + 1
	all := make([]StepState, 0, n)
	e.Steps = make(map[StepID]*StepState, n)
	g.each(func(id StepID, state State, due, done string) {
		st := StepState{}
		if more := g.Of.Steps[id]; more != nil {
			st = *more
		}
		st.State, st.DueAt, st.DoneAt = state, unpackTime(due), unpackTime(done)
		all = append(all, st)
		e.Steps[id] = &all[len(all)-1]
	})
	return &e
}

// StoredGlance is the glance of a document as stores keep it; "": a preview, which is on no list.
func StoredGlance(e *Enrolment) string {
	g, ok := e.Glance()
	if !ok {
		return ""
	}
	doc, err := json.Marshal(g)
	if err != nil {
		return ""
	}
	return string(doc)
}

// glances are those of enrolments in their order, as of now: a document is read and decided only where something is to
// happen by now. Those that are gone are left out.
func (s *Service) glances(ctx context.Context, page []Standing) ([]Glance, error) {
	ids := enrolmentsOf(page)
	found, err := s.o.Store.GlancesBy(ctx, ids)
	if err != nil {
		return nil, err
	}
	now, byID := s.now(), make(map[EnrolmentID]Glance, len(ids))
	for _, g := range found {
		if g.Of.WakeAt.IsZero() || g.Of.WakeAt.After(now) {
			byID[g.Of.ID] = g
		}
	}
	var due []EnrolmentID
	for _, id := range ids {
		if _, known := byID[id]; !known {
			due = append(due, id)
		}
	}
	documents, err := s.o.Store.EnrolmentsBy(ctx, due)
	if err != nil {
		return nil, err
	}
	for _, e := range documents {
		_, e, _, err := s.asOfNow(ctx, e)
		if err != nil {
			return nil, err
		}
		if g, ok := e.Glance(); ok {
			byID[e.ID] = g
		}
	}
	out := make([]Glance, 0, len(ids))
	for _, id := range ids {
		if g, there := byID[id]; there {
			out = append(out, g)
		}
	}
	return out, nil
}
