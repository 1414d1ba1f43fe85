package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// BarrierAction is what somebody does about a barrier that learners of a course meet on the job: who, and by when.
type BarrierAction struct {
	ID     string    `json:"id"`
	Rev    int64     `json:"rev"`    // 0 before it is stored; stored ones start at 1
	Course Course    `json:"course"` // issuer and id
	Tag    string    `json:"tag"`    // of the barrier, as learners tagged it
	Action string    `json:"action"` // what is to be done
	Owner  string    `json:"owner"`  // who does it, as people call them
	Due    time.Time `json:"due"`    // a day, in UTC
	By     Actor     `json:"by"`     // who noted it
	At     time.Time `json:"at"`
	DoneAt time.Time `json:"done_at,omitzero"` // zero: it is open
	DoneBy Actor     `json:"done_by,omitzero"`
}

// BarrierStore keeps barrier actions.
type BarrierStore interface {
	// SaveBarrierAction adds one with Rev 0, or replaces the document whose Rev is a.Rev; it is stored with Rev+1.
	SaveBarrierAction(ctx context.Context, a BarrierAction) error
	BarrierAction(ctx context.Context, id string) (BarrierAction, error)
	// BarrierActionsIn lists those of a course (issuer and id), latest first.
	BarrierActionsIn(ctx context.Context, c Course, limit int) ([]BarrierAction, error)
}

// The bounds of barrier actions.
const (
	MaxBarrierActions = 200 // of a course; older ones are not shown
	maxBarrierAction  = 1000
	maxBarrierOwner   = 200
)

// BarrierActions lists what is done about the barriers of a course, the open ones first, of these the earliest due.
func (s *Service) BarrierActions(ctx context.Context, by Actor, c Course) ([]BarrierAction, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return nil, fmt.Errorf("barrier actions: %w", err)
	}
	all, err := s.o.Store.BarrierActionsIn(ctx, c, MaxBarrierActions)
	if err != nil {
		return nil, fmt.Errorf("barrier actions: %w", err)
	}
	slices.SortStableFunc(all, func(a, b BarrierAction) int {
		if x, y := a.DoneAt.IsZero(), b.DoneAt.IsZero(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return a.Due.Compare(b.Due)
	})
	return all, nil
}

// AddBarrierAction notes what is done about a barrier. What is missing is told by field: tag, action, owner, due.
func (s *Service) AddBarrierAction(ctx context.Context, by Actor, c Course, a BarrierAction) (BarrierAction, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return BarrierAction{}, fmt.Errorf("add a barrier action: %w", err)
	}
	if c.Issuer == "" || c.ID == "" {
		return BarrierAction{}, fmt.Errorf("add a barrier action: issuer or id of the course missing: %w", ErrInvalid)
	}
	a.Tag, a.Action, a.Owner = tag(a.Tag), strings.ToValidUTF8(strings.TrimSpace(a.Action), "�"), strings.ToValidUTF8(strings.TrimSpace(a.Owner), "�")
	var problems FieldErrors
	for _, f := range []struct {
		field, value string
		most         int
	}{{"tag", a.Tag, 4 * maxBarrier}, {"action", a.Action, maxBarrierAction}, {"owner", a.Owner, maxBarrierOwner}} {
		switch {
		case f.value == "":
			problems = append(problems, FieldError{Field: f.field, Key: "error.required"})
		case len(f.value) > f.most:
			problems = append(problems, FieldError{Field: f.field, Key: "error.too_long", Args: map[string]any{"max": f.most}})
		}
	}
	if a.Due.IsZero() || a.Due.Year() > 2200 {
		problems = append(problems, FieldError{Field: "due", Key: "error.required"})
	}
	if len(problems) > 0 {
		return BarrierAction{}, problems
	}
	y, m, d := a.Due.Date()
	a = BarrierAction{ID: s.o.NewID(), Course: Course{Issuer: c.Issuer, ID: c.ID}, Tag: a.Tag, Action: a.Action, Owner: a.Owner,
		Due: time.Date(y, m, d, 0, 0, 0, 0, time.UTC), By: by, At: s.now()}
	if err := s.o.Store.SaveBarrierAction(ctx, a); err != nil {
		return BarrierAction{}, fmt.Errorf("add a barrier action: %w", err)
	}
	a.Rev = 1
	return a, nil
}

// EndBarrierAction says that a barrier action is done, or open again. The same again changes nothing. ErrNotFound: the
// course has none of that id.
func (s *Service) EndBarrierAction(ctx context.Context, by Actor, c Course, id string, done bool) error {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return fmt.Errorf("end a barrier action: %w", err)
	}
	for range maxTries {
		a, err := s.o.Store.BarrierAction(ctx, id)
		if err == nil && a.Course.Key() != c.Key() {
			err = ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("end barrier action %s: %w", clip(id, 64), err)
		}
		if done != a.DoneAt.IsZero() {
			return nil
		}
		if a.DoneAt, a.DoneBy = (time.Time{}), (Actor{}); done {
			a.DoneAt, a.DoneBy = s.now(), by
		}
		if err = s.o.Store.SaveBarrierAction(ctx, a); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("end barrier action %s: %w", clip(id, 64), ErrConflict)
}
