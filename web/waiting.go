package web

import (
	"github.com/cairn-lms/cairn/engine"
)

// waiting is what home says when the learner has nothing to do: whose turn it is
// and what will open after that, be its time known or not.
type waiting struct {
	Turns []turn
	Then  *engine.StepView // the learner's next locked step; nil: none is left
}

// turn is a step that waits for somebody else.
type turn struct {
	Step   *engine.Step
	Role   engine.Role     // who is to act
	People []engine.Person // who was asked, if anybody was
	Nobody bool            // nobody could be asked
	Review bool            // it is the learner's own work that is looked at
}

// waitingOf reads it from home. A step whose time is known is home's Upcoming and
// said there.
func waitingOf(home *engine.Home) waiting {
	var w waiting
	for i := range home.Steps {
		view := &home.Steps[i]
		step, state := view.Step, view.State.State
		switch {
		case step.By == engine.Learner && state == engine.Submitted && step.Review != nil:
			w.Turns = append(w.Turns, turn{Step: step, Role: step.Review.By, People: view.Reviewers, Nobody: view.NeedsReviewer, Review: true})
		case step.By != engine.Learner && step.ForLearner() && (state == engine.Open || state == engine.Submitted):
			w.Turns = append(w.Turns, turn{Step: step, Role: step.By, People: view.Reviewers, Nobody: view.NeedsReviewer})
		case step.By == engine.Learner && state == engine.Locked && w.Then == nil && home.Upcoming == nil:
			w.Then = view
		}
	}
	return w
}

// OpensWithCourse tells whether only the learning platform's word is missing.
func (w waiting) OpensWithCourse() bool {
	return w.Then != nil && len(w.Then.LockedFor) == 0 && w.Then.LockedBy == "page.locked.course_completed"
}
