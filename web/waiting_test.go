package web

import (
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestHomeKnowsWhoseTurnItIs(t *testing.T) {
	of := func(id engine.StepID, by engine.Role, kind engine.Kind, state engine.State) engine.StepView {
		return engine.StepView{Step: &engine.Step{ID: id, By: by, Kind: kind}, State: engine.StepState{State: state}}
	}
	try := of("try", engine.Learner, engine.KindExperiment, engine.Submitted)
	try.Step.Review = &engine.ReviewRule{By: engine.Manager}
	last := of("last", engine.Learner, engine.KindCheckin, engine.Locked)
	last.LockedBy, last.LockedFor = "page.locked.course_completed", []*engine.Step{try.Step}

	idle := waitingOf(&engine.Home{Steps: []engine.StepView{try, last}})
	if len(idle.Turns) != 1 || idle.Turns[0].Role != engine.Manager || !idle.Turns[0].Review {
		t.Errorf("a hand-in under review: turns %+v, want the manager's", idle.Turns)
	}
	if idle.Then == nil || idle.Then.Step.ID != "last" || idle.OpensWithCourse() {
		t.Errorf("behind a review: then %+v, and not by the course alone", idle.Then)
	}

	last.LockedFor = nil
	idle = waitingOf(&engine.Home{Steps: []engine.StepView{last}})
	if len(idle.Turns) != 0 || !idle.OpensWithCourse() {
		t.Errorf("only the course is missing, but home reads %+v", idle)
	}

	signoff := of("signoff", engine.Manager, engine.KindSignOff, engine.Open)
	survey := of("survey", engine.Manager, engine.KindSurvey, engine.Open)
	idle = waitingOf(&engine.Home{Steps: []engine.StepView{survey, signoff}})
	if len(idle.Turns) != 1 || idle.Turns[0].Step.ID != "signoff" || idle.Turns[0].Review {
		t.Errorf("before a sign-off: turns %+v, want that one and no survey of others", idle.Turns)
	}
}
