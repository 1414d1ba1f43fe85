package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheOperatorActsAsACoachFromTheCommandLine(t *testing.T) {
	i := newInstallation(t)
	i.must("workflow", "import", "../../engine/library/first-steps.yaml")
	out := i.must("enrolment", "enrol", "-workflow", "first-steps", "-issuer", "https://lms.example", "-course", "2", "-subject", "5", "-name", "Sam", "-email", "sam@example.org", "-json")
	var e listedEnrolment
	must(t, json.Unmarshal([]byte(out), &e))
	id := string(e.ID)
	if e.Workflow != "first-steps" || e.State != "active" || id == "" {
		t.Fatalf("enrolled: %s", out)
	}
	if out := i.must("enrolment", "enrol", "-workflow", "first-steps", "-issuer", "https://lms.example", "-course", "2", "-subject", "5"); !strings.Contains(out, id) {
		t.Errorf("the same again is another: %s", out)
	}
	i.must("enrolment", "pause", id, "-until", "2099-01-01", "-reason", "leave")
	if out := i.must("enrolment", "list", "-json"); !strings.Contains(out, `"paused":true`) {
		t.Errorf("not paused: %s", out)
	}
	i.must("enrolment", "resume", id)
	i.must("enrolment", "start", id, "-at", "2099-02-01")
	i.must("enrolment", "assign", id, "manager", "max@example.org")
	var shown struct {
		Steps []struct{ ID, State string }
		Acts  []struct{ What string }
	}
	must(t, json.Unmarshal([]byte(i.must("enrolment", "show", id, "-json")), &shown))
	step := shown.Steps[0].ID
	i.must("enrolment", "excuse", id, step, "-reason", "done elsewhere")
	i.must("enrolment", "reopen", id, step)
	i.must("enrolment", "due", id, step, "-at", "2099-03-01")
	i.must("enrolment", "complete", id)
	i.must("enrolment", "complete", id, "-withdraw")
	i.must("enrolment", "unenrol", id)
	i.must("enrolment", "return", id)
	must(t, json.Unmarshal([]byte(i.must("enrolment", "show", id, "-json")), &shown))
	var did []string
	for _, a := range shown.Acts {
		did = append(did, a.What)
	}
	want := "enrol pause resume set_anchor course_start assign excuse reopen set_due set_anchor course_completed set_anchor course_completed unenrol enrol"
	if got := strings.Join(did, " "); got != want {
		t.Errorf("acts: %s\nwant  %s", got, want)
	}
	if out := i.must("enrolment", "late", "-issuer", "https://lms.example", "-course", "2"); !strings.Contains(out, "unopened") {
		t.Errorf("late: %s", out)
	}
	for _, wrong := range [][]string{{"excuse", id}, {"pause", id, "-until", "tomorrow"}, {"excuse", id, "nothing"}, {"show"}, {"show", "nobody"}} {
		if out, _, err := i.do(append([]string{"enrolment"}, wrong...)...); err == nil {
			t.Errorf("%v: %s", wrong, out)
		}
	}

	out = i.must("erase", "-actor", "https://lms.example 5", "-yes", "-json")
	var erased personErasure
	must(t, json.Unmarshal([]byte(out), &erased))
	if erased.Workflows.People != 1 || erased.Workflows.Enrolments != 1 || erased.Removed == 0 || strings.Contains(out, "sam@") {
		t.Errorf("erased: %s", out)
	}
	if out := i.must("enrolment", "list", "-json"); out != "[]\n" {
		t.Errorf("there is still %s", out)
	}
}
