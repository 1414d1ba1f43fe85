package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cairn-lms/cairn/xapi"
)

func TestADecisionThatRenamesTheCourseSaysSoFromThenOn(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	w := parsed(t, "library/negotiation-skills.yaml")
	e := enrolment(w, now)
	d := &decision{w: w, e: e, f: people("Europe/Berlin"), now: now}
	d.sayLaunched()
	e.Course.Title = "Sales <2>"
	d.sayLaunched()
	e.Course.ID = "b 7"
	d.sayLaunched()
	for i, want := range []string{`course/view.php?id=2","definition":{"type"`, `{"en":"Sales \u003c2\u003e"}`, `urn:lti:context:https:%2F%2Flms.example:b%207`} {
		if got := string(e.Statements[i].JSON); !strings.Contains(got, want) {
			t.Errorf("statement %d does not say %s: %s", i+1, want, got)
		}
	}
}

func TestActivitiesAreNamedByTheHouseThatSpeaks(t *testing.T) {
	w := parsed(t, "library/negotiation-skills.yaml")
	for _, base := range []string{"https://a.example", "https://b.example", "https://a.example"} {
		s, b := w.Steps()[0], &w.Behaviours[0]
		d := &decision{w: w, f: Facts{IRIBase: base}}
		for want, a := range map[string]xapi.Activity{"/workflows/negotiation-skills": d.workflowActivity(), "/workflows/negotiation-skills/steps/" + string(s.ID): d.stepActivity(s),
			"/workflows/negotiation-skills/behaviours/" + string(b.ID): d.behaviourActivity(b)} {
			if a.ID != base+want || len(a.Definition.Name) == 0 {
				t.Errorf("%s has the activity %v, not %s%s with its name", base, a, base, want)
			}
		}
	}
}

func TestADerivedIDIsAUUIDOfVersion5(t *testing.T) {
	space := uuid.MustParse("8d2b7f0e-0f5b-5a1c-9c3e-2a7d4c1b6e90")
	long := strings.Repeat("ü", 700)
	for _, parts := range [][]string{nil, {""}, {"a", "bc"}, {"ab", "c"}, {"statement", long}} {
		var name []byte
		for _, p := range parts {
			name = append(append(name, byte(len(p)>>8), byte(len(p))), p...)
		}
		if got, want := derivedID(parts...), uuid.NewSHA1(space, name).String(); got != want {
			t.Errorf("%.20q yield %s, not %s", parts, got, want)
		}
	}
}
