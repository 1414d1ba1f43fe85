package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// UpgradeStore is what Upgrade reads and writes.
type UpgradeStore interface {
	EnrolmentsAfter(ctx context.Context, after EnrolmentID, limit int) ([]*Enrolment, error)
	SaveEnrolment(ctx context.Context, e *Enrolment) error
	Workflow(ctx context.Context, id WorkflowID, version int) (WorkflowFile, error)
	Cursor(ctx context.Context, name string) (int64, error)
	SaveCursor(ctx context.Context, name string, seq int64) error
}

const (
	upgradeCursor = "upgrade"
	upgradeLevel  = 3 // to be raised when stored enrolments have to be written once more
	upgradePage   = 100
)

// Upgrade brings the enrolments that an earlier version wrote to what this one finds them by: it writes each once more,
// so that the store derives its fields (who is waited for, previews, where everybody stands) anew, counts how far learners
// are, and has those that no cohort knows woken, which
// makes them members, and those of which nobody is asked to answer something, which notes that. Stores call it when they are opened. It runs once for a store; broken off or done by two processes
// at once it changes nothing that matters.
func Upgrade(ctx context.Context, s UpgradeStore) error {
	level, err := s.Cursor(ctx, upgradeCursor)
	if err != nil {
		return fmt.Errorf("upgrade enrolments: %w", err)
	}
	if level > upgradeLevel {
		return fmt.Errorf("upgrade enrolments: a newer version of Cairn has written here (level %d, this one knows %d), which this one would misread and damage: start that version, or restore a backup of before", level, upgradeLevel)
	}
	if level == upgradeLevel {
		return nil
	}
	workflows := map[workflowKey]*Workflow{}
	for after := EnrolmentID(""); ; {
		page, err := s.EnrolmentsAfter(ctx, after, upgradePage)
		if err != nil {
			return fmt.Errorf("upgrade enrolments: %w", err)
		}
		for _, e := range page {
			after = e.ID
			if (e.Cohort == nil || e.asksInVain()) && e.State != Stopped && !e.Preview {
				e.WakeAt = time.Unix(1, 0).UTC() // at once
			}
			if err := recount(ctx, s, workflows, e); err != nil {
				return fmt.Errorf("upgrade enrolment %s: %w", e.ID, err)
			}
			err := s.SaveEnrolment(ctx, e)
			if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) { // who was faster wrote it as it is to be
				return fmt.Errorf("upgrade enrolment %s: %w", e.ID, err)
			}
		}
		if len(page) < upgradePage {
			break
		}
	}
	if err := s.SaveCursor(ctx, upgradeCursor, upgradeLevel); err != nil {
		return fmt.Errorf("upgrade enrolments: %w", err)
	}
	return nil
}

// recount notes how far a learner is. workflows are those read already; nil: one that is gone or unreadable, which the
// next decision would say.
func recount(ctx context.Context, s UpgradeStore, workflows map[workflowKey]*Workflow, e *Enrolment) error {
	key := workflowKey{e.Workflow, e.Version}
	w, known := workflows[key]
	if !known {
		f, err := s.Workflow(ctx, e.Workflow, e.Version)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil {
			w, _ = parseStored(string(f.ID), f.Source)
		}
		workflows[key] = w
	}
	if w != nil {
		e.Tally = tallyOf(w, e)
	}
	return nil
}

// asksInVain tells whether an answer seems to be awaited that nobody was asked for.
func (e *Enrolment) asksInVain() bool {
	for _, st := range e.Steps {
		if !st.AskedAt.IsZero() && !st.State.Settled() && !slices.ContainsFunc(st.Requests, Request.Waiting) {
			return true
		}
	}
	return false
}
