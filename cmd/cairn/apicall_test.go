package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const gatedWorkflow = `workflow: together
version: 1
title: Together
goal: {outcome: A team that starts together}
behaviours:
  - {id: listen, text: Lets others finish, scale: [never, sometimes, always], target: 3, observers: [learner, manager]}
roles:
  manager: {from: [ask_learner]}
phases:
  - phase: before
    steps:
      - {id: plan, kind: plan, title: Plan it, by: learner, form: if_then, done: response, minutes: 5}
      - {id: begin, kind: read, title: Begin, by: learner, needs: [plan], wait_for: cohort, due: course_start + 5d, done: viewed, minutes: 5}
`

func TestTheOperatorReachesEveryOperationFromTheCommandLine(t *testing.T) {
	i := newInstallation(t)
	file := filepath.Join(i.data, "together.yaml")
	must(t, os.WriteFile(file, []byte(gatedWorkflow), 0o600))
	i.must("workflow", "import", file)
	list := i.must("api")
	for _, operation := range []string{"listEnrolments", "GET", "/api/v1/workflows/{workflow}/funnel", "openGate"} {
		if !strings.Contains(list, operation) {
			t.Fatalf("%s is not listed:\n%s", operation, list)
		}
	}

	const course = `"course": {"issuer": "https://lms.example", "id": "2"}`
	out := i.must("api", "post", "/api/v1/enrolments", "-body", `{"workflow": "together", `+course+`, "subject": "5", "name": "Sam", "email": "sam@example.org"}`)
	var e struct {
		ID string `json:"id"`
	}
	must(t, json.Unmarshal([]byte(out), &e))
	if !strings.HasPrefix(out, "{\n  \"") {
		t.Errorf("not made for people to read: %s", out)
	}
	if out := i.must("api", "GET", "/api/v1/enrolments"); !strings.Contains(out, e.ID) {
		t.Errorf("enrolments: %s", out)
	}
	if out := i.must("api", "GET", "/api/v1/enrolments/"+e.ID+"/journey"); !strings.Contains(out, `"begin"`) {
		t.Errorf("journey: %s", out)
	}
	const of = "course_issuer=https://lms.example&course=2"
	if out := i.must("api", "GET", "/api/v1/workflows/together/funnel?"+of); !strings.Contains(out, `"never_started"`) {
		t.Errorf("funnel: %s", out)
	}
	body := filepath.Join(i.data, "gate.json")
	must(t, os.WriteFile(body, []byte(`{"cohort": {"workflow": "together", `+course+`}, "step": "begin"}`), 0o600))
	if out := i.must("api", "POST", "/api/v1/cohort/gates", "-body", "@"+body); out != "" {
		t.Errorf("opening a gate answers %s", out)
	}
	if out := i.must("api", "GET", "/api/v1/cohort?workflow=together&"+of); !strings.Contains(out, `"opened"`) {
		t.Errorf("the gate is not open: %s", out)
	}
	i.must("api", "POST", "/api/v1/enrolments/"+e.ID+"/steps/plan/excuse", "-body", `{"reason": "done elsewhere"}`)
	if out := i.must("enrolment", "show", e.ID, "-json"); !strings.Contains(out, `"system":"operator"`) {
		t.Errorf("who excused is not told: %s", out)
	}

	for want, args := range map[string][]string{
		"enrolment: not found": {"GET", "/api/v1/enrolments/nobody"},
		"no such resource":     {"GET", "/api/v1/nothing"},
		"no path of the API":   {"GET", "/admin"},
		"METHOD and PATH":      {"GET"},
		"/step":                {"POST", "/api/v1/cohort/gates", "-body", `{"cohort": {"workflow": "together", ` + course + `}}`},
	} {
		if out, _, err := i.do(append([]string{"api"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %q, %v; want %q", args, out, err, want)
		}
	}
}

func TestTheReadmeNamesEveryCommand(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	must(t, err)
	_, table, _ := strings.Cut(string(readme), "| Command | What it does |")
	table, _, _ = strings.Cut(table, "\n\n")
	named := map[string]bool{}
	for _, line := range strings.Split(table, "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for n, code := range strings.Split(cells[1], "`") {
				if word, _, _ := strings.Cut(code, " "); n%2 == 1 {
					named[word] = true
				}
			}
		}
	}
	var out bytes.Buffer
	must(t, run(t.Context(), []string{"cairn", "help"}, func(string) string { return "" }, &out, &out))
	help := out.String()
	_, commands, _ := strings.Cut(help, "COMMANDS:")
	commands, _, _ = strings.Cut(commands, "\n\n")
	seen := 0
	for _, line := range strings.Split(strings.TrimSpace(commands), "\n") {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name = strings.TrimSuffix(name, ","); name == "help" {
			continue
		}
		if seen++; !named[name] {
			t.Errorf("the README's table of commands does not name %s", name)
		}
	}
	if seen < 15 {
		t.Fatalf("only %d commands found in\n%s", seen, help)
	}
}
