package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestLintNeedsNoDatabaseAndFailsOnlyWhenItShould(t *testing.T) {
	bad, warned := filepath.Join(t.TempDir(), "bad.yaml"), filepath.Join(t.TempDir(), "warned.yaml")
	good := "../../engine/library/single-concept-loop.yaml"
	source, err := os.ReadFile(good)
	must(t, err)
	must(t, writeFile(bad, strings.Replace(string(source), "needs: [plan]", "needs: [plam]", 1)))
	must(t, writeFile(warned, strings.Replace(string(source), "opens: enrolled + 12w", "opens: enrolled + 2w", 1)))
	out, err := cairn(t, "workflow", "lint", good, bad)
	if err == nil || !strings.Contains(out, bad+":63:17: phases[1].steps[0].needs[0]: no step \"plam\"; did you mean \"plan\"?\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := cairn(t, "workflow", "lint", good); err != nil || out != "" {
		t.Errorf("a clean one: %v %s", err, out)
	}
	if out, err := cairn(t, "workflow", "lint", warned); err != nil || !strings.Contains(out, "warning: ") {
		t.Errorf("warnings fail: %v %s", err, out)
	}
	if _, err := cairn(t, "workflow", "lint", "-strict", warned); err == nil {
		t.Error("-strict lets warnings pass")
	}
	out, err = cairn(t, "workflow", "lint", "-json", bad)
	var problems engine.Problems
	if err == nil || json.Unmarshal([]byte(out), &problems) != nil || len(problems) != 1 || problems[0].Line != 63 || problems[0].Better == "" {
		t.Errorf("-json prints %s", out)
	}
}

func TestAWorkflowIsExportedToEveryPlaceAndImportedFromThere(t *testing.T) {
	house := []string{"-data", t.TempDir(), "-public-url", "https://learn.example.org"}
	do := func(args ...string) string {
		t.Helper()
		out, err := cairn(t, append(append([]string{"workflow"}, args...), house...)...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		return out
	}
	do("import", "../../engine/library/cpd-portfolio.yaml")
	plain := do("export", "cpd-portfolio", "-")
	for _, to := range []string{filepath.Join(t.TempDir(), "w.zip"), filepath.Join(t.TempDir(), "folder"), filepath.Join(t.TempDir(), "w.yaml")} {
		do("export", "cpd-portfolio", to)
		if out := do("import", to); !strings.Contains(out, "imported cpd-portfolio version 1") {
			t.Errorf("%s: %s", to, out)
		}
		if out, err := cairn(t, "workflow", "lint", "-strict", to); err != nil {
			t.Errorf("%s: %v %s", to, err, out)
		}
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	must(t, writeFile(other, strings.Replace(plain, "minutes: 10", "minutes: 12", 1)))
	if _, err := cairn(t, append([]string{"workflow", "import", other}, house...)...); err == nil || !strings.Contains(err.Error(), "raise `version`") {
		t.Errorf("other content under the same version: %v", err)
	}
	if out := do("import", "-bump", other); !strings.Contains(out, "version 2") {
		t.Error(out)
	}
	if out := do("diff", "cpd-portfolio", "-from", "1", "-to", "2"); !strings.Contains(out, "~ steps.needs.minutes: 10 → 12") || !strings.Contains(out, "stay on it") {
		t.Error(out)
	}
	var d engine.Difference
	if must(t, json.Unmarshal([]byte(do("diff", "-json", "cpd-portfolio", other)), &d)); len(d.Changes) == 0 {
		t.Errorf("%+v", d)
	}
	if out := do("list"); !strings.Contains(out, "cpd-portfolio") || !strings.Contains(out, "My professional development") {
		t.Error(out)
	}
	if out := do("show", "cpd-portfolio", "-locale", "de"); !strings.Contains(out, "Belege je Standard") || !strings.Contains(out, "due 12 weeks after enrolment") {
		t.Error(out)
	}
	if out := do("offer", "cpd-portfolio"); out != "moved 0, kept 0 on their version\n" {
		t.Error(out)
	}
}

func TestAnswersOfANeedsAnalysisBecomeAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.yaml")
	args := []string{"workflow", "new", "-title", "Say no kindly", "-task", "Turn requests down", "-problem", "Late deliveries", "-outcome", "Promises are kept",
		"-behaviour", "Says no within a day", "-course", "-weeks", "4", file}
	if _, err := cairn(t, args...); err != nil {
		t.Fatal(err)
	}
	if _, err := cairn(t, args...); err == nil {
		t.Error("a file that is there was written over")
	}
	if out, err := cairn(t, "workflow", "lint", "-strict", file); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	answers := filepath.Join(t.TempDir(), "answers.json")
	must(t, writeFile(answers, `{"title": "T", "task": "x", "problem": "y", "outcome": "z", "behaviours": [{"text": "b", "observer": "coach"}]}`))
	if out, err := cairn(t, "workflow", "new", "-answers", answers); err != nil || !strings.Contains(out, "workflow: t\n") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := cairn(t, "workflow", "new", "-title", "T"); err == nil || !strings.Contains(err.Error(), "behaviours: 0 behaviours") {
		t.Errorf("no behaviour: %v", err)
	}
}

func TestTheSchemaIsPrinted(t *testing.T) {
	out, err := cairn(t, "workflow", "schema")
	published, readErr := os.ReadFile("../../docs/workflow.schema.json")
	if err != nil || readErr != nil || out != string(published) {
		t.Errorf("%v, %v: %d and %d bytes", err, readErr, len(out), len(published))
	}
}
