package engine

import (
	"context"
	"time"
)

// Next is the one thing a learner does next, or what happens next when there is nothing to do (cap 7). Texts are in the
// learner's language; reasons are message keys with their arguments. Times are UTC, Zone is the learner's.
type Next struct {
	Enrolment EnrolmentID     `json:"enrolment"`
	Workflow  WorkflowID      `json:"workflow"`
	State     EnrolmentState  `json:"state"`
	Done      int             `json:"done"`     // required steps of the learner that are done
	Required  int             `json:"required"` // ... of so many
	Zone      string          `json:"zone"`     // IANA
	Step      *NextStep       `json:"step"`     // null: nothing can be done now
	Then      *Ahead          `json:"then"`     // what happens by itself next, as far as it is known; null: nothing more
	Waiting   []AwaitedAnswer `json:"waiting"`  // the learner's steps that are somebody else's turn
}

// NextStep is the step to do next.
type NextStep struct {
	ID      StepID         `json:"id"`
	Kind    Kind           `json:"kind"`
	Title   string         `json:"title"`
	Why     string         `json:"why,omitempty"` // the author's words
	Reason  string         `json:"reason"`        // message key why this one is next: next.reason.*
	Args    map[string]any `json:"args,omitempty"`
	Minutes int            `json:"minutes,omitempty"` // 0: the author did not say
	Due     time.Time      `json:"due,omitzero"`      // zero: never late
	Late    bool           `json:"late,omitempty"`
	Act     string         `json:"act"` // what the learner can do about it, see ActConfirm …
}

// Ahead is what happens next without the learner.
type Ahead struct {
	Reason string         `json:"reason"` // message key: next.ahead.*
	Args   map[string]any `json:"args,omitempty"`
	At     time.Time      `json:"at,omitzero"` // zero: not known yet
	Step   StepID         `json:"step,omitempty"`
	Title  string         `json:"title,omitempty"`
}

// AwaitedAnswer is a step of the learner that somebody else has to answer.
type AwaitedAnswer struct {
	Step  StepID    `json:"step"`
	Title string    `json:"title"`
	Role  Role      `json:"role"`
	Names []string  `json:"names,omitempty"` // who was asked; none: nobody is assigned
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"` // then somebody else is asked, or it expires
}

// Next is the one next step of an enrolment as of now, and what happens when there is none. Looking changes nothing.
// ErrNotFound: no such enrolment.
func (s *Service) Next(ctx context.Context, id EnrolmentID) (*Next, error) {
	h, err := s.Home(ctx, id)
	if err != nil {
		return nil, err
	}
	locale := h.Learner.Locale
	n := &Next{
		Enrolment: id, Workflow: h.Workflow.ID, State: h.Enrolment.State, Done: h.Done, Required: h.Required, Zone: receiverZone(h.Learner, Facts{Learner: h.Learner}).String(),
		Then: ahead(h), Waiting: []AwaitedAnswer{},
	}
	for i := range h.Waiting {
		n.Waiting = append(n.Waiting, awaited(&h.Waiting[i], locale))
	}
	if v := h.Next; v != nil {
		n.Step = &NextStep{ID: v.Step.ID, Kind: v.Step.Kind, Title: v.Step.Title.In(locale), Why: v.Step.Why.In(locale), Minutes: v.Step.Minutes, Due: v.Due, Late: v.Late, Act: v.Act}
		n.Step.Reason, n.Step.Args = reason(h, v)
	}
	return n, nil
}

// Reason is why the next step is the next one: a message key next.reason.* with its arguments; empty if there is none.
func (h *Home) Reason() (key string, args map[string]any) {
	if h.Next == nil {
		return "", nil
	}
	return reason(h, h.Next)
}

// reason is why a step is next: it came back, is late, others wait for it, it is due first, or it is what is open.
func reason(h *Home, v *StepView) (string, map[string]any) {
	unlocks := 0
	for _, other := range h.Steps {
		for _, need := range other.LockedFor {
			if need.ID == v.Step.ID {
				unlocks++
			}
		}
	}
	switch {
	case v.State.State == Returned:
		return "next.reason.returned", nil
	case v.Late:
		return "next.reason.late", nil
	case unlocks > 0:
		return "next.reason.unlocks", map[string]any{"n": unlocks}
	case !v.Due.IsZero():
		return "next.reason.due", nil
	}
	return "next.reason.open", nil
}

// awaited is what a step of the learner waits for.
func awaited(v *StepView, locale string) AwaitedAnswer {
	w := AwaitedAnswer{Step: v.Step.ID, Title: v.Step.Title.In(locale), Since: v.State.SubmittedAt}
	for _, p := range v.Reviewers {
		w.Names = append(w.Names, p.Name)
	}
	for _, r := range v.State.Requests {
		if r.Waiting() && (w.Role == "" || !r.StandIn) {
			w.Role, w.Until = r.Role, r.ExpiresAt
		}
	}
	if w.Role == "" && v.Step.Review != nil {
		w.Role = v.Step.Review.By
	} else if w.Role == "" {
		w.Role = Role(v.Step.With)
	}
	return w
}

// ahead is what happens next by itself: a step that opens, an answer that comes, or what everything waits for.
func ahead(h *Home) *Ahead {
	locale := h.Learner.Locale
	about := func(reason string, v *StepView, at time.Time) *Ahead {
		return &Ahead{Reason: reason, Step: v.Step.ID, Title: v.Step.Title.In(locale), At: at}
	}
	switch {
	case h.Enrolment.State == Stopped:
		return &Ahead{Reason: "next.ahead.stopped"}
	case h.Upcoming != nil:
		return about("next.ahead.opens", h.Upcoming, h.Upcoming.Opens)
	case len(h.Waiting) > 0:
		v := &h.Waiting[0]
		a := about("next.ahead.answer", v, time.Time{})
		if v.NeedsReviewer {
			a.Reason = "next.ahead.nobody"
		}
		return a
	}
	for i := range h.Steps { // what is asked of somebody else, or the first that is locked, with why
		v := &h.Steps[i]
		switch {
		case v.Step.By != Learner && v.State.State == Open:
			return about("next.ahead.other", v, time.Time{})
		case v.Step.By == Learner && v.State.State == Locked:
			return about(v.LockedBy, v, v.Opens)
		}
	}
	if h.Enrolment.State == Completed || h.Required > 0 && h.Done == h.Required {
		return &Ahead{Reason: "next.ahead.done"}
	}
	return nil
}
