package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/simulate"
)

func need(course bool, observers ...engine.Role) engine.Need {
	n := engine.Need{Title: "Say no kindly: and mean it", Task: "Turn down requests that do not fit", Problem: "People say yes and then deliver late", Outcome: "Promises are kept", Course: course}
	for i, o := range observers {
		n.Behaviours = append(n.Behaviours, engine.NeedBehaviour{Text: fmt.Sprintf("Says no within a day (%d)", i), Observer: o})
	}
	return n
}

func TestANeedBecomesAWorkflowThatLintsCleanAndIsWalkedToItsEnd(t *testing.T) {
	for name, n := range map[string]engine.Need{
		"a course around it":     need(true, engine.Manager),
		"no course":              need(false, ""),
		"several observers":      need(false, engine.Manager, engine.Peer, engine.Coach),
		"only the coach watches": need(true, engine.Coach),
	} {
		t.Run(name, func(t *testing.T) {
			source, err := engine.NewDefinition(n)
			must(t, err)
			w, problems := engine.ParseWorkflow("new.yaml", source)
			for _, p := range problems {
				t.Errorf("%s\n%s", p, source)
			}
			kinds := map[engine.Kind]bool{}
			for _, s := range w.Steps() {
				kinds[s.Kind] = true
			}
			for _, k := range []engine.Kind{engine.KindSurvey, engine.KindBriefing, engine.KindPlan, engine.KindExperiment, engine.KindReflect, engine.KindFeedback, engine.KindSignOff} {
				if !kinds[k] {
					t.Errorf("no %s", k)
				}
			}
			if kinds[engine.KindElearning] != n.Course || w.ID != "say-no-kindly-and-mean-it" {
				t.Errorf("a course: %t, id %s", kinds[engine.KindElearning], w.ID)
			}
			if c := lived(t, "new.yaml", source, simulate.Prompt); !wasCompleted(c) || c.Done != c.Required {
				t.Errorf("walked: %d of %d, completed %t\n%s", c.Done, c.Required, wasCompleted(c), source)
			}
		})
	}
}

func TestANeedWithoutABehaviourOrAnAnswerIsRefused(t *testing.T) {
	bad := need(false)
	bad.Task, bad.Weeks, bad.ID = "", 99, "no id"
	_, err := engine.NewDefinition(bad)
	if !errors.Is(err, engine.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"behaviours: 0 behaviours; name 1 to 5", "task: has no answer", "weeks: 99 weeks; write 1 to 40", "id:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing: %v", want, err)
		}
	}
	if _, err := engine.NewDefinition(need(false, engine.Learner)); err == nil || !strings.Contains(err.Error(), "nobody else") {
		t.Errorf("the learner as observer: %v", err)
	}
	if _, err := engine.ReadNeed([]byte(`{"titel": "x"}`)); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("an unknown answer: %v", err)
	}
}
